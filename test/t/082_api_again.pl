# thumbexif_api() again: what an earlier version made with other columns and parameters is replaced, with owners and rights; nothing that depends
# on it is lost.  And a dump of the schemas alone brings them back where the extension is.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use WorkerTest;

my $server = new_server('again');

# ask(ROLE, SQL): what psql prints, and its errors
sub ask
{
	my ($role, $sql, $database) = @_;
	my (undef, $out, $err) = $server->psql($database || 'postgres', $sql, extra_params => $role eq 'postgres' ? [] : [ '-U', $role ], on_error_stop => 1);

	return wantarray ? ($out, $err) : $out;
}

# rights, owners and names of all that is in the schema; rights of the owner itself do not count
sub objects
{
	return value($server, q{SELECT string_agg(o, E'\n' ORDER BY o) FROM (
		SELECT concat_ws(' ', p.proname, p.pronargs, p.proowner::regrole, (SELECT string_agg(concat(a.grantee::regrole, ' ', a.privilege_type, ' ', a.is_grantable), ', ' ORDER BY 1) FROM aclexplode(p.proacl) a WHERE a.grantee <> p.proowner))
		FROM pg_proc p WHERE pronamespace = 'api'::regnamespace
		UNION ALL SELECT concat_ws(' ', c.oid::regclass, c.relowner::regrole, (SELECT string_agg(concat(a.grantee::regrole, ' ', a.privilege_type, ' ', a.is_grantable), ', ' ORDER BY 1) FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner))
		FROM pg_class c WHERE relnamespace = 'api'::regnamespace
		UNION ALL SELECT concat_ws(' ', attname, attacl) FROM pg_attribute WHERE attrelid = 'api.photos'::regclass AND attacl IS NOT NULL) t (o)});
}

value($server, <<'EOS');
CREATE ROLE painter LOGIN;
CREATE ROLE viewer LOGIN;
CREATE ROLE "we ird" LOGIN;
GRANT ALL ON DATABASE postgres TO painter;
CREATE SCHEMA lib AUTHORIZATION painter;
SELECT thumbexif_attach('lib.dummy', create_table => true);
ALTER TABLE lib.dummy OWNER TO painter;
SET client_min_messages = warning;
SELECT thumbexif_grant('painter', 'lib.dummy', 'own');
EOS
ask('painter', <<'EOS');
CREATE TABLE lib.photos (id bigint PRIMARY KEY, path text UNIQUE NOT NULL, taken_at timestamptz, camera_make text, camera_model text, gps_latitude float8, gps_longitude float8, exif_metadata jsonb);
INSERT INTO lib.photos VALUES (1, 'a.jpg', '2010-07-01 12:00+00', 'Canon', 'EOS', 46, 7, '{"XMP:Title": "At the sea"}'), (2, 'b.jpg', NULL, NULL, NULL, NULL, NULL, NULL);
SET client_min_messages = warning;
SELECT thumbexif_attach('lib.photos');
SELECT thumbexif_api('lib.photos', 'api', grant_to => 'viewer', create_indexes => true);
GRANT USAGE ON SCHEMA api TO "we ird";
GRANT SELECT (id, title) ON api.photos TO "we ird";
GRANT EXECUTE ON FUNCTION api.photo, api.photos_search TO "we ird" WITH GRANT OPTION;
GRANT EXECUTE ON FUNCTION api.photos_facets TO PUBLIC;
EOS
my $before = objects();
like($before, qr/photo 1 painter .*"we ird" EXECUTE t/, 'rights are granted');

# --- what an earlier version may have made

sub again
{
	my ($role, $change, $what) = @_;

	value($server, $change);
	isnt(objects(), $before, "$what: the schema differs");
	my (undef, $err) = ask($role, q{SET client_min_messages = warning; SELECT thumbexif_api('lib.photos', 'api')});
	is($err, '', 'thumbexif_api() runs again');
	return is(objects(), $before, 'and all is as it was made: names, owners and rights');
}

my $mine = q{SET ROLE painter; SET client_min_messages = warning; };
again('painter', $mine . q{CREATE FUNCTION api.photos_found() RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMENT ON FUNCTION api.photos_found IS 'photos. Made by thumbexif_api()'}, 'a function that is made no more');
again('painter', $mine . q{CREATE FUNCTION api.photo(id bigint, exif boolean) RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb'; REVOKE ALL ON FUNCTION api.photo(bigint, boolean) FROM PUBLIC;
	COMMENT ON FUNCTION api.photo(bigint, boolean) IS 'a photo. Made by thumbexif_api()'}, 'a function with other parameters');
