# Replaced thumbnails are kept for thumbexif.keep_replaced, and then removed by the worker, which sleeps until then.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 6);
my $server = new_server('keep', preload => 1, roots => $root, config => "thumbexif.keep_replaced = '1h'\n");

sub path
{
	my $id = shift;

	return value($server, "SELECT thumbnail_path FROM photos WHERE id = $id");
}

my $listed = 'SELECT count(*) FROM thumbexif_internal.thumbexif_removal';

value($server, q{SELECT thumbexif_attach('photos', create_table => true); INSERT INTO photos (path) SELECT g || '.png' FROM generate_series(1, 6) g});
wait_done($server, 'six are made', 6);

# --- who replaces one keeps it

my $first = path(1);
value($server, q{SELECT thumbexif_process(1, force => true)});
isnt(path(1), $first, 'a thumbnail is replaced');
ok(-e $first, 'and the file is kept');
is(value($server, 'SELECT thumbexif_clean()'), 0, 'thumbexif_clean() keeps it, too');
is(value($server, 'SELECT thumbexif_clean(dry_run => true)'), 0, 'and does not count it');
my $second = path(2);
value($server, "UPDATE photos SET path = '$root/2.png' WHERE id = 2");
wait_for($server, 'the worker replaces one', "SELECT thumbnail_path <> '$second' FROM photos WHERE id = 2");
my $third = path(3);
value($server, q{ALTER SYSTEM SET thumbexif.thumbnail_size = 100; SELECT pg_reload_conf()});
wait_for($server, 'another size', q{SELECT current_setting('thumbexif.thumbnail_size') = '100'});
$server->psql('postgres', 'CALL thumbexif_backfill()');
isnt(path(3), $third, 'a backfill replaces all');
ok(-e $first && -e $second && -e $third, 'all are kept');
is(value($server, $listed), 8, 'and listed');

# --- what is not kept: files of deleted rows

my $gone = path(6);
value($server, 'DELETE FROM photos WHERE id = 6');
wait_for($server, 'that of a deleted row goes at once', "SELECT pg_stat_file('$gone', true) IS NULL");
wait_for($server, 'the others stay', $listed, 8);	# it is unlinked before that is committed

# --- when the time is over, the worker does it by itself

keep_replaced($server, '1s');
wait_for($server, "the worker removes them", "SELECT count(*) = 0 FROM thumbexif_internal.thumbexif_removal");
ok(!-e $first && !-e $second && !-e $third, 'the files are gone');
ok(-e path(1) && -e path(3), 'those that rows name are there');
my $fourth = path(4);
value($server, q{SELECT thumbexif_process(4, force => true)});
wait_for($server, 'it wakes for one that was replaced by a session', "SELECT pg_stat_file('$fourth', true) IS NULL");
$fourth = path(4);
value($server, q{SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE backend_type = 'thumbexif worker'});
value($server, q{SELECT thumbexif_process(4, force => true)});
wait_for($server, 'also if none is running', "SELECT pg_stat_file('$fourth', true) IS NULL");

# --- by hand, at once

keep_replaced($server, '1h');
$first = path(1);
value($server, q{SELECT thumbexif_process(1, force => true)});
ok(-e $first, 'one more is kept');
is(value($server, 'SET thumbexif.keep_replaced = 0; SELECT thumbexif_clean(dry_run => true)'), 1, 'without keeping it is counted');
is(value($server, 'SET thumbexif.keep_replaced = 0; SELECT thumbexif_clean()'), 1, 'and removed');
ok(!-e $first, 'it is gone');

# --- a rollback, and the end of a table

$first = path(1);
value($server, 'BEGIN; SELECT thumbexif_process(1, force => true); ROLLBACK');
is(value($server, $listed), 0, 'what is rolled back replaces nothing');
ok(-e $first, 'the file is there');
value($server, q{SELECT thumbexif_process(1, force => true)});
ok(-e $first, 'it is kept');
my $locker = TestSession->new($server);
$locker->query('BEGIN; SELECT FROM thumbexif_internal.thumbexif_removal FOR UPDATE');
value($server, "BEGIN; SET LOCAL lock_timeout = '100ms'; TRUNCATE photos; ROLLBACK");
pass('TRUNCATE does not wait for who is removing files');
$locker->query('ROLLBACK');
value($server, 'DROP TABLE photos');
wait_for($server, 'a dropped table keeps nothing', "SELECT pg_stat_file('$first', true) IS NULL");
wait_for($server, 'not even what its rows named', 'SELECT count(*) = 0 FROM thumbexif_internal.thumbexif_removal');
is(scalar(grep { !/\.thumbexif$/ } files_below($server->{thumbnails})), 0, 'no file is left');
done_testing();
