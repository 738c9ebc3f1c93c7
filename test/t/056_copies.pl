# Whose thumbnails are they, and are they there: lost files, folders that are not mounted, and copies of a database or of
# a server that share thumbnail_dir with their origin.
use strict;
use warnings;

use File::Find;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 12);
my $server = new_server('origin', roots => $root,
	config => "wal_level = replica\nmax_wal_senders = 3\nautovacuum = off\nthumbexif.decoders = 1\n");
my $thumbnails = $server->{thumbnails};
my $database = value($server, "SELECT oid FROM pg_database WHERE datname = 'postgres'");
my $claim = qr/HINT:.*thumbexif_claim_folder\(\)/s;

# The thumbnails beneath thumbnail_dir, or in one of its folders.
sub files
{
	my @files;
	find({ no_chdir => 1, wanted => sub { push @files, $_ if /\.jpg$/ } }, join('/', $thumbnails, @_));
	@files = sort @files;
	return @files;
}

# run_sql(SERVER, SQL, DATABASE): what it prints, errors and warnings behind it
sub run_sql
{
	my ($node, $sql, $where) = @_;
	my ($status, $out, $error) = $node->psql($where || 'postgres', "\\set VERBOSITY verbose\n$sql", on_error_stop => 0);
	return $out . ($out ne '' && $error ne '' ? "\n" : '') . $error;
}

sub backfill
{
	my ($node, $arguments, $where) = @_;
	return value($node, 'CALL thumbexif_backfill(' . ($arguments || '') . ')', $where);
}

sub named { return split /\n/, value($_[0], 'SELECT thumbnail_path FROM image_assets WHERE thumbnail_path IS NOT NULL ORDER BY id', $_[1]) }
sub path_of { return value($_[0], "SELECT thumbnail_path FROM image_assets WHERE id = $_[1]", $_[2]) }

# Rows whose thumbnail is not a whole file.
sub dangling
{
	my ($node, $where) = @_;
	return join ' ', grep { !-f || -l || substr(slurp_file($_), -2) ne "\xff\xd9" } named($node, $where);
}

sub cut
{
	my ($file, $length) = @_;
	truncate($file, $length) or die "truncate $file: $!";
	return;
}

value($server, "SELECT thumbexif_attach('image_assets')");
value($server, "INSERT INTO image_assets (path) SELECT i || '.png' FROM generate_series(1, 6) i");
is(backfill($server), '6|6|0|0', 'six thumbnails');
my $marker = "$thumbnails/$database/.thumbexif";
my $system = value($server, 'SELECT system_identifier FROM pg_control_system()');
like(slurp_file($marker), qr/^thumbexif thumbnails, format 1\nserver $system-\d+-\d+\.\d{9}\ndatabase $database postgres\n$/, 'a marker says whose they are');
is(value($server, 'SELECT * FROM thumbexif_internal.thumbexif_folder'), "$thumbnails|$database", 'and a table that they are there');
$server->restart;
is(value($server, 'SELECT thumbnail_path FROM thumbexif_process(1, force => true)') =~ m{^$thumbnails/$database/}, 1, 'after a restart it is the same folder');
is(join(' ', glob "$thumbnails/$database*"), "$thumbnails/$database", 'and the only one');

# --- lost and damaged files

my @path = (undef, named($server));
unlink $path[1] or die;
cut($path[2], 0);
cut($path[3], (-s $path[3]) - 1);
unlink $path[4] or die;
symlink $path[5], $path[4] or die;
is(backfill($server), '0|0|0|0', 'a backfill does not look');
is(backfill($server, "verify => true, parts => 'exif'"), '0|0|0|0', 'nor one of something else');
is(backfill($server, 'verify => true, dry_run => true'), '4|4|0|0', 'one with verify finds what is lost, empty, cut or replaced by a link');
is(backfill($server, 'verify => true'), '4|4|0|0', 'and makes it anew');
is(dangling($server), '', 'all are whole');
is(backfill($server, 'verify => true'), '0|0|0|0', 'and stay so');
cut(path_of($server, 2), 0);
unlink path_of($server, 3) or die;
value($server, "SELECT thumbexif_process($_)") foreach 2, 3;
is(dangling($server), '', 'thumbexif_process looks too');
value($server, 'UPDATE thumbexif_internal.thumbexif_asset SET file_size = NULL');
cut(path_of($server, 2), 100);
is(backfill($server, 'verify => true'), '0|0|0|0', 'the size of one that 1.0 made is not known');
unlink path_of($server, 2) or die;
is(backfill($server, 'verify => true'), '1|1|0|0', 'but whether it is there');
value($server, "UPDATE image_assets SET thumbnail_path = '/of/another/service.jpg' WHERE id = 6");
is(backfill($server, 'verify => true'), '0|0|0|0', 'thumbnails of others are not looked at');
value($server, 'UPDATE image_assets SET thumbnail_path = NULL WHERE id = 6');
is(backfill($server), '1|1|0|0', 'ours again');
value($server, 'SELECT thumbexif_clean()');
is(join(' ', files()), join(' ', sort(named($server))), 'nothing else is left');

