# Tables and schemas that are not any more what they were: NULL keys, exchanged tables, renamed schemas.
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TestSession;
use WorkerTest qw(value);

my $server = new_server('keys', config => "thumbexif.decoders = 1\nrestart_after_crash = off\n");
my $super = `id -un`;
chomp $super;

sub sql { return value($server, shift) }
sub attempt { my ($result, $out, $error) = $server->psql('postgres', shift); return $error; }

sql('CREATE ROLE hostile LOGIN; CREATE SCHEMA trap AUTHORIZATION hostile');

# --- a key that is NULL

foreach my $type ('uuid', 'bigint')
{
	my $key = $type eq 'uuid' ? "'00000000-0000-0000-0000-000000000001'" : 1;

	sql("CREATE TABLE keyed (id $type UNIQUE NOT NULL, path text, thumbnail_path text, width integer);
		SELECT thumbexif_attach('keyed');
		ALTER TABLE keyed ALTER id DROP NOT NULL;
		INSERT INTO keyed VALUES ($key, 'photo.jpg')");
	like(attempt('UPDATE keyed SET id = NULL'), qr/key "id" of attached table "keyed" must not be NULL/, "$type: a key that becomes NULL is an error");
	like(attempt("UPDATE keyed SET id = NULL, path = 'x'"), qr/must not be NULL/, "$type: with the path too");
	like(attempt("INSERT INTO keyed SELECT NULL, 'photo.jpg' FROM generate_series(1, 200)"), qr/must not be NULL/, "$type: rows without a key are refused");
	sql("BEGIN; SET LOCAL session_replication_role = replica; INSERT INTO keyed VALUES (NULL, 'photo.jpg'), (NULL, 'photo.jpg'); COMMIT");
	is(sql('SET client_min_messages = error; CALL thumbexif_backfill()'), '1|1|0|0', "$type: a backfill passes over rows without a key");
	sql("UPDATE keyed SET id = $key WHERE false; UPDATE keyed SET path = 'photo.jpg' WHERE id IS NULL AND false");
	sql('DELETE FROM keyed WHERE id IS NULL');
	is(sql('SELECT count(*) FROM thumbexif_internal.thumbexif_asset'), 1, "$type: they can be deleted");
	sql('DROP TABLE keyed');
}

# --- the table of jobs is exchanged for one with other types between look-up and read

sql(<<'EOSQL');
SELECT thumbexif_attach('image_assets');
INSERT INTO image_assets (path) VALUES ('photo.jpg');
SET ROLE hostile;
CREATE TABLE trap.jobs (session_id bigint, asset_id bigint);
CREATE TABLE trap.other (session_id bigint, asset_id uuid);
INSERT INTO trap.jobs VALUES (1, 1);
INSERT INTO trap.other SELECT 1, gen_random_uuid() FROM generate_series(1, 1000);
EOSQL
{
	my ($in, $out, $err) = ('', '', '');
	my $swapper = IPC::Run::start([ 'psql', '-XAtq', '-d', $server->connstr('postgres') . ' user=hostile', '-f', '-' ], '<', \$in, '>', \$out, '2>', \$err);
	my $answers = '';
	foreach my $i (1 .. 60)
	{
		$in .= "BEGIN; ALTER TABLE trap.jobs RENAME TO middle; ALTER TABLE trap.other RENAME TO jobs; ALTER TABLE trap.middle RENAME TO other; COMMIT;\n" x 5;
		$swapper->pump_nb;
		$answers .= attempt("CALL thumbexif_process_session(1::bigint, jobs => 'trap.jobs')") . "\n";
	}
	$in .= "\\q\n";
	$swapper->finish;
	my @odd = grep { $_ ne '' && !/^(psql:\S+ )?(INFO|NOTICE|HINT|DETAIL|CONTEXT|LINE)|^\s*\^|invalid key "[0-9a-f-]{36}"|has taken the name|does not exist|no longer exists|could not|Keys of table/ } split /\n/, $answers;
	is_deeply(\@odd, [], 'whatever table it meets, it reads keys or says what is wrong');
	is(sql('SELECT 1'), 1, 'and the server is there');
}

# --- a schema is renamed and another stands in its place

sql(<<"EOSQL");
CREATE SCHEMA stage AUTHORIZATION hostile;
CREATE SCHEMA stage_b AUTHORIZATION hostile;
GRANT CREATE ON DATABASE postgres TO hostile;
CREATE TABLE stage.shots (id bigint PRIMARY KEY, path text, thumbnail_path text, width integer);
SELECT thumbexif_attach('stage.shots');
INSERT INTO stage.shots SELECT i, 'absent-' || i FROM generate_series(1, 300) i;
SET ROLE hostile;
CREATE TABLE trap.seen (who text);
GRANT INSERT ON trap.seen TO PUBLIC;
GRANT USAGE ON SCHEMA trap TO PUBLIC;
CREATE FUNCTION trap.gain() RETURNS text LANGUAGE plpgsql STABLE AS \$\$
BEGIN
	IF current_user <> 'hostile' THEN EXECUTE 'ALTER ROLE hostile SUPERUSER'; END IF;
	RETURN 'x';
END \$\$;
CREATE FUNCTION trap.gain_at_once() RETURNS text LANGUAGE plpgsql IMMUTABLE AS \$\$
BEGIN RETURN trap.gain(); END \$\$;
CREATE VIEW stage_b.shots AS SELECT i::bigint AS id, trap.gain() || trap.gain_at_once() AS path, trap.gain() AS thumbnail_path, 1 AS width FROM generate_series(1, 10) i;
EOSQL
{
	my ($in, $out, $err) = ('', '', '');
	my $relation = sql("SELECT 'stage.shots'::regclass::oid");
	my $swapper = IPC::Run::start([ 'psql', '-XAtq', '-d', $server->connstr('postgres') . ' user=hostile', '-f', '-' ], '<', \$in, '>', \$out, '2>', \$err);
	$in = q{DO $$ DECLARE until timestamptz := clock_timestamp() + interval '4 s'; BEGIN
		WHILE clock_timestamp() < until LOOP
			ALTER SCHEMA stage RENAME TO stage_c; ALTER SCHEMA stage_b RENAME TO stage; COMMIT;
			PERFORM pg_sleep(0.001);
			ALTER SCHEMA stage RENAME TO stage_b; ALTER SCHEMA stage_c RENAME TO stage; COMMIT;
			PERFORM pg_sleep(0.001);
		END LOOP; END $$;
		\q
};
	$swapper->pump_nb;
	my $calls = '';
	foreach my $i (1 .. 100)
	{
		$calls .= "CALL thumbexif_backfill(relation => $relation, verify => true);\nSELECT thumbexif_process($i, $relation, true);\n";
	}
	$server->psql('postgres', $calls, extra_params => [ '-v', 'ON_ERROR_STOP=0' ]);
	$swapper->finish;
	is(sql("SELECT rolsuper FROM pg_roles WHERE rolname = 'hostile'"), 'f', 'a view in the place of a table is never read');
}
like(attempt('SET ROLE hostile; ALTER SCHEMA thumbexif_internal RENAME TO mine'), qr/must be owner of schema/, 'our own schema cannot be renamed');
sql('ALTER SCHEMA thumbexif_internal OWNER TO hostile');
like(attempt('CALL thumbexif_backfill(relation => $$image_assets$$)'), qr/schema "thumbexif_internal" does not belong to the extension/, 'given away, everything stops with a reason');
like(attempt(q{INSERT INTO image_assets (path) VALUES ('x')}), qr/does not belong to the extension/, 'triggers too');
sql("ALTER SCHEMA thumbexif_internal OWNER TO $super");
is(sql('SET client_min_messages = error; CALL thumbexif_backfill(relation => $$image_assets$$)') ne '', 1, 'given back, it goes on');

$server->stop;
done_testing();
