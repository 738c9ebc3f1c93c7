# The processes of one PostgreSQL installation, from /proc.
package SoakProcesses;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Utils;

our @EXPORT = qw(processes_of anonymous_kb descriptors);

# processes_of(FOLDER): those whose program lies beneath it, and their children that have ended and are not reaped;
# by process id: name, parent, state
sub processes_of
{
	my $folder = shift;
	my (%all, %ours);

	foreach my $file (glob '/proc/[0-9]*/stat')
	{
		open(my $stat, '<', $file) or next;
		my $line = <$stat>;
		next unless defined $line && $line =~ /^(\d+) \((.*)\) (\S) (\d+) /;
		$all{$1} = { name => $2, state => $3, parent => $4, program => readlink("/proc/$1/exe") };
	}
	foreach my $pid (keys %all)
	{
		my $process = $all{$pid};

		$ours{$pid} = $process if defined $process->{program} && index($process->{program}, "$folder/") == 0;
	}
	foreach my $pid (keys %all)
	{
		$ours{$pid} = $all{$pid} if $all{$pid}->{state} eq 'Z' && $ours{ $all{$pid}->{parent} };
	}
	return \%ours;
}

# Memory of its own, shared with nobody.
sub anonymous_kb
{
	my $total = 0;

	foreach my $pid (@_)
	{
		my ($kb) = slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+)/m;
		$total += $kb;
	}
	return $total;
}

sub descriptors
{
	my $pid = shift;

	return scalar(() = glob "/proc/$pid/fd/*");
}

1;
