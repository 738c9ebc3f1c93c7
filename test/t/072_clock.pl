# The time of day jumps: what waited for a second does not wait for hours.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $base = PostgreSQL::Test::Utils::tempdir();
my $root = tiny_folder("$base/images", 20);
my $server = new_server('clock', preload => 1, roots => $root, config => "thumbexif.decoders = 1\n");
my $thumbnails = $server->{thumbnails};

append_to_file("$base/clock", pack('q', 0));
$server->stop;
{
	# a library shifts what the server takes for the time of day (shim/clock.c)
	local %ENV = (%ENV, LD_PRELOAD => "$ENV{TE_SCRATCH}/build/shim_clock.so", CLOCK_SHIFT => "$base/clock");
	$server->start;
}

sub set_clock
{
	my $hours = shift;

	open(my $file, '+<:raw', "$base/clock") or die "open: $!";
	syswrite $file, pack('q', $hours * 3600);
	return;
}

sub has_trouble { return "SELECT EXISTS (SELECT FROM thumbexif_workers WHERE kind = 'worker' AND last_error IS NOT NULL)" }

value($server, "SELECT thumbexif_attach('image_assets')");
value($server, "INSERT INTO image_assets (path) VALUES ('1.png')");
wait_done($server, 'the worker works', 1);

# --- ahead, and back while a table waits after trouble

set_clock(6);
cmp_ok(value($server, 'SELECT extract(epoch FROM now())') - time, '>', 5 * 3600, 'the server believes it');
value($server, "INSERT INTO image_assets (path) VALUES ('2.png')");
wait_done($server, 'ahead: new rows are done', 2);
rename $thumbnails, "$thumbnails.away" or die "rename: $!";
value($server, "INSERT INTO image_assets (path) VALUES ('3.png')");
wait_for($server, 'there is trouble', has_trouble());
set_clock(0);
rename "$thumbnails.away", $thumbnails or die "rename: $!";
value($server, "INSERT INTO image_assets (path) VALUES ('4.png')");
wait_done($server, 'set back: what waited is done', 4);

# --- back while a database waits for another worker, as its last one was terminated too often

set_clock(6);
value($server, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE backend_type = 'thumbexif worker'");
value($server, "INSERT INTO image_assets (path) VALUES ('5.png')");
set_clock(0);
wait_done($server, 'set back: there is another worker', 5);

# --- far back, and ahead again: neither is a reason to do anything twice, or never

set_clock(-30);
value($server, "INSERT INTO image_assets (path) VALUES ('6.png'), ('absent.png')");
wait_done($server, 'far back: new rows are done', 6);
my $missing = "FROM thumbexif_internal.thumbexif_asset WHERE status = 'missing'";
is(value($server, "SELECT next_try - finished_at < interval '5 minutes' $missing"), 't', 'a missing file is looked for again in a while');
# each claim and each result is a version
my $versions = "SELECT string_agg(id || ' ' || version, ',' ORDER BY id) FROM thumbexif_internal.thumbexif_asset_bigint WHERE id <= 6";
my $before = value($server, $versions);
set_clock(0);
value($server, "INSERT INTO image_assets (path) VALUES ('7.png')");
wait_done($server, 'ahead again: new rows are done', 7);
wait_for($server, 'its time has come', "SELECT attempts > 1 $missing");
is(value($server, $versions), $before, 'nothing else was tried twice');
my $file = value($server, "SELECT thumbnail_path FROM image_assets WHERE path = '6.png'");
like(value($server, 'CALL thumbexif_backfill()'), qr/^0\|0\|0\|0$/, 'nor is done again');
is(value($server, $versions), $before, 'by anyone');
ok(-s $file, 'files stay');
check_store($server, 'in the end');

# --- a file that was replaced in what is now the future is kept from now on

my $listed = 'FROM thumbexif_internal.thumbexif_removal';
keep_replaced($server, '1h');
set_clock(6);
value($server, 'SELECT thumbexif_process(6, force => true)');
cmp_ok(value($server, "SELECT extract(epoch FROM replaced_at) $listed"), '>', time + 5 * 3600, 'it is listed');
set_clock(0);
value($server, "INSERT INTO image_assets (path) VALUES ('8.png')");
wait_for($server, 'it was replaced now', "SELECT now() - replaced_at BETWEEN interval '0' AND interval '30 min' $listed");
ok(-e $file, 'and is kept');
keep_replaced($server, '0');
wait_for($server, 'until that is over', "SELECT pg_stat_file('$file', true) IS NULL");

$server->stop;
done_testing();
