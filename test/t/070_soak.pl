# Long trouble of all kinds at once, a short stretch of it: afterwards every invariant holds.  make soak MINUTES=60 SEED=1
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../soak";
use PostgreSQL::Test::Utils;
use Soak;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $seconds = $ENV{TE_SOAK_SECONDS} || 25;
my $seed = $ENV{TE_SOAK_SEED} || time();
my $base = PostgreSQL::Test::Utils::tempdir();
my $soak = Soak->new($base, $seed);
my $server = $soak->{server};
my $asset = 'thumbexif_internal.thumbexif_asset';

# The memory (kB, its own) and the descriptors of the worker.
sub worker_size
{
	my $pid = worker_pid($server);
	my ($anonymous) = slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+)/m;

	return ($pid, $anonymous, scalar(() = glob "/proc/$pid/fd/*"));
}

note("seed $seed");
cmp_ok($soak->run($seconds), '>', $seconds / 4, 'there was trouble');
my $settled = ok($soak->settle, 'nothing is left queued or running');
diag("seed $seed\n" . value($server, "SELECT string_agg(a::text, E'\\n') FROM (SELECT * FROM $asset WHERE status IN ('queued', 'running') LIMIT 10) a"))
  unless $settled;

is(value($server, "SELECT count(*) FROM $asset WHERE claim IS NOT NULL"), 0, 'nothing is claimed');
is(value($server, "SELECT count(*) FROM $asset WHERE status NOT IN ('done', 'failed', 'missing', 'unsupported')"), 0, 'each asset has ended');
is(value($server, "SELECT count(*) FROM $asset WHERE status <> 'done' AND coalesce(error, '') = ''"), 0, 'what was not done has a reason');
is( value($server, 'SELECT sum(assets) FROM thumbexif_status'),
	value($server, 'SELECT (SELECT count(*) FROM shots) + (SELECT count(*) FROM cards)'), 'each row is counted once');
is( value($server, "SELECT count(*) FROM thumbexif_status WHERE status NOT IN ('done', 'failed', 'missing', 'unsupported') AND assets > 0"),
	0, 'no row is new');

my @named = split /\n/, value($server, 'SELECT thumbnail_path FROM shots WHERE thumbnail_path IS NOT NULL
	UNION ALL SELECT thumbnail_path FROM cards WHERE thumbnail_path IS NOT NULL');
is_deeply([ grep { !-s $_ || substr(slurp_file($_), -2) ne "\xff\xd9" } @named ], [], scalar(@named) . ' rows name whole files');
is(value($server, "SELECT count(*) FROM $asset a WHERE status = 'done' AND file IS NULL"), 0, 'what is done has a file');
value($server, 'SELECT thumbexif_clean()');
is_deeply([ sort(files_below($server->{thumbnails})) ], [ sort @named ], 'after a clean-up there is no file without a row');

# --- the worker does not grow

$soak->write_some_file($_) foreach 1 .. 200;
value($server, "INSERT INTO shots (path) SELECT i FROM generate_series(1, 200) i");
$soak->settle;
my ($pid, $before, $files) = worker_size();
foreach (1 .. 3)
{
	value($server, "INSERT INTO shots (path) SELECT i FROM generate_series(1, 200) i");
	$soak->settle;
}
my ($same, $after, $files_after) = worker_size();
is($same, $pid, 'the same worker');
cmp_ok($after, '<', $before + 2048, "its memory is flat: $before kB, $after kB");
cmp_ok($files_after, '<=', $files + 2, "so are its descriptors: $files, $files_after");

$server->stop;
unlike(slurp_file($server->logfile), qr/PANIC|TRAP:|signal 11|signal 6/, 'nothing crashed by itself');
unless (Test::More->builder->is_passing)
{
	diag("seed $seed; actions: $ENV{TESTDATADIR}/soak-actions");
	system('cp', "$base/actions", "$ENV{TESTDATADIR}/soak-actions");
}
done_testing();
