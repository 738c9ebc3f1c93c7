# What the README and doc/ tell users to type works as it is written, in a fresh cluster, and gives what is shown behind it.
#
# ini: lines for postgresql.conf; sql: for psql; text behind these: what psql prints.  A block of sh is tried elsewhere, by what a comment
# in front of it names; its targets of make must be there.  The folders named in the texts are replaced by ones of the test.
use strict;
use warnings;

use File::Copy qw(copy);
use File::Path qw(make_path);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;

my $base = PostgreSQL::Test::Utils::tempdir();
my %folders = ('/srv/photos' => "$base/photos", '/srv/thumbnails' => "$base/thumbnails");
make_path("$base/photos/2024", "$base/thumbnails");
copy(pictures_dir() . '/photo.jpg', "$base/photos/2024/beach.jpg") or die "copy: $!";
copy(pictures_dir() . "/orientation-$_.jpg", "$base/photos/2024/$_.jpg") or die "copy: $!" foreach 1 .. 8;

# blocks(FILE): [ language, text, line, comment before it ]
sub blocks
{
	my $file = shift;
	my ($number, $comment, $block, @blocks) = (0, '');

	foreach my $line (split /\n/, slurp_file("$ENV{TE_SCRATCH}/$file"))
	{
		$number++;
		if ($block && $line eq '```')
		{
			push @blocks, $block;
			undef $block;
			$comment = '';
		}
		elsif ($block) { $block->[1] .= "$line\n" }
		elsif ($line =~ /^```(\w*)$/) { $block = [ $1, '', $number, $comment ] }
		elsif ($line =~ /^<!-- (.*) -->$/) { $comment = $1 }
		fail("$file:$number: a block of commands is fenced and says what it is") if !$block && $line =~ /^(    |\t)\S/;
	}
	return @blocks;
}

my $server = PostgreSQL::Test::Cluster->new('documents');
$server->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$server->append_conf('postgresql.conf', "timezone = 'UTC'\n");
my $database = 'postgres';

# what psql prints, errors and all
sub type
{
	my $sql = shift;
	my $said;

	IPC::Run::run([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $server->connstr($database) ], '<', \$sql, '>', \$said, '2>&1');
	my $good = $? == 0;
	foreach my $name (keys %folders)
	{
		$said =~ s/\Q$folders{$name}\E/$name/g;
	}
	return ($good, $said);
}

sub same
{
	my ($left, $right) = map { s/[ \n]+$//mgr } @_;
	return $left eq $right;
}

# Run SQL and compare what it prints with what is shown.  Queries are repeated, as the worker may not be that far.
sub try_sql
{
	my ($where, $sql, $shown) = @_;
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;
	my $is_query = $sql !~ /^(?!SELECT\b|\s|\z)/m;
	my ($good, $said);

	foreach my $name (keys %folders)
	{
		$sql =~ s/\Q$name\E/$folders{$name}/g;
	}
	do { ($good, $said) = type($sql) } while (defined $shown && !same($said, $shown) && $is_query && time < $deadline);
	ok($good, "$where: runs") or diag($said);
	ok(same($said, $shown), "$where: gives what is shown") or diag("shown:\n${shown}given:\n$said") if defined $shown;
	return;
}

sub try_ini
{
	my ($where, $lines) = @_;

	foreach my $name (keys %folders)
	{
		$lines =~ s/\Q$name\E/$folders{$name}/g;
	}
	$server->append_conf('postgresql.conf', $lines);
	ok($server->start, "$where: the server starts with these lines");
	return;
}

sub try_sh
{
	my ($where, $commands, $comment) = @_;
	my ($tried) = $comment =~ /^tried by (\S+)$/;

	ok(defined $tried && -e "$ENV{TE_SCRATCH}/$tried", "$where: something tries it");
	my $rules = slurp_file("$ENV{TE_SCRATCH}/Makefile") . slurp_file("$ENV{TE_SCRATCH}/test/test.mk");
	foreach my $target ($commands =~ /\bmake ([a-z-]+)/g)
	{
		like($rules, qr/^(?:[a-z-]+ )*\Q$target\E(?: [a-z-]+)*:/m, "$where: there is make $target");
	}
	return;
}

sub try_nginx
{
	my ($where, $lines) = @_;

	SKIP:
	{
		my ($nginx) = grep { -x } '/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx';
		skip 'nginx is not installed', 1 unless $nginx;
		append_to_file("$base/nginx.conf", "pid $base/nginx.pid;\nerror_log stderr;\nevents {}\nhttp { access_log off; server { listen unix:$base/nginx.socket;\n$lines\n} }\n");
		is(system("$nginx -t -q -p $base -c $base/nginx.conf"), 0, "$where: nginx takes it");
	}
	return;
}

foreach my $file ('README.md', sort map { s{^\Q$ENV{TE_SCRATCH}\E/}{}r } glob "$ENV{TE_SCRATCH}/doc/*.md")
{
	my @blocks = blocks($file);

	if ($file ne 'README.md')
	{
		$database = $file =~ s{.*/|\.md}{}gr;
		$server->safe_psql('postgres', "CREATE DATABASE \"$database\"");
		$server->safe_psql($database, 'CREATE EXTENSION thumbexif');
	}
	foreach my $i (0 .. $#blocks)
	{
		my ($language, $text, $line, $comment) = @{ $blocks[$i] };
		my $where = "$file:$line";
		my $shown = $i < $#blocks && $blocks[ $i + 1 ]->[0] eq 'text' ? $blocks[ $i + 1 ]->[1] : undef;

		if ($language eq 'sql') { try_sql($where, $text, $shown) }
		elsif ($language eq 'ini') { try_ini($where, $text) }
		elsif ($language eq 'sh') { try_sh($where, $text, $comment) }
		elsif ($language eq 'nginx') { try_nginx($where, $text) }
		else { is($language, 'text', "$where: a block of a known kind") }
	}
	# links to files
	foreach my $link (slurp_file("$ENV{TE_SCRATCH}/$file") =~ /\]\(([^)#:]+)(?:#[^)]*)?\)/g)
	{
		my $folder = $file =~ m{^(.*/)} ? $1 : '';
		ok(-e "$ENV{TE_SCRATCH}/$folder$link", "$file: $link is there");
	}
}

$server->stop;
done_testing();
