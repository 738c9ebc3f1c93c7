# One hostile table delays, at most, itself: whatever its triggers do, the bystander's rows are done in time.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use Time::HiRes qw(time);
use WorkerTest;

my $rows = 1000;
# Seconds.  What this test is to catch is starvation (none of the rows done in minutes); how fair it is, a benchmark tells
# better: a busy machine makes a narrow bound a matter of luck.
my $budget = 30;
my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', $rows);
my $server = new_server('starvation', preload => 1, roots => $root, config => "thumbexif.decoders = 1\nlog_statement = none\n");

value($server, <<'EOSQL');
CREATE ROLE hostile;
CREATE ROLE bystander;
CREATE SCHEMA hostile AUTHORIZATION hostile;
CREATE SCHEMA bystander AUTHORIZATION bystander;
SET ROLE hostile;
CREATE TABLE hostile.shots (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, path text, thumbnail_path text, width integer);
CREATE FUNCTION hostile.attack() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER attack BEFORE UPDATE ON hostile.shots FOR EACH ROW EXECUTE FUNCTION hostile.attack();
SET ROLE bystander;
CREATE TABLE bystander.shots (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, path text, thumbnail_path text, width integer);
RESET ROLE;
ALTER DATABASE postgres SET statement_timeout = '1s';
SELECT thumbexif_attach('hostile.shots');
SELECT thumbexif_attach('bystander.shots');
EOSQL

# The database's statement_timeout is low for the worker's sake, not for ours.
sub sql
{
	return value($server, "SET statement_timeout = 0; $_[0]");
}

# How long the bystander's rows take, in seconds.
sub seconds
{
	my $title = shift;
	my $began;

	sql("TRUNCATE bystander.shots; INSERT INTO bystander.shots (path) SELECT i || '.png' FROM generate_series(1, $rows) i");
	$began = time();
	wait_for($server, "$title: the bystander's rows are done",
		'SELECT count(*) = 0 FROM bystander.shots WHERE thumbnail_path IS NULL');
	return time() - $began;
}

seconds('first');
my $alone = seconds('alone');

sub attack
{
	my ($title, $body) = @_;

	sql("TRUNCATE hostile.shots; CREATE OR REPLACE FUNCTION hostile.attack() RETURNS trigger LANGUAGE plpgsql AS \$\$ $body \$\$");
	sql("INSERT INTO hostile.shots (path) SELECT i || '.png' FROM generate_series(1, 100) i");
	my $seconds = seconds($title);
	cmp_ok($seconds, '<', 2 * $alone + $budget, "$title: in time");
	note sprintf('%s: %.1f s instead of %.1f s', $title, $seconds, $alone);
	return;
}

attack("raise $_", "BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '$_'; END") foreach qw(57014 53000 58000);
attack('exit_on_error', "BEGIN PERFORM set_config('exit_on_error', 'on', false); RAISE EXCEPTION 'no'; END");
is(sql("SELECT count(*) > 0 FROM thumbexif_internal.thumbexif_asset WHERE error LIKE '%exit_on_error%'"), 't',
	'exit_on_error is refused');
attack('slow', 'BEGIN PERFORM pg_sleep(0.9); RETURN NEW; END');
attack('too slow', 'BEGIN PERFORM pg_sleep(20); RETURN NEW; END');
attack('advisory lock', 'BEGIN PERFORM pg_advisory_lock(42); RETURN NEW; END');
wait_for($server, 'no advisory lock stays', "SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory'");
attack('swallows cancel', <<'EOSQL');
BEGIN
	LOOP
		BEGIN PERFORM pg_sleep(10); EXCEPTION WHEN query_canceled THEN NULL; END;
	END LOOP;
END
EOSQL
wait_for($server, 'a worker that ended for it is counted', "SELECT count(*) > 0 FROM thumbexif_internal.thumbexif_asset
	WHERE status = 'running' OR interruptions > 0");

# --- one table's lock, or the extension's own tables', stops nobody
sql('TRUNCATE hostile.shots; CREATE OR REPLACE FUNCTION hostile.attack() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$');
my $pause = TestSession->new($server);
$pause->query("SET statement_timeout = 0; BEGIN; SELECT thumbexif_pause('hostile.shots'); LOCK TABLE thumbexif_internal.thumbexif_removal");
sql('ALTER TABLE hostile.shots RENAME COLUMN width TO height');
sql("INSERT INTO hostile.shots (path) VALUES ('1.png')");
my $log = -s $server->logfile;
sql("INSERT INTO bystander.shots (path) SELECT i || '.png' FROM generate_series(1, 20) i");
wait_for($server, 'a pause that is not committed stops nobody', 'SELECT count(*) = 0 FROM bystander.shots WHERE thumbnail_path IS NULL');
unlike(slurp_file($server->logfile, $log), qr/thumbexif worker.*exited with exit code 1/, 'and no worker died of it');
$pause->query('ROLLBACK');
$pause->finish;

# --- settings of the database that would make the worker somebody else, or overflow
sql("ALTER DATABASE postgres SET statement_timeout = '20d'; ALTER DATABASE postgres SET role = bystander;
	ALTER DATABASE postgres SET session_authorization = bystander");
$server->restart;
$server->psql('postgres', "RESET SESSION AUTHORIZATION; RESET ROLE; INSERT INTO bystander.shots (path) VALUES ('1.png')");
wait_for($server, 'the worker is itself, whatever is set for its database',
	'SELECT count(*) = 0 FROM bystander.shots WHERE thumbnail_path IS NULL');

$server->stop;
done_testing();
