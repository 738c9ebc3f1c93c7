# Many assets: several backfills at a time, memory, and a second run that has nothing to do.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use Time::HiRes qw(time);
use TinyPicture;

my $root = PostgreSQL::Test::Utils::tempdir() . '/photos';
mkdir $root or die;
write_file("$root/tiny.png", tiny_picture(make => 'Fictor', taken => '2024:07:01 12:00:00'));
my $server = new_server('bulk', roots => $root, config => "thumbexif.decoders = 2\n");

sub sql { return $server->safe_psql('postgres', shift) }

# --- three backfills at a time share the work, and do nothing twice
my $many = 900;
sql(<<"EOT");
CREATE TABLE shots (id integer PRIMARY KEY, path text NOT NULL, thumbnail_path text, camera_make text);
SELECT thumbexif_attach('shots');
INSERT INTO shots SELECT i, 'tiny.png' FROM generate_series(1, $many) i;
CREATE TABLE written (id integer, pid integer);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS \$\$
	BEGIN INSERT INTO public.written VALUES (NEW.id, pg_backend_pid()); RETURN NULL; END \$\$;
CREATE TRIGGER note AFTER UPDATE ON shots FOR EACH ROW EXECUTE FUNCTION note();
EOT
my @sessions = map { TestSession->new($server) } 1 .. 3;

# The closing rows of a command that all three do at the same time: they have begun, and wait for their first claim, before anything is tried.
sub together
{
	my $command = shift;
	my $pids = join ',', map { $_->{pid} } @sessions;
	my $holder = TestSession->new($server);

	$holder->query('BEGIN; LOCK TABLE thumbexif_internal.thumbexif_asset_bigint IN SHARE MODE');
	$_->send($command) foreach @sessions;
	wait_until($server, 'all three wait for the lock',
		"SELECT count(*) = 3 FROM pg_stat_activity WHERE pid IN ($pids) AND wait_event_type = 'Lock'");
	$holder->query('COMMIT');
	$holder->finish;
	return map { $_->wait } @sessions;
}

my @answers = together('CALL thumbexif_backfill(batch_size => 20)');
my @processed = map { (split /\|/)[0] } @answers;
my $sum = 0;
$sum += $_ foreach @processed;
is($sum, $many, "together they did all: @processed");
is(sql('SELECT count(*) || \' \' || count(DISTINCT id) FROM written'), "$many $many", 'each once');
cmp_ok(sql('SELECT count(DISTINCT pid) FROM written'), '>', 1, 'more than one had a share');
is(sql("SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status = 'done' AND attempts = 0 AND interruptions = 0"), $many, 'all are done');

# what fails while they run is tried once, too
sql("TRUNCATE written; UPDATE shots SET thumbnail_path = NULL WHERE id <= 300");
sql('ALTER TABLE shots ADD CONSTRAINT never CHECK (id % 2 = 0 OR thumbnail_path IS NULL) NOT VALID');
$sum = 0;
$sum += (split /\|/)[3] foreach together('SET client_min_messages = error; CALL thumbexif_backfill(batch_size => 20)');
is($sum, 150, 'failures are counted once');
is(sql('SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE attempts = 1'), 150, 'and each is one attempt');
$_->finish foreach @sessions;
sql('ALTER TABLE shots DROP CONSTRAINT never; DROP TRIGGER note ON shots');
is(sql('CALL thumbexif_backfill()'), '150|150|0|0', 'the next backfill tries them again');

# --- rows of a table without code of its own are written together, others one by one
sql(<<'EOT');
CREATE TABLE plain (id integer PRIMARY KEY, path text NOT NULL, camera_make text, width integer);
CREATE INDEX ON plain (camera_make);
CREATE TABLE uses (plain integer REFERENCES plain);
SELECT thumbexif_attach('plain');
CREATE SEQUENCE statements;
CREATE FUNCTION count_statement() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('public.statements'); RETURN NULL; END $$;
CREATE TRIGGER counted AFTER UPDATE ON thumbexif_internal.thumbexif_asset_bigint FOR EACH STATEMENT EXECUTE FUNCTION count_statement();
EOT

# updates of states for 100 new rows, one of which has no file
sub statements_for_100
{
	my $first = shift;
	my $before = sql('SELECT last_value FROM statements');
	sql("INSERT INTO plain SELECT i, CASE WHEN i % 100 = 7 THEN 'none.png' ELSE 'tiny.png' END FROM generate_series($first, $first + 99) i");
	is(sql("CALL thumbexif_backfill(relation => 'plain')"), '100|99|0|1', "100 rows from $first on");
	is(sql("SELECT count(*) FROM plain WHERE id >= $first AND camera_make = 'Fictor' AND width = 1"), 99, 'are written');
	return sql('SELECT last_value FROM statements') - $before;
}
cmp_ok(statements_for_100(100), '<', 10, 'together, beneath a foreign key');
my %code = (
	'a check' => ['ALTER TABLE plain ADD CONSTRAINT c CHECK (width > 0)', 'ALTER TABLE plain DROP CONSTRAINT c'],
	'a policy' => ['CREATE POLICY p ON plain USING (true); ALTER TABLE plain ENABLE ROW LEVEL SECURITY', 'ALTER TABLE plain DISABLE ROW LEVEL SECURITY'],
	'an expression' => ['CREATE INDEX e ON plain (lower(path))', 'DROP INDEX e'],
	'a trigger' => ['CREATE TRIGGER t BEFORE UPDATE ON plain FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()', 'DROP TRIGGER t ON plain'],
	'a foreign key' => ['ALTER TABLE plain ADD FOREIGN KEY (width) REFERENCES plain', 'ALTER TABLE plain DROP CONSTRAINT plain_width_fkey']);
