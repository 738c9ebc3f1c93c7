# What others hold is passed over quickly, and looked at again soon.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use Time::HiRes qw(time);
use WorkerTest;

my $rows = 1000;
my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', $rows);
my $server = new_server('waiting', preload => 1, roots => $root, config => "thumbexif.decoders = 1\n");

# --- a backfill of rows without state, while all of them are being updated by somebody
value($server, "CREATE TABLE image_assets (id bigint PRIMARY KEY, path text, thumbnail_path text);
	INSERT INTO image_assets SELECT i, i || '.png' FROM generate_series(1, $rows) i");
value($server, "SELECT thumbexif_attach('image_assets')");
my $other = TestSession->new($server);
$other->query("BEGIN; UPDATE image_assets SET path = path || 'x'");
my $began = time();
is(value($server, 'CALL thumbexif_backfill()'), '0|0|0|0', 'a backfill finds nothing it could have');
my $seconds = time() - $began;
$other->query('ROLLBACK');
$began = time();
is(value($server, 'CALL thumbexif_backfill()'), "$rows|$rows|0|0", 'afterwards it does them all');
my $work = time() - $began;
note sprintf('%d rows in %.1f s; %.1f s to do them', $rows, $seconds, $work);
# on a busy machine both take longer
cmp_ok($seconds, '<', 30 + 5 * $work, 'when they are locked it does not wait for each row');

# --- the worker, when rows have been locked for some seconds
value($server, "INSERT INTO image_assets SELECT $rows + i, i || '.png' FROM generate_series(1, 20) i; SELECT thumbexif_pause('image_assets')");
value($server, "UPDATE image_assets SET path = '1.png' WHERE id > $rows");
$other->query("BEGIN; SELECT FROM image_assets WHERE id > $rows FOR UPDATE");
value($server, "SELECT thumbexif_resume('image_assets')");
TestSession::until_true(5, sub { 0 });	# the time for which they are held is what this is about
$other->query('ROLLBACK');
wait_for($server, 'they are done when they are free', "SELECT count(*) = 0 FROM image_assets WHERE id > $rows AND thumbnail_path IS NULL");
$other->finish;

$server->stop;
done_testing();
