# photo_upload(): a picture posted is a picture seen; what is none, and what a rollback takes back, leaves nothing; names of clients choose
# nothing; and with whose rights.
use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use File::Find;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = PostgreSQL::Test::Utils::tempdir();
my $server = new_server('upload', roots => $root);
my $uploads = "$root/uploads";
mkdir $uploads or die "mkdir: $!";

# ask(ROLE, SQL): what psql prints, and its errors
sub ask
{
	my ($role, $sql) = @_;
	my (undef, $out, $err) = $server->psql('postgres', $sql, extra_params => [ '-U', $role ], on_error_stop => 1);

	return wantarray ? ($out, $err) : $out;
}

sub stored
{
	my @files;

	find(sub { push @files, substr($File::Find::name, length "$uploads/") if -f }, $uploads);
	return join ' ', sort @files;
}

sub bytes_of
{
	my $file = shift;

	return slurp_file(pictures_dir() . "/$file");
}

# the call for some bytes
sub upload
{
	my ($bytes, $name) = @_;

	return sprintf q{api.photo_upload('\x%s'::bytea, %s)}, unpack('H*', $bytes), defined $name ? "'$name'" : 'NULL';
}

value($server, <<'EOS');
CREATE ROLE poster LOGIN;
CREATE ROLE reader LOGIN;
CREATE TABLE photos (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, path text NOT NULL UNIQUE, filename text, owner text DEFAULT current_user, thumbnail_path text, width int, height int,
	taken_at timestamptz, camera_make text, camera_model text, exif_metadata jsonb);
SELECT thumbexif_attach('photos');
SELECT thumbexif_grant('poster', 'photos', 'upload');
SELECT thumbexif_grant('reader', 'photos', 'process');
SELECT thumbexif_api('photos', 'api', grant_to => 'poster');
SELECT thumbexif_api('photos', 'api', grant_to => 'reader');
EOS

my $photo = bytes_of('photo.jpg');
my $name = sha256_hex($photo);
my $file = substr($name, 0, 2) . '/' . substr($name, 2, 2) . "/$name.jpg";

# --- the setting

my (undef, $err) = ask('poster', 'SELECT ' . upload($photo));
like($err, qr/uploads are not accepted.*HINT:.*thumbexif\.upload_dir/s, 'without a folder uploads are refused');
value($server, qq{ALTER DATABASE postgres SET thumbexif.upload_dir = '/tmp'});
(undef, $err) = ask('poster', 'SELECT ' . upload($photo));
like($err, qr/lies beneath no image root/, 'so are they with a folder outside the roots');
(undef, $err) = ask('poster', qq{SELECT thumbexif_version(); SET thumbexif.upload_dir = '$root'});
like($err, qr/permission denied/, 'only a superuser sets it');
value($server, qq{ALTER DATABASE postgres SET thumbexif.upload_dir = '$uploads/missing'});
(undef, $err) = ask('poster', 'SELECT ' . upload($photo));
like($err, qr/could not store an original.*No such file.*HINT:/s, 'a folder that there is not');
value($server, qq{ALTER DATABASE postgres SET thumbexif.upload_dir = '$uploads/'});

# --- a picture

