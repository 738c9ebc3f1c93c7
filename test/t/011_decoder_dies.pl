# A decoder dies, or does not answer, in the middle of a picture: that costs the picture a status, and nothing else.
use strict;
use warnings;

use Compress::Zlib ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use DecoderTest;
use ThumbexifTest;

my $pictures = PostgreSQL::Test::Utils::tempdir();
system_or_bail('cp', pictures_dir() . "/photo.$_", "$pictures/photo.$_") foreach qw(jpg png);
my $server = new_server('dies', preload => 0, roots => $pictures);
my $postmaster_file = $server->data_dir . '/postmaster.pid';
my $postmaster_start = slurp_file($postmaster_file);
my $session = DecoderTest->session($server);
my $thumbnail = "SELECT length(thumbexif_thumbnail('photo.jpg')) > 1000";

# The processor time of a process and its threads, in seconds.
sub worked
{
	my $sum = 0;

	foreach my $file (glob "/proc/$_[0]/task/*/schedstat")
	{
		open(my $stat, '<', $file) or next;
		$sum += (split / /, <$stat>)[0];
	}
	return $sum / 1e9;
}

# The session, its server and its next picture are well; the decoder is gone.
sub all_is_well
{
	my ($decoder, $after) = @_;

	# one that takes a second to die is reaped later
	ok(wait_for("decoder goes after $after", sub { process_state($decoder) eq '' }), "decoder is gone and reaped after $after");
	is($session->query($thumbnail), 't', "next thumbnail after $after");
	is($session->query('SELECT pg_backend_pid()'), $session->{pid}, "same session after $after");
	is(slurp_file($postmaster_file), $postmaster_start, "same postmaster after $after");
}

# --- killed

is($session->query($thumbnail), 't', 'a thumbnail');
my $decoder = $session->send_to_stopped($server, $thumbnail);
kill 'KILL', $decoder;
like($session->answer, qr/ERROR:  TE009: .*DETAIL:.*killed by signal 9 \(Killed\)/s, 'killed: an error of its own');
all_is_well($decoder, 'a kill');

