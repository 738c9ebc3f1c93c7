# Trouble of the server's is no asset's: the worker waits, says so once, counts no attempt and goes on by itself.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $base = PostgreSQL::Test::Utils::tempdir();
my $root = tiny_folder("$base/images", 40);
my $install = private_install('trouble');
my $server = new_server('trouble', preload => 1, roots => $root, install => $install, config => "thumbexif.decoders = 1\n");
my $next = 1;

# insert(COUNT): so many more rows
sub insert
{
	my $first = $next;

	$next += $_[0];
	value($server, "INSERT INTO image_assets (path) SELECT i || '.png' FROM generate_series($first, $next - 1) i");
	return;
}

# waits(TITLE, PATTERN, LOG, ROOT): the worker waits, the log has one WARNING since, no attempt is counted.  Trouble with a
# root is no ERROR that would be rolled back.
sub waits
{
	my ($title, $pattern, $log, $root) = @_;

	wait_for($server, "$title: the worker waits",
		"SELECT count(*) = 1 FROM thumbexif_workers WHERE state = 'waiting' AND last_error IS NOT NULL");
	# and has tried again and again
	my $tries = "SELECT xact_rollback FROM pg_stat_database WHERE datname = 'postgres'";
	my $before = value($server, $tries);
	wait_until($server, "$title: it is tried again", "SELECT ($tries) >= $before + 2") unless $root;
	ok($server->wait_for_log(qr/WARNING: .*$pattern/, $log), "$title: and says why");
	# while it tries, they are claimed
	wait_for($server, "$title: no asset is to blame",
		"SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE attempts > 0 OR status IN ('running', 'missing', 'failed')", 0);
	return;
}

# over(TITLE, PATTERN, LOG): it has gone on, and there was one WARNING
sub over
{
	my ($title, $pattern, $log) = @_;

	wait_for($server, "$title: it goes on by itself", "SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status <> 'done'", 0);
	my @said = slurp_file($server->logfile, $log) =~ /WARNING: .*$pattern/g;
	is(scalar @said, 1, "$title: it was said once");
	wait_for($server, "$title: the error is shown no more",
		"SELECT count(*) FROM thumbexif_workers WHERE last_error IS NOT NULL", 0);
	return;
}

value($server, "SELECT thumbexif_attach('image_assets')");
insert(1);
wait_done($server, 'all is well', 1);

# --- a mount that has gone leaves an empty folder

my $log = -s $server->logfile;
rename $root, "$root.away" or die "rename: $!";
mkdir $root or die "mkdir: $!";
insert(3);
waits('empty root', "image folder \"$root\" is empty", $log, 1);
is(value($server, 'SELECT count(*) FROM image_assets WHERE thumbnail_path IS NOT NULL'), 1, 'what was there stays');
rmdir $root;
rename "$root.away", $root or die "rename: $!";
over('empty root', 'is empty', $log);

# --- or no folder at all

$log = -s $server->logfile;
rename $root, "$root.away" or die "rename: $!";
insert(1);
waits('no root', "could not open image folder \"$root\": No such file", $log, 1);
rename "$root.away", $root or die "rename: $!";
over('no root', 'could not open image folder', $log);

# --- or one of another file system, with a file in it: the mount point's own

SKIP:
{
	my $other = "/dev/shm/thumbexif-test.$$";

	skip 'no other file system to write to', 6
	  unless -w '/dev/shm' && (stat '/dev/shm')[0] != (stat $root)[0] && mkdir $other;
	write_file("$other/keep", '');
	$log = -s $server->logfile;
	rename $root, "$root.away" or die "rename: $!";
	symlink $other, $root or die "symlink: $!";
	insert(1);
	waits('other device', "image folder \"$root\" lies on another device", $log, 1);

	# if the files are there, it is the right one
	system_or_bail('cp', '-r', "$root.away/.", $other);
	over('other device', 'lies on another device', $log);
	unlink $root;
	rename "$root.away", $root or die "rename: $!";
	system_or_bail('rm', '-r', $other);
	insert(1);
	wait_for($server, 'and back again', "SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status <> 'done'", 0);
}

