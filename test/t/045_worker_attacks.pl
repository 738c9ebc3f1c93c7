# The worker is a superuser's process; what the owner of an attached table gets it to run, runs as the owner.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $server = new_server('attacks', preload => 1, config => "thumbexif.decoders = 1\nrestart_after_crash = on\n");

value($server, <<'EOSQL');
CREATE ROLE mallory LOGIN;
CREATE SCHEMA trap AUTHORIZATION mallory;
SET ROLE mallory;
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
CREATE FUNCTION trap.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT trap.gotcha(); SELECT pg_catalog.now()';
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
CREATE FUNCTION trap.note(what text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN PERFORM trap.try('SELECT 1 AS ' || what); RETURN what; END $$;
CREATE FUNCTION trap.spring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM trap.try('SET ROLE ' || quote_ident(session_user));
	PERFORM trap.try('RESET ROLE');
	PERFORM trap.try('RESET SESSION AUTHORIZATION');
	PERFORM trap.try('ALTER ROLE mallory SUPERUSER');
	PERFORM trap.try('UPDATE thumbexif_internal.thumbexif_asset SET status = ''done''');
	PERFORM trap.try('CREATE TEMPORARY TABLE pg_class (oid oid)');
	PERFORM pg_advisory_unlock_all();
	PERFORM set_config('search_path', 'trap, pg_catalog', false);
	PERFORM set_config('lock_timeout', '1ms', false);
	PERFORM set_config('statement_timeout', '1ms', false);
	PERFORM set_config('session_replication_role', 'replica', false);
	RETURN NEW;
EXCEPTION WHEN insufficient_privilege THEN RETURN NEW;
END $$;

CREATE TABLE trap.shots (id bigint PRIMARY KEY, path text CHECK (trap.note('constraint') <> ''), thumbnail_path text,
	width integer, camera_make text, derived text GENERATED ALWAYS AS (trap.note('generated') || width) STORED);
CREATE INDEX ON trap.shots (trap.note(camera_make));
CREATE RULE also AS ON UPDATE TO trap.shots DO ALSO INSERT INTO trap.seen VALUES (current_user, 'rule');
CREATE TRIGGER spring BEFORE UPDATE ON trap.shots FOR EACH ROW EXECUTE FUNCTION trap.spring();
CREATE TRIGGER spring_after AFTER UPDATE ON trap.shots FOR EACH ROW EXECUTE FUNCTION trap.spring();
RESET ROLE;
SELECT thumbexif_attach('trap.shots');
EOSQL

# --- the rows are done, and nobody but mallory was there

value($server, "SET ROLE mallory;
	INSERT INTO trap.shots (id, path) SELECT i, 'orientation-' || i || '.jpg' FROM generate_series(1, 6) i");
wait_done($server, 'the rows are done', 6);
is(value($server, 'SELECT count(*) FROM trap.shots WHERE width = 320 AND thumbnail_path IS NOT NULL'), 6, 'every one');
is(value($server, "SELECT string_agg(DISTINCT who, ',') FROM trap.seen"), 'mallory', 'nothing of his ran as anybody else');
is(value($server, "SELECT count(*) FROM trap.seen WHERE what = 'gotcha'"), 0, 'his operators and functions were not called');
is(value($server, "SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'"), 'f', 'he is no superuser');
is(value($server, "SELECT string_agg(DISTINCT what, ',') FROM trap.seen WHERE what LIKE '%: done'"),
	'SELECT 1 AS Fictor: done,SELECT 1 AS constraint: done,SELECT 1 AS generated: done',
	'of what he tried only the harmless went well');
is(value($server, "SELECT count(DISTINCT what) FROM trap.seen WHERE what LIKE 'SELECT 1 AS %' OR what = 'rule'"), 4,
	'index, constraint, generated column and rule were there');
is(value($server, 'SELECT count(*) FROM thumbexif_workers WHERE last_error IS NOT NULL'), 0, 'and the worker has no trouble');

# what he leaves behind is not there for the next ones
value($server, 'TRUNCATE trap.seen');
value($server, "SELECT thumbexif_attach('image_assets')");
value($server, "INSERT INTO image_assets (path) VALUES ('photo.jpg')");
wait_done($server, 'a table of another owner', 7);
is(value($server, 'SELECT count(*) FROM trap.seen'), 0, 'in the same worker, without him');

# --- a deferred trigger does not wait for the commit, when nobody is restricted any more

value($server, <<'EOSQL');
SET ROLE mallory;
DROP TRIGGER spring ON trap.shots;
DROP TRIGGER spring_after ON trap.shots;
TRUNCATE trap.seen;
CREATE TABLE trap.side (id bigint);
CREATE FUNCTION trap.late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM trap.try('RESET ROLE'); PERFORM trap.gotcha(); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON trap.side DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION trap.late();
CREATE FUNCTION trap.aside() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO trap.side VALUES (new.id); RETURN NULL; END $$;
CREATE TRIGGER aside AFTER UPDATE ON trap.shots FOR EACH ROW EXECUTE FUNCTION trap.aside();
INSERT INTO trap.shots (id, path) VALUES (7, 'orientation-7.jpg');
EOSQL
wait_done($server, 'the asset is done', 8);
is(value($server, "SELECT string_agg(who || ' ' || what, ',') FROM trap.seen WHERE what LIKE 'RESET ROLE%'"),
	'mallory RESET ROLE: cannot set parameter "role" within security-restricted operation', 'the trigger has run as himself');
is(value($server, "SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'"), 'f', 'and gives him nothing');
value($server, 'DROP TRIGGER aside ON trap.shots');

# --- triggers that never end, also if one cancels them

value($server, "ALTER DATABASE postgres SET statement_timeout = '1s'");
value($server, <<'EOSQL');
SET statement_timeout = 0;
SET ROLE mallory;
CREATE FUNCTION trap.endless() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF new.id = 8 THEN LOOP PERFORM pg_sleep(0.1); END LOOP; END IF;
	RETURN new;
END $$;
CREATE TRIGGER endless BEFORE UPDATE ON trap.shots FOR EACH ROW EXECUTE FUNCTION trap.endless();
INSERT INTO trap.shots (id, path) VALUES (8, 'orientation-8.jpg'), (9, 'orientation-1.jpg');
EOSQL
wait_for($server, 'a trigger that never ends is that asset\'s failure', "SELECT string_agg(concat_ws(' ', id, attempts > 0, error), ',')
	FROM thumbexif_internal.thumbexif_asset_bigint WHERE attempts > 0", '8 t row could not be updated: its triggers took too long');
wait_for($server, 'the other one is done', 'SELECT count(width) FROM trap.shots WHERE id = 9', 1);

value($server, <<'EOSQL');
SET statement_timeout = 0;
SET ROLE mallory;
CREATE OR REPLACE FUNCTION trap.endless() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	LOOP
		EXIT WHEN new.id <> 8;
		BEGIN
			PERFORM pg_sleep(0.1);
		EXCEPTION WHEN query_canceled THEN
			NULL;
		END;
	END LOOP;
	RETURN new;
END $$;
EOSQL
value($server, 'SET statement_timeout = 0; UPDATE thumbexif_internal.thumbexif_asset SET next_try = now() WHERE attempts > 0; SELECT thumbexif_resume()');
wait_for($server, 'nor does one stop the worker that does not let itself be cancelled',
	"SELECT count(*) > 0 FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 8 AND interruptions > 0");
value($server, 'SET statement_timeout = 0; DROP FUNCTION trap.endless() CASCADE');
wait_done($server, 'without it all is done', 10);

$server->stop;
done_testing();
