# The postmaster is killed in the middle of a long queue: nobody of the old server stays, and a new one starts.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use WorkerTest;

my $rows = 100_000;
my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 1);
my $server = new_server('orphaned', preload => 1, roots => $root, config => "thumbexif.decoders = 1\n");

# The processes of the server: its data folder is their working folder.
sub processes
{
	my $folder = $server->data_dir;

	return grep { (readlink("/proc/$_/cwd") || '') eq $folder } map { /(\d+)$/ } glob '/proc/[0-9]*';
}

sub kill_postmaster
{
	my $title = shift;
	my ($pid) = slurp_file($server->data_dir . '/postmaster.pid') =~ /^(\d+)/;

	cmp_ok(scalar(processes()), '>', 2, "$title: its processes are seen");
	kill 'KILL', $pid;
	my @left;
	TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub { !(@left = processes()) });
	is(scalar @left, 0, "$title: no process is left") or kill 'KILL', @left;
	# whoever inherits it has to reap it
	TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub { !kill 0, $pid });
	$server->{_pid} = undef;
	$server->start;
	return;
}

sub in_the_middle
{
	my $title = shift;

	cmp_ok(value($server, "SELECT $rows - count(*) FROM thumbexif_internal.thumbexif_asset WHERE status = 'missing'"), '>', 1000, "$title: that was in the middle");
	return;
}

value($server, "SELECT thumbexif_attach('image_assets')");
value($server, "SELECT thumbexif_pause('image_assets')");
value($server, "INSERT INTO image_assets (path) SELECT 'not there ' || i FROM generate_series(1, $rows) i");

value($server, "SELECT thumbexif_resume('image_assets')");
wait_for($server, 'the worker is at it', "SELECT count(*) > 100 FROM thumbexif_internal.thumbexif_asset WHERE status = 'missing'");
kill_postmaster('worker');
# the rest would take much longer than it takes to notice
in_the_middle('worker');

value($server, "SELECT thumbexif_pause('image_assets')");
my $before = value($server, "SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status = 'missing'");
my $session = TestSession->new($server);
$session->send('CALL thumbexif_backfill(batch_size => 1000)');
wait_for($server, 'a backfill is at it', "SELECT count(*) > $before + 1000 FROM thumbexif_internal.thumbexif_asset WHERE status = 'missing'");
kill_postmaster('backfill');
in_the_middle('backfill');
$session->finish;

$server->stop;
done_testing();
