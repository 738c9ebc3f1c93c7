# Code of a role never runs with rights that this role does not have: whoever calls, whoever owns the table.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $server = new_server('code', preload => 1, config => "thumbexif.decoders = 1\nthumbexif.max_attempts = 1\n");

sub sql { return value($server, shift) }

sub is_super { return value($server, "SELECT rolsuper FROM pg_roles WHERE rolname = 'hostile'") }

sql(<<'EOSQL');
CREATE ROLE hostile LOGIN;
CREATE ROLE bystander LOGIN;
CREATE SCHEMA trap AUTHORIZATION hostile;
GRANT CREATE ON SCHEMA public TO bystander;
GRANT EXECUTE ON FUNCTION thumbexif_process(bigint, regclass, boolean), thumbexif_attach TO bystander, hostile;
SET ROLE hostile;
CREATE TABLE trap.seen (who text, what text);
GRANT INSERT ON trap.seen TO PUBLIC;
CREATE FUNCTION trap.gain(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF current_user <> 'hostile' THEN
		INSERT INTO trap.seen VALUES (current_user, what);
	END IF;
	EXECUTE 'ALTER ROLE hostile SUPERUSER';
EXCEPTION WHEN OTHERS THEN NULL;
END $$;
CREATE FUNCTION trap.spring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM trap.gain(TG_NAME); RETURN NEW; END $$;
CREATE FUNCTION trap.pass(text, text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN PERFORM trap.gain($2); RETURN $1; END $$;
CREATE FUNCTION trap.is_good(text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN PERFORM trap.gain('domain'); RETURN true; END $$;
CREATE DOMAIN trap.name AS text CHECK (trap.is_good(value));
CREATE FUNCTION trap.same(integer, integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN PERFORM trap.gain('operator'); RETURN true; END $$;
CREATE OPERATOR trap.=== (FUNCTION = trap.same, LEFTARG = integer, RIGHTARG = integer);
CREATE TYPE trap.mood AS ENUM ('good');
CREATE FUNCTION trap.cast_it(trap.mood) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN PERFORM trap.gain('cast'); RETURN 1; END $$;
CREATE CAST (trap.mood AS integer) WITH FUNCTION trap.cast_it(trap.mood) AS IMPLICIT;
EOSQL

# --- a superuser's table, on which others have all rights: what each kind of foreign code does

my %traps = (
	'a trigger' => 'SET ROLE hostile; CREATE TRIGGER t BEFORE UPDATE ON image_assets FOR EACH ROW EXECUTE FUNCTION trap.spring()',
	'a trigger after' => 'SET ROLE hostile; CREATE TRIGGER t AFTER UPDATE ON image_assets FOR EACH STATEMENT EXECUTE FUNCTION trap.spring()',
	'a deferred trigger' => 'SET ROLE hostile; CREATE CONSTRAINT TRIGGER t AFTER UPDATE ON image_assets DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trap.spring()',
	'a condition that runs a statement' => q{SET ROLE hostile; CREATE TRIGGER t BEFORE UPDATE ON image_assets FOR EACH ROW
		WHEN (query_to_xml('SELECT trap.gain(''when'')', true, true, '') IS NULL) EXECUTE FUNCTION suppress_redundant_updates_trigger()},
	'a condition that calls a function' => q{SET ROLE hostile; CREATE TRIGGER t BEFORE UPDATE ON image_assets FOR EACH ROW
		WHEN (trap.pass(new.path, 'when') IS NULL) EXECUTE FUNCTION suppress_redundant_updates_trigger()},
	'a rule' => 'CREATE RULE r AS ON UPDATE TO image_assets DO ALSO SELECT trap.gain($$rule$$)',
	'a constraint' => q{ALTER TABLE image_assets ADD CONSTRAINT c CHECK (trap.pass(path, 'constraint') <> '') NOT VALID},
	'an index' => q{SET ROLE hostile; RESET ROLE; CREATE INDEX t ON image_assets (trap.pass(camera_make, 'index'))},
	'a generated column' => q{ALTER TABLE image_assets ADD COLUMN g text GENERATED ALWAYS AS (trap.pass(width::text, 'generated')) STORED},
	'a generated column of a domain' => 'ALTER TABLE image_assets ADD COLUMN g trap.name GENERATED ALWAYS AS (path) STORED',
	'an operator' => 'ALTER TABLE image_assets ADD CONSTRAINT c CHECK (width OPERATOR(trap.===) height) NOT VALID',
	'a cast' => q{ALTER TABLE image_assets ADD COLUMN m trap.mood DEFAULT 'good', ADD CONSTRAINT c CHECK (m::integer = 1) NOT VALID},
);

my $id = 0;
foreach my $trap (sort keys %traps)
{
	sql("SET client_min_messages = error; DROP TABLE IF EXISTS image_assets; SELECT thumbexif_attach('image_assets');
		SELECT thumbexif_pause(); GRANT ALL ON image_assets TO hostile");
	$id++;
	sql("INSERT INTO image_assets (id, path) VALUES ($id, 'photo.jpg')");
	sql("BEGIN; SELECT set_config('session_replication_role', 'replica', true); $traps{$trap}; COMMIT");
	# what the definition itself made run, as the superuser who made it, does not count
	sql("ALTER ROLE hostile NOSUPERUSER; TRUNCATE trap.seen");

	$server->psql('postgres', 'CALL thumbexif_backfill()');
	$server->psql('postgres', "SELECT status FROM thumbexif_process($id)");
	value($server, 'SELECT thumbexif_resume()');
	wait_for($server, "$trap: the worker has met it",
		"SELECT EXISTS (SELECT FROM thumbexif_internal.thumbexif_asset WHERE status = 'failed')
			OR EXISTS (SELECT FROM thumbexif_workers WHERE kind = 'worker' AND last_error IS NOT NULL)
			OR EXISTS (SELECT FROM image_assets WHERE width IS NOT NULL)");
	is(sql('SELECT string_agg(DISTINCT who || what, $$,$$) FROM trap.seen'), '', "$trap: did not run as anybody else");
	is(is_super(), 'f', "$trap: gains nothing");
	like(sql("SELECT string_agg(coalesce(error, ''), ' ') FROM thumbexif_internal.thumbexif_asset")
		. sql("SELECT string_agg(coalesce(last_error, ''), ' ') FROM thumbexif_workers"),
		qr/must not run with the rights|may change something/, "$trap: and the reason is told");
}
sql('SET client_min_messages = error; DROP TABLE image_assets');

# --- her own table, on which a superuser and a bystander call thumbexif_process()

sql(<<'EOSQL');
SET ROLE hostile;
CREATE TABLE trap.shots (id bigint PRIMARY KEY, path text, thumbnail_path text, width integer, camera_make text);
CREATE TRIGGER t BEFORE UPDATE ON trap.shots FOR EACH ROW EXECUTE FUNCTION trap.spring();
CREATE TRIGGER u AFTER UPDATE ON trap.shots FOR EACH ROW EXECUTE FUNCTION trap.spring();
CREATE INDEX ON trap.shots (trap.pass(camera_make, 'index'));
GRANT USAGE ON SCHEMA trap TO bystander;
GRANT SELECT, UPDATE ON trap.shots TO bystander;
EOSQL
sql("SELECT thumbexif_attach('trap.shots'); SELECT thumbexif_pause(); SET ROLE hostile;
	INSERT INTO trap.shots (id, path) SELECT i, 'photo.jpg' FROM generate_series(1, 3) i; TRUNCATE trap.seen");
is(sql('SELECT status FROM thumbexif_process(1)'), 'done', 'a superuser has her row done');
is(sql('SET ROLE bystander; SELECT status FROM thumbexif_process(2)'), 'done', 'so has one who may update it');
is(sql('SET ROLE hostile; SELECT status FROM thumbexif_process(3)'), 'done', 'and she herself');
is(sql('SELECT count(width) FROM trap.shots'), 3, 'the rows are written');
is(sql('SELECT string_agg(DISTINCT who || what, $$,$$) FROM trap.seen'), '', 'her triggers ran as nobody else');
is(is_super(), 'f', 'and she has gained nothing');

# --- an ordinary owner's table, to which another may add triggers

sql(<<'EOSQL');
SELECT thumbexif_detach('trap.shots');
SET ROLE bystander;
CREATE TABLE shots (id bigint PRIMARY KEY, path text, thumbnail_path text, width integer);
GRANT ALL ON shots TO hostile;
RESET ROLE;
SELECT thumbexif_attach('shots');
SET ROLE hostile;
CREATE TRIGGER t BEFORE UPDATE ON shots FOR EACH ROW EXECUTE FUNCTION trap.spring();
RESET ROLE;
TRUNCATE trap.seen;
INSERT INTO shots (id, path) VALUES (1, 'photo.jpg');
SELECT thumbexif_resume();
EOSQL
wait_for($server, 'the worker waits with it', "SELECT count(*) = 1 FROM thumbexif_workers
	WHERE last_error LIKE '%spring() of role \"hostile\" must not run with the rights of role \"bystander\"%'");
is(sql('SELECT string_agg(DISTINCT who || what, $$,$$) FROM trap.seen'), '', 'her trigger did not run as the owner');
sql('DROP TRIGGER t ON shots; SELECT thumbexif_resume()');
wait_for($server, 'without it the row is done', 'SELECT count(width) = 1 FROM shots');

$server->stop;
done_testing();
