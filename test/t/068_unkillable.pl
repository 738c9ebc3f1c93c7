# Processes that do not die when they are killed, as in a dead file system: nobody waits for one after the other, and they are reaped in the end.
use strict;
use warnings;

use DecoderTest;
use File::Copy;
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use Time::HiRes qw(time);
use TinyPicture;
use WorkerTest ();

my $many = 12;
my $base = PostgreSQL::Test::Utils::tempdir();
my ($good, $dead) = map { WorkerTest::tiny_folder("$base/$_", 2 * $many) } qw(good dead);
my $install = private_install('unkillable');
my $opener = "$install->{pkglibdir}/thumbexif-opener";

unlink $opener or die "unlink: $!";
copy("$ENV{TE_SCRATCH}/build/stub_opener", $opener) or die "copy: $!";
chmod 0755, $opener;

my $server = new_server('unkillable', preload => 0, roots => "$good, $dead", install => $install,
	config => "thumbexif.decoders = $many\nthumbexif.max_decoders = $many\nthumbexif.decode_timeout = '1h'\n");
$server->stop;
$ENV{LD_PRELOAD} = "$ENV{TE_SCRATCH}/build/shim_unkillable.so";
$ENV{UNKILLABLE_WHEN} = "$base/unkillable";
$server->start;
delete $ENV{LD_PRELOAD};
my $session = DecoderTest->session($server);

# A backfill whose decoders have all stopped and have a picture.
sub stop_decoders
{
	my @decoders;

	$server->safe_psql('postgres', "TRUNCATE image_assets; INSERT INTO image_assets (path) SELECT i || '.png' FROM generate_series(1, 2 * $many) i");
	wait_for('there are many decoders', sub {
			$session->query('UPDATE image_assets SET thumbnail_path = NULL; CALL thumbexif_backfill()');
			return (@decoders = $session->decoders_of) == $many;
		});
	kill 'STOP', @decoders;
	foreach my $decoder (@decoders)
	{
		wait_for('decoder stops', sub { process_state($decoder) eq 'T' });
	}
	$session->query('UPDATE image_assets SET thumbnail_path = NULL');
	$session->send('CALL thumbexif_backfill()');
	$session->wait_until_waiting($server);
	write_file("$base/unkillable", '');
	return @decoders;
}

# --- many decoders: a cancel waits once for all of them, a second, and so does a shutdown, five seconds

$server->safe_psql('postgres', 'SELECT thumbexif_attach()');
my @decoders = stop_decoders();
my $start = time;
$server->safe_psql('postgres', "SELECT pg_cancel_backend($session->{pid})");
like($session->answer, qr/ERROR:  57014:/, 'a cancel');
cmp_ok(time - $start, '<', $many * 2 / 3, "does not wait for each of $many");
is(join(' ', map { process_state($_) } @decoders), join(' ', ('T') x $many), 'they are still there');
like($session->query("SET thumbexif.decoders = 1; SELECT width FROM thumbexif_info('$good/1.png')"), qr/^1$/, 'and the session works on');
kill 'CONT', @decoders;
wait_for('those that end at last are reaped', sub { !grep { process_state($_) ne '' } @decoders });
pass('those that end at last are reaped');
unlink "$base/unkillable" or die "unlink: $!";

# --- an opener: as long as it is there its root is not tried again

write_file("$install->{pkglibdir}/stub_trouble", "hang $dead\n");
$session->query("SET thumbexif.decode_timeout = '1s'");
$session->query("SELECT width FROM thumbexif_info('$good/1.png')");
my ($hanging) = openers($session->{pid});
write_file("$base/unkillable", '');
like($session->query("SELECT thumbexif_info('$dead/1.png')"), qr/ERROR:  58030: image folder "\Q$dead\E" does not answer/, 'a root hangs');
$session->query("SET thumbexif.decode_timeout = '1h'");	# a busy machine may take long for what does answer
like($session->query("SELECT width FROM thumbexif_info('$good/1.png')"), qr/^1$/, 'the other one can be read');
isnt(process_state($hanging), '', 'its opener does not die');
# longer than the pause after which a root is tried again, if nobody hangs there
my $until = time + 15;
my %seen;
while (time < $until)
{
	$seen{ $session->query("SELECT thumbexif_info('$dead/1.png')") =~ /does not answer/ ? 'refused' : 'other' }++;
	$session->query("SELECT thumbexif_info('$good/1.png')");	# by an opener that does not hang
	$seen{ scalar(my @openers = openers($session->{pid})) . ' openers' }++;
	select(undef, undef, undef, 0.1);
}
is(join(', ', sort keys %seen), '2 openers, refused', 'and no other one follows it');
write_file("$install->{pkglibdir}/stub_trouble", '');
wait_for('the root is back when it has ended', sub { $session->query("SELECT width FROM thumbexif_info('$dead/1.png')") =~ /^1$/ });
pass('the root is back when it has ended');
is(process_state($hanging), '', 'which was reaped');
unlink "$base/unkillable" or die "unlink: $!";

# --- the server stops: five seconds for all, not for each

$session->query("SET thumbexif.decode_timeout = '1h'; SET thumbexif.decoders = $many");
@decoders = stop_decoders();
$start = time;
$server->stop('fast');
cmp_ok(time - $start, '<', $many * 5 / 2, "a fast shutdown does not wait five seconds for each of $many");
kill 'KILL', @decoders;

done_testing();