# --- the file system is not mounted

my $states = 'SELECT * FROM thumbexif_internal.thumbexif_asset ORDER BY 1';
value($server, "INSERT INTO image_assets (path) VALUES ('7.png')");
value($server, 'SELECT thumbexif_process(1, force => true)');
my $before = value($server, $states);
rename $thumbnails, "$thumbnails.away" or die;
mkdir $thumbnails or die;
my $lost = qr/ERROR:  58P01: thumbnail folder "\Q$thumbnails\E\/$database" of this database or its file.* is missing.*$claim/s;
like(run_sql($server, 'SELECT thumbexif_process(7)'), $lost, 'thumbexif_process says that the folder is gone');
like(run_sql($server, 'SELECT thumbexif_process(1)'), $lost, 'also where there is nothing to do but to look');
like(run_sql($server, 'CALL thumbexif_backfill()'), $lost, 'a backfill too');
like(run_sql($server, 'CALL thumbexif_backfill(verify => true, dry_run => true)'), $lost, 'no file is taken for lost');
like(run_sql($server, "SELECT thumbexif_attach('others', create_table => true)"), $lost, 'nor is a table attached');
like(run_sql($server, 'SELECT thumbexif_clean()'), qr/^0\n.*WARNING:  55000: no thumbnail files were removed.*$claim/s, 'clean removes nothing');
is(value($server, 'SELECT count(*) FROM thumbexif_internal.thumbexif_removal'), 1, 'and what is listed stays listed');
is(value($server, $states), $before, 'no row is touched and no attempt counted');
is(join(' ', glob "$thumbnails/{*,.th*}"), '', 'nothing was written beneath the mount point');
rmdir $thumbnails or die;
rename "$thumbnails.away", $thumbnails or die;
is(backfill($server, 'verify => true'), '1|1|0|0', 'it is back: all is well');
value($server, 'SELECT thumbexif_clean()');
is(dangling($server), '', 'each row has its file');

# --- a server with a worker and with the same number for its database, in the same folder

my $other = new_server('other', preload => 1, roots => $root,
	config => "thumbexif.thumbnail_dir = '$thumbnails'\nthumbexif.decoders = 1\nautovacuum = off\n");
is(value($other, "SELECT oid FROM pg_database WHERE datname = 'postgres'"), $database, 'two servers with a database of the same number');
value($other, "SELECT thumbexif_attach('image_assets')");
like(run_sql($other, 'SELECT thumbexif_clean()'), qr/^0\n.*WARNING:  55000: no thumbnail files were removed.*another server.*$claim/s, 'the folder is not this one\'s to clean');
value($other, "INSERT INTO image_assets (path) SELECT i || '.png' FROM generate_series(1, 4) i");
wait_done($other, 'its worker has a folder of its own', 4);
my ($theirs) = path_of($other, 1) =~ m{^\Q$thumbnails\E/($database-[0-9a-f]{16})/};
isnt($theirs, undef, 'which has another name');
is(value($other, 'SELECT * FROM thumbexif_internal.thumbexif_folder'), "$thumbnails|$theirs", 'as the table says');
value($other, 'DELETE FROM image_assets WHERE id = 4');
wait_cleaned($other, 'each cleans', sub { join(' ', files($theirs)) eq join(' ', sort(named($other))) });
value($server, 'SELECT thumbexif_clean()');
is(join(' ', files($database)), join(' ', sort(named($server))), 'only its own');