sql("INSERT INTO plain VALUES (1, 'tiny.png')");
sql("CALL thumbexif_backfill(relation => 'plain')");
my $first = 200;
foreach my $what (sort keys %code)
{
	sql($code{$what}[0]);
	cmp_ok(statements_for_100($first), '>=', 99, "one by one, with $what");
	sql($code{$what}[1]);
	$first += 100;
}
cmp_ok(statements_for_100($first), '<', 10, 'together again');

# what one row's index refuses fails alone
write_file("$root/$_.png", tiny_picture(make => $_)) foreach 'a' .. 'd';
sql("DELETE FROM plain; CREATE UNIQUE INDEX ON plain (camera_make);
	INSERT INTO plain VALUES (1, 'a.png'), (2, 'b.png'), (3, 'c.png'), (4, 'b.png'), (5, 'd.png')");
is(sql("SET client_min_messages = error; CALL thumbexif_backfill(relation => 'plain')"), '5|4|0|1', 'of two with the same make one fails');
is(sql("SELECT string_agg(id || coalesce(camera_make, '-'), ' ' ORDER BY id) FROM plain"), '1a 2b 3c 4- 5d', 'the others are written');
like(sql("SELECT string_agg(id || error, ' ') FROM thumbexif_failures"), qr/^4row could not be updated: duplicate key/, 'with the reason');
sql("DROP TRIGGER counted ON thumbexif_internal.thumbexif_asset_bigint; DROP TABLE uses, plain");

# --- memory of a backend does not grow with what it does
my $session = TestSession->new($server);

sub resident
{
	return (slurp_file("/proc/$session->{pid}/status") =~ /^RssAnon:\s+(\d+) kB/m)[0];
}

sql("INSERT INTO shots SELECT i, 'tiny.png' FROM generate_series(10001, 14000) i");
$session->query('CALL thumbexif_backfill(500)');
my ($before, $contexts) = (resident(), $session->query('SELECT sum(total_bytes) FROM pg_backend_memory_contexts'));
is($session->query('CALL thumbexif_backfill()'), '3500|3500|0|0', 'many more');
my ($after, $then) = (resident(), $session->query('SELECT sum(total_bytes) FROM pg_backend_memory_contexts'));
cmp_ok($after - $before, '<', 4096, "memory before and after 3,500 more assets, kB: $before, $after");
cmp_ok($then - $contexts, '<', 256 * 1024, "of it in memory contexts, bytes: $contexts, $then");
is($session->query("SELECT count(*) FROM pg_backend_memory_contexts WHERE name ~ '^thumbexif (run|step|asset|window)'"), 0, 'no context of ours is left');

# what a run itself has allocated, at its 100th commit and at its 900th, by a trigger that looks
sql(<<'EOT');
INSERT INTO shots SELECT i, 'tiny.png' FROM generate_series(15001, 16000) i;
CREATE TABLE looks (bytes bigint);
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN INSERT INTO public.looks SELECT sum(used_bytes) FROM pg_backend_memory_contexts WHERE name = 'thumbexif pipeline'; RETURN NULL; END $$;
CREATE TRIGGER look AFTER UPDATE ON shots FOR EACH ROW WHEN (NEW.id IN (15100, 15900)) EXECUTE FUNCTION look();
EOT
is($session->query('CALL thumbexif_backfill(batch_size => 1)'), '1000|1000|0|0', 'a thousand commits');
cmp_ok(sql('SELECT count(*) FILTER (WHERE bytes > 0) * 1000000 + max(bytes) - min(bytes) FROM looks') - 2000000, '<', 4096, 'leave nothing in the memory of the run');
sql('DROP TRIGGER look ON shots');

# --- a second run over ten thousand rows opens no file: the folder is not even there
# inserted by two statements, each too small to leave the states to the worker
sql("INSERT INTO shots SELECT i, 'tiny.png' FROM generate_series($_, $_ + 2999) i") foreach 20001, 23001;
sql('ANALYZE');
sql(<<'EOT');
UPDATE shots SET thumbnail_path = (SELECT thumbnail_path FROM shots WHERE id = 1) WHERE id > 20000;
UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = 'done', thumbnail_settings = '256 jpeg 85', exif_settings = 'UTC gps xmp', path_hash =
	(SELECT path_hash FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 1) WHERE id > 20000;
EOT
rename $root, "$root.away" or die;
my $start = time();
is($session->query('CALL thumbexif_backfill()'), '0|0|0|0', 'nothing to do, and no file is looked for') or diag $session->errors;
note sprintf('in %.3f s', time() - $start);
rename "$root.away", $root or die;
$session->finish;

$server->stop;
done_testing();
