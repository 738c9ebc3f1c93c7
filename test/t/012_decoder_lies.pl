# Nothing a decoder says is believed unchecked.  A stub stands in for it, and does what the "picture" tells it.
use strict;
use warnings;

use File::Copy qw(copy);
use PostgreSQL::Test::Utils;
use Test::More;
use DecoderTest;
use ThumbexifTest;

my $install = private_install('stub');
unlink "$install->{pkglibdir}/thumbexif-decoder" or die "unlink: $!";
copy("$ENV{TE_SCRATCH}/build/stub_decoder", "$install->{pkglibdir}/thumbexif-decoder") or die "copy: $!";
chmod 0755, "$install->{pkglibdir}/thumbexif-decoder";

my $pictures = PostgreSQL::Test::Utils::tempdir();
my $server = new_server('lies', preload => 0, install => $install, roots => $pictures);
my $postmaster_start = slurp_file($server->data_dir . '/postmaster.pid');
my $session = DecoderTest->session($server);

# What becomes of a picture that says WORD, and whether its decoder is used again.
sub outcome
{
	my ($word, $function) = @_;
	$function ||= 'thumbnail';
	my @before = $session->decoders_of;
	my $answer = $session->query("SELECT thumbexif_$function('stub: $word '::bytea) IS NOT NULL");
	my @after = $session->decoders_of;

	return ($answer, @before && @after && $before[0] == $after[0] ? 'kept' : 'replaced');
}

sub is_refused
{
	my ($word, $function, $state, $detail, $what) = @_;
	outcome('well');
	my ($answer, $decoder) = outcome($word, $function);
	like($answer, qr/ERROR:  $state: .*$detail/s, $what);
	is($decoder, 'replaced', "$what: the decoder is not used again");
	return;
}

is_deeply([ outcome('well') ], [ 't', 'replaced' ], 'the first picture starts a decoder');
is_deeply([ outcome('well') ], [ 't', 'kept' ], 'the second is for the same');

is_refused('number', 'thumbnail', 'TE010', 'answers another request', 'another request');
is_refused('magic', 'thumbnail', 'TE010', 'not a reply', 'no reply');
is_refused('descriptor', 'thumbnail', 'TE010', 'has descriptors', 'a descriptor');
is_refused('long', 'thumbnail', 'TE010', 'too long', 'a reply that is too long');
is_refused('surplus', 'thumbnail', 'TE010', 'bytes behind its replies', 'bytes behind the texts');
is_refused('lengths', 'thumbnail', 'TE010', 'reply is not complete', 'a length that overflows');
is_refused('status', 'thumbnail', 'TE010', 'status is not one of a decoder', 'a status of the server');
is_refused('wide', 'thumbnail', 'TE010', 'not of the size that was asked for', 'a thumbnail that is too wide');
is_refused('damaged', 'thumbnail', 'TE010', 'damage where none should be', 'a damaged image that is not to be shown');
is_refused('missing', 'thumbnail', 'TE010', 'shorter than announced', 'a thumbnail that is shorter than announced');
is_refused('html', 'thumbnail', 'TE010', 'does not have the requested format', 'a thumbnail that is none');
is_refused('make', 'exif', 'TE010', 'EXIF where none should be', 'values without EXIF');
is_refused('text', 'exif', 'TE010', 'text is not clean', 'text that is not UTF-8');
is_refused('json', 'exif', 'TE010', 'JSON is invalid', 'JSON that jsonb does not take');

is_refused('crash', 'thumbnail', 'TE009', 'killed by signal 11', 'a crash');
is_refused('abort', 'thumbnail', 'TE009', 'killed by signal 6 \(Aborted\): assertion \? failed', 'an abort, with the last words made harmless');
is_refused('exit', 'thumbnail', 'TE009', 'exited with code 77', 'an exit');
is_refused('processor', 'thumbnail', 'TE008', 'killed by signal 24', 'too much processor time');
is_refused('memory', 'thumbnail', 'TE007', 'exited with code 5', 'out of memory');
is_refused('file', 'thumbnail', '58030', 'exited with code 6', 'a file that cannot be read');
is_refused('leave', 'thumbnail', 'TE009', 'exited with code 0', 'decoders that leave without an answer, again and again');
is_refused('silent', 'thumbnail', 'TE009', 'killed by signal 9', 'one that closes its socket and stays');

# Damaged images are to be shown: then this may be told, and no other failure of an image that has a thumbnail.
$session->query(q{SET thumbexif.damaged_images = 'show'});
like((outcome('damaged'))[0], qr/WARNING:  (?:TE003: )?image is damaged: image data ends too early: only its sky.*^t$/sm, 'a damaged image is shown, with a warning');
is_refused('hurt', 'thumbnail', 'TE010', 'damage where none should be', 'a damage that is none');
is_refused('damaged', 'exif', 'TE010', 'damage where none should be', 'one without a thumbnail');
$session->query('RESET thumbexif.damaged_images');

