# ALTER EXTENSION UPDATE from 1.0: what the new library does before it, that nothing is lost, and that the
# catalog is that of a fresh installation.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 6);
my $install = private_install('upgrade');
my $share = `$install->{bindir}/pg_config --sharedir`;
chomp $share;
system_or_bail('cp', "$ENV{TE_SCRATCH}/test/upgrade/thumbexif--1.0.sql", "$share/extension");
my $server = new_server('upgrade', preload => 1, roots => $root, install => $install, extension => 0,
	config => "thumbexif.decoders = 1\nautovacuum = off\n");

# sql(DATABASE, SQL...): what they print, errors and warnings behind it
sub sql
{
	my ($database, @sql) = @_;
	my ($status, $out, $error) = $server->psql($database, join(";\n", @sql), on_error_stop => 0);
	return $out . ($out ne '' && $error ne '' ? "\n" : '') . $error;
}

# --- 1.0, with a table, states and rights.  Its own thumbexif_attach() needs its own library, so this is what it had made.

$server->safe_psql('postgres', 'CREATE DATABASE old');
$server->safe_psql('postgres', 'CREATE ROLE reader; CREATE ROLE photographer');
$server->safe_psql('old', <<'EOSQL');
CREATE SCHEMA photo;
CREATE EXTENSION thumbexif WITH SCHEMA photo VERSION '1.0';
GRANT USAGE ON SCHEMA photo TO reader, photographer;
GRANT EXECUTE ON FUNCTION photo.thumbexif_info(text) TO reader;
GRANT EXECUTE ON FUNCTION photo.thumbexif_process(bigint, regclass, boolean) TO photographer;
GRANT EXECUTE ON FUNCTION photo.thumbexif_attach TO photographer WITH GRANT OPTION;
GRANT SELECT ON photo.thumbexif_status TO reader;
GRANT EXECUTE ON FUNCTION photo.thumbexif_rows(regclass) TO reader;
CREATE TABLE shots (id bigint PRIMARY KEY, path text, thumbnail_path text, camera_make text);
INSERT INTO photo.thumbexif_attachment (attachment, relation, key_type, id_column, path_column, thumbnail_path_column, camera_make_column)
	VALUES (nextval('photo.thumbexif_attachment_seq'), 'shots', 'bigint', 'id', 'path', 'thumbnail_path', 'camera_make');
INSERT INTO shots VALUES (1, '1.png', '/some/thumbnail.jpg', 'Old'), (2, '2.png', NULL, NULL), (3, '3.png', NULL, NULL), (4, 'gone.png', NULL, NULL);
INSERT INTO photo.thumbexif_asset_bigint (attachment, id, status, next_try, attempts, exif_settings, error)
	SELECT attachment, s.id, s.status::photo.thumbexif_asset_status, now(), s.attempts, s.settings, s.error
	FROM photo.thumbexif_attachment, (VALUES (1, 'done', 1, 'UTC gps', NULL), (2, 'queued', 0, NULL, NULL), (4, 'failed', 3, NULL, 'bad')) AS s(id, status, attempts, settings, error);
INSERT INTO photo.thumbexif_removal (attachment, file) SELECT attachment, '00/11/4-5-0123456789abcdef.jpg' FROM photo.thumbexif_attachment;
CREATE TRIGGER thumbexif_insert AFTER INSERT ON shots REFERENCING NEW TABLE AS thumbexif_new FOR EACH STATEMENT EXECUTE FUNCTION photo.thumbexif_track();
CREATE TRIGGER thumbexif_delete AFTER DELETE ON shots REFERENCING OLD TABLE AS thumbexif_old FOR EACH STATEMENT EXECUTE FUNCTION photo.thumbexif_track();
CREATE TRIGGER thumbexif_truncate AFTER TRUNCATE ON shots FOR EACH STATEMENT EXECUTE FUNCTION photo.thumbexif_track();
CREATE TRIGGER thumbexif_update AFTER UPDATE ON shots FOR EACH ROW WHEN (OLD.id <> NEW.id OR OLD.path COLLATE "C" IS DISTINCT FROM NEW.path COLLATE "C")
	EXECUTE FUNCTION photo.thumbexif_track();
ALTER TRIGGER thumbexif_insert ON shots DEPENDS ON EXTENSION thumbexif;
ALTER TRIGGER thumbexif_delete ON shots DEPENDS ON EXTENSION thumbexif;
ALTER TRIGGER thumbexif_truncate ON shots DEPENDS ON EXTENSION thumbexif;
ALTER TRIGGER thumbexif_update ON shots DEPENDS ON EXTENSION thumbexif;
EOSQL