my $log = -s $other->logfile;
rename $thumbnails, "$thumbnails.away" or die;
mkdir $thumbnails or die;
value($other, "INSERT INTO image_assets (path) SELECT i || '.png' FROM generate_series(5, 7) i");
ok($other->wait_for_log(qr/WARNING: .*processing of table public.image_assets is suspended: thumbnail folder .* or its file .* is missing/, $log), 'not mounted: the worker waits');
value($other, 'DELETE FROM image_assets WHERE id = 3');
ok($other->wait_for_log(qr/WARNING: .*no thumbnail files were removed/, $log), 'what is to be removed waits too');
wait_for($other, 'the view says why', "SELECT count(*) > 0 FROM thumbexif_workers WHERE kind = 'worker' AND last_error LIKE '%is missing%'");
wait_for($other, 'no attempt counts',
	"SELECT string_agg(DISTINCT status || ' ' || attempts, ',') FROM thumbexif_internal.thumbexif_asset WHERE finished_at IS NULL", 'queued 0');
is(join(' ', glob "$thumbnails/{*,.th*}"), '', 'nothing is written');
rename "$thumbnails.away", $thumbnails or die;
wait_done($other, 'mounted again: it goes on by itself', 5);
foreach my $what (qr/WARNING: .*processing of table \S+ is suspended/, qr/WARNING: .*no thumbnail files were removed/)
{
	my @said = slurp_file($other->logfile, $log) =~ /$what/g;
	is(scalar(@said), 1, "it was said once: $what");
}
$other->stop;
is(dangling($server), '', 'the origin has all its files');

# --- a database made from this one as its template

value($server, 'CREATE DATABASE copy TEMPLATE postgres');
my $copy = value($server, "SELECT oid FROM pg_database WHERE datname = 'copy'");
my @origins = files($database);
is(backfill($server, 'verify => true', 'copy'), '0|0|0|0', 'a copy finds the thumbnails of its origin');
value($server, 'DELETE FROM image_assets WHERE id = 1', 'copy');
value($server, 'SELECT thumbexif_process(2, force => true)', 'copy');
like(path_of($server, 2, 'copy'), qr{^\Q$thumbnails\E/$copy/}, 'what it makes is in a folder of its own');
is(value($server, 'SELECT thumbexif_clean()', 'copy'), 0, 'it has nothing to clean');
is(value($server, 'SELECT count(*) FROM thumbexif_internal.thumbexif_removal', 'copy'), 0, 'and nothing is left listed');
is(join(' ', files($database)), join(' ', @origins), 'all files of the origin are there');
value($server, "SELECT thumbexif_process(3, force => true)");
is(value($server, 'SELECT thumbexif_clean()'), 1, 'the origin has replaced one');
is(backfill($server, '', 'copy'), '0|0|0|0', 'the copy does not notice');
is(backfill($server, 'verify => true', 'copy'), '1|1|0|0', 'until it looks');
is(dangling($server, 'copy'), '', 'all rows of the copy have their files');
is(value($server, 'SET thumbexif.thumbnail_quality = 50; CALL thumbexif_backfill()', 'copy'), '6|6|0|0', 'other settings: all of them');
value($server, 'SELECT thumbexif_clean()', 'copy');
is(join(' ', files($copy)), join(' ', sort(named($server, 'copy'))), 'are its own then');
is(join(' ', files($database)), join(' ', sort(named($server))), 'the origin keeps its own');

# --- a dropped database, and one that was made from it

