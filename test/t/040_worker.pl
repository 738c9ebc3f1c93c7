# The background worker does what arrives by itself.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 40);
my $server = new_server('worker', preload => 1, extension => 0, roots => $root,
	config => "max_prepared_transactions = 5\nthumbexif.decoders = 2\n");
my $next = 1;

sub insert
{
	my $count = shift || 1;
	my $first = $next;

	$next += $count;
	return "INSERT INTO image_assets (path) SELECT i || '.png' FROM generate_series($first, $next - 1) i;";
}

# --- without the extension nothing runs, and nobody has to restart

wait_for($server, 'the launcher runs',
	"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'thumbexif launcher'", 1);
wait_for($server, 'no worker stays in a database without the extension',
	"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'thumbexif worker'", 0);
value($server, q{BEGIN; CREATE EXTENSION thumbexif; INSERT INTO thumbexif_internal.thumbexif_count
	SELECT 0, NULL, 1 - g % 2 * 2, NULL, false FROM generate_series(1, 25000) g; COMMIT});
wait_for($server, 'CREATE EXTENSION is noticed',
	"SELECT count(*) FROM thumbexif_workers WHERE database = current_database() AND state = 'asleep'", 1);
value($server, "SELECT thumbexif_attach('image_assets')");

# --- rows that arrive

value($server, insert());
wait_done($server, 'a row inserted is done by itself', 1);
wait_for($server, 'rows of the counts are summed up', 'SELECT count(*) < 300 FROM thumbexif_internal.thumbexif_count', 't');
is(value($server, 'SELECT width, height, camera_make, thumbnail_path IS NOT NULL FROM image_assets'),
	'1|1|Tiny|t', 'its row is filled');