# --- a new library with the old SQL

my $update = qr/HINT:  Run ALTER EXTENSION thumbexif UPDATE/;

is(sql('old', q{SELECT camera_make FROM photo.thumbexif_info('1.png')}), 'Tiny', 'before the update, what reads images works');
is(sql('old', q{SELECT photo.thumbexif_exif('1.png') IS NOT NULL, length(photo.thumbexif_thumbnail('1.png')) > 0}), 't|t', 'all of it');
is(sql('old', q{SELECT self_test FROM photo.thumbexif_version()}), 'ok', 'and the version');
foreach my $call ('SELECT photo.thumbexif_process(1)', q{SELECT photo.thumbexif_process('1'::text)}, 'SELECT photo.thumbexif_enqueue(1)',
	'SELECT photo.thumbexif_retry(1)', 'SELECT photo.thumbexif_retry()', 'CALL photo.thumbexif_backfill()', 'CALL photo.thumbexif_process_session(1)',
	q{SELECT photo.thumbexif_attach('shots')}, q{SELECT photo.thumbexif_detach('shots')}, 'SELECT photo.thumbexif_clean()',
	'SELECT photo.thumbexif_pause()', 'TABLE photo.thumbexif_status')
{
	like(sql('old', $call), qr/does not have version 1\.1 of its library.*$update/s, "$call says what to do");
}
is(sql('old', 'SELECT count(*) FROM photo.thumbexif_failures'), '1', 'what only looks into our tables works');
is(sql('old', q{SELECT count(*) > 0 FROM photo.thumbexif_workers}), 't', 'so does the view of workers');

my $unseen = qr/change of table "shots" is not tracked.*$update/s;
like(sql('old', q{INSERT INTO shots VALUES (5, '5.png')}), $unseen, 'a row can be inserted, with a warning');
my $warnings = () = sql('old', q{UPDATE shots SET path = 'x' || path}) =~ /WARNING/g;
is($warnings, 1, 'many can be updated, with one');
$server->safe_psql('old', q{UPDATE shots SET path = substr(path, 2)});
like(sql('old', 'DELETE FROM shots WHERE id = 4'), $unseen, 'and deleted');
is(sql('old', 'CREATE TABLE other (); DROP TABLE other'), '', 'other tables can be dropped without a word');
ok($server->wait_for_log(qr/thumbexif does nothing in this database: version of the extension is not 1\.1/), 'the worker says why it does nothing');
wait_for($server, 'and has left', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'thumbexif worker' AND datname = 'old'});
my @said = slurp_file($server->logfile) =~ /(thumbexif does nothing in this database)/g;
# each commit that might have made work starts it once more, and time alone never does
cmp_ok(scalar(@said), '<=', 8, 'without repeating itself');

# --- the update

