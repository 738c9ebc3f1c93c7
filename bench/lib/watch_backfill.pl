# watch_backfill.pl PSQL ARGUMENTS: run a backfill, and print the seconds to its first batch and to its end, and the MB of the
# backend's own memory after a tenth of the batches and at the end.
use strict;
use warnings;

use Time::HiRes qw(time);

my ($psql, $arguments) = @ARGV;
my $start = time;
my ($backend, $first, $early, $late) = (0, 0, 0, 0);

open(my $said, '-|', 'sh', '-c', 'exec "$0" -X -A -t -q -c "SELECT pg_backend_pid()" -c "CALL thumbexif_backfill($1)" 2>&1', $psql, $arguments)
  or die "$psql: $!\n";
while (my $line = <$said>)
{
	$backend = $1 if !$backend && $line =~ /^(\d+)$/;
	die $line if $line =~ /^(ERROR|FATAL|psql)/;
	next unless $line =~ m{^INFO:.* batch (\d+)/(\d+)};
	$first ||= time - $start;
	next unless $1 * 10 >= $2 && open(my $status, '<', "/proc/$backend/status");
	($late) = join('', <$status>) =~ /^RssAnon:\s*(\d+)/m;
	$early ||= $late;
}
close $said or die "psql failed\n";
printf "%.3f %.3f %.2f %.2f\n", $first, time - $start, $early / 1024, $late / 1024;
