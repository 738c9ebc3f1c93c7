# A decoder that was taken over by one role's picture never meets another role's, costs little, and is ended by the server.
use strict;
use warnings;

use File::Copy qw(copy);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use DecoderTest;
use ThumbexifTest;

# --- the real decoder

my $server = new_server('owner', preload => 0);
my $idle_since = time;
my @idle = map { DecoderTest->session($server) } 1 .. 3;
$_->query("SELECT length(thumbexif_thumbnail('photo.jpg'))") foreach @idle;
my @resting = map { $_->decoders_of } @idle;
is(scalar @resting, 3, 'three sessions with a decoder each, which are left alone from now on');

my $session = DecoderTest->session($server);
$session->query("SELECT length(thumbexif_thumbnail('photo.jpg'))");
my ($real) = $session->decoders_of;
my ($threads) = slurp_proc($real, 'status') =~ /^Threads:\s+(\d+)/m;
is($threads, 33, 'all threads are there before the first picture');
opendir(my $folder, pictures_dir()) or die "opendir: $!";
my @pictures = grep { /\.(jpg|png|webp|gif|tiff|heic|avif|jxl|bmp|dng)$/ && !/truncated|bomb|corrupt|empty|text|drawing|tiny/ } readdir $folder;
cmp_ok(scalar @pictures, '>', 50, 'pictures of all formats');
my %refused;
foreach my $picture (sort @pictures)
{
	my $format = (qw(jpeg png webp avif))[ length($picture) % 4 ];
	my $answer = $session->query("SELECT length(thumbexif_thumbnail('$picture', 512, '$format')) > 0");
	$refused{$picture} = $answer if $answer =~ /TE009|TE008|TE010/;
}
is_deeply(\%refused, {}, 'no decoder ends for lack of a thread or of a system call');
is_deeply([ $session->decoders_of ], [$real], 'one decoder has done them all');
is((slurp_proc($real, 'status') =~ /^Threads:\s+(\d+)/m)[0], $threads, 'with the threads it began with');
$session->quit;

# --- a stand-in that remembers what it has seen

my $install = private_install('owner_stub');
unlink "$install->{pkglibdir}/thumbexif-decoder" or die "unlink: $!";
copy("$ENV{TE_SCRATCH}/build/stub_decoder", "$install->{pkglibdir}/thumbexif-decoder") or die "copy: $!";
chmod 0755, "$install->{pkglibdir}/thumbexif-decoder";
my $pictures = PostgreSQL::Test::Utils::tempdir();
append_to_file("$pictures/$_", "stub: $_ ") foreach qw(secret remember);
my $stub = new_server('owner_stub', preload => 0, install => $install, roots => $pictures, config => "max_prepared_transactions = 2\n");
$session = DecoderTest->session($stub);
$session->query(<<'EOSQL');
CREATE ROLE alice; CREATE ROLE bob;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO alice, bob;
GRANT ALL ON SCHEMA public TO alice, bob
EOSQL
my $secret = "SELECT thumbexif_exif('stub: secret'::bytea)";
my $remember = "SELECT camera_make FROM thumbexif_info('stub: remember '::bytea)";

$session->query("SET ROLE alice; $secret");
is($session->query($remember), 'secret', 'within one role a decoder may remember');
my ($hers) = $session->decoders_of;
is($session->query("SET ROLE bob; $remember"), 'nothing', 'another role has another decoder');
is($session->query($remember), 'remember', 'and keeps it');
is($session->query("SET ROLE alice; $remember"), 'remember', 'the first one too');
ok((grep { $_ == $hers } $session->decoders_of), 'as long as there is room');

# With room for one, the other's is ended.
$session->quit;
$session = DecoderTest->session($stub);
$session->query("SET thumbexif.decoders = 1; SET ROLE alice; $secret");
($hers) = $session->decoders_of;
is($session->query("SET ROLE bob; $remember"), 'nothing', 'another role has another decoder, also where there is room for one only');
isnt(($session->decoders_of)[0], $hers, 'hers was ended when its place was needed');
is($session->query("SET ROLE alice; $remember"), 'nothing', 'and so is his');
is(scalar(my @left = $session->decoders_of), 1, 'there is one');

