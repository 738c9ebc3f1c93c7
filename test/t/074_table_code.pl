# Attached tables as applications have them: code that leaves names to the search_path, and columns of other types.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 8);
write_file("$root/abroad.png", tiny_picture(taken => '2024:07:01 12:00:00', offset => '-05:00'));
my $server = new_server('code', preload => 1, roots => $root,
	config => "thumbexif.decoders = 1\nthumbexif.max_attempts = 1\nthumbexif.default_timezone = 'Europe/Berlin'\ntimezone = 'Asia/Tokyo'\n");

sub sql { return value($server, join(";\n", @_)) }

# insert(SQL): as the application
sub insert { return sql('SET search_path = shop, library', shift) }

# said(SQL): what it prints, and its errors and notices
sub said
{
	my ($status, $out, $error) = $server->psql('postgres', shift, on_error_stop => 0);
	return "$out$error";
}

# rows of shop.photos have other files, which a backfill sees
sub again
{
	sql('ALTER TABLE shop.photos DISABLE TRIGGER note', q{UPDATE shop.photos SET camera_make = NULL, path = left(path, 1)::int % 8 + 1 || '.png'},
		'ALTER TABLE shop.photos ENABLE TRIGGER note', 'CALL thumbexif_backfill()');
	return;
}

sub errors { return sql(q{SELECT coalesce(string_agg(DISTINCT error, ' '), '') FROM thumbexif_internal.thumbexif_asset}) }

# --- the table's own code: a trigger, a default, an index expression, each with names that are not qualified