again('painter', $mine . q{DROP FUNCTION api.photo_upload, api.photo; CREATE FUNCTION api.photo(id bigint) RETURNS json LANGUAGE sql AS 'SELECT NULL::json'; REVOKE ALL ON FUNCTION api.photo(bigint) FROM PUBLIC;
	COMMENT ON FUNCTION api.photo(bigint) IS 'a photo. Made by thumbexif_api()'; GRANT EXECUTE ON FUNCTION api.photo TO viewer, "we ird"; GRANT EXECUTE ON FUNCTION api.photo TO "we ird" WITH GRANT OPTION;
	CREATE FUNCTION api.photo_upload(bytea) RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb'; REVOKE ALL ON FUNCTION api.photo_upload FROM PUBLIC; GRANT EXECUTE ON FUNCTION api.photo_upload TO viewer;
	COMMENT ON FUNCTION api.photo_upload IS 'Made by thumbexif_api()'}, 'a function with another result');
is(ask('viewer', q{SELECT string_agg(id::text, ' ') FROM api.photos_search()}), '1 2', 'it works');

value($server, $mine . q{ALTER VIEW api.photos RENAME COLUMN width TO breadth});
my (undef, $err) = ask('postgres', q{SET client_min_messages = warning; SELECT thumbexif_api('lib.photos', 'api')});
is($err, '', 'a view with other columns is made anew');
is(objects(), $before, 'by a superuser for the owner, with the same rights');

# --- what depends on it

value($server, $mine . q{CREATE VIEW lib.best AS SELECT id FROM api.photos; ALTER VIEW api.photos RENAME COLUMN width TO breadth});
(undef, $err) = ask('painter', q{SELECT thumbexif_api('lib.photos', 'api')});
like($err, qr/ERROR:  what thumbexif_api\(\) has made in schema api must be made anew, but other objects depend on it\nDETAIL:  view lib\.best depends on view api\.photos\nHINT:  Drop these objects/, 'what depends on it prevents it, and is named');
is(value($server, q{SELECT count(*) FROM lib.best}), '2', 'and nothing has changed');
value($server, $mine . 'ALTER VIEW api.photos RENAME COLUMN breadth TO width');
(undef, $err) = ask('painter', q{SET client_min_messages = warning; SELECT thumbexif_api('lib.photos', 'api')});
is($err . value($server, q{SELECT count(*) FROM lib.best}), '2', 'without another column it is replaced, and they stay');