# A function of hers that he calls: the picture is hers.
$session->query(<<'EOSQL');
RESET ROLE; RESET thumbexif.decoders;
CREATE FUNCTION hers() RETURNS jsonb LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$ SELECT thumbexif_exif('stub: secret'::bytea) $$;
ALTER FUNCTION hers() OWNER TO alice; SET ROLE bob; SELECT hers()
EOSQL
like($session->query($remember), qr/^(nothing|remember)$/, 'nor by a function that runs with her rights');
$session->quit;

# Tables of two owners, by one session.
$stub->safe_psql('postgres', <<'EOSQL');
SELECT thumbexif_attach('hers', create_table => true);
SELECT thumbexif_attach('his', create_table => true);
ALTER TABLE hers OWNER TO alice;
ALTER TABLE his OWNER TO bob;
INSERT INTO hers (path) VALUES ('secret'), ('remember');
INSERT INTO his (path) VALUES ('remember');
EOSQL
$session = DecoderTest->session($stub);
$session->query('SET thumbexif.decoders = 1');
like($session->query("CALL thumbexif_backfill(relation => 'hers')"), qr/Updated: 2/, 'a backfill of her table');
like($session->query("CALL thumbexif_backfill(relation => 'his')"), qr/Updated: 1/, 'and of his');
is($stub->safe_psql('postgres', "SELECT camera_make FROM hers WHERE path = 'remember'"), 'secret', 'her decoder has seen her own picture');
is($stub->safe_psql('postgres', 'SELECT camera_make FROM his'), 'nothing', 'his has not');

# --- what it can make the server keep

my $heavy = $session->query("SELECT thumbexif_thumbnail('stub: heavy '::bytea)");
like($heavy, qr/ERROR:  TE010: .*length of the thumbnail is impossible/s, 'more bytes than the thumbnail has room for');
my $fill = $session->query("SELECT thumbexif_thumbnail('stub: fill '::bytea)");
my ($taken) = $fill =~ /ERROR:  TE011: .*?(\d+) bytes were taken/s;
is($taken, 64 * 1024 + 8 * 256 * 256, 'the file for a thumbnail takes as much as one of that size may need');
$fill = $session->query("SELECT thumbexif_thumbnail('stub: fill '::bytea, size => 16384)");
($taken) = $fill =~ /ERROR:  TE011: .*?(\d+) bytes were taken/s;
is($taken, 64 * 1024 * 1024, 'the largest, no more than ever');
like($session->query("SELECT thumbexif_exif('stub: digits '::bytea)"), qr/ERROR:  TE010: .*JSON is invalid/s, 'a number that becomes a thousand digits');
$session->quit;
$stub->stop;

# --- what becomes of decoders whose sessions do nothing

my $killed = DecoderTest->session($server);
$killed->query("SELECT length(thumbexif_thumbnail('photo.jpg'))");
my ($victim) = $killed->decoders_of;
kill 'KILL', $victim;
wait_for('a decoder of an idle session that died is reaped', sub { process_state($victim) eq '' });
pass('no zombie stays with an idle session');
is($killed->query("SELECT length(thumbexif_thumbnail('photo.jpg')) > 0"), 't', 'which has another when it needs one');

wait_for("decoders of idle sessions are ended and reaped", sub { !grep { process_state($_) ne '' } @resting });
cmp_ok(time - $idle_since, '>=', 10, 'decoders rest for ten seconds, are ended, and no zombie stays');
is($idle[0]->query("SELECT length(thumbexif_thumbnail('photo.jpg')) > 0"), 't', 'and an idle session has another when it needs one');
unlike(slurp_file($server->logfile), qr/lost image decoder/, 'nobody calls that a loss');

# The timer is there after an ERROR, which does away with timers.
my ($after) = $idle[0]->decoders_of;
like($idle[0]->query('SELECT 1/0'), qr/ERROR/, 'an ERROR');
wait_for('a decoder is ended though there was an ERROR', sub { process_state($after) eq '' });
pass('an ERROR does not leave a decoder for ever');
$server->stop;
done_testing();
