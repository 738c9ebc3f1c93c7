# thumbexif_file() and NOTIFY: thumbnails through SQL, on a standby, in copies of a database, from folders in trouble; and how an
# application learns that assets are finished.
use strict;
use warnings;

use File::Copy;
use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $install = private_install('asset');
my $opener = "$install->{pkglibdir}/thumbexif-opener";

unlink $opener or die "unlink: $!";
copy("$ENV{TE_SCRATCH}/build/stub_opener", $opener) or die "copy: $!";
chmod 0755, $opener;

my $server = new_server('asset', preload => 1, install => $install,
	config => "wal_level = replica\nmax_wal_senders = 3\nthumbexif.decode_timeout = '1h'\n");
my $thumbnails = $server->{thumbnails};
my $trouble = "$install->{pkglibdir}/stub_trouble";

# What is wrong with the thumbnail folder from now on, '' = nothing.
sub trouble
{
	my $word = shift;

	write_file("$trouble.new", $word ? "$word $thumbnails\n" : '');
	rename "$trouble.new", $trouble or die "rename: $!";
	return;
}

trouble('');
value($server, q{SELECT thumbexif_attach('photos', create_table => true); INSERT INTO photos (path) VALUES ('photo.jpg'), ('photo.png')});
wait_done($server, 'the worker makes two', 2);

my $bytes = "SELECT md5(thumbexif_file(1, 'photos'))";
my $expected = value($server, 'SELECT md5(pg_read_binary_file(thumbnail_path)) FROM photos WHERE id = 1');
is(value($server, $bytes), $expected, 'a thumbnail');

# one that needs several parts, of an odd length
value($server, q{ALTER SYSTEM SET thumbexif.thumbnail_size = 1000; ALTER SYSTEM SET thumbexif.thumbnail_format = png});
$server->reload;
value($server, q{SELECT status FROM thumbexif_process(2, 'photos', force => true)});
my ($path, $size) = split /\|/, value($server, 'SELECT thumbnail_path, (pg_stat_file(thumbnail_path)).size FROM photos WHERE id = 2');
my $large = $path;
open(my $file, '>', $large) or die "open: $!";
print $file map { chr(int(rand(256))) } 1 .. 150_001;
close $file;
value($server, 'UPDATE thumbexif_internal.thumbexif_asset SET file_size = 150001 WHERE file_size = ' . $size);
is(value($server, "SELECT thumbexif_file(2, 'photos') = pg_read_binary_file('$large')"), 't', 'a large one');
trouble('short');
is(value($server, "SELECT thumbexif_file(2, 'photos') = pg_read_binary_file('$large')"), 't', 'also if the parts are short');
trouble('lie');
like(failure('SELECT thumbexif_file(2, \'photos\')'), qr/image opener .* does not work/, 'a reply that is nonsense is refused');
trouble('');

# --- a standby, with the same folder and with a copy of it

$server->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby', install_path => $server->{_install_path});
$standby->init_from_backup($server, 'copy', has_streaming => 1);
$standby->start;
$server->wait_for_catchup($standby, 'replay');
is(value($standby, $bytes), $expected, 'on a standby that shares the folder');
is(value($standby, "SELECT status, stale FROM thumbexif_state(1, 'photos')"), 'done|{thumbnail}', 'it knows the state, too');
my $moved = $standby->basedir . '/thumbnails';
system_or_bail('cp', '-a', $thumbnails, $moved);
$standby->append_conf('postgresql.conf', "thumbexif.thumbnail_dir = '$moved'\n");
$standby->reload;
is(value($standby, $bytes), $expected, 'on a standby with a copy of the folder');
cmp_ok(value($standby, "SELECT length(thumbexif_gallery('photos'))"), '>', 10_000, 'which makes a gallery, too');
$standby->stop;

# --- a database made from another one

value($server, 'SELECT thumbexif_pause()');
$server->safe_psql('template1', q{CREATE DATABASE copied TEMPLATE postgres});
is($server->safe_psql('copied', $bytes), $expected, 'a copy of the database finds the files of the original');

# --- the folder is in trouble

sub failure
{
	my $sql = shift;
	my ($status, $out, $error) = $server->psql('postgres', $sql);

	return $error;
}

rename $thumbnails, "$thumbnails.away" or die "rename: $!";
like(failure($bytes), qr/could not use the thumbnail folder .*No such file.*HINT/s, 'the folder is gone');
mkdir $thumbnails or die "mkdir: $!";
like(failure($bytes), qr/has no folder of a database.*HINT:  Mount/s, 'the folder is an empty mount point');
rmdir $thumbnails or die "rmdir: $!";
rename "$thumbnails.away", $thumbnails or die "rename: $!";
is(value($server, $bytes), $expected, 'it is there again');
unlink $large or die "unlink: $!";
like(failure("SELECT thumbexif_file(2, 'photos')"), qr/thumbnail file "\Q$large\E" does not exist.*HINT:  thumbexif_process/s, 'a file is gone');
mkdir "$thumbnails/1", 0 or die "mkdir: $!";
is(value($server, $bytes), $expected, 'a folder that cannot be read hides nothing');
SKIP:
{
	skip 'root may read everything', 1 if $> == 0;
	like(failure("SELECT thumbexif_file(2, 'photos')"), qr/could not read from the thumbnail folder .*able to read/s, 'it is named if nothing is found');
}
is($server->safe_psql('copied', $bytes), $expected, 'files of other folders are found beside it');
rmdir "$thumbnails/1" or die "rmdir: $!";
symlink '/etc/passwd', $large or die "symlink: $!";
like(failure("SELECT thumbexif_file(2, 'photos')"), qr/does not exist/, 'a symbolic link is no thumbnail');
is(value($server, "SELECT status FROM thumbexif_process(2, 'photos')"), 'done', 'thumbexif_process() makes it again');
like(value($server, "SELECT length(thumbexif_file(2, 'photos'))"), qr/^\d+$/, 'and it is there');

