# Files of assets that have failed are looked at by every backfill; a file that another program holds is tried again.
use strict;
use warnings;

use Fcntl;
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $base = PostgreSQL::Test::Utils::tempdir();
my $root = tiny_folder("$base/photos", 6);
my $server = new_server('changes', roots => $root, config => "thumbexif.decoders = 1\nclient_min_messages = error\n");

sub states
{
	return value($server, "SELECT string_agg(id || ' ' || status || ' ' || attempts, ', ' ORDER BY id) FROM thumbexif_internal.thumbexif_asset_bigint");
}

write_file("$root/2.png", substr(tiny_picture(), 0, 40));
write_file("$root/3.png", 'no picture');
write_file("$root/4.png", '');
unlink "$root/5.png" or die "unlink: $!";
value($server, "SELECT FROM thumbexif_attach('image_assets')");
value($server, "INSERT INTO image_assets (path) SELECT i || '.png' FROM generate_series(1, 6) i");
is(value($server, 'CALL thumbexif_backfill()'), '6|2|0|4', 'some fail');
my $failed = '1 done 0, 2 failed 1, 3 unsupported 1, 4 failed 1, 5 missing 1, 6 done 0';
is(states(), $failed, 'each in its way');
is(value($server, 'CALL thumbexif_backfill()'), '0|0|0|0', 'as long as nothing changes, nothing is tried again');
is(states(), $failed, 'and all is as it was');

# the same bytes at another time, another file of the same time, a picture
utime(1e9, 1e9, "$root/4.png") or die "utime: $!";
is(value($server, 'CALL thumbexif_backfill(dry_run => true)'), '1|0|0|1', 'a file with another time is noticed');
is(value($server, 'CALL thumbexif_backfill()'), '1|0|0|1', 'and tried');
is(value($server, 'CALL thumbexif_backfill()'), '0|0|0|0', 'once');
write_file("$root/$_.png", tiny_picture()) foreach 1 .. 5;
is(value($server, 'CALL thumbexif_backfill(1)'), '1|1|0|0', 'a limit holds for repaired files');
is(value($server, 'CALL thumbexif_backfill()'), '2|2|0|0', 'repaired files are done');
is(states(), '1 done 0, 2 done 0, 3 done 0, 4 done 0, 5 missing 1, 6 done 0', 'missing and changed ones are for verify to find');
is(value($server, 'CALL thumbexif_backfill(verify => true)'), '2|2|0|0', 'which does');

# a file that was never seen cannot have changed
write_file("$root/7.png", tiny_picture());
chmod 0000, "$root/7.png";
value($server, "INSERT INTO image_assets (path) VALUES ('7.png')");
is(value($server, 'SET thumbexif.max_attempts = 1; CALL thumbexif_backfill()'), '1|0|0|1', 'a file that may not be read fails');
is(value($server, 'CALL thumbexif_backfill()'), '0|0|0|0', 'and is not tried again by every backfill');
chmod 0644, "$root/7.png";
is(value($server, 'CALL thumbexif_backfill()'), '1|1|0|0', 'but when it may be read, though size and time are the same');

# one that may no longer be read
my $before = value($server, "SELECT thumbnail_path FROM image_assets WHERE path = '7.png'");
chmod 0000, "$root/7.png";
is(value($server, 'SET thumbexif.max_attempts = 1; CALL thumbexif_backfill()'), '0|0|0|0', 'a file that was done is not looked at');
is(value($server, 'SET thumbexif.max_attempts = 1; CALL thumbexif_backfill(verify => true)'), '1|0|0|1', 'but by verify, which tells that it may not be read');
is(value($server, "SELECT error FROM thumbexif_failures WHERE path = '7.png'"), 'permission denied for image file', 'with the reason');
is(value($server, "SELECT thumbnail_path FROM image_assets WHERE path = '7.png'"), $before, 'and keeps its thumbnail');
is(value($server, 'CALL thumbexif_backfill(verify => true)'), '0|0|0|0', 'once');
chmod 0644, "$root/7.png";
is(value($server, 'CALL thumbexif_backfill()'), '1|0|1|0', 'when it may be read again, all is there');
like(states(), qr/7 done/, 'and it is done');

# the same for a folder on the way
mkdir "$root/deep" or die "mkdir: $!";
write_file("$root/deep/8.png", tiny_picture());
chmod 0000, "$root/deep";
value($server, "INSERT INTO image_assets (path) VALUES ('deep/8.png')");
is(value($server, 'SET thumbexif.max_attempts = 1; CALL thumbexif_backfill()'), '1|0|0|1', 'a file in a closed folder fails');
is(value($server, 'CALL thumbexif_backfill()'), '0|0|0|0', 'and is not tried again');
chmod 0755, "$root/deep";
is(value($server, 'CALL thumbexif_backfill()'), '1|1|0|0', 'until the folder is open');
value($server, "DELETE FROM image_assets WHERE path IN ('7.png', 'deep/8.png')");

# so does a session's call, which is told what to look at
write_file("$root/6.png", 'no picture');
value($server, "SELECT thumbexif_enqueue(6, 'image_assets'); CREATE TABLE training_jobs AS SELECT 1 AS session_id, 6 AS asset_id");
is(value($server, 'CALL thumbexif_process_session(1)'), '1|0|0|1', 'a file is spoiled');
write_file("$root/6.png", tiny_picture(make => 'Tiny'));
is(value($server, 'CALL thumbexif_process_session(1)'), '1|1|0|0', 'and repaired');

# --- a file that another program has a lease on

SKIP:
{
	my ($by_hand, $in_bulk);
	my $message = qr/image file is in use by another program/;

	local $SIG{IO} = 'IGNORE';
	open($by_hand, '<', "$root/1.png") or die "open: $!";
	skip 'no leases on this file system', 6 unless fcntl($by_hand, 1024, F_WRLCK);
	like(($server->psql('postgres', "\\set VERBOSITY verbose\nSELECT thumbexif_info('1.png')"))[2],
		qr/ERROR:  55006: $message: "1\.png".*HINT:/s, 'a lease is told by hand');
	open($in_bulk, '<', "$root/2.png") or die "open: $!";
	fcntl($in_bulk, 1024, F_WRLCK) or die "fcntl: $!";
	value($server, "SELECT thumbexif_enqueue(2, 'image_assets')");
	value($server, "UPDATE image_assets SET thumbnail_path = NULL WHERE id = 2");
	is(value($server, 'CALL thumbexif_backfill()'), '1|0|0|1', 'in bulk it is an attempt');
	like(states(), qr/2 queued 1/, 'and tried again later');
	like(value($server, 'SELECT error FROM thumbexif_failures WHERE status = \'queued\''), qr/^$message$/, 'the reason is kept');
	close($in_bulk);
	ok(value($server, "SELECT thumbexif_retry(2, 'image_assets')"), 'it is due');
	is(value($server, 'CALL thumbexif_backfill()'), '1|1|0|0', 'and done once it is free');
}

$server->stop;
done_testing();
