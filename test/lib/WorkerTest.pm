# WorkerTest: what the tests of the background worker share.
package WorkerTest;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Utils;
use Test::More;
use TestSession ();
use ThumbexifTest ();
use TinyPicture;

our @EXPORT = qw(tiny_folder value wait_for wait_done wait_cleaned statuses worker_pid used_seconds rests wait_for_statistics keep_replaced files_below check_store);

# tiny_folder(FOLDER, COUNT): a folder with 1.png .. COUNT.png, one pixel each.
sub tiny_folder
{
	my ($folder, $count) = @_;
	my $picture = tiny_picture(make => 'Tiny', taken => '2024:07:01 12:00:00');

	mkdir $folder or die "mkdir $folder: $!";
	write_file("$folder/$_.png", $picture) foreach 1 .. $count;
	return $folder;
}

# value(SERVER, SQL, DATABASE): what a query gives.
sub value
{
	my ($server, $sql, $database) = @_;

	return $server->safe_psql($database || 'postgres', $sql);
}

# wait_for(SERVER, WHAT, SQL, EXPECTED, DATABASE): until the query gives that ("t"); a test of its own.
sub wait_for
{
	my ($server, $what, $sql, $expected, $database) = @_;

	ok(ThumbexifTest::poll($server, $database || 'postgres', $sql, defined $expected ? $expected : 't'), $what)
	  or diag("gave up waiting: $what");
}

# keep_replaced(SERVER, TIME): set thumbexif.keep_replaced for all, as an administrator does.
sub keep_replaced
{
	my ($server, $time) = @_;

	value($server, "ALTER SYSTEM SET thumbexif.keep_replaced = '$time'");
	value($server, 'SELECT pg_reload_conf()');
	wait_for($server, "keep_replaced is $time", "SELECT current_setting('thumbexif.keep_replaced') = '$time'");
	return;
}

# wait_done(SERVER, WHAT, COUNT, DATABASE): until so many assets are done and none is queued or running.
sub wait_done
{
	my ($server, $what, $count, $database) = @_;

	wait_for($server, $what,
		"SELECT count(*) FILTER (WHERE status = 'done') = $count
			AND count(*) FILTER (WHERE status IN ('queued', 'running')) = 0 FROM thumbexif_internal.thumbexif_asset",
		't', $database);
}

# statuses(SERVER, DATABASE): "done 3, failed 1"
sub statuses
{
	my ($server, $database) = @_;

	return value($server,
		"SELECT string_agg(status || ' ' || n, ', ' ORDER BY status)
			FROM (SELECT status, count(*) AS n FROM thumbexif_internal.thumbexif_asset GROUP BY status) s", $database);
}

# worker_pid(SERVER, DATABASE): of the worker in a database, '' if there is none
sub worker_pid
{
	my ($server, $database) = @_;

	return value($server, sprintf(
			"SELECT pid FROM pg_stat_activity WHERE backend_type = 'thumbexif worker' AND datname = '%s'",
			$database || 'postgres'));
}

# How long a process has used a processor, and has waited for one; 0 if it is gone.
sub scheduled_seconds
{
	my $pid = shift;

	return (0, 0) unless $pid && open(my $file, '<', "/proc/$pid/schedstat");
	my ($used, $waited) = split / /, <$file> // '0 0';
	return ($used / 1e9, $waited / 1e9);
}

# used_seconds(PID): how long a process has used a processor
sub used_seconds
{
	return (scheduled_seconds(shift))[0];
}

# busy_seconds(PID): how long a process has used a processor or waited for one, so that it can be told on a busy machine
# too whether it spins
sub busy_seconds
{
	my ($used, $waited) = scheduled_seconds(shift);

	return $used + $waited;
}

# rests(PID): does the process have a second in which it does hardly anything?  One that spins never has; one that does not may have waited long
# for a processor before.
sub rests
{
	my $pid = shift;

	return TestSession::until_true($PostgreSQL::Test::Utils::timeout_default,
		sub {
			my $before = busy_seconds($pid);
			sleep(1);
			return busy_seconds($pid) - $before < 0.3;
		});
}

# wait_for_statistics(SERVER): until no other session is left, not even one that is ending: it reports what it has read at its end
sub wait_for_statistics
{
	my $server = shift;

	wait_for($server, 'who has read before has reported it', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'", 1);
	return;
}

# files_below(FOLDER): names of all files in it and in its folders
sub files_below
{
	my $folder = shift;
	my @files;

	foreach my $entry (glob("$folder/*"))
	{
		push @files, -d $entry ? files_below($entry) : $entry;
	}
	return @files;
}

# wait_cleaned(SERVER, WHAT, SUB, DATABASE): clean until SUB is true.  A worker may remove a file before thumbexif_clean()
# does, and be at it while that returns; files of transactions younger than the oldest one running stay for the next time.
sub wait_cleaned
{
	my ($server, $what, $condition, $database) = @_;
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;
	my $reached;

	do
	{
		value($server, 'SELECT thumbexif_clean()', $database);
		$reached = $condition->();
	} while (!$reached && time < $deadline);
	ok($reached, $what) or diag("gave up waiting: $what");
	return;
}

# check_store(SERVER, WHAT, DATABASE, TABLE): after a clean-up each thumbnail_path is a whole file, and there is no other file.
# Files of transactions that are younger than the oldest one running are left to the next clean-up, so it may take some; a crash
# may have taken back the ids of some transactions, which are then to be given out again.
sub check_store
{
	my ($server, $what, $database, $table) = @_;
	my $oid = value($server, 'SELECT oid FROM pg_database WHERE datname = current_database()', $database);
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;
	my (@named, @files);

	do
	{
		value($server, 'SELECT thumbexif_clean()', $database);
		value($server, 'SELECT pg_current_xact_id()', $database);
		@named = sort split /\n/, value($server,
			'SELECT thumbnail_path FROM ' . ($table || 'image_assets') . ' WHERE thumbnail_path IS NOT NULL', $database);
		@files = sort(files_below("$server->{thumbnails}/$oid"));
	} while ("@named" ne "@files" && time < $deadline);
	diag("gave up waiting: $what: a file for each row, and no other") if "@named" ne "@files";
	is_deeply([ grep { !-s $_ } @named ], [], "$what: no dangling thumbnail_path");
	is_deeply(\@files, \@named, "$what: no file without a row");
}

1;