# a function of the user's is none of ours
ask('painter', q{CREATE FUNCTION api.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'});
value($server, $mine . q{DROP VIEW lib.best; ALTER VIEW api.photos RENAME COLUMN width TO breadth});
(undef, $err) = ask('painter', q{SET client_min_messages = warning; SELECT thumbexif_api('lib.photos', 'api')});
is($err . ask('painter', 'SELECT api.mine()'), '1', 'what the user has made beside it stays');
ask('painter', 'DROP FUNCTION api.mine()');

# what DROP VIEW would take with it
value($server, $mine . q{CREATE FUNCTION lib.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER mine INSTEAD OF INSERT ON api.photos FOR EACH ROW EXECUTE FUNCTION lib.refuse();
	ALTER VIEW api.photos RENAME COLUMN width TO breadth});
(undef, $err) = ask('painter', q{SELECT thumbexif_api('lib.photos', 'api')});
like($err, qr/other objects depend on it\nDETAIL:  trigger mine on view api\.photos/, 'a trigger on the view prevents it');
value($server, $mine . q{DROP TRIGGER mine ON api.photos; COMMENT ON COLUMN api.photos.title IS 'what''s it?'; ALTER DEFAULT PRIVILEGES IN SCHEMA api GRANT EXECUTE ON FUNCTIONS TO PUBLIC, "we ird";
	ALTER DEFAULT PRIVILEGES IN SCHEMA api GRANT SELECT ON TABLES TO "we ird"});
(undef, $err) = ask('painter', q{SET client_min_messages = warning; SELECT thumbexif_api('lib.photos', 'api')});
is($err . objects(), $before, 'default privileges give nothing to what is made anew');
is(value($server, q{SELECT col_description('api.photos'::regclass, attnum) FROM pg_attribute WHERE attrelid = 'api.photos'::regclass AND attname = 'title'}), q{what's it?}, 'comments on columns are kept');
value($server, $mine . q{ALTER DEFAULT PRIVILEGES IN SCHEMA api REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC, "we ird"; ALTER DEFAULT PRIVILEGES IN SCHEMA api REVOKE SELECT ON TABLES FROM "we ird";
	DROP FUNCTION api.photos_search, api._photos_search_words});
ask('painter', q{SELECT thumbexif_api('lib.photos', 'api')});
is(value($server, q{SELECT string_agg(has_function_privilege('viewer', p.oid, 'EXECUTE')::text, ' ' ORDER BY proname DESC) FROM pg_proc p WHERE pronamespace = 'api'::regnamespace AND proname IN ('photos_search', '_photos_search_words')}),
	'false true', 'a new function needs a grant, a query of other functions has their rights');
ask('painter', q{SELECT thumbexif_api('lib.photos', 'api', grant_to => 'viewer'); GRANT EXECUTE ON FUNCTION api.photos_search TO "we ird" WITH GRANT OPTION});
is(objects(), $before, 'and gets it');

# names that somebody else has taken
value($server, $mine . q{CREATE SCHEMA own; CREATE FUNCTION own.photo(id bigint) RETURNS jsonb LANGUAGE sql AS $$SELECT jsonb '"mine"'$$; COMMENT ON FUNCTION own.photo IS 'my photo'});
(undef, $err) = ask('painter', q{SELECT thumbexif_api('lib.photos', 'own')});
like($err, qr/ERROR:  function own\.photo\(bigint\) was not made by thumbexif_api\(\)\nDETAIL:  .*\nHINT:  Name another schema/, 'a function of the user\'s is not replaced');
is(ask('painter', 'SELECT own.photo(1)'), '"mine"', 'but stays');
value($server, $mine . q{DROP FUNCTION own.photo; CREATE VIEW own.photos AS SELECT 1::bigint AS id});
(undef, $err) = ask('painter', q{SELECT thumbexif_api('lib.photos', 'own')});
like($err, qr/ERROR:  view own\.photos was not made by thumbexif_api\(\)/, 'nor is a view');
value($server, $mine . q{DROP SCHEMA own CASCADE; COMMENT ON FUNCTION api.photo IS 'shows a photo'});
(undef, $err) = ask('painter', q{SET client_min_messages = warning; SELECT thumbexif_api('lib.photos', 'api')});
is($err, '', 'in a schema of ours, comments may have changed');

# --- two sessions at once

my $one = TestSession->new($server);
my $two = TestSession->new($server);
$_->query(q{SET client_min_messages = warning}) foreach $one, $two;
foreach my $what ('create', 'replace')
{
	$one->query('BEGIN');
	$one->query(q{SELECT thumbexif_api('lib.photos', 'twice')});
	$two->send(q{SELECT thumbexif_api('lib.photos', 'twice')});
	wait_until($server, 'the second waits for the first', q{SELECT count(*) > 0 FROM pg_locks WHERE NOT granted});
	is(value($server, q{SET lock_timeout = '60s'; INSERT INTO lib.photos (id, path) VALUES (9, 'c.jpg'); DELETE FROM lib.photos WHERE id = 9 RETURNING 'written'}), 'written', 'nobody else waits');
	$one->query('COMMIT');
	$two->wait;
	is($two->errors, '', "both $what the same");
}
$one->finish;
$two->finish;
value($server, 'SET client_min_messages = warning; DROP SCHEMA twice CASCADE');

# --- a dump of the schemas, restored where the extension is

my $dump = $server->basedir . '/schemas.sql';
$server->command_ok([ 'pg_dump', '-n', 'lib', '-n', 'api', '-T', 'lib.dummy*', '-f', $dump, '-d', $server->connstr('postgres') ], 'dump of the schemas alone');
unlike(slurp_file($dump), qr/thumbexif_api\(lib|CREATE EXTENSION/, 'it calls nothing');
$server->safe_psql('postgres', 'CREATE DATABASE copy');
$server->safe_psql('copy', 'CREATE EXTENSION thumbexif');
$server->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', $dump, '-d', $server->connstr('copy') ], 'restore');
is(ask('viewer', q{SELECT concat_ws(' ', id, camera, title) FROM api.photos_search(camera => 'Canon EOS', bbox => '{6,45,8,47}')}, 'copy'), '1 Canon EOS At the sea', 'it works before the table is attached');
is($server->safe_psql('copy', q{SELECT count(*) FROM pg_index WHERE indrelid = 'lib.photos'::regclass}), value($server, q{SELECT count(*) FROM pg_index WHERE indrelid = 'lib.photos'::regclass}), 'with its indexes');

done_testing();