# counted after it is committed
wait_for($server, 'thumbexif_workers and pg_stat_activity show it',
		"SELECT count(*) FROM thumbexif_workers w JOIN pg_stat_activity a USING (pid)
			WHERE w.kind = 'worker' AND w.database = current_database() AND w.done = 1 AND w.failed = 0
			AND w.decoders = 1 AND w.decoders_lost = 0 AND w.relation = 'image_assets'::regclass
			AND a.application_name = 'thumbexif worker'", 1);

# the worker reports that it rests after it has committed
wait_for($server, 'it rests', "SELECT state FROM thumbexif_workers WHERE kind = 'worker'", 'idle');
is( value($server,
		"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'thumbexif worker'
			AND backend_xmin IS NULL AND backend_xid IS NULL AND state = 'idle'"),
	1, 'and holds nothing');

my $pid = worker_pid($server);
ok(!TestSession::until_true(3, sub { worker_pid($server) ne $pid }), 'it stays for more than a moment');
value($server, insert(10));
wait_done($server, 'ten more', 11);
is(worker_pid($server), $pid, 'are done by the same worker');

$server->safe_psql('postgres', "COPY image_assets (path) FROM STDIN;\n12.png\n13.png\n\\.\n");
$next = 14;
wait_done($server, 'so are those of COPY', 13);

# --- changes of rows

my $old = value($server, 'SELECT thumbnail_path FROM image_assets WHERE id = 1');
write_file("$root/other.png", tiny_picture(make => 'Other'));
value($server, "UPDATE image_assets SET path = 'other.png' WHERE id = 1");
wait_for($server, 'a new path is done again', 'SELECT camera_make FROM image_assets WHERE id = 1', 'Other');
my $new = value($server, 'SELECT thumbnail_path FROM image_assets WHERE id = 1');
isnt($new, $old, 'with a new file');
wait_for($server, 'the old one is listed no more', 'SELECT count(*) FROM thumbexif_internal.thumbexif_removal', 0);
ok(!-e $old && -s $new, 'for it has gone');

value($server, 'DELETE FROM image_assets WHERE id = 1');
wait_for($server, 'nor is that of a deleted row', 'SELECT count(*) FROM thumbexif_internal.thumbexif_removal', 0);
ok(!-e $new, 'whose file has gone too');
is(statuses($server), 'done 12', 'and its state');

# --- transactions: rolled back, prepared, in subtransactions

value($server, 'BEGIN; ' . insert() . ' ROLLBACK;');
value($server, 'BEGIN; ' . insert() . " PREPARE TRANSACTION 'photo';");
value($server, 'BEGIN; ' . insert() . ' SAVEPOINT s; ' . insert() . ' ROLLBACK TO s; ' . insert() . ' COMMIT;');
wait_done($server, 'what was committed is done, what was rolled back or prepared is not', 14);
value($server, "COMMIT PREPARED 'photo'");
wait_done($server, 'what was prepared is done when that is committed', 15);

# --- the worker looks at the settings that its database has now

# before it sleeps it may take a row by the settings of a moment ago
sub wait_for_rest
{
	wait_for($server, 'the worker rests', "SELECT state IN ('idle', 'asleep') FROM thumbexif_workers WHERE kind = 'worker'");
	return;
}

wait_for_rest();
value($server, 'ALTER DATABASE postgres SET thumbexif.thumbnail_format = png');
value($server, insert());
wait_done($server, 'one with another setting', 16);
like(value($server, 'SELECT thumbnail_path FROM image_assets ORDER BY id DESC LIMIT 1'),
	qr/\.png$/, 'ALTER DATABASE SET reaches the worker');
wait_for_rest();
value($server, 'ALTER DATABASE postgres RESET ALL');

mkdir "$server->{thumbnails}2" or die "mkdir: $!";
$server->append_conf('postgresql.conf', "thumbexif.thumbnail_dir = '$server->{thumbnails}2'\n");
$server->reload;
wait_for($server, 'a reload reaches sessions', 'SHOW thumbexif.thumbnail_dir', "$server->{thumbnails}2");
value($server, insert());
wait_done($server, 'one in another folder', 17);
like(value($server, 'SELECT thumbnail_path FROM image_assets ORDER BY id DESC LIMIT 1'),
	qr/^\Q$server->{thumbnails}2\E\/.*\.jpg$/, 'a reload reaches the worker');

# --- pause

is(value($server, 'SELECT thumbexif_pause()'), 1, 'all tables are paused');
is(value($server, 'SELECT thumbexif_pause()'), 0, 'once');
value($server, insert(2));
value($server, 'CREATE TABLE more (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), path text, thumbnail_path text)');
value($server, "SELECT thumbexif_attach('more')");
value($server, "INSERT INTO more (path) VALUES ('1.png')");
wait_for($server, 'a table that is not paused goes on', 'SELECT count(thumbnail_path) FROM more', 1);
is( value($server,
		"SELECT count(*) FROM thumbexif_internal.thumbexif_asset_bigint WHERE status = 'queued' AND attempts = 0"),
	2, 'the paused one waits');
is(value($server, "SELECT relation, note FROM thumbexif_workers WHERE state = 'paused'"),
	'image_assets|Call thumbexif_resume() to let the worker continue.', 'and the view says why');
is(value($server, "SELECT thumbexif_resume('image_assets')"), 1, 'resumed');
wait_done($server, 'it goes on', 20);

# a pause while the worker has chosen the table, and is held up at its queue
my $holder = TestSession->new($server);
$holder->query('BEGIN; LOCK TABLE thumbexif_internal.thumbexif_asset_bigint IN ACCESS EXCLUSIVE MODE');
value($server, 'SELECT thumbexif_resume()');
wait_for($server, 'the worker waits for the queue',
	"SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND backend_type = 'thumbexif worker'", 1);
$holder->query("SELECT thumbexif_pause('image_assets'); " . insert(2) . ' COMMIT');
$holder->finish;
value($server, "INSERT INTO more (path) VALUES ('1.png')");
wait_for($server, 'another table goes on', 'SELECT count(thumbnail_path) FROM more', 2);
is(value($server, "SELECT count(*) FROM thumbexif_internal.thumbexif_asset_bigint WHERE status = 'queued' AND attempts = 0"),
	2, 'rows that come with a pause wait');
is(value($server, "SELECT thumbexif_resume('image_assets')"), 1, 'resumed');
wait_done($server, 'and are done', 23);

# --- rows that were there before are left to a backfill

value($server, 'CREATE TABLE before (id int PRIMARY KEY, path text, thumbnail_path text)');
value($server, "INSERT INTO before VALUES (1, '1.png'), (2, '2.png')");
value($server, "SELECT thumbexif_attach('before')");
value($server, "INSERT INTO before VALUES (3, '3.png')");
wait_done($server, 'the new one is done', 24);
is(value($server, 'SELECT string_agg(id::text, \',\') FROM before WHERE thumbnail_path IS NULL'),
	'1,2', 'old rows are left alone');

# --- it gives way to those who drop things

value($server, 'DROP TABLE before');
value($server, 'DROP EXTENSION thumbexif');
wait_for($server, 'the worker leaves when the extension is dropped',
	"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'thumbexif worker'", 0);
value($server, 'CREATE EXTENSION thumbexif');
value($server, "SELECT thumbexif_attach('image_assets')");
value($server, insert());
wait_done($server, 'and comes back with it', 1);

$server->stop;
# its patience at the queue may have ended before the pause
(my $log = slurp_file($server->logfile)) =~ s/WARNING: .* is suspended: canceling statement due to lock timeout//g;
unlike($log, qr/ERROR|WARNING|PANIC/, 'nothing went wrong');
done_testing();
