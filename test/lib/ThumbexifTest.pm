# ThumbexifTest: what the TAP tests share.
package ThumbexifTest;

use strict;
use warnings;

use Exporter 'import';
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use PsqlTemplate;
use Test::More ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(decoder_pids is_living poll pictures_dir new_server private_install wait_until);

# The folder of generated pictures.
sub pictures_dir
{
	return $ENV{TE_PICTURES};
}

# new_server(NAME, OPTIONS): a started server with a database "postgres" that has the extension.
#
# Replaced thumbnails are not kept (thumbexif.keep_replaced), so that tests see which are removed.
#
#	roots		thumbexif.image_roots (default: the generated pictures)
#	preload		1: shared_preload_libraries = 'thumbexif'; 0: not; default: it is, but no database has a worker, as most tests look at
#				what sessions do, and a template of the server makes their decoders cheap
#	config		more lines for postgresql.conf
#	install		from private_install()
#	extension	0: do not create it
#
# $server->{thumbnails} is its thumbexif.thumbnail_dir, empty at the start.
sub new_server
{
	my ($name, %option) = @_;
	my $server = PostgreSQL::Test::Cluster->new($name,
		$option{install} ? (install_path => dirname($option{install}->{bindir})) : ());
	my $thumbnails = $server->basedir . '/thumbnails';
	my $roots = defined $option{roots} ? $option{roots} : pictures_dir();
	my $extension = !defined $option{extension} || $option{extension};
	my $create = $extension && $option{install};	# another version, perhaps

	{
		local $ENV{TE_EXTENSION} = $extension && !$create ? 1 : '';
		$server->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
	}
	mkdir $thumbnails or die "mkdir $thumbnails: $!";
	$server->{thumbnails} = $thumbnails;
	$server->append_conf('postgresql.conf', "shared_preload_libraries = 'thumbexif'\n")
	  if !defined $option{preload} || $option{preload};
	$server->append_conf('postgresql.conf', "thumbexif.databases = 'none'\n") unless defined $option{preload};
	$server->append_conf('postgresql.conf', <<"EOF");
thumbexif.image_roots = '$roots'
thumbexif.thumbnail_dir = '$thumbnails'
thumbexif.keep_replaced = 0
EOF
	$server->append_conf('postgresql.conf', $option{config}) if $option{config};
	$server->start;
	$server->safe_psql('postgres', 'CREATE EXTENSION thumbexif') if $create;
	return $server;
}

# poll(SERVER, DATABASE, SQL, EXPECTED): until the query gives that ("t"), with nothing on stderr; false if it never does.  One psql asks
# again and again, and another if the server ends it, as when it starts again.
sub poll
{
	my ($server, $database, $sql, $expected) = @_;
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;
	my ($psql, $ended, $said);

	$expected = 't' unless defined $expected;
	do
	{
		my $began = time;

		$psql = PsqlTemplate::start_psql('-XAt', '-d', $server->connstr($database)) unless $psql;
		($ended, $said) = ask_psql($psql, $sql, $deadline);
		if ($ended || $said eq $expected)
		{
			PsqlTemplate::end_psql($psql);
			undef $psql;
			return 1 unless $ended;
		}
		# what takes long is asked less often
		my $pause = 5 * (time - $began);
		sleep($pause < 0.05 ? 0.05 : $pause > 0.5 ? 0.5 : $pause);
	} while (time < $deadline);
	PsqlTemplate::end_psql($psql) if $psql;
	Test::More::diag("gave up waiting: $sql\nexpected: $expected\nthe last answer: $said");
	return 0;
}

# ask_psql(PSQL, SQL, DEADLINE): whether it has ended or must be, and what it said
sub ask_psql
{
	my ($psql, $sql, $deadline) = @_;
	local $SIG{PIPE} = 'IGNORE';
	my $mark = "end of the answer\n";
	my $said = '';

	syswrite $psql->{in}, "$sql\n;\n\\echo $mark";
	until ($said =~ s/\Q$mark\E\z//)
	{
		my $left = $deadline - time;
		my $ready = '';

		vec($ready, fileno $psql->{out}, 1) = 1;
		if ($left <= 0 || select($ready, undef, undef, $left) <= 0)
		{
			kill 'KILL', $psql->{pid};
			return (1, $said);
		}
		sysread($psql->{out}, $said, 65536, length $said) or return (1, $said);
	}
	chomp $said;
	return (0, $said);
}

# wait_until(SERVER, WHAT, SQL, DATABASE): until the query gives "t"; the test ends, and says what it waited for, if it never does.
# For a state that stays once it is reached: one that may pass would be missed on a busy machine.
sub wait_until
{
	my ($server, $what, $sql, $database) = @_;

	poll($server, $database || 'postgres', $sql, 't') or die "gave up waiting: $what\n";
	return;
}

# is_living(PID): is there such a process, and has nobody killed it?
sub is_living
{
	my $pid = shift;
	my ($status, $stat);

	local $/;
	open(my $file, '<', "/proc/$pid/status") or return 0;
	$status = <$file> // '';
	open($file, '<', "/proc/$pid/stat") or return 0;
	$stat = <$file> // '';
	return 0 if grep { hex($_) & 1 << 8 } $status =~ /^S(?:ig|hd)Pnd:\s+([0-9a-f]+)/mg;
	return $stat =~ /\) [^ZX] (?:-?\d+ ){5}(\d+) / && !($1 & 4);	# a flag: it is exiting
}

# decoder_pids(PID...): the decoders of these server processes, those that have ended or have been killed left out.  A decoder's
# first argument is its version, the second its server process, whose child it is unless the template has forked it.  A
# template has that second argument, too, of its parent, the launcher.
sub decoder_pids
{
	my %wanted = map { $_ => 1 } @_;
	my @found;

	foreach my $file (glob '/proc/[0-9]*/cmdline')
	{
		open(my $cmdline, '<', $file) or next;
		my ($pid) = $file =~ /(\d+)/;
		my ($program, undef, $owner, @limits) = split /\0/, (scalar(<$cmdline>) // '');
		next unless defined $owner && $program eq 'thumbexif-decoder' && $owner =~ /^\d+$/ && $wanted{ $owner + 0 };
		open(my $stat, '<', "/proc/$pid/stat") or next;
		my ($parent) = (scalar(<$stat>) // '') =~ /\) \S (\d+) / or next;
		push @found, $pid if (@limits || $parent != $owner) && is_living($pid);
	}
	# one may have ended, and made room for another, while the folder was read
	return sort { $a <=> $b } grep { is_living($_) } @found;
}

# private_install(NAME): a copy of the private PostgreSQL for one test, for new_server(install => ...).
# Its files are hard links: unlink what is to be replaced, such as $install->{pkglibdir}/thumbexif-decoder.
sub private_install
{
	my $name = shift;
	my $root = PostgreSQL::Test::Utils::tempdir() . "/$name";
	my %install = (bindir => $ENV{TE_BINDIR}, pkglibdir => $ENV{TE_PKGLIBDIR});

	system_or_bail('cp', '-al', $ENV{TE_PG}, $root);
	s/^\Q$ENV{TE_PG}\E/$root/ foreach values %install;
	return \%install;
}

1;