# Two replies: the second is nobody's, and the next picture is not given to such a decoder.
outcome('well');
is_deeply([ outcome('twice') ], [ 't', 'kept' ], 'the first of two replies counts');
my ($liar) = $session->decoders_of;
wait_for('the second reply is sent', sub { process_state($liar) eq 'S' });
is_deeply([ outcome('well') ], [ 't', 'replaced' ], 'but the next picture is for another decoder');

# After a thousand pictures a decoder is replaced.
outcome('well');
my ($worn) = $session->decoders_of;
my $many = "SELECT count(thumbexif_thumbnail(('stub: well ' || n)::bytea)) FROM generate_series(1, 900) n";
is($session->query($many), '900', '900 pictures');
is_deeply([ $session->decoders_of ], [$worn], 'by one decoder');
is($session->query($many), '900', '900 more');
isnt(($session->decoders_of)[0], $worn, 'by another');

# A backfill ends as it should, with every picture counted once.
my %words = (number => 2, leave => 2, crash => 2, html => 2, well => 12);
foreach my $word (keys %words)
{
	append_to_file("$pictures/$word$_", "stub: $word \n") foreach 1 .. $words{$word};
}
$server->safe_psql('postgres', <<"EOSQL");
SELECT thumbexif_attach();
INSERT INTO image_assets (path) SELECT file FROM pg_ls_dir('$pictures') file ORDER BY md5(file);
EOSQL
like($session->query('SET thumbexif.decoders = 3; CALL thumbexif_backfill(parts => \'thumbnail\')'),
	qr/Done! Processed: 20, Updated: 12, Skipped: 0, Failed: 8\n/, 'a backfill with decoders of all kinds');
is($server->safe_psql('postgres', <<'EOSQL'), "crash|2|TE009\nhtml|2|TE010\nleave|2|TE009\nnumber|2|TE010", 'each has its own reason');
SELECT regexp_replace(path, '\d+$', ''), count(*),
	CASE WHEN bool_and(error LIKE '%terminated%') THEN 'TE009' WHEN bool_and(error LIKE '%invalid reply%') THEN 'TE010' END
FROM thumbexif_failures GROUP BY 1 ORDER BY 1
EOSQL
is($server->safe_psql('postgres', "SELECT count(*) FROM image_assets WHERE path LIKE 'well%' AND thumbnail_path IS NOT NULL"),
	'12', 'and who is well is done, whoever was beside it');

# Of EXIF alone many are asked for in a message, and answered in one.  Whoever a decoder dies of, or waits for, is found out.
append_to_file("$pictures/stop1", "stub: stop \n");
$server->safe_psql('postgres', "INSERT INTO image_assets (path) VALUES ('stop1')");
like($session->query("SET thumbexif.decode_timeout = '5s'; CALL thumbexif_backfill(parts => 'exif')"),
	qr/Done! Processed: 21, Updated: 0, Skipped: 12, Failed: 9\n/, 'the same for EXIF, with several pictures in a message');
is($server->safe_psql('postgres', "SELECT string_agg(path || attempts, ' ' ORDER BY path) FROM thumbexif_failures WHERE error NOT LIKE '%terminated%'"),
	'number12 number22 stop11', 'one lied, one did not answer');
is($server->safe_psql('postgres', "SELECT string_agg(path || attempts, ' ' ORDER BY path) FROM thumbexif_failures WHERE error LIKE '%terminated%'"),
	'crash12 crash22 html12 html22 leave12 leave22', 'the others died');
like($server->safe_psql('postgres', "SELECT error FROM thumbexif_failures WHERE path = 'stop1'"), qr/did not answer in time/, 'with the reason');
$session->query('RESET thumbexif.decode_timeout');

# --- several sizes

my %lies = (
	fewer => qr/not of the size that was asked for/, more => qr/thumbnail where none should be/, broad => qr/not of the size that was asked for/,
	measured => qr/measure where none should be/,
	longer => qr/shorter than announced/, second => qr/does not have the requested format/, well => qr/^$/);
$server->safe_psql('postgres', q{SELECT thumbexif_attach('several', create_table => true, thumbnail_sizes => '20,10,5')});
foreach my $word (sort keys %lies)
{
	append_to_file("$pictures/several-$word", "stub: $word \n");
	my $id = $server->safe_psql('postgres', "INSERT INTO several (path) VALUES ('several-$word') RETURNING id");
	like($server->safe_psql('postgres', "SELECT error FROM thumbexif_process($id, 'several')"), $lies{$word}, "several sizes: $word");
	is($server->safe_psql('postgres', "SELECT count(*) FROM thumbexif_thumbnails WHERE id = '$id'"), $word eq 'well' ? 3 : 0, 'all or none');
}

# --- facts

