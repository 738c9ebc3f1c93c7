# The disk with the thumbnails is full: the worker waits, breaks nothing, and goes on when there is room.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

# The server gets a mount of its own for the thumbnails, 256 KB large: in a user namespace, which needs no
# privilege, and in another one below, where PostgreSQL sees that it is not run by root.
my $base = PostgreSQL::Test::Utils::tempdir();
my ($user, $group) = ($>, $) + 0);
my $enter = "exec unshare --user --map-root-user --mount sh -c 'mount -t tmpfs -o size=256k,mode=755 none \"\$0\" &&"
  . " exec unshare --user --map-user=$user --map-group=$group \"\$\@\"'";

mkdir "$base/probe" or die "mkdir: $!";
my $mounts = !$ENV{TE_NO_MOUNTS} && system("$enter $base/probe true 2>/dev/null") == 0;
note($mounts ? 'a small file system of its own' : 'this system gives ordinary users no mounts of their own: a library says that the disk is full');

my $install = private_install('full');
my $server = new_server('full', preload => 1, install => $install, extension => 0, config => "thumbexif.decoders = 1\nthumbexif.keep_replaced = '1h'\n");
my $thumbnails = $server->{thumbnails};

$server->stop;
if ($mounts)
{
	small_disk();
}
else
{
	$ENV{LD_PRELOAD} = "$ENV{TE_SCRATCH}/build/shim_full_disk.so";
	$ENV{FULL_DISK_FOLDER} = "$thumbnails/";
	$ENV{FULL_DISK_WHEN} = "$base/full";
}
$server->start;
delete $ENV{LD_PRELOAD};

sub small_disk
{
	rename "$install->{bindir}/postgres", "$install->{bindir}/postgres.real" or die "rename: $!";
	open(my $script, '>', "$install->{bindir}/postgres") or die "open: $!";
	print $script <<"EOF";
#!/bin/sh
case \$1 in -V | --version) exec "$install->{bindir}/postgres.real" "\$@" ;; esac
$enter '$thumbnails' "$install->{bindir}/postgres.real" "\$@"
EOF
	close $script;
	chmod 0755, "$install->{bindir}/postgres";
	return;
}

# fill(FULL): the disk is full, or has room again.  What fills it is written by the server, which alone sees the folder;
# a file cannot be removed by SQL, but made small.
sub fill
{
	my $full = shift;

	if ($mounts)
	{
		my $rows = $full ? "SELECT repeat('x', 1000) FROM generate_series(1, 230)" : 'SELECT 1';
		$server->psql('postgres', "COPY ($rows) TO '$thumbnails/ballast'");	# which may be more than there is room for
	}
	elsif ($full)
	{
		append_to_file("$base/full", '');
	}
	else
	{
		unlink "$base/full" or die "unlink: $!";
	}
	return;
}

value($server, 'CREATE EXTENSION thumbexif');
value($server, "SELECT thumbexif_attach('image_assets')");
fill(1);

my $log = -s $server->logfile;
value($server, "INSERT INTO image_assets (path) SELECT 'orientation-' || i || '.jpg' FROM generate_series(1, 8) i");
ok($server->wait_for_log(qr/WARNING: .*No space left on device/, $log), 'the disk is full');
my $tries = "SELECT xact_rollback FROM pg_stat_database WHERE datname = 'postgres'";
my $before = value($server, $tries);
wait_for($server, 'it is tried again and again', "SELECT ($tries) >= $before + 2");
# while it tries, they are claimed
wait_for($server, 'no attempt is counted', "SELECT count(*) FILTER (WHERE width IS NULL AND thumbnail_path IS NULL)
	= (SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status = 'queued' AND attempts = 0) FROM image_assets");
my $done = value($server, 'SELECT count(thumbnail_path) FROM image_assets');
cmp_ok($done, '<', 8, 'not all could be written');
is( value($server, "SELECT count(*) FROM image_assets WHERE thumbnail_path IS NOT NULL
		AND (pg_stat_file(thumbnail_path)).size = 0"), 0, 'what was written is whole');

fill(0);
wait_done($server, 'when there is room it goes on by itself', 8);
my @said = slurp_file($server->logfile, $log) =~ /WARNING: .*No space left on device/g;
is(scalar @said, 1, 'it was said once');
value($server, 'SELECT thumbexif_clean()');
is( value($server, "WITH RECURSIVE f(name, is_dir) AS (SELECT '$thumbnails', true
		UNION ALL SELECT f.name || '/' || e, (pg_stat_file(f.name || '/' || e)).isdir FROM f, pg_ls_dir(f.name) e WHERE f.is_dir)
		SELECT count(*) FROM f WHERE NOT is_dir AND name NOT LIKE '%/ballast' AND name NOT LIKE '%/.thumbexif'"),
	8, 'nothing half-written is left');

# --- a session finds it full: replaced files are kept no longer, whoever replaced them

my $listed = 'SELECT count(*) FROM thumbexif_internal.thumbexif_removal';
my $replaced = value($server, 'SELECT thumbnail_path FROM image_assets WHERE id = 1');
value($server, 'SELECT thumbexif_process(1, force => true)');
is(value($server, $listed), 1, 'a replaced file is kept');
fill(1);
my ($status, $out, $error) = $server->psql('postgres', 'SELECT thumbexif_process(g, force => true) FROM generate_series(1, 8) g');
like($error, qr/No space left on device/, 'there is no room');
wait_for($server, 'the worker removes it', "SELECT pg_stat_file('$replaced', true) IS NULL AND ($listed) = 0");

$server->stop;
done_testing();
