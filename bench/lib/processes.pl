# processes.pl POSTMASTER-PID WHAT: about the processes of one server, those that run its decoders included.
#
#	cpu			seconds of processor time that they and their ended children have used
#	pids		of its decoders
#	all			pids of all of its processes
#	pss			kB of memory of all processes called thumbexif-*, what they share counted once (root or their user)
#	peak FILE	until FILE is there: the most decoders at one time, looked at 50 times a second
use strict;
use warnings;

use POSIX ();

my ($postmaster, $what, $file) = @ARGV;

# The server's processes: [pid, name, ticks, parent, state], children before they are anybody else's.
sub processes
{
	my (%parent, %about);

	foreach my $stat (glob '/proc/[0-9]*/stat')
	{
		open(my $handle, '<', $stat) or next;
		my $line = <$handle> // next;
		my ($pid, $name, $state, $rest) = $line =~ /^(\d+) \((.*)\) (\S) (.*)/s or next;
		my @field = split / /, $rest;

		$parent{$pid} = $field[0];
		$about{$pid} = [ $pid, $name, $field[10] + $field[11] + $field[12] + $field[13], $field[0], $state ];
	}
	return grep { belongs($_->[0], \%parent) } values %about;
}

# Without those that have ended and wait to be reaped: their time counts until then, nothing else of them does.
sub living
{
	return grep { $_->[4] ne 'Z' } processes();
}

sub belongs
{
	my ($pid, $parent) = @_;

	$pid = $parent->{$pid} while $pid && $pid != $postmaster;
	return $pid;
}

# Not those that only wait to be forked: they name the process that has started them, and none of a decoder's limits.
sub decoders
{
	my @found;

	foreach my $process (grep { $_->[1] =~ /^thumbexif-decod/ } living())
	{
		open(my $handle, '<', "/proc/$process->[0]/cmdline") or next;
		my (undef, undef, $owner, @limits) = split /\0/, <$handle> // '';
		push @found, $process if @limits || ($owner || 0) != $process->[3];
	}
	return @found;
}

sub pss
{
	my $sum = 0;

	foreach my $process (grep { $_->[1] =~ /^thumbexif-/ } living())
	{
		open(my $handle, '<', "/proc/$process->[0]/smaps_rollup") or (-e "/proc/$process->[0]" ? die "memory of $process->[1]: $!\n" : next);
		my ($kb) = join('', <$handle>) =~ /^Pss:\s+(\d+)/m;
		$sum += $kb // 0;
	}
	return $sum;
}

sub peak
{
	my $most = 0;

	until (-e $file)
	{
		my $count = decoders();

		$most = $count if $count > $most;
		select(undef, undef, undef, 0.02);
	}
	return $most;
}

my %answer = (
	cpu => sub { my $ticks = 0; $ticks += $_->[2] foreach processes(); return $ticks / POSIX::sysconf(POSIX::_SC_CLK_TCK()) },
	pids => sub { return join("\n", map { $_->[0] } decoders()) },
	all => sub { return join("\n", map { $_->[0] } living()) },
	pss => \&pss,
	peak => \&peak);
print $answer{$what}->(), "\n";
