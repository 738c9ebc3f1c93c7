# TestSession: a psql that stays open, so that a test can watch a statement that is still running.
package TestSession;

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use ThumbexifTest qw(decoder_pids);
use Time::HiRes qw(time usleep);

# TestSession->new(SERVER, OPTIONS): connected to "postgres".  user => ROLE.
sub new
{
	my ($class, $server, %option) = @_;
	my $self = bless { in => '', out => '', err => '', marks => 0, server => $server }, $class;
	my $connection = $server->connstr($option{database} || 'postgres');

	$connection .= " user=$option{user}" if $option{user};
	$self->{psql} = IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=0', '-f', '-', '-d', $connection ],
		'<', \$self->{in}, '>', \$self->{out}, '2>', \$self->{err});
	$self->{pid} = $self->query('SELECT pg_backend_pid()');
	return $self;
}

# Send statements and do not wait.
sub send
{
	my ($self, $sql) = @_;

	$self->{in} .= "$sql;\n";
	$self->{sent} = $sql;
	$self->{psql}->pump_nb;
	return;
}

# Wait until all that was sent has been answered; returns what has come on stdout since the last time.
sub wait
{
	my $self = shift;
	my $mark = 'mark' . ++$self->{marks};
	my $deadline = time() + $PostgreSQL::Test::Utils::timeout_default;

	$self->{in} .= "\\echo $mark\n";
	until ($self->{out} =~ /^$mark$/m)
	{
		die "gave up waiting: the answer to $self->{sent}\n$self->{err}" if time() > $deadline;
		last unless $self->{psql}->pumpable;
		$self->{psql}->pump_nb;
		usleep(5_000);
	}
	my $answer = $self->{out};
	$answer =~ s/^$mark\n//m;
	$self->{out} = '';
	chomp $answer;
	return $answer;
}

sub query
{
	my ($self, $sql) = @_;

	$self->send($sql);
	return $self->wait;
}

# What has come on stderr (notices and errors) since the last time.
sub errors
{
	my $self = shift;
	my $errors = $self->{err};

	$self->{err} = '';
	return $errors;
}

# The decoders of this session's backend, as process ids.
sub decoders
{
	my $self = shift;

	return decoder_pids($self->{pid});
}

# Start the session's decoders and stop them in their tracks: what is given to them from now on takes for ever.
sub freeze
{
	my $self = shift;

	$self->query("SET thumbexif.decoders = 1; SET thumbexif.decode_timeout = '1h'; SELECT FROM thumbexif_info('photo.jpg')");
	my @decoders = $self->decoders;
	die 'no decoder' unless @decoders;
	kill STOP => @decoders;
	return @decoders;
}

sub finish
{
	my $self = shift;

	$self->{in} .= "\\q\n";
	eval { $self->{psql}->finish };
	return;
}

# until_true(SECONDS, SUB): poll; false if it never became true.
sub until_true
{
	my ($seconds, $condition) = @_;
	my $deadline = time() + $seconds;
	my $pause = 10_000;

	while (time() < $deadline)
	{
		return 1 if $condition->();
		usleep($pause);
		$pause *= 1.2 if $pause < 100_000;	# to look may take more than what is waited for
	}
	return 0;
}

1;
