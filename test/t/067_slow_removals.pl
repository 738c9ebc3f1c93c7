# Thumbnail files that take long to be removed hold up no table and no transaction: the worker removes some after each turn.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $base = PostgreSQL::Test::Utils::tempdir();
my $root = tiny_folder("$base/photos", 1);
my $server = new_server('removals', preload => 1, roots => $root, config => "thumbexif.decoders = 1\n");
my $removals = 'SELECT count(*) FROM thumbexif_internal.thumbexif_removal';

$server->stop;
$ENV{LD_PRELOAD} = "$ENV{TE_SCRATCH}/build/shim_slow_unlink.so";
$ENV{SLOW_UNLINK_WHEN} = "$base/slow";
$server->start;
delete $ENV{LD_PRELOAD};

value($server, "CREATE TABLE $_ (id bigint PRIMARY KEY, path text NOT NULL, thumbnail_path text);
	SELECT FROM thumbexif_attach('$_')") foreach qw(a b);
value($server, "INSERT INTO a VALUES (1, '1.png')");
wait_done($server, 'a thumbnail is made', 1);

# entries for a folder that is there, so that each is a call of unlinkat(); more of them than the test has time for
write_file("$base/slow", '');
value($server, "INSERT INTO thumbexif_internal.thumbexif_removal (attachment, file)
	SELECT attachment, left(file, 6) || i || '-1-0123456789abcdef.jpg'
	FROM thumbexif_internal.thumbexif_asset, generate_series(1, 20000) i;
	INSERT INTO a VALUES (2, '1.png')");
wait_done($server, 'the worker is awake', 2);
wait_for($server, 'it removes files', "SELECT ($removals) < 20000");
foreach my $id (1 .. 3)
{
	value($server, "INSERT INTO b VALUES ($id, '1.png')");
	wait_done($server, 'rows of another table do not wait for all of them', 2 + $id);
}
cmp_ok(value($server, $removals), '>', 0, 'which are still going on');

# a backfill removes all of them, but not in one transaction
my $session = TestSession->new($server);
my $xid = "SELECT backend_xid FROM pg_stat_activity WHERE pid = $session->{pid}";
value($server, 'UPDATE b SET thumbnail_path = NULL WHERE id = 1');
$session->send("CALL thumbexif_backfill(relation => 'b')");
wait_for($server, 'a backfill removes files', "SELECT ($xid) IS NOT NULL");
my $first = value($server, $xid);
wait_for($server, 'in one transaction after the other', "SELECT state = 'active' AND backend_xid::text <> '$first' FROM pg_stat_activity
	WHERE pid = $session->{pid}");

unlink "$base/slow" or die "unlink: $!";
wait_for($server, 'they end', $removals, 0);
is($session->wait, '1|1|0|0', 'and so does the backfill');
$session->finish;
$server->stop;
done_testing();
