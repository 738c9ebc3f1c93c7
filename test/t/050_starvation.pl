# One hostile table delays, at most, itself: whatever its triggers do, the bystander's rows are done in time.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use Time::HiRes qw(time);
use WorkerTest;

# What src/README.md promises ("Fair shares"): at most twice the time, and one turn of the hostile table, whose parts are: its share
# 1 s, its budget for writing 1 s, the statement that runs then 2 * limit, and 1 s until another worker starts.
my $rows = 500;
my $limit = 1;
my $turn = 1 + 1 + 2 * $limit + 1;
my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', $rows);
my $server = new_server('starvation', preload => 1, roots => $root, config => "thumbexif.decoders = 1\nlog_statement = none\n");

value($server, <<"EOSQL");
CREATE ROLE hostile;
CREATE ROLE bystander;
CREATE SCHEMA hostile AUTHORIZATION hostile;
CREATE SCHEMA bystander AUTHORIZATION bystander;
SET ROLE bystander;
CREATE TABLE bystander.shots (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, path text, thumbnail_path text, width integer);
RESET ROLE;
ALTER DATABASE postgres SET statement_timeout = '${limit}s';
SELECT thumbexif_attach('bystander.shots');
EOSQL

# The database's statement_timeout is low for the worker's sake, not for ours; and a session can be told from the worker.
sub sql
{
	return value($server, "SET statement_timeout = 0; SET hostile.session = 'yes'; $_[0]");
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

# A new table of the hostile role's: what was held against the last one is not held against it.
sub create_hostile
{
	my $body = shift;

	sql(<<"EOSQL");
SET ROLE hostile;
CREATE TABLE hostile.shots (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, path text, thumbnail_path text, width integer);
CREATE FUNCTION hostile.attack() RETURNS trigger LANGUAGE plpgsql AS \$\$ $body \$\$;
CREATE TRIGGER attack BEFORE UPDATE ON hostile.shots FOR EACH ROW EXECUTE FUNCTION hostile.attack();
CREATE FUNCTION hostile.slow() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1';
CREATE INDEX slow ON hostile.shots (id) WHERE hostile.slow() = 1;
RESET ROLE;
SELECT thumbexif_attach('hostile.shots');
EOSQL
}

my $alone = seconds('at first');	# the last time that nothing else was to be done, and it was looked at; no more than under an attack since

# attack(TITLE, BODY, OPTIONS): once more if it was too long, for a busy machine is no starvation; and once more.
#
#	more	SQL after the table was made
#	during	called when it has rows
#	after	called before it is dropped
#	effect	what tells that the attack took place, in SQL
sub attack
{
	my ($title, $body, %option) = @_;

	for my $try (1 .. 3)
	{
		create_hostile($body);
		sql($option{more}) if $option{more};
		sql("INSERT INTO hostile.shots (path) SELECT i || '.png' FROM generate_series(1, 100) i");
		$option{during}->() if $option{during};
		my $seconds = seconds($title);
		wait_for($server, "$title: it was attacked", $option{effect}) if $option{effect};
		$option{after}->() if $option{after};
		sql('SELECT thumbexif_detach(\'hostile.shots\')');
		sql('DROP TABLE hostile.shots; DROP FUNCTION hostile.attack(); DROP FUNCTION hostile.slow()');
		my $longer = $alone;
		# too long: is it now also without an attack?
		if ($seconds > 2 * $alone + $turn)
		{
			$alone = seconds("$title: alone again");
			$longer = $alone if $alone > $longer;
		}
		note sprintf('%s: %.1f s, alone %.1f s', $title, $seconds, $longer);
		next if $seconds > 2 * $longer + $turn && $try < 3;
		cmp_ok($seconds, '<=', 2 * $longer + $turn, "$title: in time");
		$alone = $seconds if $seconds < $alone;
		last;
	}
	return;
}

# of the hostile table, as no row of the bystander's is tried twice
my $tried = 'SELECT count(*) > 0 FROM thumbexif_internal.thumbexif_asset WHERE attempts > 0 AND status <> \'done\'';

attack("raise $_", "BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '$_'; END", effect => $tried) foreach qw(57014 53000 58000);
attack('exit_on_error', "BEGIN PERFORM set_config('exit_on_error', 'on', false); RAISE EXCEPTION 'no'; END",
	effect => "SELECT count(*) > 0 FROM thumbexif_internal.thumbexif_asset WHERE error LIKE '%exit_on_error%'");
attack('slow', 'BEGIN PERFORM pg_sleep(0.9); RETURN NEW; END');
attack('slow to raise', "BEGIN PERFORM pg_sleep(0.9); RAISE EXCEPTION 'no'; END", effect => $tried);
attack('too slow', 'BEGIN PERFORM pg_sleep(20); RETURN NEW; END', effect => $tried);
attack('advisory lock', 'BEGIN PERFORM pg_advisory_lock(42); RETURN NEW; END');
wait_for($server, 'no advisory lock stays', "SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory'");
attack('swallows cancel', <<'EOSQL', effect => "SELECT count(*) > 0 FROM thumbexif_internal.thumbexif_asset WHERE status = 'running' OR interruptions > 0");
BEGIN
	LOOP
		BEGIN PERFORM pg_sleep(10); EXCEPTION WHEN query_canceled THEN NULL; END;
	END LOOP;
END
EOSQL
my $troubled = "SELECT count(*) > 0 FROM thumbexif_workers WHERE last_error LIKE '%%%s%%'";
attack('a slow function in an index', 'BEGIN RETURN NEW; END',
	effect => sprintf($troubled, 'took too long'),
	more => <<'EOSQL');
CREATE OR REPLACE FUNCTION hostile.slow() RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('hostile.session', true) IS NULL THEN PERFORM pg_sleep(20); END IF;
	RETURN 1;
END $$;
ALTER TABLE hostile.shots SET (fillfactor = 90);
EOSQL
attack('a policy', 'BEGIN RETURN NEW; END',
	effect => sprintf($troubled, 'row security'),
	more => 'CREATE POLICY all_rows ON hostile.shots USING (pg_sleep(20) IS NOT NULL); ALTER TABLE hostile.shots ENABLE ROW LEVEL SECURITY;
		ALTER TABLE hostile.shots FORCE ROW LEVEL SECURITY');

my $locker = TestSession->new($server);
$locker->query('SET statement_timeout = 0');
attack('a lock', 'BEGIN RETURN NEW; END',
	effect => sprintf($troubled, 'lock timeout'),
	during => sub { $locker->query('BEGIN; LOCK TABLE hostile.shots') },
	after => sub { $locker->query('ROLLBACK') });
$locker->finish;

# --- one table's lock, or the extension's own tables', stops nobody
create_hostile('BEGIN RETURN NEW; END');
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
# since PostgreSQL 17 there is one that ends what takes longer in all; here a trigger does
my $total = sql("SELECT count(*) FROM pg_settings WHERE name = 'transaction_timeout'");
sql("SET ROLE bystander; CREATE FUNCTION bystander.slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END';
	CREATE TRIGGER slow BEFORE UPDATE ON bystander.shots FOR EACH ROW EXECUTE FUNCTION bystander.slow()");
sql(($total ? "ALTER DATABASE postgres SET transaction_timeout = '200ms';" : '') .
	"ALTER DATABASE postgres SET statement_timeout = '20d'; ALTER DATABASE postgres SET role = bystander;
	ALTER DATABASE postgres SET session_authorization = bystander");
$server->restart;
$server->psql('postgres', ($total ? 'SET transaction_timeout = 0;' : '') .
	"RESET SESSION AUTHORIZATION; RESET ROLE; INSERT INTO bystander.shots (path) VALUES ('1.png')");
wait_for($server, 'the worker is itself, whatever is set for its database',
	'SELECT count(*) = 0 FROM bystander.shots WHERE thumbnail_path IS NULL');

$server->stop;
done_testing();