# --- a file that is missing is no trouble; it is looked for again, ever more seldom

unlink "$root/30.png";
value($server, "INSERT INTO image_assets (path) VALUES ('30.png')");
wait_for($server, 'a missing file', "SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status = 'missing' AND next_try > now()", 1);
my $first = value($server, "SELECT extract(epoch FROM next_try - finished_at) FROM thumbexif_internal.thumbexif_asset WHERE status = 'missing'");
value($server, "UPDATE thumbexif_internal.thumbexif_asset SET next_try = now() WHERE status = 'missing'");
value($server, 'SELECT thumbexif_resume()');
wait_for($server, 'is looked for again', "SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status = 'missing'
	AND extract(epoch FROM next_try - finished_at) > 1.5 * $first", 1);
write_file("$root/30.png", tiny_picture());
value($server, "UPDATE thumbexif_internal.thumbexif_asset SET next_try = now() WHERE status = 'missing'");
value($server, 'SELECT thumbexif_resume()');
wait_for($server, 'and done when it is there', "SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status <> 'done'", 0);

# --- the thumbnail folder is not there

$log = -s $server->logfile;
rename "$server->{thumbnails}", "$server->{thumbnails}.away" or die "rename: $!";
insert(2);
waits('no thumbnail folder', 'thumbnails', $log);
rename "$server->{thumbnails}.away", $server->{thumbnails} or die "rename: $!";
over('no thumbnail folder', 'thumbnails', $log);

# --- the decoder does not start

$log = -s $server->logfile;
my $decoder = "$install->{pkglibdir}/thumbexif-decoder";
my $pid = worker_pid($server);
rename $decoder, "$decoder.away" or die "rename: $!";
value($server, "SELECT pg_terminate_backend($pid)");
wait_until($server, 'the worker is gone', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid");
insert(2);
waits('no decoder', 'thumbexif-decoder', $log);
rename "$decoder.away", $decoder or die "rename: $!";
over('no decoder', 'thumbexif-decoder', $log);

# --- somebody has locked the table

my $session = TestSession->new($server);
$log = -s $server->logfile;
$session->query('BEGIN; LOCK TABLE image_assets');
value($server, "UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = 'queued', next_try = now() WHERE id = 1; SELECT thumbexif_resume()");
ok($server->wait_for_log(qr/WARNING: .*processing of table public.image_assets is suspended: canceling statement due to lock timeout/, $log),
	'a locked table is waited for');
$session->query('COMMIT');
$session->finish;
wait_for($server, 'it goes on by itself', "SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status <> 'done'", 0);
is(value($server, 'SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE attempts > 0'), 0, 'no asset was to blame');

# --- a mapped column has gone: that is for the owner to settle

$log = -s $server->logfile;
value($server, 'ALTER TABLE image_assets RENAME camera_make TO maker');
insert(1);
wait_for($server, 'the table is paused', "SELECT paused, pause_reason FROM thumbexif_internal.thumbexif_attachment",
	't|column "camera_make" of attached table public.image_assets no longer exists');
ok($server->wait_for_log(qr/WARNING: .*processing of table public.image_assets is paused: column "camera_make"/, $log),
	'and the log says so');
is( value($server, "SELECT relation, last_error, note LIKE '%thumbexif_attach()%' FROM thumbexif_workers WHERE state = 'paused'"),
	'image_assets|column "camera_make" of attached table public.image_assets no longer exists|t', 'thumbexif_workers too');
value($server, "SELECT thumbexif_attach('image_assets', camera_make => 'maker')");
wait_for($server, 'mapped anew, it goes on',
	"SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status <> 'done'", 0);

# --- row security that is forced on the owner hides rows

$log = -s $server->logfile;
value($server, 'ALTER TABLE image_assets OWNER TO ' . value($server, "CREATE ROLE owner; SELECT 'owner'"));
value($server, 'ALTER TABLE image_assets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY');
insert(1);
waits('forced row security', 'row security of table public.image_assets is forced', $log);
value($server, 'ALTER TABLE image_assets NO FORCE ROW LEVEL SECURITY');
over('forced row security', 'row security', $log);

$server->stop;
done_testing();