my $before = $server->safe_psql('old', "SELECT jsonb_strip_nulls(to_jsonb(a)) FROM photo.thumbexif_attachment a; SELECT to_jsonb(a) - 'file_size' - 'damage' - 'sidecar' FROM photo.thumbexif_asset_bigint a ORDER BY id; SELECT removal, attachment, file FROM photo.thumbexif_removal");
my $number = $server->safe_psql('old', 'SELECT last_value FROM photo.thumbexif_attachment_seq');
is(sql('old', "BEGIN; ALTER EXTENSION thumbexif UPDATE; SELECT jsonb_strip_nulls(to_jsonb(a) - 'tracking') FROM thumbexif_internal.thumbexif_attachment a;
	SELECT to_jsonb(a) - 'file_size' - 'damage' - 'sidecar' FROM thumbexif_internal.thumbexif_asset_bigint a ORDER BY id; SELECT removal, attachment, file FROM thumbexif_internal.thumbexif_removal; ROLLBACK"),
	$before, 'attachments, states and removals are there after the update');
is(sql('old', q{BEGIN; ALTER EXTENSION thumbexif UPDATE; SELECT stale FROM photo.thumbexif_progress; SET LOCAL thumbexif.default_timezone = 'Asia/Tokyo';
	SELECT stale FROM photo.thumbexif_progress; ROLLBACK}), "0\n1", 'done assets are counted by their settings');
is(sql('old', q{BEGIN; UPDATE photo.thumbexif_asset_bigint SET wrote = CASE id WHEN 1 THEN 16384 + 8 ELSE 504 END; ALTER EXTENSION thumbexif UPDATE;
	SELECT id, wrote = (1::bigint << 62) + 8, wrote FROM thumbexif_internal.thumbexif_asset_bigint WHERE id < 3 ORDER BY id; ROLLBACK}),
	"1|t|4611686018427387912\n2|f|504", 'which columns were filled, and that the values are of an older file, is known');
like(sql('old', 'BEGIN; CREATE VIEW mine AS SELECT width FROM photo.thumbexif_info(NULL::text); ALTER EXTENSION thumbexif UPDATE; ROLLBACK'),
	qr/ERROR:  cannot drop function thumbexif_internal\.thumbexif_info.*view public\.mine depends on function/s, 'a view of the user\'s that needs a function is named, not dropped');
is(sql('old', 'ALTER EXTENSION thumbexif UPDATE'), '', 'the update, without a word');
# in one snapshot, since the worker is at work
is(sql('old', q{SELECT count(*) FROM (SELECT status, sum(assets) FROM thumbexif_internal.thumbexif_count WHERE status IS NOT NULL GROUP BY 1 HAVING sum(assets) <> 0) c
	FULL JOIN (SELECT status, count(*) FROM thumbexif_internal.thumbexif_asset GROUP BY 1) s ON s.status = c.status AND s.count = c.sum WHERE s.status IS NULL OR c.status IS NULL}),
	0, 'the states are counted');
is(sql('old', 'SELECT last_value FROM thumbexif_internal.thumbexif_attachment_seq'), $number, 'numbers go on');
is(sql('old', q{SELECT has_function_privilege('reader', 'photo.thumbexif_info(text)', 'EXECUTE'),
		has_function_privilege('photographer', 'photo.thumbexif_process(bigint, regclass, boolean)', 'EXECUTE'),
		has_function_privilege('photographer', 'photo.thumbexif_process(text, regclass, boolean)', 'EXECUTE'),
		has_function_privilege('photographer', (SELECT oid FROM pg_proc WHERE proname = 'thumbexif_attach'), 'EXECUTE WITH GRANT OPTION'),
		has_table_privilege('reader', 'photo.thumbexif_status', 'SELECT')}), 't|t|f|t|t', 'rights that users gave are kept');

is(sql('old', 'SELECT search_path FROM photo.thumbexif_tables'), 'pg_catalog', 'code of tables that 1.0 attached runs as before');
is(sql('old', 'GRANT SELECT ON shots TO reader', 'SET ROLE reader', 'SELECT relation FROM photo.thumbexif_tables', 'RESET ROLE', 'REVOKE SELECT ON shots FROM reader'),
	'shots', 'and who may read them sees what is known of them');

# the worker comes by itself
wait_for($server, 'what was queued is done', q{SELECT status FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 2}, 'done', 'old');
$server->safe_psql('old', q{INSERT INTO shots VALUES (6, '6.png')});
wait_for($server, 'what is inserted now too', q{SELECT status FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 6}, 'done', 'old');
$server->psql('old', 'CALL photo.thumbexif_backfill()');
is(sql('old', q{SELECT id, thumbnail_path IS NOT NULL, camera_make FROM shots ORDER BY id}),
	join("\n", '1|t|Old', map { "$_|t|Tiny" } 2, 3, 5, 6), 'and a backfill finds what was not seen');
$server->safe_psql('old', 'SELECT photo.thumbexif_clean()');
is(sql('old', 'SELECT id, status FROM thumbexif_internal.thumbexif_asset_bigint ORDER BY id'),
	join("\n", map { "$_|done" } 1, 2, 3, 5, 6), 'states without a row are gone after clean');
is(sql('old', 'DROP TABLE shots; SELECT count(*) FROM thumbexif_internal.thumbexif_attachment'), '0', 'a table that is dropped is forgotten');

# --- the same catalog

my $acl = q{coalesce((SELECT string_agg(format('%%s=%%s/%%s', grantee::regrole, privilege_type, grantor::regrole), ', ' ORDER BY grantee::regrole::text, privilege_type)
	FROM aclexplode(%s) WHERE pg_get_userbyid(grantee) NOT IN ('reader', 'photographer')), '-')};
my %look = (
	members => q{SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend d, pg_extension e
		WHERE refclassid = 'pg_extension'::regclass AND refobjid = e.oid AND extname = 'thumbexif' AND deptype = 'e'},
	functions => q{SELECT pg_get_functiondef(p.oid), pg_get_userbyid(proowner), obj_description(p.oid, 'pg_proc'), } . sprintf($acl, 'proacl')
		. q{ FROM pg_proc p WHERE proname LIKE 'thumbexif%'},
	relations => q{SELECT c.oid::regclass, relkind, relpersistence, reloptions, pg_get_userbyid(relowner), obj_description(c.oid, 'pg_class'),
		CASE relkind WHEN 'v' THEN pg_get_viewdef(c.oid) WHEN 'i' THEN pg_get_indexdef(c.oid) END, } . sprintf($acl, 'relacl')
		. q{ FROM pg_class c WHERE c.relnamespace IN ('photo'::regnamespace, 'thumbexif_internal'::regnamespace)},
	columns => q{SELECT attrelid::regclass, attnum, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attisdropped, attinhcount, attislocal,
		pg_get_expr(adbin, adrelid), col_description(attrelid, attnum)
		FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
		WHERE attnum > 0 AND attrelid IN (SELECT oid FROM pg_class c WHERE c.relnamespace IN ('photo'::regnamespace, 'thumbexif_internal'::regnamespace))},
	constraints => q{SELECT conname, conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'thumbexif_internal'::regnamespace},
	sequences => q{SELECT seqrelid::regclass, seqtypid::regtype, seqincrement, seqmax, seqcycle FROM pg_sequence},
	inheritance => q{SELECT inhrelid::regclass, inhparent::regclass FROM pg_inherits WHERE inhrelid::regclass::text LIKE 'thumbexif_internal%'},
	types => q{SELECT t.oid::regtype, enumlabel, obj_description(t.oid, 'pg_type'), } . sprintf($acl, 'typacl') . q{ FROM pg_type t JOIN pg_enum ON enumtypid = t.oid},
	schema => q{SELECT nspname, pg_get_userbyid(nspowner), obj_description(oid, 'pg_namespace'), } . sprintf($acl, 'nspacl')
		. q{ FROM pg_namespace WHERE nspname LIKE 'thumbexif%'},
	dumped => q{SELECT t::regclass, c FROM pg_extension, unnest(extconfig, extcondition) AS u(t, c) WHERE extname = 'thumbexif'},
	event_triggers => q{SELECT evtname, evtevent, evtenabled, evtfoid::regproc, evttags, obj_description(oid, 'pg_event_trigger') FROM pg_event_trigger},
	rights_at_first => q{SELECT pg_describe_object(classoid, objoid, objsubid), } . sprintf($acl, 'initprivs') . q{ FROM pg_init_privs
		WHERE privtype = 'e' AND pg_describe_object(classoid, objoid, objsubid) LIKE '%thumbexif%'},
);
$server->safe_psql('postgres', 'CREATE DATABASE fresh');
$server->safe_psql('fresh', 'CREATE SCHEMA photo; CREATE EXTENSION thumbexif WITH SCHEMA photo');
foreach my $what (sort keys %look)
{
	my %found = map { $_ => join("\n", sort split(/\n(?=\S)/, $server->safe_psql($_, "SET search_path = pg_catalog; $look{$what}"))) } qw(old fresh);
	isnt($found{fresh}, '', "$what: there is something to compare");
	is($found{old}, $found{fresh}, "$what: an upgraded and a fresh installation are the same");
}

# --- the database's owner may dump it

$server->safe_psql('postgres', 'CREATE ROLE app LOGIN');
$server->safe_psql('postgres', 'CREATE DATABASE app OWNER app');
$server->safe_psql('app', <<'EOSQL');
CREATE EXTENSION thumbexif;
GRANT EXECUTE ON FUNCTION thumbexif_attach TO app;
SET ROLE app;
SELECT thumbexif_attach('pictures', create_table => true);
INSERT INTO pictures (path) VALUES ('1.png'), ('no.png');
EOSQL
my $file = PostgreSQL::Test::Utils::tempdir() . '/app.sql';
$server->command_ok([ 'pg_dump', '-U', 'app', '-f', $file, 'app' ], 'the owner of a database with the extension dumps it');
like(slurp_file($file), qr/^COPY thumbexif_internal\.thumbexif_asset_bigint .*\n.*\n.*\n\\\.$/m, 'with the states');
like(sql('app', 'SET ROLE app; DELETE FROM thumbexif_internal.thumbexif_asset_bigint'), qr/permission denied for table/, 'and cannot change them');
like(sql('app', 'SET ROLE app; CREATE TABLE thumbexif_internal.mine ()'), qr/permission denied for schema/, 'nor create anything beside them');

$server->stop;
done_testing();
