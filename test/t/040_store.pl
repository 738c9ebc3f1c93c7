# Thumbnail files: what a commit, a rollback, a crash and thumbexif_clean make of them.
use strict;
use warnings;

use File::Find;
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;

my $base = PostgreSQL::Test::Utils::tempdir();
mkdir "$base/images" or die "mkdir: $!";
my $server = new_server('store', roots => "$base/images",
	config => "max_prepared_transactions = 5\nautovacuum = off\nwal_writer_delay = 10s\n");
my $thumbnails = $server->{thumbnails};

# The thumbnail files there are, beneath thumbnail_dir, and whatever else is neither a folder nor its marker.
sub files
{
	my @files;
	find({ no_chdir => 1, wanted => sub { push @files, substr($_, length($thumbnails) + 1) if !-d $_ && !m{/\.thumbexif$} } }, $thumbnails);
	@files = sort @files;
	return @files;
}

sub sql { return $server->safe_psql('postgres', join(";\n", @_)); }

# Rows whose thumbnail is not there, or that name none.
sub dangling
{
	return join ' ', grep { my ($id, $path) = split /\|/; !$path || !-s $path }
	  split /\n/, sql('SELECT id, thumbnail_path FROM image_assets ORDER BY id');
}

sub clean { return sql('SELECT thumbexif_clean()'); }

write_file("$base/images/$_.png", tiny_picture()) foreach 1 .. 5;
sql('SELECT thumbexif_attach()', q{INSERT INTO image_assets (path) SELECT g || '.png' FROM generate_series(1, 5) g});

# --- a commit

sql('SELECT thumbexif_process(1)');
my @files = files();
my $database = sql('SELECT oid FROM pg_database WHERE datname = current_database()');
my $attachment = sql('SELECT attachment FROM thumbexif_internal.thumbexif_attachment');
is(scalar @files, 1, 'one file after one asset');
like($files[0], qr{^$database/$attachment/[0-9a-f]{2}/[0-9a-f]{2}/1-\d+-[0-9a-f]{16}\.jpg$}, 'its name');
is(sql('SELECT thumbnail_path FROM image_assets WHERE id = 1'), "$thumbnails/$files[0]", 'the row names it');
is(sprintf('%o', (stat "$thumbnails/$files[0]")[2] & 07777), '644', 'all may read it, whatever the umask');
my $folder = $files[0];
while ($folder =~ s{/[^/]*$}{})
{
	is(sprintf('%o', (stat "$thumbnails/$folder")[2] & 07777), '755', "and list $folder") if $folder =~ /$database/;
}
(my $leaf = $files[0]) =~ s{/[^/]*$}{};
sql('SELECT thumbexif_process(2)');
ok(-e (glob "$thumbnails/$leaf/2-*")[0], 'keys that follow each other share a folder');
is(clean(), 0, 'nothing to clean');

# --- rollbacks

my $before = join ' ', files();
my $rows = sql('SELECT id, thumbnail_path FROM image_assets ORDER BY id');
sql('BEGIN', 'SELECT thumbexif_process(3)', 'SELECT thumbexif_process(1, force => true)', 'ROLLBACK');
is(join(' ', files()), $before, 'a rollback removes its files');
is(sql('SELECT id, thumbnail_path FROM image_assets ORDER BY id'), $rows, 'and the rows are as they were');

my $out = sql(<<'EOS');
BEGIN;
SELECT thumbexif_process(3);
SAVEPOINT a;
SELECT thumbexif_process(4);
SAVEPOINT b;
SELECT thumbexif_process(5);
RELEASE b;
ROLLBACK TO a;
DO $$
BEGIN
	PERFORM thumbexif_process(5);
	RAISE division_by_zero;
EXCEPTION WHEN division_by_zero THEN NULL;
END $$;
COMMIT;
EOS
is(scalar files(), 3, 'a rollback to a savepoint removes what was written since, also in a released one');
is(dangling(), '4| 5|', 'and nothing else');

sql('BEGIN', 'SAVEPOINT a', 'SELECT thumbexif_process(4)', 'RELEASE a', 'SELECT thumbexif_process(5)', 'COMMIT');
is(scalar files(), 5, 'a released savepoint keeps its files');
is(dangling(), '', 'every row names a file');

sql('BEGIN', 'SAVEPOINT a', 'SELECT thumbexif_process(4, force => true)', 'RELEASE a', 'ROLLBACK');
is(scalar files(), 5, 'unless the transaction rolls back');

$before = join ' ', files();
my ($status, $stdout, $stderr) = $server->psql('postgres',
	"BEGIN; SELECT thumbexif_process(1, force => true); SELECT pg_terminate_backend(pg_backend_pid());");
like($stderr, qr/terminating connection/, 'a backend is terminated');
is(join(' ', files()), $before, 'and has removed its file');

# --- replaced and deleted

$rows = sql('SELECT thumbnail_path FROM image_assets WHERE id = 1');
sql('BEGIN', 'SELECT thumbexif_process(1, force => true)', 'ROLLBACK');
ok(-s $rows, 'a file that a rolled-back transaction replaced is there');
sql('SELECT thumbexif_process(1, force => true)');
is(scalar files(), 6, 'a replaced file is not removed by the commit');
is(sql('SELECT count(*) FROM thumbexif_internal.thumbexif_removal'), 1, 'but listed');
is(clean(), 1, 'and cleaned');
ok(!-e $rows, 'it is gone');
is(dangling(), '', 'and no other');
sql('DELETE FROM image_assets WHERE id = 5');
is(scalar files(), 5, 'the same for a deleted row');
is(clean(), 1, 'its file is cleaned');
is(scalar files(), 4, 'and gone');