# a file system that hangs: the wait can be cancelled, and ends by itself
trouble('hang');
like(failure("SET statement_timeout = '300ms'; $bytes"), qr/canceling statement due to statement timeout/, 'a wait is cancelled');
like(failure("SET statement_timeout = '300ms'; SELECT thumbexif_gallery('photos')"), qr/canceling statement due to statement timeout/, 'also that of a gallery');
value($server, q{ALTER SYSTEM SET thumbexif.decode_timeout = '100ms'});
$server->reload;
like(failure($bytes), qr/thumbnail folder "\Q$thumbnails\E" does not answer/, 'or ends');
trouble('');
value($server, q{ALTER SYSTEM RESET thumbexif.decode_timeout});
$server->reload;
wait_for($server, 'there is time again', q{SELECT current_setting('thumbexif.decode_timeout') <> '100ms'});
is(value($server, $bytes), $expected, 'it answers again');

# --- a thumbnail that was replaced, and removed, since the query began

my $session = TestSession->new($server);
$session->query(q{BEGIN ISOLATION LEVEL READ COMMITTED; DECLARE c CURSOR FOR SELECT id, thumbexif_file(id, 'photos') IS NOT NULL FROM photos ORDER BY id});
is($session->query('FETCH 1 FROM c'), '1|t', 'a query begins');
value($server, q{SET thumbexif.keep_replaced = 0; SELECT status FROM thumbexif_process(2, 'photos', force => true); SELECT thumbexif_clean()});
is($session->query('FETCH 1 FROM c'), '2|t', 'it goes on with the new thumbnail');
$session->query('COMMIT');

# --- NOTIFY

is(value($server, 'SELECT notify FROM thumbexif_tables'), '', 'nobody is notified unless asked for');
value($server, q{SELECT thumbexif_attach('photos', notify => 'Photos done')});
is(value($server, 'SELECT notify FROM thumbexif_tables'), 'Photos done', 'the channel is shown');
value($server, q{SELECT thumbexif_attach('photos')});
is(value($server, 'SELECT notify FROM thumbexif_tables'), 'Photos done', 'and kept when the table is attached again');
like(failure("SELECT thumbexif_attach('photos', notify => repeat('x', 64))"), qr/channel .* too long/, 'not any name is taken');

# The payloads that a session has received until the numbers are so many.
sub payloads
{
	my ($listener, $ids) = @_;
	my @all;
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;

	while (1)
	{
		my $out = $listener->query('SELECT 1');

		push @all, $1 while $out =~ /Asynchronous notification "Photos done" with payload "(.*)" received/g;
		my $got = map { /\d+/g } map { /\[(.*)\]/ } @all;
		return @all if $got >= $ids;
		die "gave up waiting: $got of $ids ids\n" if time > $deadline;
	}
}

my $listener = TestSession->new($server);
$listener->query('LISTEN "Photos done"');
my $before = value($server, 'SELECT max(id) FROM photos');
value($server, q{SELECT thumbexif_resume(); INSERT INTO photos (path) VALUES ('photo.webp'), ('nowhere.png'), ('photo.gif')});
my @received = payloads($listener, 3);
is_deeply([ sort { $a <=> $b } map { /\d+/g } map { /\[(.*)\]/ } @received ], [ map { $before + $_ } 1 .. 3 ], 'all that are finished are named');
is((grep { /^\{"relation": "public\.photos", "ids": \[\d+(, \d+)*\]\}$/ } @received), @received, 'as JSON');
is(value($server, "SELECT string_agg(status, ',' ORDER BY id) FROM photos, thumbexif_state(id, 'photos') WHERE id > $before"), 'done,missing,done',
	'and finished, when the notification comes');

# a thumbnail is still to be made of one asset, and another one is still missing: neither is news
value($server, q{SELECT thumbexif_pause(); INSERT INTO photos (path) VALUES ('orientation-1.jpg')});
$server->safe_psql('postgres', q{CALL thumbexif_backfill(parts => 'exif')});
is(value($server, "SELECT count(*) FROM photos WHERE path = 'orientation-1.jpg' AND width IS NOT NULL AND thumbnail_path IS NULL"), 1, 'EXIF alone is read');
value($server, q{SELECT thumbexif_process(2, 'photos', force => true)});
is_deeply([ map { /\[(.*)\]/ } payloads($listener, 1) ], [2], 'only what is finished now is named');
done_testing();
