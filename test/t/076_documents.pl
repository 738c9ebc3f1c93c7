# What the README, doc/ and examples/ tell users to type works as it is written, in a fresh cluster, and gives what is shown behind it.
#
# ini: lines for postgresql.conf; sql: for psql; text behind these: what psql prints; sh: commands; nginx: a server runs with it; python: a program that
# listens while the sql behind it is run, and prints the text behind that.  A block with a comment "run by SCRIPT: SERVER" needs two servers, and is run by that.  The folders named in the texts are replaced by ones of the test.  A comment
# "needs NAME" in front of a block names an extension without which it is skipped.
use strict;
use warnings;

use File::Copy qw(copy);
use File::Path qw(make_path);
use IO::Socket::UNIX;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;

my $base = PostgreSQL::Test::Utils::tempdir();
my %folders = ('/srv/photos' => "$base/photos", '/srv/thumbnails' => "$base/thumbnails", '/a/folder' => "$base/photos", '/srv/gallery' => "$ENV{TE_SCRATCH}/examples/gallery");

# Commands of sh that are not run here, and why.  A comment in front of the block names the script that runs it, and the name by which it does.
my @elsewhere = (
	[ qr/^git clone /, 'the tree of a test has no history' ],
	[ qr/\bsudo /, 'the system is changed' ],
	[ qr/^(?:pg_buildext|dpkg-buildpackage) /, 'the packages that the command before installs may be absent' ],
	[ qr/\bdocker compose /, 'there may be no daemon' ],
	[ qr/\bprometheus-postgres-exporter /, 'it may be absent, and runs until it is stopped' ],
	[ qr/server\.py \S+$/, 'it runs until it is stopped' ]);
make_path("$base/photos/2024", "$base/thumbnails");
copy(pictures_dir() . '/photo.jpg', "$base/photos/2024/beach.jpg") or die "copy: $!";
copy(pictures_dir() . "/orientation-$_.jpg", "$base/photos/2024/$_.jpg") or die "copy: $!" foreach 1 .. 8;
mkdir "$base/photos/2010" or die "mkdir: $!";
system_or_bail("$ENV{TE_SCRATCH}/build/make_pictures", '--cookbook', "$base/photos/2010");

# blocks(FILE): [ language, text, line, comments before it, a line each ]
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
		elsif ($line =~ /^<!-- (.*) -->$/) { $comment .= "$1\n" }
		fail("$file:$number: a block of commands is fenced and says what it is") if !$block && $line =~ /^(    |\t)\S/;
	}
	return @blocks;
}

# in the test's folders
sub here
{
	my $text = shift;

	$text =~ s/\Q$_\E/$folders{$_}/g foreach keys %folders;
	return $text;
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
	foreach my $name ('/srv/photos', '/srv/thumbnails')
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
	my $is_query = $sql !~ /^(?!SELECT\b|WITH\b|\s|\z)/m;
	my ($good, $said);

	$sql = here($sql);
	TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub {
		($good, $said) = type($sql);
		return !defined $shown || !$is_query || same($said, $shown);
	});
	ok($good, "$where: runs") or diag($said);
	ok(same($said, $shown), "$where: gives what is shown") or diag("shown:\n${shown}given:\n$said") if defined $shown;
	return;
}

# can this extension be created?
sub installable
{
	return $server->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = '$_[0]'");
}

sub try_ini
{
	my ($where, $lines) = @_;

	$server->append_conf('postgresql.conf', here($lines));
	$server->stop;
	ok($server->start, "$where: the server starts with these lines");
	return;
}

# run_here(COMMAND): in the tree, which is built already, with the server; what it prints is shown if it fails
sub run_here
{
	my $command = shift;
	my $said;

	local %ENV = (%ENV, PGHOST => $server->host, PGPORT => $server->port);
	IPC::Run::run([ 'sh', '-c', "cd '$ENV{TE_SCRATCH}' && " . here($command) ], '<', \'', '>', \$said, '2>&1') and return 1;
	diag($said);
	return 0;
}

