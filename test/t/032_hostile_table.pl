# A table whose owner wishes us ill: triggers run with the owner's rights and no more, and leave nothing behind.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;

my $server = new_server('hostile');

sub sql { return $server->safe_psql('postgres', shift) }

sql(<<'EOT');
CREATE ROLE mallory LOGIN;
CREATE SCHEMA trap AUTHORIZATION mallory;
SET ROLE mallory;
CREATE TABLE trap.shots (id bigint PRIMARY KEY, path text, thumbnail_path text, width integer, camera_make text);
CREATE TABLE trap.seen (who text, what text);

-- whoever calls these by mistake gives mallory all he wants
CREATE FUNCTION trap.gotcha() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO trap.seen VALUES (current_user, 'gotcha');
	EXECUTE 'ALTER ROLE mallory SUPERUSER';
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
CREATE FUNCTION trap.equal(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT trap.gotcha(); SELECT int8eq($1, $2)';
CREATE FUNCTION trap.equal(integer, integer) RETURNS boolean LANGUAGE sql AS 'SELECT trap.gotcha(); SELECT int4eq($1, $2)';
CREATE FUNCTION trap.unnest(anyarray) RETURNS SETOF anyelement LANGUAGE sql AS 'SELECT trap.gotcha(); SELECT pg_catalog.unnest($1)';
CREATE FUNCTION trap.nextval(regclass) RETURNS bigint LANGUAGE sql AS 'SELECT trap.gotcha(); SELECT pg_catalog.nextval($1)';
CREATE OPERATOR trap.= (FUNCTION = trap.equal, LEFTARG = bigint, RIGHTARG = bigint);
CREATE OPERATOR trap.= (FUNCTION = trap.equal, LEFTARG = integer, RIGHTARG = integer);

-- try a thing, and write down how it went
CREATE FUNCTION trap.try(statement text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	INSERT INTO trap.seen VALUES (current_user, statement || ': done');
EXCEPTION WHEN OTHERS THEN
	INSERT INTO trap.seen VALUES (current_user, statement || ': ' || SQLERRM);
END $$;
CREATE FUNCTION trap.spring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM trap.try('SET ROLE ' || (SELECT rolname FROM pg_roles WHERE oid = 10));
	PERFORM trap.try('RESET ROLE');
	PERFORM trap.try('SET SESSION AUTHORIZATION ' || (SELECT rolname FROM pg_roles WHERE oid = 10));
	PERFORM trap.try('ALTER ROLE mallory SUPERUSER');
	PERFORM trap.try('CREATE TEMPORARY TABLE pg_class (oid oid)');
	PERFORM trap.try('UPDATE thumbexif_internal.thumbexif_asset SET status = ''done''');
	PERFORM trap.try('CALL public.thumbexif_backfill()');
	PERFORM trap.try('LISTEN it');
	PERFORM pg_advisory_unlock_all();
	PERFORM set_config('search_path', 'trap, pg_catalog', false);
	PERFORM set_config('lock_timeout', '1ms', false);
	PERFORM set_config('statement_timeout', '1ms', false);
	INSERT INTO trap.seen SELECT current_user, 'claims held: ' || count(*) FROM pg_locks
		WHERE locktype = 'object' AND mode = 'ExclusiveLock' AND pid = pg_backend_pid();
	RETURN NEW;
END $$;
CREATE TRIGGER spring BEFORE UPDATE ON trap.shots FOR EACH ROW EXECUTE FUNCTION trap.spring();
CREATE TRIGGER spring_after AFTER UPDATE ON trap.shots FOR EACH ROW EXECUTE FUNCTION trap.spring();
EOT
sql("SELECT thumbexif_attach('trap.shots'); INSERT INTO trap.shots (id, path) SELECT i, 'orientation-' || i || '.jpg' FROM generate_series(1, 6) i");

is($server->safe_psql('postgres', <<'EOT'), "6|6|0|0\npg_catalog, public\n0\n0", 'the backfill does its work, and its settings are as before');
SET search_path = pg_catalog, public;
CALL public.thumbexif_backfill(batch_size => 2);
SHOW search_path;
SHOW lock_timeout;
SHOW statement_timeout;
EOT
is(sql('SELECT count(*) FROM trap.shots WHERE width = 320 AND thumbnail_path IS NOT NULL'), 6, 'every row is written');
is(sql("SELECT count(*) FROM trap.seen WHERE who <> 'mallory'"), 0, 'nothing of his ran as anybody else');
is(sql("SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'"), 'f', 'he is no superuser');
is(sql("SELECT count(*) FROM trap.seen WHERE what = 'gotcha'"), 0, 'his operators and functions were not called');
is(sql("SELECT string_agg(DISTINCT what, ',') FROM trap.seen WHERE what LIKE 'claims held%'"), 'claims held: 1',
	'pg_advisory_unlock_all() does not release the claim');
is(sql("SELECT count(DISTINCT what) FROM trap.seen WHERE what LIKE '%: done'"), 0, 'none of what he tried went well');
my $superuser = sql('SELECT rolname FROM pg_roles WHERE oid = 10');
foreach my $tried ("SET ROLE $superuser", 'RESET ROLE', "SET SESSION AUTHORIZATION $superuser", 'LISTEN it',
	'CREATE TEMPORARY TABLE pg_class (oid oid)')
{
	like(sql("SELECT DISTINCT what FROM trap.seen WHERE what LIKE '$tried:%'"),
		qr/security-restricted operation|permission denied/, $tried);
}

# the same with thumbexif_process() called by a superuser: there triggers run as the caller, as with any UPDATE of the
# caller's own; but what the caller's search_path holds must not be called by us
sql('DROP TRIGGER spring ON trap.shots; DROP TRIGGER spring_after ON trap.shots; TRUNCATE trap.seen');
is($server->safe_psql('postgres', <<'EOT'), 'done', 'thumbexif_process() in a hostile search_path');
SET search_path = trap, pg_catalog;
SELECT status FROM public.thumbexif_process(1::bigint, force => true::boolean);
EOT
is(sql('SELECT count(*) FROM trap.seen'), 0, 'calls nothing of it');

# a function in an index of the table runs when a row is written: as the owner too
sql(<<'EOT');
SET ROLE mallory;
CREATE FUNCTION trap.note_it() RETURNS void LANGUAGE sql AS $$ INSERT INTO trap.seen VALUES (current_user, 'index') $$;
CREATE FUNCTION trap.note(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN PERFORM trap.note_it(); RETURN $1; END $$;
CREATE INDEX ON trap.shots (trap.note(camera_make));
UPDATE trap.shots SET camera_make = NULL;
TRUNCATE trap.seen;
RESET ROLE;
UPDATE thumbexif_internal.thumbexif_asset SET exif_settings = NULL;
EOT
is(sql('CALL thumbexif_backfill()'), '6|6|0|0', 'rows with an index on a function of his');
is(sql('SELECT string_agg(DISTINCT who, \',\') FROM trap.seen'), 'mallory', 'it ran as himself');

# a trigger that changes the path under our feet: that asset's failure, and the rest goes on
sql(<<'EOT');
CREATE OR REPLACE FUNCTION trap.spring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.id = 2 THEN NEW.path := NEW.path || 'x'; END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER spring BEFORE UPDATE ON trap.shots FOR EACH ROW EXECUTE FUNCTION trap.spring();
UPDATE thumbexif_internal.thumbexif_asset SET exif_settings = NULL;
EOT
is(sql('SET client_min_messages = error; CALL thumbexif_backfill()'), '6|5|0|1', 'a trigger that changes the path');
like(sql("SELECT error FROM thumbexif_internal.thumbexif_asset WHERE status = 'queued'"), qr/changed the state of its own asset/, 'is told');
is(sql('SELECT path FROM trap.shots WHERE id = 2'), 'orientation-2.jpg', 'and has changed nothing');

# a key of a type of his own, whose cast to ours is a function of his: none of ours calls it
sql(<<'EOT');
SET ROLE mallory;
DROP TRIGGER spring ON trap.shots;
CREATE TYPE trap.key AS (x integer);
CREATE FUNCTION trap.number(trap.key) RETURNS bigint LANGUAGE sql AS 'SELECT trap.gotcha(); SELECT 7::bigint';
CREATE CAST (trap.key AS bigint) WITH FUNCTION trap.number(trap.key) AS IMPLICIT;
DROP TRIGGER thumbexif_update ON trap.shots;
ALTER TABLE trap.shots DROP COLUMN id;
ALTER TABLE trap.shots ADD COLUMN id trap.key;
TRUNCATE trap.seen;
SET client_min_messages = error;
INSERT INTO trap.shots (id, path) VALUES (ROW(1), 'photo.jpg');
DELETE FROM trap.shots;
EOT
is(sql("SELECT count(*) FROM trap.seen WHERE what = 'gotcha'"), 0, 'a cast of his from the type of a new key column is not called');
is(sql("SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'"), 'f', 'and gives him nothing');

$server->stop;
done_testing();