value($server, 'CREATE DATABASE heir TEMPLATE copy');
is(value($server, 'SELECT thumbexif_clean_dropped()'), 0, 'the files of a database that is there are not touched');
value($server, 'DROP DATABASE copy');
append_to_file("$thumbnails/$copy/README", 'mine');
mkdir "$thumbnails/$_" or die foreach 77777, 77778;
append_to_file("$thumbnails/77777/.thumbexif", slurp_file($marker) =~ s/server \d/server 0/r =~ s/database \d+/database 77777/r);
append_to_file("$thumbnails/77779", 'no folder');
symlink $database, "$thumbnails/88888" or die;
like(run_sql($server, 'SELECT thumbexif_clean()'), qr/^0\n.*NOTICE:.*dropped databases.*HINT:.*thumbexif_clean_dropped\(\)/s, 'clean says that those of a dropped one are left');
like(run_sql($server, 'SELECT thumbexif_clean_dropped()', 'heir'), qr/^0\n.*WARNING:  55006: .*left alone/s, 'a copy of it does not remove what its own rows name');
is(dangling($server, 'heir'), '', 'indeed');
is(value($server, 'SELECT thumbexif_clean_dropped(dry_run => true)'), 6, 'others would');
is(scalar(() = files($copy)), 6, 'but not in a dry run');
is(value($server, 'SELECT thumbexif_clean_dropped()'), 6, 'and do');
is(join(' ', glob "$thumbnails/$copy/*"), "$thumbnails/$copy/README", 'what somebody else has put there is not removed');
unlink "$thumbnails/$copy/README" or die;
is(value($server, 'SELECT thumbexif_clean_dropped()'), 0, 'without it');
ok(!-e "$thumbnails/$copy", 'the folder goes as well');
is(value($server, 'SET thumbexif.thumbnail_quality = 50; CALL thumbexif_backfill(verify => true)', 'heir'), '0|0|0|0', 'the copy cannot tell this from a file system that is not mounted');
like(value($server, 'SELECT thumbexif_claim_folder()', 'heir'), qr{^\Q$thumbnails\E/\d+$}, 'until it is told');
is(value($server, 'SET thumbexif.thumbnail_quality = 50; CALL thumbexif_backfill(verify => true)', 'heir'), '6|6|0|0', 'then it makes them anew');
is(dangling($server, 'heir'), '', 'all of them');
value($server, 'DROP DATABASE heir');
is(value($server, 'SELECT thumbexif_clean_dropped()'), 6, 'they go with it');
ok(-d "$thumbnails/77777", 'not that of another server');
ok(-d "$thumbnails/77778", 'nor one of unknown origin');
is(join(' ', files($database)), join(' ', sort(named($server))), 'nor by way of a link');
unlink "$thumbnails/77777/.thumbexif", "$thumbnails/88888", "$thumbnails/77779";
rmdir "$thumbnails/$_" or die foreach 77777, 77778;

# --- a folder that 1.0 has made

unlink $marker or die;
value($server, 'DELETE FROM thumbexif_internal.thumbexif_folder');
is(backfill($server, 'verify => true'), '0|0|0|0', 'a folder without a marker, of which nothing is known, is ours');
unlink path_of($server, 1) or die;
is(value($server, 'SELECT thumbexif_clean(true)'), 0, 'to be cleaned too');
ok(!-e $marker, 'a dry run leaves no marker');
is(backfill($server, 'verify => true'), '1|1|0|0', 'with the first thumbnail');
ok(-s $marker, 'it gets one');
is(value($server, 'SELECT count(*) FROM thumbexif_internal.thumbexif_folder'), 1, 'and is noted');

# --- a copy of the server that is started beside it

$server->backup('copy');
my $beside = PostgreSQL::Test::Cluster->new('beside');
$beside->init_from_backup($server, 'copy');
$beside->start;
@origins = files($database);
like(run_sql($beside, 'SELECT thumbexif_clean()'), qr/^0\n.*WARNING:  55000: no thumbnail files were removed.*$claim/s, 'a copy of the server does not clean the folder of its origin');
value($beside, 'DELETE FROM image_assets WHERE id < 4');
value($beside, 'SELECT thumbexif_clean()');
is(value($beside, 'SELECT count(*) FROM thumbexif_internal.thumbexif_removal'), 3, 'what it does not need any more stays listed');
is(join(' ', files($database)), join(' ', @origins), 'no file of the origin is removed');
is(value($beside, 'SET thumbexif.thumbnail_quality = 50; CALL thumbexif_backfill()'), '4|4|0|0', 'it works');
my ($besides) = path_of($beside, 4) =~ m{^\Q$thumbnails\E/($database-[0-9a-f]{16})/};
isnt($besides, $theirs, 'in a folder of its own');
is(value($beside, "SELECT thumbexif_process(4, force => true) IS NULL; SELECT thumbexif_clean()"), "f\n1", 'it cleans what is its own');
is(join(' ', files($besides)), join(' ', sort(named($beside))), 'and nothing else');
is(join(' ', files($database)), join(' ', @origins), 'as before, no file of the origin');
value($server, 'DELETE FROM image_assets WHERE id = 4');
is(value($server, 'SELECT thumbexif_clean()'), 1, 'the origin cleans');
is(join(' ', files($database)), join(' ', sort(named($server))), 'its own');
is(dangling($beside), '', 'and not what the copy has made');
$beside->stop;