foreach my $signal (qw(SEGV ABRT BUS SYS ILL))
{
	my $answer;

	# the thread that takes the signal may be slower than the one that works
	wait_for("SIG$signal comes in time",
		sub {
			$session->query($thumbnail);
			$decoder = $session->send_to_stopped($server, $thumbnail);
			kill $signal, $decoder;
			kill 'CONT', $decoder;
			return ($answer = $session->answer) ne 't';
		});
	like($answer, qr/ERROR:  TE009: .*DETAIL:.*killed by signal \d+ \(/s, "SIG$signal: an error of its own");
}
all_is_well($decoder, 'more signals');
like(slurp_file($server->logfile), qr/LOG:  lost image decoder with PID $decoder\n.*DETAIL:  The decoder was killed by signal/,
	'the loss is in the log');

# --- too late

$session->query("SET thumbexif.decode_timeout = '500ms'");
ok(wait_for('a thumbnail in time', sub { $session->query($thumbnail) eq 't' }), 'a thumbnail in time');
my $start = time;
$decoder = $session->stop_decoder;
$session->send($thumbnail);
like($session->answer, qr/ERROR:  TE008: .*DETAIL:.*did not answer in time.*HINT:.*decode_timeout/s, 'late: an error of its own');
cmp_ok(time - $start, '>=', 0.5, 'not before its time');
all_is_well($decoder, 'a timeout');

# It is not late if it was the session that was away (on a busy machine it takes some time until the session is stopped).  The decoder
# works for some times as long as what shows that it has begun.
$session->query("SET thumbexif.decode_timeout = '8s'");
$session->query($thumbnail);
$decoder = $session->send_to_stopped($server, "SELECT length(thumbexif_thumbnail('photo.jpg', format => 'webp')) > 1000");
kill 'STOP', $session->{pid};
my $worked = worked($decoder);
kill 'CONT', $decoder;
$start = time;
wait_for('the deadline passes', sub { time - $start > 8.2 });
# it has the image's descriptors until it has sent its reply
wait_for('the decoder has answered', sub { worked($decoder) > $worked + 0.001 && (() = glob "/proc/$decoder/fd/*") == 4 });
kill 'CONT', $session->{pid};
is($session->answer, 't', 'an answer in time, read late');
is_deeply([ $session->decoders_of ], [$decoder], 'by a decoder that lives on');

$session->query('RESET thumbexif.decode_timeout');
is($session->query($thumbnail), 't', 'a thumbnail');

# --- the file changes while it waits

$decoder = $session->send_to_stopped($server, "SELECT thumbexif_thumbnail('photo.png')");
truncate("$pictures/photo.png", 100) or die "truncate: $!";
kill 'CONT', $decoder;
like($session->answer, qr/ERROR:  58030: .*has become shorter/s, 'a file that became shorter');
is_deeply([ $session->decoders_of ], [$decoder], 'costs no decoder');

# --- memory: an interlaced picture has to be held as a whole

my $side = 8000;
my $rows = Compress::Zlib::compress("\0" x (3 * $side * $side + 8 * $side), 1);
open(my $png, '>', "$pictures/large.png") or die "large.png: $!";
binmode $png;
print $png "\x89PNG\r\n\x1a\n";
foreach ([ 'IHDR', pack('NNCCCCC', $side, $side, 8, 2, 0, 0, 1) ], [ 'IDAT', $rows ], [ 'IEND', '' ])
{
	print $png pack('N', length $_->[1]), @$_, pack('N', Compress::Zlib::crc32(join '', @$_));
}
close $png;
like($session->query("SET thumbexif.decoder_memory = '64MB'; SELECT thumbexif_thumbnail('large.png')"),
	qr/ERROR:  TE007: .*HINT:.*decoder_memory/s, 'too little memory is not a corrupt image');
is($session->query($thumbnail), 't', 'but enough for another');
is($session->query("RESET thumbexif.decoder_memory; SELECT length(thumbexif_thumbnail('large.png')) > 100"), 't',
	'and with more memory it is a picture');

# --- too little memory to show what is left of a damaged image: a TIFF whose strips are read one by one, of which the second half is missing

{
	my ($width, $per_strip, $strips) = (6000, 50, 120);
	my $strip = Compress::Zlib::compress("\x40" x (3 * $width * $per_strip), 1);
	my @tags = ([ 256, 4, 1, $width ], [ 257, 4, 1, $per_strip * $strips ], [ 258, 3, 3, 'bits' ], [ 259, 3, 1, 8 ], [ 262, 3, 1, 2 ], [ 271, 2, 3, ord 'X' ],
		[ 273, 4, $strips, 'offsets' ], [ 277, 3, 1, 3 ], [ 278, 4, 1, $per_strip ], [ 279, 4, $strips, 'lengths' ]);
	my $at = 8 + 2 + 12 * @tags + 4;
	my %value = (bits => $at, offsets => $at + 6, lengths => $at + 6 + 4 * $strips);
	my $pixels = $at + 6 + 8 * $strips;

	append_to_file("$pictures/half.tiff", join '', pack('A2vVv', 'II', 42, 8, scalar @tags), map({ pack 'vvVV', @$_[0 .. 2], $value{ $_->[3] } // $_->[3] } @tags),
		pack('V', 0), pack('v3', 8, 8, 8), pack("V$strips", map { $pixels + $_ * length $strip } 0 .. $strips - 1), pack("V$strips", (length $strip) x $strips),
		$strip x ($strips / 2));
	$server->safe_psql('postgres', "SELECT thumbexif_attach('halves', create_table => true); INSERT INTO halves (path) VALUES ('half.tiff')");
	my $limits = "SET client_min_messages = error; SET thumbexif.decoder_memory = '64MB'; SET thumbexif.max_attempts = 1; ";
	my $state = q{SELECT status, sqlstate, damage IS NOT NULL, thumbnail_path IS NOT NULL, camera_make, width FROM thumbexif_state(1, 'halves'), halves};

	like($session->query("$limits CALL thumbexif_backfill(relation => 'halves'); $state"), qr/^failed\|TE003\|f\|f\|X\|6000$/m, 'a damaged image that is not shown');
	like($session->query("$limits SET thumbexif.damaged_images = 'show'; CALL thumbexif_backfill(relation => 'halves'); $state"), qr/^failed\|TE007\|f\|f\|X\|6000$/m,
		'it would be shown with more memory');
	like($session->query("CALL thumbexif_backfill(relation => 'halves')"), qr/^0\|0\|0\|0$/m, 'and is not tried again with less');
	like($session->query("RESET thumbexif.decoder_memory; CALL thumbexif_backfill(relation => 'halves'); $state"), qr/^done\|\|t\|t\|X\|6000$/m, 'it is tried when there is more');
	$server->safe_psql('postgres', "SELECT thumbexif_detach('halves')");
}
$session->quit;

# --- one of several

$server->safe_psql('postgres', <<'EOSQL');
SELECT thumbexif_attach();
INSERT INTO image_assets (path) SELECT repeat('./', n) || 'photo.jpg' FROM generate_series(1, 12) n;
EOSQL
$session = DecoderTest->session($server);
# With one decoder, it has one picture at work and one waiting in its socket.
$session->query('SET thumbexif.decoders = 1; SELECT thumbexif_process(1)');
$decoder = $session->send_to_stopped($server, 'CALL thumbexif_backfill()');
kill 'KILL', $decoder;
like($session->answer, qr/Done! Processed: 11, Updated: 10, Skipped: 0, Failed: 1\n/, 'a backfill whose decoder was killed goes on');
is($server->safe_psql('postgres', 'SELECT string_agg(status::text || assets, \' \' ORDER BY status::text) FROM thumbexif_status'),
	'done11 queued1', 'one picture is to be tried again, and the one that waited behind it is done');
like($server->safe_psql('postgres', 'SELECT error FROM thumbexif_failures'), qr/killed by signal 9/, 'with the reason');

# Of EXIF alone it has several at work: it is not known whom it was killed for, and none of them is blamed.
$server->safe_psql('postgres', "DELETE FROM image_assets; INSERT INTO image_assets (path) SELECT repeat('./', n) || 'photo.jpg' FROM generate_series(1, 40) n");
is($session->query($thumbnail), 't', 'a thumbnail');
$decoder = $session->send_to_stopped($server, "CALL thumbexif_backfill(parts => 'exif')");
kill 'KILL', $decoder;
like($session->answer, qr/Done! Processed: 40, Updated: 40, Skipped: 0, Failed: 0\n/, 'a backfill of EXIF whose decoder was killed goes on');
$session->quit;
is(slurp_file($postmaster_file), $postmaster_start, 'same postmaster at the end');

$server->stop;
done_testing();