my $facts = 'iso, f_number, exposure_time, orientation, altitude, direction, rating, keywords, taken_at_offset';
my %fact_lies = (
	(map { $_ => qr/a fact is out of range/ } qw(iso aperture exposure orientation altitude direction rating)),
	(map { $_ => qr/time is impossible/ } qw(offset origin)),
	thumbhash => qr/there is a fact where none should be/, unknown => qr/there is a fact where none should be/, nothing => qr/there are facts where none should be, or none/,
	(map { $_ => qr/a text is not clean/ } qw(several empty nul encoding title description)),
	(map { $_ => qr/a text is too long/ } qw(endless lens)), beyond => qr/reply is not complete/);
is($session->query("SELECT $facts FROM thumbexif_info('stub: fact-good'::bytea)"), '100|2|1|1|0|0|0|{one,two}|60', 'facts that are no lies');
foreach my $word (sort keys %fact_lies)
{
	like($session->query("SELECT $facts FROM thumbexif_info('stub: fact-$word'::bytea)"), qr/ERROR:  TE010: .*$fact_lies{$word}/s, "facts: $word");
}
like($session->query("SELECT thumbhash FROM thumbexif_info('stub: fact-thumbhash'::bytea, hashes => true)"), qr/ERROR:  TE010: .*length of the ThumbHash is impossible/s,
	'a ThumbHash that is too long');

# beside good ones in a message, none of a liar's facts is written
append_to_file("$pictures/fact-$_", "stub: fact-$_ \n") foreach keys %fact_lies, 'good';
$server->safe_psql('postgres', <<"EOSQL");
SELECT thumbexif_attach('shots', create_table => true);
INSERT INTO shots (path) SELECT file FROM pg_ls_dir('$pictures') file WHERE file LIKE 'fact-%' ORDER BY md5(file);
EOSQL
my $liars = keys %fact_lies;
like($session->query(q{CALL thumbexif_backfill(relation => 'shots', parts => 'exif')}), qr/Done! Processed: @{[ $liars + 1 ]}, Updated: 1, Skipped: 0, Failed: $liars\n/,
	'a backfill of them');
is($server->safe_psql('postgres', q{SELECT count(*) FROM thumbexif_failures WHERE relation = 'shots'::regclass AND error LIKE '%invalid reply%'}), $liars, 'each with its reason');
is($server->safe_psql('postgres', "SELECT path, $facts FROM shots WHERE num_nonnulls($facts, width) > 0"), 'fact-good|100|2|1|1|0|0|0|{one,two}|60',
	'and no value of any is written');

is($session->query('SELECT pg_backend_pid()'), $session->{pid}, 'the session is the same');
is(slurp_file($server->data_dir . '/postmaster.pid'), $postmaster_start, 'the server is the same');

# --- at the start

sub start_with
{
	my $word = shift;
	unlink "$install->{pkglibdir}/stub_start";
	append_to_file("$install->{pkglibdir}/stub_start", $word) if $word;
	my $new = DecoderTest->session($server);
	my $answer = $new->query("SELECT thumbexif_thumbnail('stub: well'::bytea) IS NOT NULL");
	is(scalar(my @left = $new->decoders_of), $word ? 0 : 1, "decoders left after start: " . ($word || 'well'));
	$new->quit;
	return $answer;
}

like(start_with('version'), qr/ERROR:  58000: .*did not start.*DETAIL:.*another version.*HINT:.*reconnect/s, 'another version');
like(start_with('garbage'), qr/ERROR:  58000: .*did not start.*DETAIL:.*not a greeting/s, 'garbage');
like(start_with('exit'), qr/ERROR:  58000: .*did not start.*DETAIL:.*exited with code 77/s, 'an exit');
like(start_with('leave'), qr/ERROR:  58000: .*did not start.*DETAIL:.*exited with code 0/s, 'an exit without complaint');
like(start_with('abort'), qr/ERROR:  58000: .*did not start.*DETAIL:.*killed by signal 6 \(Aborted\): assertion/s, 'an abort');
like(start_with('hang'), qr/ERROR:  58000: .*did not start.*DETAIL:.*did not answer in time.*HINT:.*Try again/s, 'no greeting at all');
is(start_with(''), 't', 'and without such trouble it starts');

# --- the program itself

my $program = "$install->{pkglibdir}/thumbexif-decoder";
chmod 0644, $program;
like(start_with('version'), qr/ERROR:  58000: could not start image decoder ".*thumbexif-decoder": Permission denied.*HINT:/s, 'not executable');
unlink $program;
like(start_with('version'), qr/ERROR:  58P01: could not start image decoder ".*thumbexif-decoder": No such file.*HINT:.*Reinstall/s, 'missing');
append_to_file($program, "#!/bin/sh\necho 'error while loading shared libraries: libvips.so.42' >&2\nexit 127\n");
chmod 0755, $program;
like(start_with('version'), qr/DETAIL:.*exited with code 127: error while loading shared libraries: libvips.*HINT:.*ldd/s, 'a library is missing');

$server->stop;
done_testing();