sub try_sh
{
	my ($where, $commands, $comment) = @_;
	my ($script, $name) = $comment =~ /^tried by (\S+): (\S+)$/m;

	foreach my $command (map { s/\s+#.*//r } split /\n/, $commands)
	{
		my ($why) = map { $_->[1] } grep { $command =~ $_->[0] } @elsewhere;

		if (!defined $why) { ok(run_here($command), "$where: $command") }
		elsif (!defined $name) { fail("$where: nothing tries $command") }
		else { like(slurp_file("$ENV{TE_SCRATCH}/$script"), qr/\breadme_commands '?\Q$name\E\b/, "$where: $script tries $command, as here $why") }
	}
	return;
}

# Run a program that never ends; once it listens, what it shows is made happen.
sub try_python
{
	my ($where, $program, $sql, $shown) = @_;
	my ($python) = grep { !system("$_ -c 'import psycopg2' 2> /dev/null") } '/usr/bin/python3', 'python3';
	my ($said, $trouble) = ('', '');

	SKIP:
	{
		skip 'python3 has no psycopg2', 2 unless $python;
		local @ENV{qw(PGHOST PGPORT PGDATABASE)} = ($server->host, $server->port, $database);
		my $run = IPC::Run::start([ $python, '-c', $program ], '<', \'', '>', \$said, '2>', \$trouble,
			IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
		ok($server->poll_query_until($database, "SELECT count(*) = 1 FROM pg_stat_activity WHERE state = 'idle' AND query LIKE 'LISTEN%'"), "$where: listens");
		my ($good, $printed) = type(here($sql));
		diag($printed) unless $good;
		eval { $run->pump until length $said >= length $shown || !$run->pumpable };
		ok(same($said, $shown), "$where: prints what is shown") or diag("shown:\n${shown}printed:\n$said$trouble");
		$run->kill_kill;
	}
	return;
}

# get(SOCKET, PATH): head and body of the answer
sub get
{
	my ($name, $path) = @_;
	my $socket = IO::Socket::UNIX->new(Peer => $name) or die "connect: $!";

	print $socket "GET $path HTTP/1.0\r\n\r\n";
	local $/;
	return split /\r\n\r\n/, scalar(<$socket>), 2;
}

sub try_thumbnails
{
	my ($where, $socket) = @_;
	my $file = $server->safe_psql($database, "SELECT thumbnail_path FROM image_assets WHERE path = '2024/beach.jpg'");
	my ($head, $body) = get($socket, $file =~ s{^\Q$folders{'/srv/thumbnails'}\E}{/thumbnails}r);

	like($head, qr{^HTTP/1.1 200 .*^Cache-Control: public, immutable\r$}ms, "$where: it serves a thumbnail that caches may keep");
	like($head, qr{^X-Content-Type-Options: nosniff\r$}m, "$where: and that is nothing but a picture");
	ok($body eq slurp_file($file), "$where: the whole of it");
	like((get($socket, '/thumbnails/none.jpg'))[0], qr{^HTTP/1.1 404 }, "$where: and nothing else");
	return;
}

# of the example: nobody listens where PostgREST would
sub try_page
{
	my ($where, $socket) = @_;
	my ($head, $body) = get($socket, '/');

	like($head, qr{^HTTP/1.1 200 .*^Content-Type: text/html\r$}ms, "$where: it serves the page");
	ok($body eq slurp_file("$folders{'/srv/gallery'}/index.html"), "$where: the whole of it");
	like((get($socket, '/rpc/photos_map'))[0], qr{^HTTP/1.1 502 }, "$where: and passes on what is for PostgREST");
	like((get($socket, '/gallery.sql'))[0], qr{^HTTP/1.1 404 }, "$where: and nothing else");
	return;
}

sub try_nginx
{
	my ($where, $lines) = @_;
	my $folder = PostgreSQL::Test::Utils::tempdir_short();
	my ($nginx) = grep { -x } '/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx';

	SKIP:
	{
		skip 'nginx is not installed', 5 unless $nginx;
		my $own = join '', map { "${_}_temp_path $folder/$_;\n" } qw(client_body proxy fastcgi uwsgi scgi);
		my @nginx = ($nginx, '-q', '-e', 'stderr', '-p', $folder, '-c', "$folder/nginx.conf");
		append_to_file("$folder/nginx.conf", "pid $folder/pid;\nevents {}\nhttp { $own access_log off; server { listen unix:$folder/socket;\n" . here($lines) . "\n} }\n");
		is(system(@nginx), 0, "$where: nginx starts with it");
		try_page($where, "$folder/socket") if $lines =~ m{^location = / }m;
		try_thumbnails($where, "$folder/socket") if $lines =~ m{^location /thumbnails/ }m;
		system(@nginx, '-s', 'quit');
	}
	return;
}

foreach my $file ('README.md', map { s{^\Q$ENV{TE_SCRATCH}\E/}{}r } sort(glob "$ENV{TE_SCRATCH}/doc/*.md"), sort(glob "$ENV{TE_SCRATCH}/examples/*/README.md"))
{
	my @blocks = blocks($file);

	if ($file ne 'README.md')
	{
		$database = $file =~ s{/README}{}r =~ s{.*/|\.md}{}gr;
		$server->safe_psql('postgres', "CREATE DATABASE \"$database\"");
		$server->safe_psql($database, 'CREATE EXTENSION thumbexif');
	}
	while (my $block = shift @blocks)
	{
		my ($language, $text, $line, $comment) = @$block;
		my ($extension) = $comment =~ /^needs (\w+)$/m;
		my ($runner) = $comment =~ /^run by (\S+): \w+$/m;
		my $where = "$file:$line";
		my @behind = $language eq 'python' ? map { $_->[1] } splice @blocks, 0, 2 : ();
		my $shown = $language eq 'sql' && @blocks && $blocks[0]->[0] eq 'text' ? shift(@blocks)->[1] : undef;

		SKIP:
		{
			skip "$extension is not installed", 1 if defined $extension && !installable($extension);
			if (defined $runner) { like(slurp_file("$ENV{TE_SCRATCH}/$runner"), qr{\Q$file\E}, "$where: $runner runs it") }
			elsif ($language eq 'sql') { try_sql($where, $text, $shown) }
			elsif ($language eq 'ini') { try_ini($where, $text) }
			elsif ($language eq 'sh') { try_sh($where, $text, $comment) }
			elsif ($language eq 'nginx') { try_nginx($where, $text) }
			elsif ($language eq 'python') { try_python($where, $text, @behind) }
			else { is($language, 'text', "$where: a block of a known kind") }
		}
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