my $json = ask('poster', 'SELECT j->>\'path\', j->>\'width\', j->>\'taken_at\' IS NOT NULL, j->\'exif\' IS NOT NULL, j->>\'thumbnail\' IS NOT NULL FROM ' . upload($photo, '../../etc/pass\'\'wd.jpg') . ' AS j');
my ($width) = split /\|/, value($server, q{SELECT width, height FROM photos});
is($json, "$uploads/$file|$width|t|t|t", 'a picture posted is a picture seen');
is(stored(), $file, 'its file is named by its content');
is(slurp_file("$uploads/$file"), $photo, 'and has it');
is((stat "$uploads/$file")[2] & 07777, 0644, 'with the rights of a thumbnail');
is(value($server, 'SELECT filename, owner FROM photos'), q{pass'wd.jpg|poster}, 'the row is the caller\'s, and keeps the last part of the client\'s name');
is(ask('poster', q{SELECT status FROM thumbexif_state(1, 'photos')}), 'done', 'it is done');
is(ask('poster', 'SELECT j->>\'id\' FROM ' . upload($photo, 'again.jpg') . ' AS j'), '1', 'the same picture again gives the row that there is');
is(value($server, 'SELECT count(*) FROM photos'), '1', 'and no other one');
is(stored(), $file, 'nor another file');

my $png = tiny_picture(make => 'Tiny', taken => '2024:07:01 12:00:00');
like(ask('poster', 'SELECT j->>\'path\' FROM ' . upload($png, "evil\\name\n.jpg") . ' AS j'), qr/\.png$/, 'the content tells the suffix');
is(value($server, q{SELECT filename FROM photos WHERE path LIKE '%.png'}), 'name_.jpg', 'control characters are none of a name');

# --- what is not accepted leaves nothing

my $before = stored();
my $rows = value($server, 'SELECT count(*) FROM photos');

sub not_accepted
{
	my ($bytes, $pattern, $what) = @_;

	(undef, $err) = ask('poster', 'SELECT ' . upload($bytes, 'a.jpg'));
	like($err, $pattern, $what);
	is(stored() . '|' . value($server, 'SELECT count(*) FROM photos'), "$before|$rows", 'and leaves nothing');
	return;
}

not_accepted('just a text', qr/ERROR/, 'a text is refused');
not_accepted('', qr/ERROR/, 'nothing is refused');
not_accepted("<svg xmlns='http://www.w3.org/2000/svg'/>", qr/ERROR/, 'SVG is refused');
not_accepted(substr(bytes_of('photo.png'), 0, 2000), qr/ERROR/, 'a truncated picture is refused');
value($server, q{ALTER DATABASE postgres SET thumbexif.max_pixels = 10});
not_accepted(bytes_of('photo.png'), qr/ERROR.*/, 'one with too many pixels is refused');
value($server, q{ALTER DATABASE postgres RESET thumbexif.max_pixels; ALTER DATABASE postgres SET thumbexif.max_file_size = '1MB'});
not_accepted($photo . "\0" x (1024 * 1024), qr/ERROR.*(?:large|limit|max_file_size)/s, 'so is a file that is too large');
value($server, q{ALTER DATABASE postgres RESET thumbexif.max_file_size});
(undef, $err) = ask('poster', 'SELECT api.photo_upload(NULL)');
like($err, qr/must not be NULL/, 'NULL is refused');

# --- rollback

my $other = tiny_picture(make => 'Other', taken => '2024:07:02 12:00:00');
ask('poster', 'BEGIN; SELECT ' . upload($other) . '; ROLLBACK');
is(stored(), $before, 'a rollback removes the file');
ask('poster', 'BEGIN; SAVEPOINT a; SELECT ' . upload($other) . '; ROLLBACK TO a; COMMIT');
is(stored(), $before, 'so does one to a savepoint');
ask('poster', 'BEGIN; SELECT ' . upload($photo) . '; ROLLBACK');
is(stored(), $before, 'but none that was there before');
ask('poster', 'BEGIN; SAVEPOINT a; SELECT ' . upload($other) . '; RELEASE a; COMMIT');
isnt(stored(), $before, 'a savepoint that is released keeps it');
is(value($server, q{SELECT count(*) FROM photos WHERE camera_make = 'Other'}), '1', 'and its row');

# two at once: the second waits, and the first's rollback does not take its file away
my $third = tiny_picture(make => 'Third', taken => '2024:07:03 12:00:00');
my $one = TestSession->new($server);
$one->query('BEGIN');
$one->query('SELECT ' . upload($third) . ' IS NULL');
my $two = TestSession->new($server);
$two->send('SELECT ' . upload($third) . ' IS NULL');
wait_until($server, 'the second upload waits for the first', q{SELECT count(*) > 0 FROM pg_locks WHERE NOT granted});
$one->query('ROLLBACK');
$two->wait;
my $path = value($server, q{SELECT path FROM photos WHERE camera_make = 'Third'});
ok(-f $path, 'the file of the second upload stays when the first is rolled back');
$one->finish;
$two->finish;

# a file that was written in part: by a crash, not by us
my $fourth = tiny_picture(make => 'Fourth', taken => '2024:07:04 12:00:00');
my $hash = sha256_hex($fourth);
my $place = "$uploads/" . substr($hash, 0, 2) . '/' . substr($hash, 2, 2);
mkdir "$uploads/" . substr($hash, 0, 2);
mkdir $place;
write_file("$place/$hash.png", 'half');
is(ask('poster', 'SELECT j->>\'camera\' FROM ' . upload($fourth) . ' AS j'), 'Fourth', 'a file of another size is replaced');
is(slurp_file("$place/$hash.png"), $fourth, 'by the picture');

# a link leads nowhere else
my $fifth = tiny_picture(make => 'Fifth', taken => '2024:07:05 12:00:00');
$hash = sha256_hex($fifth);
my $outside = PostgreSQL::Test::Utils::tempdir();
symlink $outside, "$uploads/" . substr($hash, 0, 2) unless -e "$uploads/" . substr($hash, 0, 2);
if (-l "$uploads/" . substr($hash, 0, 2))
{
	(undef, $err) = ask('poster', 'SELECT ' . upload($fifth));
	like($err, qr/could not store an original/, 'a link in the folder is not followed');
}

# a folder that leads out of the root is written to, but nothing is read there: so the upload fails, and its file is removed
symlink $outside, "$root/linked" or die "symlink: $!";
value($server, qq{ALTER DATABASE postgres SET thumbexif.upload_dir = '$root/linked'});
(undef, $err) = ask('poster', 'SELECT ' . upload(tiny_picture(make => 'Outside', taken => '2024:07:09 12:00:00')));
like($err, qr/ERROR:  the picture is not accepted/, 'a folder for uploads that is a link out of the root');
my @left;
find(sub { push @left, $_ if -f }, $outside);
is(join(' ', @left) . value($server, q{SELECT count(*) FROM photos WHERE camera_make = 'Outside'}), '0', 'leaves nothing there');
value($server, qq{ALTER DATABASE postgres SET thumbexif.upload_dir = '$root/../'});
(undef, $err) = ask('poster', 'SELECT ' . upload($photo));
like($err, qr/lies beneath no image root/, 'dots lead out of no root');
value($server, qq{ALTER DATABASE postgres SET thumbexif.upload_dir = '$uploads/'});

(undef, $err) = ask('poster', sprintf q{SELECT thumbexif_upload('\x%s', NULL, 'photos', 'pg_catalog.version')}, unpack('H*', tiny_picture(make => 'Ninth', taken => '2024:07:10 12:00:00')));
like($err, qr/is no function that returns jsonb/, 'a function that is none of thumbexif_api()');
is(value($server, q{SELECT count(*) FROM photos WHERE camera_make = 'Ninth'}), '0', 'after which there is no row');

# --- rights

(undef, $err) = ask('reader', 'SELECT ' . upload($photo));
like($err, qr/permission denied for function thumbexif_upload/, 'the right to upload is granted by itself');
value($server, 'REVOKE INSERT ON photos FROM poster');
(undef, $err) = ask('poster', 'SELECT ' . upload('no picture'));
like($err, qr/permission denied for table photos/, 'nothing is decoded for who may not insert');
(undef, $err) = ask('poster', 'SELECT ' . upload(tiny_picture(make => 'Sixth', taken => '2024:07:06 12:00:00')));
like($err, qr/permission denied for table photos/, 'the row is inserted with the caller\'s rights');
value($server, q{GRANT INSERT ON photos TO poster; ALTER TABLE photos ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON photos TO poster USING (owner = current_user AND camera_make IS DISTINCT FROM 'Seventh')});
(undef, $err) = ask('poster', 'SELECT ' . upload(tiny_picture(make => 'Seventh', taken => '2024:07:07 12:00:00')));
like($err, qr/row-level security|row security/, 'and row security holds');
is(value($server, q{SELECT count(*) FROM photos WHERE camera_make = 'Seventh'}), '0', 'the row is not there');
is(ask('poster', 'SELECT j->>\'camera\' FROM ' . upload(tiny_picture(make => 'Eighth', taken => '2024:07:08 12:00:00')) . ' AS j'), 'Eighth', 'what the policy allows is accepted');
(undef, $err) = ask('poster', 'SET default_transaction_read_only = on; SELECT ' . upload($photo));
like($err, qr/cannot execute thumbexif_upload\(\) in a read-only transaction/, 'not in a read-only transaction');

# --- the disk is full, as a library says while a file exists

my $flag = PostgreSQL::Test::Utils::tempdir() . '/full';
$server->stop;
{
	local $ENV{LD_PRELOAD} = "$ENV{TE_SCRATCH}/build/shim_full_disk.so";
	local $ENV{FULL_DISK_FOLDER} = "$uploads/";
	local $ENV{FULL_DISK_WHEN} = $flag;
	$server->start;
}
my $tenth = tiny_picture(make => 'Tenth', taken => '2024:07:11 12:00:00');
$before = stored();
write_file($flag, '');
(undef, $err) = ask('poster', 'SELECT ' . upload($tenth));
like($err, qr/could not store an original in .*No space left on device\nHINT:.*there must be room/s, 'a full disk is named');
is(stored(), $before, 'and nothing is left on it');
unlink $flag;
is(ask('poster', 'SELECT j->>\'camera\' FROM ' . upload($tenth) . ' AS j'), 'Tenth', 'with room again the same picture is accepted');

done_testing();