# --- two-phase commit

sql('BEGIN', 'SELECT thumbexif_process(1, force => true)', q{PREPARE TRANSACTION 'one'});
sql('BEGIN', 'SELECT thumbexif_process(2, force => true)', q{PREPARE TRANSACTION 'two'});
is(scalar files(), 6, 'prepared transactions keep their files');
is(clean(), 0, 'which are not cleaned');
$server->restart;
is(clean(), 0, 'not after a restart either');
sql(q{COMMIT PREPARED 'one'});
sql(q{ROLLBACK PREPARED 'two'});
is(scalar files(), 6, 'nor removed at once by a rollback');
is(dangling(), '', 'every row names a file');
is(sql('SELECT thumbexif_clean(true)'), 2, 'the replaced one and the rolled-back one are left to clean');
is(clean(), 2, 'which removes them');
is(scalar files(), 4, 'and nothing else');
is(dangling(), '', 'every row still names a file');

# --- a running transaction, and a crash

my $session = $server->background_psql('postgres');
$session->query_safe('BEGIN');
$session->query_safe('SELECT thumbexif_process(3, force => true)');
is(scalar files(), 5, 'a running transaction has written a file');
is(clean(), 0, 'which is not cleaned');
is(scalar files(), 5, 'and is there');
my $pid = $session->query_safe('SELECT pg_backend_pid()');
$server->stop('immediate');
eval { $session->quit };
$server->start;
is(scalar files(), 5, 'a crash leaves it behind');
is(dangling(), '', 'but no row names a file that is not there');
# its transaction's number may not have reached the disk, and is then given out again
sql('SELECT pg_current_xact_id()') foreach 1 .. 3;
is(clean(), 1, 'and clean removes it');
is(scalar files(), 4, 'only it');

# A commit that is not on disk yet may be lost: its files must not be unlinked before.
sql('CHECKPOINT');
sql('SET synchronous_commit = off', 'DELETE FROM image_assets WHERE id = 4', 'SELECT thumbexif_clean()');
$server->stop('immediate');
$server->start;
is(dangling(), '', 'no file is removed whose row comes back in a crash');

# --- trouble of the server's

sub fails
{
	my ($what, $sql, $code, $hint) = @_;
	my ($status, $out, $error) = $server->psql('postgres', "\\set VERBOSITY verbose\n$sql");
	like($error, qr/ERROR:  $code.*HINT:  [^\n]*$hint/s, $what);
}

my $again = 'SELECT thumbexif_process(1, force => true)';
$before = join ' ', files();
chmod 0555, "$thumbnails/$database/$attachment" or die "chmod: $!";
chmod 0555, glob("$thumbnails/$database/$attachment/*/*");
fails('a folder that cannot be written to', $again, '42501', 'thumbexif.thumbnail_dir');
chmod 0755, "$thumbnails/$database/$attachment", glob("$thumbnails/$database/$attachment/*/*");
is(join(' ', files()), $before, 'leaves nothing behind');
is(dangling(), '', 'and the rows as they were');

rename "$thumbnails/$database", "$thumbnails/away" or die "rename: $!";
mkdir "$base/outside" or die "mkdir: $!";
symlink "$base/outside", "$thumbnails/$database" or die "symlink: $!";
fails('a symbolic link in the place of our folder', $again, '\w+', 'Remove symbolic links');
is(join(' ', glob "$base/outside/*"), '', 'leads nowhere');
unlink "$thumbnails/$database";
rename "$thumbnails/away", "$thumbnails/$database" or die "rename: $!";

rename "$thumbnails/$database/$attachment", "$thumbnails/away" or die "rename: $!";
symlink '../away', "$thumbnails/$database/$attachment" or die "symlink: $!";
fails('one further down', $again, '\w+', 'Remove symbolic links');
unlink "$thumbnails/$database/$attachment";
rename "$thumbnails/away", "$thumbnails/$database/$attachment" or die "rename: $!";
is(join(' ', files()), $before, 'nothing was written');

rename $thumbnails, "$thumbnails.away" or die "rename: $!";
fails('a folder that is not there', $again, '58P01', 'thumbexif.thumbnail_dir');
fails('also when attaching', q{SELECT thumbexif_attach('other', create_table => true)}, '58P01', 'thumbexif.thumbnail_dir');
rename "$thumbnails.away", $thumbnails or die "rename: $!";
$server->append_conf('postgresql.conf', "thumbexif.thumbnail_dir = ''");
$server->reload;
wait_until($server, 'no folder is set', q{SELECT current_setting('thumbexif.thumbnail_dir', true) = ''});
fails('a folder that is not set', $again, '55000', 'thumbexif.thumbnail_dir');
fails('also when attaching', q{SELECT thumbexif_attach('other', create_table => true)}, '55000', 'thumbexif.thumbnail_dir');
sql(q{SELECT thumbexif_attach('other', thumbnail_path => '', create_table => true)});
is(sql('SELECT thumbexif_clean()'), 0, 'clean does without it');

done_testing();
