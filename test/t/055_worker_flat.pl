# Memory and descriptors of the worker, and of a session that runs backfills, stay the same over errors and over assets.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use DecoderTest qw(slurp_proc);
use ThumbexifTest;
use WorkerTest;

my $spare = 1000;	# kB that memory may grow by: what is lost at each of hundreds of errors is many times that
my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 2000);
my $server = new_server('worker_flat', preload => 1, roots => $root,
	config => "thumbexif.decoders = 1\nlog_statement = none\nlog_min_messages = error\n");
my $next = 1;

sub size
{
	my $pid = shift;
	my ($kilobytes) = slurp_proc($pid, 'status') =~ /^RssAnon:\s+(\d+) kB/m;
	my $data = $server->data_dir;

	# files of tables and their indexes are kept open by the server, as many as it likes
	my @fds = grep { (readlink || '') !~ /^\Q$data\E/ } glob "/proc/$pid/fd/*";
	return ($kilobytes, scalar @fds);
}

# One more asset is done: then the worker is awake and has a decoder.
sub one_more
{
	value($server, "INSERT INTO image_assets (path) VALUES ('./' || $next || '.png')");
	wait_for($server, "asset $next", "SELECT thumbnail_path IS NOT NULL FROM image_assets WHERE path = './$next.png'");
	$next++;
}

# is_flat(WHAT, PID, SUB): calls it twice before measuring, and once more
sub is_flat
{
	my ($what, $pid, $work) = @_;

	$work->($_) foreach 1, 2;
	my ($kilobytes, $fds) = size($pid->());
	$work->(3);
	my ($later, $fds_later) = size($pid->());
	cmp_ok($later, '<', $kilobytes + $spare, "$what: the same memory");
	# those of what is being done go away
	TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub { $fds_later = (size($pid->()))[1]; return $fds_later <= $fds + 4 }) if $fds_later > $fds + 4;
	# a decoder's and the opener's, two each, may have come; hundreds of errors would lose hundreds
	cmp_ok($fds_later, '<=', $fds + 4, "$what: the same descriptors");
	note "$what: $later kB, before $kilobytes kB; $fds_later descriptors, before $fds";
	return;
}

sub worker
{
	one_more();
	my $pid = worker_pid($server);
	die 'no worker' if $pid eq '';
	return $pid;
}

# --- the worker: assets, of which nine of ten have no file

value($server, "SELECT thumbexif_attach('image_assets')");
my $first = worker();
is_flat('20000 assets', \&worker, sub {
	my $round = shift;
	my $assets = $round == 3 ? 20000 : 2000;
	my $like = $assets == 20000 ? 10 : 5;

	value($server, "INSERT INTO image_assets (path)
		SELECT CASE WHEN i % $like = 0 THEN repeat('./', $round + 1) || i / $like || '.png' ELSE 'none-$round-' || i END FROM generate_series(1, $assets) i");
	wait_for($server, "$assets assets", "SELECT count(*) = 0 FROM thumbexif_internal.thumbexif_asset WHERE status IN ('queued', 'running')");
});

# --- the worker: errors.  A paused table is looked at again after each commit, and each look is an error

my $tables = 50;
value($server, join(';', map { "CREATE TABLE t$_ (id bigint PRIMARY KEY, path text, width integer); SELECT thumbexif_attach('t$_');
	ALTER TABLE t$_ RENAME width TO height" } 1 .. $tables));
one_more();
wait_for($server, 'the tables are paused', "SELECT count(*) = $tables FROM thumbexif_internal.thumbexif_attachment WHERE pause_reason IS NOT NULL");
is_flat('500 errors', \&worker, sub { one_more() foreach 1 .. 10 });
is(worker_pid($server), $first, 'all by one worker');

# --- a session: backfills that fail

my $session = DecoderTest->session($server);
value($server, "CREATE TABLE stills (id bigint PRIMARY KEY, path text, thumbnail_path text); INSERT INTO stills SELECT i, i || '.png' FROM generate_series(1, 20) i;
	SELECT thumbexif_attach('stills'), thumbexif_pause('stills')");
$session->query('SET client_min_messages = error');
is_flat('backfills that fail', sub { return $session->{pid} }, sub {
	my $round = shift;

	chmod 0500, $server->{thumbnails} or die "chmod: $!";
	my $answer = $session->query(join(";\n", ("CALL thumbexif_backfill(relation => 'stills')") x ($round == 3 ? 500 : 100)));
	my @errors = $answer =~ /ERROR:  /g;
	is(scalar @errors, $round == 3 ? 500 : 100, 'each fails');
	chmod 0700, $server->{thumbnails} or die "chmod: $!";
});
like($session->query("CALL thumbexif_backfill(relation => 'stills')"), qr/20\|20\|0\|0/, 'and then one does not');

# --- plans: of 500 tables not more are kept than of 50

sub plans
{
	my ($from, $to) = @_;
	value($server, join(';', map { "CREATE TABLE p$_ (id bigint PRIMARY KEY, path text); INSERT INTO p$_ VALUES (1, '1.png'); SELECT thumbexif_attach('p$_')" } $from .. $to));
	$session->query("SELECT count(thumbexif_process(1::bigint, 'p$_'))") foreach $from .. $to;
	return $session->query("SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'CachedPlanSource'");
}

my $few = plans(1, 100);
my $many = plans(101, 500);
cmp_ok($few, '>', 100, 'plans are kept');
cmp_ok($many, '<=', $few + 20, 'not more of five hundred tables than of one hundred');
cmp_ok($many, '<=', 300, "bounded: $many");
note $session->query("SELECT sum(total_bytes) / 1024 || ' kB of plans' FROM pg_backend_memory_contexts WHERE name LIKE 'CachedPlan%'");
value($server, join(';', map { "DROP TABLE p$_" } 451 .. 500));
$session->query("SELECT count(thumbexif_process(1::bigint, 'p1'))");
cmp_ok($session->query("SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'CachedPlanSource'"), '<', $many / 2 + 20,
	'those of dropped tables are freed');

$session->quit;
$server->stop;
done_testing();
