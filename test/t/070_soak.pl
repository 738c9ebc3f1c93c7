# Long trouble of all kinds at once, a short stretch of it: afterwards every invariant holds.  make soak MINUTES=60 SEED=1
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../soak";
use PostgreSQL::Test::Utils;
use Soak;
use SoakProcesses;
use Test::More;
use ThumbexifTest;
use Time::HiRes qw(time);
use WorkerTest;

my $seconds = $ENV{TE_SOAK_SECONDS} || 25;
my $seed = $ENV{TE_SOAK_SEED} || time();
my $stretch = 90;	# seconds between looks at everything
my $base = PostgreSQL::Test::Utils::tempdir();
my $soak = Soak->new($base, $seed);
my $server = $soak->{server};
my $end = time() + $seconds;
my $actions = 0;
my ($first_count, $count);

note("seed $seed");
while ((my $left = $end - time()) > 0)
{
	$actions += $soak->run($left < $stretch ? $left : $stretch);
	my $settled = ok($soak->settle, 'trouble is over and nothing is left to do');
	unless ($settled)
	{
		diag("gave up waiting: $soak->{never}");
		diag($soak->try("SELECT * FROM thumbexif_internal.thumbexif_asset WHERE status IN ('queued', 'running') LIMIT 10"));
		diag($soak->try('SELECT now(), w FROM thumbexif_workers w'));
		last;
	}
	$count = $soak->check_all;
	$first_count = $count unless defined $first_count;
	last unless Test::More->builder->is_passing;
}
cmp_ok($actions, '>', $seconds / 10, "there was trouble: $actions times");

if (Test::More->builder->is_passing)
{
	cmp_ok($count, '<=', $first_count + 3, "as many processes as at first: $first_count, $count");
	$soak->check_growth;
	$soak->check_again;
}

$server->stop;
my $left = processes_of($soak->{install});
is(join(', ', map { "$_ $left->{$_}->{name}" } keys %$left), '', 'no process is left');
unlike(slurp_file($server->logfile), qr/PANIC|TRAP:|signal 11|signal 6/, 'nothing crashed by itself');
unless (Test::More->builder->is_passing)
{
	diag("seed $seed; actions: $ENV{TESTDATADIR}/soak-actions");
	system('cp', "$base/actions", "$ENV{TESTDATADIR}/soak-actions");
}
done_testing();