# --- a standby that was behind when it was promoted

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($server, 'copy', has_streaming => 1);
$standby->start;
$server->wait_for_catchup($standby, 'replay');
$standby->stop;
$standby->append_conf('postgresql.conf', "primary_conninfo = ''\n");
$standby->start;
value($server, "INSERT INTO image_assets (path) VALUES ('8.png')");
value($server, "SELECT thumbexif_process($_, force => true)") foreach 1, 2, 8;
value($server, 'SELECT thumbexif_clean()');
$standby->promote;
isnt(dangling($standby), '', 'the standby names files that the primary has replaced since');
@origins = files($database);
is(backfill($standby, 'verify => true'), '2|2|0|0', 'it finds them');
is(dangling($standby), '', 'and makes them anew');
is(value($standby, 'SELECT thumbexif_process(3, force => true) IS NULL'), 'f', 'and others');
run_sql($standby, 'SELECT thumbexif_clean()') foreach 1, 2;
is(join(' ', files($database)), join(' ', @origins), 'the folder of the old primary is as it was');
is(dangling($server), '', 'which still has all of its files');

# --- the old primary is gone for good

$server->stop;
is(value($standby, 'SELECT thumbexif_claim_folder()'), "$thumbnails/$database", 'the administrator says so');
like(slurp_file($marker), qr/^database $database postgres$/m, 'the marker is a new one');
value($standby, 'SELECT pg_current_xact_id()') foreach 1 .. 20;	# past the transactions of the old primary that were lost
value($standby, 'SELECT thumbexif_process(5, force => true)');
like(path_of($standby, 5), qr{^\Q$thumbnails\E/$database/}, 'it writes into that folder');
my $cleaned = run_sql($standby, 'SELECT thumbexif_clean()');
like($cleaned, qr/^\d+$/, 'and cleans it, without a warning');
is(dangling($standby), '', 'its rows have their files');
my ($standbys) = grep { -d "$thumbnails/$_" && $_ ne $theirs && $_ ne $besides } map { s/.*\///r } glob "$thumbnails/$database-*";
run_sql($standby, 'SELECT thumbexif_clean()');
is(join(' ', sort(files($database), files($standbys))), join(' ', sort(named($standby))), 'and there are no others, in either folder of its own');
$server->start;
value($server, 'SELECT thumbexif_process(5, force => true)');
like(path_of($server, 5), qr{^\Q$thumbnails\E/$database-[0-9a-f]{16}/}, 'an old primary that comes back is the guest');
my $kept = path_of($server, 5);
run_sql($_, 'SELECT thumbexif_clean()') foreach $server, $standby;
ok(-s $kept, 'with a folder that nobody else cleans');
is(dangling($standby), '', 'and takes nothing away');
$server->stop;

# --- emptied on purpose

system_or_bail('rm', '-rf', glob "$thumbnails/*");
like(run_sql($standby, 'SELECT thumbexif_process(5)'), $lost, 'an emptied folder may be one that is not mounted');
value($standby, 'CREATE ROLE nobody; SET ROLE nobody; RESET ROLE');
like(run_sql($standby, 'SET ROLE nobody; SELECT thumbexif_claim_folder()'), qr/ERROR:  42501/, 'not everybody may say that it is not');
like(run_sql($standby, 'SET ROLE nobody; SELECT thumbexif_clean_dropped()'), qr/ERROR:  42501/, 'nor remove what dropped databases have left');
like(run_sql($standby, "BEGIN READ ONLY; SELECT $_()"), qr/ERROR:  25006/, "$_ in a read-only transaction")
  foreach 'thumbexif_claim_folder', 'thumbexif_clean_dropped';
is(value($standby, 'SELECT thumbexif_claim_folder()'), "$thumbnails/$database", 'said');
my $count = scalar(named($standby));
is(backfill($standby, 'verify => true'), "$count|$count|0|0", 'all are made anew');
is(dangling($standby), '', 'and are there');

# --- another folder is set

mkdir "$thumbnails.new" or die;
$standby->append_conf('postgresql.conf', "thumbexif.thumbnail_dir = '$thumbnails.new'\n");
$standby->reload;
wait_until($standby, 'the new folder is set', "SELECT current_setting('thumbexif.thumbnail_dir') LIKE '%.new'");
@origins = files();
is(value($standby, 'SELECT thumbexif_process(5, force => true) IS NULL; SELECT thumbexif_clean()'), "f\n0", 'what is in the old folder is left alone');
like(path_of($standby, 5), qr{^\Q$thumbnails.new\E/$database/}, 'what is new is in the new one');
is(join(' ', files()), join(' ', @origins), 'nothing of the old one is removed');
$standby->stop;
done_testing();
