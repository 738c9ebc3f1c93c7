# PsqlTemplate: psql forked instead of loaded.
#
# To start a psql takes several times the processor time of most queries.  So psql() of PostgreSQL::Test::Cluster, which
# safe_psql() calls, too, is answered by a psql that a template forks (shim/psql_template.c): a psql of its own for each call, as ever.
package PsqlTemplate;

use strict;
use warnings;

use IPC::Open2;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

my $loaded_psql = \&PostgreSQL::Test::Cluster::psql;
my %known = map { $_ => 1 } qw(stdout stderr on_error_stop on_error_die extra_params);
my %templates;

# template: for psqls of the present environment.  A child of this process has its own.
sub template
{
	my $for = join "\0", $$, map { "$_=$ENV{$_}" } grep { /^PG(?!HOST|PORT)/ } sort keys %ENV;
	my $template = $templates{$for};

	if (!$template)
	{
		my $folder = PostgreSQL::Test::Utils::tempdir();

		$template = $templates{$for} = { files => [ map { "$folder/$_" } qw(in out err) ] };
		local $ENV{LD_PRELOAD} = "$ENV{TE_SCRATCH}/build/shim_psql_template.so";
		open2($template->{answers}, $template->{requests}, "$ENV{TE_BINDIR}/psql");
	}
	return $template;
}

# fork_psql(TEMPLATE, STRING...): the process id of a psql with these files for stdin, stdout and stderr, and arguments.
sub fork_psql
{
	my ($template, @strings) = @_;
	my $request = join '', map { "$_\0" } @strings;
	local $SIG{PIPE} = 'IGNORE';

	syswrite $template->{requests}, length($request) . "\n$request";
	return answer($template);
}

# the next answer of a template, a number
sub answer
{
	my $template = shift;
	local $/ = "\n";
	my $number = readline $template->{answers};

	die 'the template of psql has ended' unless defined $number;
	return int $number;
}

# run_psql(SQL, ARGUMENT...): a psql's status as waitpid() has it, and what came on stdout and stderr.
sub run_psql
{
	my ($sql, @arguments) = @_;
	my $template = template();
	my ($in, $out, $err) = @{ $template->{files} };

	open(my $file, '>', $in) or die "$in: $!";
	print $file $sql;
	close $file or die "$in: $!";
	fork_psql($template, $in, $out, $err, @arguments);
	my $status = answer($template);
	return ($status, slurp_file($out), slurp_file($err));
}

# start_psql(ARGUMENT...): a psql that reads from { in } and writes, errors too, to { out }.  No other can be run or started until it
# is given to end_psql().
sub start_psql
{
	my @arguments = @_;
	my $template = template();
	my $psql = { template => $template };
	my @pipes = map { "$_.pipe" } @{ $template->{files} }[ 0, 1 ];

	foreach my $pipe (@pipes)
	{
		-p $pipe or POSIX::mkfifo($pipe, 0600) or die "mkfifo $pipe: $!";
	}
	$psql->{pid} = fork_psql($template, @pipes, $pipes[1], @arguments);
	# each waits for the other end
	open($psql->{in}, '>', $pipes[0]) or die "$pipes[0]: $!";
	open($psql->{out}, '<', $pipes[1]) or die "$pipes[1]: $!";
	return $psql;
}

# end_psql(PSQL): it must be at the end of its input, or killed
sub end_psql
{
	my $psql = shift;

	close $psql->{in};
	close $psql->{out};
	answer($psql->{template});
	return;
}

# psql(SERVER, DATABASE, SQL, OPTIONS): takes the place of Cluster's, to which it leaves what has other options.
sub psql
{
	my ($server, $database, $sql, %params) = @_;
	my $stop = !defined $params{on_error_stop} || $params{on_error_stop};

	goto &$loaded_psql if grep { !$known{$_} } keys %params;
	my ($status, $out, $err) = run_psql($sql, '-XAtq', '-d', $server->connstr($database), '-f', '-',
		$stop ? ('-v', 'ON_ERROR_STOP=1') : (), @{ $params{extra_params} || [] });

	chomp($out, $err);
	print STDOUT "$out\n" if $out ne '' && !wantarray && !$params{stdout};
	print STDERR "$err\n" if $err ne '' && !wantarray && !$params{stderr};
	${ $params{stdout} } = $out if $params{stdout};
	${ $params{stderr} } = $err if $params{stderr};
	die "psql exited with status $status: '$err' while running '$sql'" if $status & 127 || $status && $params{on_error_die};
	return wantarray ? ($status >> 8, $out, $err) : $status >> 8;
}

{
	no warnings 'redefine';
	*PostgreSQL::Test::Cluster::psql = \&psql;
}

1;