sql(<<'EOSQL');
CREATE ROLE app LOGIN;
CREATE ROLE mallory LOGIN;
CREATE SCHEMA shop AUTHORIZATION app;
CREATE SCHEMA library AUTHORIZATION app;
GRANT EXECUTE ON FUNCTION thumbexif_attach, thumbexif_process(bigint, regclass, boolean) TO app;
SET ROLE app;
SET search_path = shop, library;
CREATE FUNCTION library.half(float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 2';
CREATE FUNCTION library.earth(float8, float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN half($1) + half($2); END';
CREATE TABLE audit (at timestamptz DEFAULT now(), what text DEFAULT current_setting('search_path'), id bigint, who text DEFAULT current_user);
CREATE TABLE photos (id bigint PRIMARY KEY, path text, thumbnail_path text, width integer,
	gps_latitude float8, gps_longitude float8, camera_make text);
CREATE INDEX ON photos (earth(gps_latitude, gps_longitude));
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO audit (id) VALUES (new.id);
	RETURN new;
END $$;
CREATE TRIGGER note BEFORE UPDATE ON photos FOR EACH ROW EXECUTE FUNCTION note();
EOSQL

my $attach = "SET ROLE app; SELECT public.thumbexif_attach('photos')";
like(said("SET search_path = shop, pg_temp, no_such, library; $attach"), qr/run with search_path shop, no_such, library\./, 'attach says which search_path it keeps');
is(sql('SELECT search_path FROM thumbexif_tables'), 'shop, no_such, library', 'the view too');
insert(q{INSERT INTO shop.photos VALUES (1, '1.png')});
wait_for($server, 'the worker writes the row', q{SELECT count(width) = 1 FROM shop.photos});
sql('SELECT thumbexif_pause()');
insert(q{INSERT INTO shop.photos SELECT i, i || '.png' FROM generate_series(2, 4) i});
# a table of the session's own must not stand for the application's
$server->safe_psql('postgres', "CREATE TEMPORARY TABLE audit (LIKE shop.audit INCLUDING DEFAULTS); SET client_min_messages = error; CALL thumbexif_backfill(2); SELECT * FROM audit");
is(sql('SELECT status FROM thumbexif_process(4)'), 'done', 'so does thumbexif_process(), for a superuser');
is(sql(q{SET ROLE app; SELECT status FROM public.thumbexif_process(4, force => true)}), 'done', 'and for the owner');
is(sql('SELECT string_agg(DISTINCT id::text, $$,$$), string_agg(DISTINCT what, $$;$$), string_agg(DISTINCT who, $$,$$) FROM shop.audit'),
	'1,2,3,4|shop, library, pg_temp|app', 'all of them with that search_path, temporary tables last');
is(errors(), '', 'and without an error');

like(said("SET search_path = library; $attach"), qr/relation "photos" does not exist|table "photos" does not exist/, 'a name outside of the search_path is a mistake');
said("SET search_path = library; SET ROLE app; SELECT public.thumbexif_attach('shop.photos')");
is(sql('SELECT search_path FROM thumbexif_tables'), 'library', 'attaching again takes the search_path anew');
insert(q{INSERT INTO shop.photos VALUES (5, '5.png')});
sql('CALL thumbexif_backfill()');
like(errors(), qr/relation "audit" does not exist/, 'which the table\'s code then sees');
sql('UPDATE thumbexif_internal.thumbexif_attachment SET search_path = NULL', 'SELECT thumbexif_retry_all()', 'CALL thumbexif_backfill()');
like(errors(), qr/relation "audit" does not exist/, 'a table that 1.0 attached sees pg_catalog only');
is(sql('SELECT search_path FROM thumbexif_tables'), 'pg_catalog', 'and the view says so');
sql(q{UPDATE thumbexif_internal.thumbexif_attachment SET search_path = 'shop, "'}, 'SELECT thumbexif_retry_all()', 'CALL thumbexif_backfill()');
like(errors(), qr/relation "audit" does not exist/, 'nonsense of a forged dump counts as none');

# --- who may create in a schema of that search_path gains nothing

sql(<<'EOSQL');
GRANT CREATE, USAGE ON SCHEMA shop TO mallory;
CREATE TABLE gained (who text);
GRANT INSERT ON gained TO PUBLIC;
SET ROLE mallory;
CREATE FUNCTION shop.initcap(varchar) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.gained VALUES (current_user);
	RETURN $1;
END $$;
CREATE FUNCTION shop.less(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.gained VALUES ('operator ' || current_user);
	RETURN false;
END $$;
CREATE OPERATOR shop.> (FUNCTION = shop.less, LEFTARG = bigint, RIGHTARG = bigint);
CREATE OPERATOR shop.= (FUNCTION = shop.less, LEFTARG = bigint, RIGHTARG = bigint);
RESET ROLE;
CREATE OR REPLACE FUNCTION shop.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	new.camera_make := initcap(new.camera_make::varchar);
	RETURN new;
END $$;
EOSQL
like(said("SET search_path = shop, pg_catalog; $attach"), qr/WARNING:  .* will not find what is in schema shop\n.*NOTICE:  .*search_path pg_catalog\./s, 'attach says what is left out');
sql('DROP INDEX shop.photos_earth_idx');
again();
is(errors(), '', 'a schema in which she may create is left out');
sql('REVOKE CREATE ON SCHEMA shop FROM mallory');
again();
like(errors(), qr/^row could not be updated: function initcap\(\) of role "mallory" must not run with the rights of role "app"$/, 'what another role has put there does not run, also deep within');
like(said('SET ROLE app; SELECT public.thumbexif_process(5, force => true)'), qr/must not run with the rights/, 'not in thumbexif_process() either');
sql('DROP FUNCTION shop.initcap(varchar)', 'SELECT thumbexif_retry_all()', 'CALL thumbexif_backfill()', 'SELECT thumbexif_clean()');
is(errors(), '', 'without it the row is written, whatever operators mean there');
is(sql('SELECT count(width) FROM shop.photos'), 5, 'all rows are');
is(sql('SELECT string_agg(who, $$,$$) FROM gained'), '', 'and nothing of hers has run');

# what PostgreSQL's own functions do in a view of hers they do for her: names must not lead there
sql(<<'EOSQL');
CREATE SCHEMA shared;
GRANT USAGE ON SCHEMA shared TO PUBLIC;
CREATE TABLE shop.settings AS SELECT 'of the shop' AS v;
ALTER TABLE shop.settings OWNER TO app;
CREATE OR REPLACE FUNCTION shop.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	SELECT v INTO new.camera_make FROM settings;
	RETURN new;
END $$;
EOSQL
like(said("SET search_path = shared, public, shop; $attach"), qr/\A(?!.*WARNING).* search_path shared, public, shop\./s, 'schemas in which only superusers and the owner may create are kept');
sql('GRANT CREATE ON SCHEMA shared TO mallory');
sql(q{SET ROLE mallory}, q{CREATE VIEW shared.settings AS SELECT 'hers ' || lo_from_bytea(0, 'view') AS v}, 'GRANT SELECT ON shared.settings TO PUBLIC');
again();
sql(q{SET ROLE app}, q{SELECT FROM public.thumbexif_process(5, force => true)});
is(sql('SELECT DISTINCT camera_make FROM shop.photos'), 'of the shop', 'a schema in which others may create since then is left out');
is(sql('SELECT count(*) FROM pg_largeobject_metadata'), 0, 'and her view is not read');
my $in_force = 'SELECT search_path FROM thumbexif_tables';
is(sql($in_force), 'public, shop', 'which the view shows');
is(sql('GRANT app TO mallory', $in_force), 'shared, public, shop', 'unless they have the rights of the owner');
is(sql('REVOKE app FROM mallory', 'REVOKE CREATE ON SCHEMA shared FROM mallory', 'GRANT CREATE ON SCHEMA shared TO PUBLIC', $in_force), 'public, shop', 'everybody may not');
is(sql('REVOKE CREATE ON SCHEMA shared FROM PUBLIC', 'ALTER DATABASE postgres OWNER TO mallory', $in_force), 'shared, shop', 'public is the schema of the database\'s owner');
is(sql('ALTER DATABASE postgres OWNER TO app', $in_force), 'shared, public, shop', 'who may be the table\'s');
is(sql('ALTER DATABASE postgres OWNER TO CURRENT_USER', 'ALTER SCHEMA shared OWNER TO mallory', $in_force), 'public, shop', 'and a schema is its owner\'s');
sql('DROP TABLE shop.photos', 'DROP SCHEMA shared CASCADE');

# --- columns of other types: domains, timestamp, numeric, json

sql(<<'EOSQL');
CREATE DOMAIN shop.number AS integer CHECK (value > 0);
CREATE DOMAIN shop.place AS numeric(8, 5);
CREATE DOMAIN shop.name AS varchar(4);
CREATE DOMAIN shop.file AS text;
CREATE DOMAIN shop.instant AS timestamp;
CREATE DOMAIN shop.facts AS json;
CREATE TABLE shop.typed (id shop.number PRIMARY KEY, path shop.file, thumbnail_path shop.file, width shop.number, height bigint,
	taken_at shop.instant, camera_make shop.name, gps_latitude shop.place, gps_longitude numeric, exif_metadata shop.facts);
CREATE TABLE shop.zoned (id integer PRIMARY KEY, path varchar, taken_at timestamp(0), exif_metadata json);
EOSQL
my $pictures = pictures_dir();
sql("SELECT thumbexif_attach('shop.typed')", "SELECT thumbexif_attach('shop.zoned')");
system_or_bail('cp', "$pictures/south-west.jpg", "$root/place.jpg");
sql(q{INSERT INTO shop.typed (id, path) VALUES (1, '1.png'), (2, 'place.jpg'), (3, 'none.png')});
sql(q{INSERT INTO shop.zoned VALUES (1, 'abroad.png'), (2, '1.png')});
wait_done($server, 'the worker fills them', 4);
is(errors(), 'image file does not exist or is outside "thumbexif.image_roots"', 'no value is refused');
is(sql('SELECT taken_at, exif_metadata->>$$Make$$, camera_make, width, height, thumbnail_path IS NOT NULL FROM shop.typed WHERE id = 1'),
	'2024-07-01 12:00:00|Tiny|Tiny|1|1|t', 'a timestamp without time zone is the camera\'s clock');
is(sql('SELECT taken_at, exif_metadata IS NOT NULL FROM shop.zoned WHERE id = 1'), '2024-07-01 19:00:00|t', 'or, if its offset is known, that in thumbexif.default_timezone');
is(sql('SELECT gps_latitude < 0, gps_longitude < 0, scale(gps_latitude) FROM shop.typed WHERE id = 2'), 't|t|5', 'numeric coordinates are rounded as the column is');
is(sql(q{SELECT status, taken_at AT TIME ZONE 'Europe/Berlin', camera_make FROM thumbexif_process(1, 'shop.typed')}), 'done|2024-07-01 12:00:00|Tiny', 'and thumbexif_process() returns the instant');
sql(q{UPDATE shop.typed SET id = 7 WHERE id = 1}, q{UPDATE shop.typed SET path = '2.png' WHERE id = 7}, q{DELETE FROM shop.typed WHERE id = 3});
wait_done($server, 'keys that are domains are tracked', 4);
is(sql(q{SELECT id FROM thumbexif_internal.thumbexif_asset_bigint WHERE attachment = (SELECT attachment FROM thumbexif_internal.thumbexif_attachment WHERE relation = 'shop.typed'::regclass) ORDER BY id}), "2\n7", 'under their new values');
sql(q{ALTER TABLE shop.typed ADD CHECK (taken_at < '2024-07-01 18:00')}, q{INSERT INTO shop.typed (id, path, exif_metadata) VALUES (8, 'abroad.png', '{}')});
wait_for($server, 'a value that the column refuses fails the asset', q{SELECT status = 'failed' FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 8});

# --- columns that are NOT NULL, with empty texts for what is absent, as some frameworks make them

sql(q{CREATE TABLE shop.strict (id bigint PRIMARY KEY, path text, thumbnail_path varchar(255) NOT NULL DEFAULT '', width integer NOT NULL DEFAULT 0, camera_make text NOT NULL DEFAULT '')});
like(said(q{SELECT thumbexif_attach('shop.strict')}), qr/written: thumbnail_path, width, camera_make\.\nNULL is not allowed in: camera_make\. /, 'attach tells where NULL is not allowed');
sql(q{INSERT INTO shop.strict (id, path) VALUES (1, '1.png')});
my $has_thumbnail = q{SELECT thumbnail_path LIKE '/%' FROM shop.strict};
wait_for($server, 'an empty path of a thumbnail is none: the worker makes one', $has_thumbnail);
sql('SELECT thumbexif_pause($$shop.strict$$)');
my $empty = q{UPDATE shop.strict SET thumbnail_path = ''};
is(sql($empty, q{SELECT stale FROM thumbexif_state(1, 'shop.strict')}), '{thumbnail}', 'thumbexif_state() misses it');
is(sql(q{SELECT thumbexif_gallery('shop.strict') LIKE '%not made by thumbexif%'}), 'f', 'the page takes it for nobody\'s');
is(sql(q{SELECT status FROM thumbexif_process(1, 'shop.strict')}, $has_thumbnail), "done\nt", 'so does thumbexif_process()');
is(sql($empty, q{SET client_min_messages = error}, q{CALL thumbexif_backfill(relation => 'shop.strict')}, $has_thumbnail), "1|1|0|0\nt", 'and a backfill');
write_file("$root/bare.png", tiny_picture());
sql(q{UPDATE shop.strict SET path = 'bare.png'}, q{CALL thumbexif_backfill(relation => 'shop.strict')});
like(sql(q{SELECT error, camera_make FROM thumbexif_failures f JOIN shop.strict s ON s.id::text = f.id WHERE relation = 'shop.strict'::regclass}), qr/null value in column "camera_make".*\|Tiny$/, 'a photo that lacks a value fails, with the reason');
sql('DROP TABLE shop.strict');

# --- keys that are texts, in any order, and with any bytes

my @keys = ('b', 'B', 'a', '', ' ', 'cl9ebqhxk00003b600tymydho', '01ARZ3NDEKTSV4RRFFQ69G5FAV', 'Kéy "1"', "it's", '../../etc', 'x' x 127, 'Ä', 'z', 'failed');
sql(<<'EOSQL');
DROP TABLE shop.typed, shop.zoned;
CREATE COLLATION shop.whatever (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
CREATE TABLE shop.cards (id text PRIMARY KEY, path text, thumbnail_path varchar(255), width integer, taken_at timestamptz);
CREATE TABLE shop.slips (id varchar(200) COLLATE shop.whatever PRIMARY KEY, path text, thumbnail_path text, width integer);
EOSQL
my $values = join(', ', map { my $key = $_; $key =~ s/'/''/g; "('$key', '1.png')" } @keys);
sql("INSERT INTO shop.cards (id, path) VALUES $values");
like(said(q{INSERT INTO shop.cards (id) VALUES (repeat('y', 128)); SELECT thumbexif_attach('shop.cards'); DELETE FROM shop.cards WHERE id ~ 'yyy'}),
	qr/has keys that are longer than 127 bytes/, 'a table with longer keys is not attached');
said(q{SELECT thumbexif_attach('shop.cards'); SELECT thumbexif_attach('shop.slips'); SELECT thumbexif_pause()});
my $states = q{SELECT string_agg(DISTINCT status::text, ',') || count(*) FROM thumbexif_internal.thumbexif_asset_text s
	JOIN thumbexif_internal.thumbexif_attachment a USING (attachment) WHERE a.relation = 'shop.%s'::regclass};
like(said(q{CALL thumbexif_backfill(batch_size => 3, relation => 'shop.cards')}), qr/Done! Processed: 14, Updated: 14, Skipped: 0, Failed: 0/, 'a backfill does them');
like(said(q{CALL thumbexif_backfill(relation => 'shop.cards', verify => true)}), qr/Done! Processed: 0,/, 'and finds nothing more to do');
is(sql('SELECT count(*) FROM shop.cards WHERE width = 1 AND thumbnail_path IS NOT NULL'), scalar @keys, 'all rows are written');
is(scalar(grep { !-s } split /\n/, sql('SELECT thumbnail_path FROM shop.cards')), 0, 'with thumbnails');
is(sql(sprintf $states, 'cards'), 'done14', 'the states are done');
like(said(q{INSERT INTO shop.cards (id) VALUES (repeat('y', 128))}), qr/key "id" of attached table "cards" must not be NULL or longer than 127 bytes/, 'longer keys are refused');
sql(q{UPDATE shop.cards SET id = 'c' || id WHERE id = 'b'}, q{DELETE FROM shop.cards WHERE id IN ('', '../../etc')}, q{UPDATE shop.cards SET path = '2.png' WHERE id = 'B'});
is(sql(q{SELECT string_agg(id || ' ' || status, ',' ORDER BY id) FROM thumbexif_internal.thumbexif_asset_text WHERE id IN ('b', 'cb', 'B', '', '../../etc')}), 'B queued,cb done', 'changes are tracked');
is(sql(q{SELECT status, width FROM thumbexif_process('failed', 'shop.cards', force => true)}), 'done|1', 'thumbexif_process() takes the text');
is(sql(q{SELECT thumbexif_retry('failed', 'shop.cards')}), 'f', 'a key may be named like a status');
sql(q{INSERT INTO shop.cards (id, path) VALUES ('7', 'none.png')});
is(sql(q{SELECT thumbexif_enqueue(7, 'shop.cards')}, q{SELECT status FROM thumbexif_process(7, 'shop.cards')}), "\nmissing", 'or the number that it is');
like(said(q{SELECT thumbexif_process(repeat('q', 128), 'shop.cards')}), qr/asset q{127} does not exist in table shop\.cards/, 'one that is too long is none');
is(sql(q{SELECT id, path, status FROM thumbexif_failures WHERE relation = 'shop.cards'::regclass}), '7|none.png|missing', 'failures name it');

sql(q{SELECT thumbexif_resume()}, q{INSERT INTO shop.slips SELECT i || 'Key', '1.png' FROM generate_series(1, 300) i});
wait_for($server, 'the worker does them too, whatever the collation', 'SELECT count(width) = 300 FROM shop.slips');
sql(q{UPDATE shop.slips SET id = '1KEY' WHERE id = '1key'}, q{UPDATE shop.slips SET path = '2.png' WHERE id = '2KEY'});
wait_for($server, 'changes that the collation does not see', sprintf($states, 'slips'), 'done300');
is(sql(q{SELECT string_agg(id, ',' ORDER BY id) FROM thumbexif_internal.thumbexif_asset_text WHERE id ILIKE '1key' OR id ILIKE '2key'}), '1KEY,2Key', 'are tracked by their bytes');
sql('ALTER TABLE shop.slips DISABLE TRIGGER ALL', q{DELETE FROM shop.slips WHERE id LIKE '3%' COLLATE "C"}, 'ALTER TABLE shop.slips ENABLE TRIGGER ALL', 'SELECT thumbexif_clean()');
is(sql(sprintf $states, 'slips'), 'done288', 'clean deletes the states of rows that are gone');
sql('TRUNCATE shop.slips');
is(sql(sprintf $states, 'slips'), '', 'TRUNCATE all');

$server->stop;
done_testing();
