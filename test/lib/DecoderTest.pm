# DecoderTest: a session that can be left waiting, and a look at its decoders.
package DecoderTest;

use strict;
use warnings;

use Exporter 'import';
use IPC::Run;
use PostgreSQL::Test::Utils;
use ThumbexifTest;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(decoders openers process_state template wait_for slurp_proc);

# wait_for(WHAT, SUB): until SUB returns something true, which is returned; dies if it never does.
sub wait_for
{
	my ($what, $condition) = @_;
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;
	my $pause = 0.01;

	while (time < $deadline)
	{
		my $result = $condition->();
		return $result if $result;
		sleep($pause);
		$pause *= 1.2 if $pause < 0.1;	# to look may take more than what is waited for
	}
	die "gave up waiting: $what\n";
}

# A file in /proc/PID, or undef if the process is gone.
sub slurp_proc
{
	my ($pid, $name) = @_;
	open(my $file, '<', "/proc/$pid/$name") or return undef;
	local $/;
	return scalar <$file>;
}

# The letter of a process' state: R, S, T, Z ...; '' if it is gone.
sub process_state
{
	my $stat = slurp_proc(shift, 'stat');
	return defined $stat && $stat =~ /\) (\S)/ ? $1 : '';
}

# How often a process has gone to sleep.
sub times_asleep
{
	my $status = slurp_proc(shift, 'status') // '';
	return $status =~ /^voluntary_ctxt_switches:\s*(\d+)/m ? $1 : -1;
}

# children(PID, NAME): the children of a process by their names (a pattern), with the letters of their states.
sub children
{
	my ($parent, $name) = @_;
	my %found;

	foreach my $directory (glob '/proc/[0-9]*')
	{
		my ($pid) = $directory =~ /(\d+)$/;
		my $stat = slurp_proc($pid, 'stat');
		$found{$pid} = $1
		  if defined $stat && $stat =~ /^\d+ \((?:$name)[^)]*\) (\S) $parent /;
	}
	return %found;
}

# decoders(PID): the decoders of a server process, those that have ended but are not reaped left out.
sub decoders
{
	return decoder_pids(shift);
}

# openers(PID): its openers, ended ones that are not reaped too.
sub openers
{
	my %found = children(shift, 'thumbexif-opene');
	return sort { $a <=> $b } keys %found;
}

# template(SERVER, NOT): the template of a server that has the module preloaded, once it accepts connections; another than NOT.
sub template
{
	my ($server, $not) = @_;

	return wait_for('a template is ready',
		sub {
			my $launcher = $server->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'thumbexif launcher'") or return;
			my %templates = children($launcher, 'thumbexif-decod');
			my %listening = map { /^\S+ \S+ \S+ 00010000 \S+ \S+ +(\d+) pg_stat_tmp/ ? ("socket:[$1]" => 1) : () } split /\n/, slurp_proc('net', 'unix');

			return (grep { $_ != ($not || 0) && grep { $listening{ readlink($_) // '' } } glob "/proc/$_/fd/*" } keys %templates)[0];
		});
}

# wait_until_no_opener_works(PID): until a session that waits does not wait for its opener: all the time that it sleeps, no opener has anything to do.
sub wait_until_no_opener_works
{
	my $pid = shift;

	wait_for('session waits for no opener',
		sub {
			my $sleeps = times_asleep($pid);
			return 0 if grep { process_state($_) =~ /[RD]/ } openers($pid), $pid;
			return times_asleep($pid) == $sleeps;
		});
	return;
}

# DecoderTest->session(SERVER): a psql in database postgres.  Errors are part of its answers, with their SQLSTATE.
sub session
{
	my ($class, $server) = @_;
	my $self = bless { in => '', out => '', number => 0 }, $class;

	$self->{psql} = IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $server->connstr('postgres') ],
		'<', \$self->{in}, '>', \$self->{out}, '2>&1', $self->{timer} = IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	$self->{pid} = $self->query('SELECT pg_backend_pid()');
	return $self;
}

# Send a query and do not wait.
sub send
{
	my ($self, $query) = @_;

	$self->{out} = '';
	$self->{query} = $query;
	$self->{number}++;
	$self->{timer}->start($PostgreSQL::Test::Utils::timeout_default);
	$self->{in} .= "$query;\n\\echo end-of-$self->{number}\n";
	$self->{psql}->pump_nb;
	return;
}

# The answer to what was sent.
sub answer
{
	my $self = shift;
	my $end = "end-of-$self->{number}\n";

	eval { $self->{psql}->pump until $self->{out} =~ /\Q$end\E/ || !$self->{psql}->pumpable; 1 }
	  or die "gave up waiting: the answer to $self->{query}\n$@";
	(my $answer = $self->{out}) =~ s/\n?\Q$end\E.*//s;
	return $answer;
}

sub query
{
	my ($self, $query) = @_;
	$self->send($query);
	return $self->answer;
}

# Its decoders.
sub decoders_of
{
	my $self = shift;
	return decoders($self->{pid});
}

# Stop the only decoder of a warm session.
sub stop_decoder
{
	my $self = shift;
	my ($decoder) = $self->decoders_of;

	kill 'STOP', $decoder;
	wait_for('decoder stops', sub { process_state($decoder) eq 'T' });
	return $decoder;
}

# The same, and send a query: it is in the decoder's hands when this returns.
sub send_to_stopped
{
	my ($self, $server, $query) = @_;
	my $decoder = $self->stop_decoder;

	$self->send($query);
	$self->wait_until_waiting($server);
	wait_until_no_opener_works($self->{pid});
	return $decoder;
}

# Until the session's server process waits for a decoder.
sub wait_until_waiting
{
	my ($self, $server) = @_;
	wait_for('session waits for its decoder',
		sub {
			$self->{psql}->pump_nb;
			$server->safe_psql('postgres',
				"SELECT state = 'active' AND wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = $self->{pid}") eq 't';
		});
	return;
}

# End the session; its server process is gone when this returns.
sub quit
{
	my $self = shift;
	$self->{timer}->start($PostgreSQL::Test::Utils::timeout_default);
	$self->{in} .= "\\q\n";
	$self->{psql}->finish;
	wait_for('session ends', sub { !-d "/proc/$self->{pid}" });
	return;
}

1;
