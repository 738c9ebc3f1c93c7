# thumbexif.max_decoders bounds the decoders of the whole server; who finds none waits in turn.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession ();
use Time::HiRes qw(time);
use DecoderTest;
use ThumbexifTest;

my $thumbnail = "SELECT length(thumbexif_thumbnail('photo.jpg')) > 1000";
my $server = new_server('bound', preload => 1, config => <<'EOSQL');
thumbexif.max_decoders = 2
thumbexif.databases = 'template1'
thumbexif.decode_timeout = 1h
restart_after_crash = on
EOSQL

# All decoders beneath one server.
sub all_decoders
{
	my $postmaster = (split /\n/, slurp_file($server->data_dir . '/postmaster.pid'))[0];
	my @found;

	foreach my $directory (glob '/proc/[0-9]*')
	{
		my ($pid) = $directory =~ /(\d+)$/;
		my $stat = slurp_proc($pid, 'stat');
		push @found, decoders($pid) if defined $stat && $stat =~ /^\d+ \(postgres\) . $postmaster /;
	}
	return @found;
}

sub launcher
{
	my $column = shift;
	return $server->safe_psql('postgres', "SELECT $column FROM thumbexif_workers WHERE kind = 'launcher'");
}

sub wait_for_waiters
{
	my $count = shift;
	wait_for("$count wait for a decoder", sub { launcher('note') =~ ($count ? qr/^$count processes wait/ : qr/^$/) });
	return;
}

is($server->safe_psql('postgres', 'SHOW thumbexif.max_decoders'), '2', 'the setting');

# --- idle decoders block nobody

my @sessions = map { DecoderTest->session($server) } 1 .. 6;
is($_->query($thumbnail), 't', 'a session whose picture needs a decoder that an idle session has') foreach @sessions;
cmp_ok(scalar(my @all = all_decoders()), '<=', 2, 'there are never more than may be');
wait_for('thumbexif_workers shows how many', sub { launcher('decoders') == (() = all_decoders()) });
wait_for('and which session has one',
	sub {
		$sessions[-1]->query($thumbnail);
		return $server->safe_psql('postgres',
			"SELECT string_agg(concat_ws(' ', database, state, decoders), ',') FROM thumbexif_workers WHERE pid = $sessions[-1]->{pid} AND kind = 'session'") eq 'postgres idle 1';
	});
is($_->query($thumbnail), 't', 'a second round') foreach @sessions;
wait_for('none of those that were ended stays as a zombie', sub {
		!grep { my $pid = $_; grep { $pid == $_->{pid} } @sessions }
		  map { /^\d+ \(.*\) Z (\d+) / ? $1 : () } grep { defined } map { slurp_proc($_ =~ s{.*/}{}r, 'stat') } glob '/proc/[0-9]*';
	});
pass('and none of those that were ended stays as a zombie');
unlike(slurp_file($server->logfile), qr/lost image decoder/, 'nor is it called a loss');

# --- all are at work: who comes waits, and can be stopped

sub occupy
{
	my $session = shift;
	$session->query($thumbnail);
	return $session->send_to_stopped($server, $thumbnail);
}

my @busy = map { occupy($sessions[$_]) } 0, 1;
my $waiting = $sessions[2];
$waiting->send($thumbnail);
wait_for_waiters(1);
$server->safe_psql('postgres', "SELECT pg_cancel_backend($waiting->{pid})");
like($waiting->answer, qr/ERROR:  57014/, 'a cancel ends the wait');
wait_for_waiters(0);

my $start = time;
like($waiting->query("SET thumbexif.decode_timeout = '1s'; $thumbnail"),
	qr/ERROR:  53000: no image decoder became free.*All 2 decoders.*HINT:.*thumbexif\.max_decoders/s, 'an ERROR after decode_timeout');
cmp_ok(time - $start, '>=', 1, 'not before');
wait_for_waiters(0);
like($waiting->query("BEGIN; SAVEPOINT a; $thumbnail"), qr/ERROR:  53000/, 'in a subtransaction');
is($waiting->query('ROLLBACK TO a; SELECT 1; COMMIT; RESET thumbexif.decode_timeout'), '1', 'which goes on after it');

# --- in turn

# Who is first in the queue is stopped: nobody passes it.
my $probe = DecoderTest->session($server);

# Stop who waits, but not while it holds the lock of the slots: then the view would not answer.
sub halt
{
	my $pid = shift;

	wait_for('one that waits is stopped',
		sub {
			kill 'STOP', $pid;
			wait_for('it stops', sub { process_state($pid) eq 'T' });
			$probe->send("SELECT note FROM thumbexif_workers WHERE kind = 'launcher'");
			return 1 if TestSession::until_true(2, sub { $probe->{psql}->pump_nb; $probe->{out} =~ /end-of/ });
			kill 'CONT', $pid;
			$probe->answer;
			return 0;
		});
	return;
}

# They have no answer, for longer than those in the queue sleep.
sub wait_on
{
	my ($title, @waiting) = @_;

	ok(!TestSession::until_true(1.5, sub { $_->{psql}->pump_nb foreach @waiting; grep { $_->{out} ne '' } @waiting }), $title);
	return;
}

foreach my $n (1 .. 3)
{
	$sessions[ $n + 1 ]->send($thumbnail);
	wait_for_waiters($n);
}
halt($sessions[$_]->{pid}) foreach 2, 3;
$server->safe_psql('postgres', "SELECT pg_terminate_backend($sessions[1]->{pid})");
wait_until($server, 'its session is gone', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $sessions[1]->{pid})");
wait_on('nobody passes the first', $sessions[4]);
kill 'CONT', $sessions[2]->{pid};
is($sessions[2]->answer, 't', 'the first has its thumbnail, with the decoder of one that was terminated');
wait_on('nor the second', $sessions[4]);
kill 'CONT', $sessions[3]->{pid};
is($sessions[$_]->answer, 't', 'then the next') foreach 3, 4;
$probe->quit;
kill 'CONT', $busy[0];
is($sessions[0]->answer, 't', 'and who had one goes on with it');

# --- a server process that is killed keeps none

occupy($_) foreach @sessions[ 0, 2 ];
kill 'KILL', $sessions[0]->{pid};
wait_until($server, 'the killed session is gone', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $sessions[0]->{pid})");
my $new = DecoderTest->session($server);
is($new->query($thumbnail), 't', 'after a crash all slots are free again');
is(launcher('decoders'), 1, 'but for that of the one that is used');

# --- a bulk run makes room; its rows are written slowly until others have had their turn

sub writes_take
{
	my $seconds = shift;

	return $server->safe_psql('postgres', "CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN PERFORM pg_sleep($seconds); RETURN NULL; END'");
}

writes_take(0.05);

$server->safe_psql('postgres', <<'EOSQL');
SELECT thumbexif_attach();
INSERT INTO image_assets (path) SELECT repeat('./', n) || 'photo.jpg' FROM generate_series(1, 1500) n;
CREATE TRIGGER slow AFTER UPDATE ON image_assets FOR EACH ROW EXECUTE FUNCTION slow();
EOSQL
my @bulk = map { DecoderTest->session($server) } 1 .. 2;
$_->send("SET thumbexif.decoders = 4; CALL thumbexif_backfill(batch_size => 20)") foreach @bulk;
wait_for('both backfills work', sub { $server->safe_psql('postgres', "SELECT count(*) FROM thumbexif_workers WHERE kind = 'backfill' AND done > 0") == 2 });
my $most = 0;
foreach (1 .. 3)
{
	is($new->query($thumbnail), 't', 'a thumbnail while two backfills have all decoders');
	my $now = all_decoders();
	$most = $now if $now > $most;
}
cmp_ok($server->safe_psql('postgres', 'SELECT count(*) FROM image_assets WHERE thumbnail_path IS NULL'), '>', 0, 'not only when they are at their end');
writes_take(0);
cmp_ok($most, '<=', 2, 'with two decoders in all');
like($_->answer, qr/Done! Processed: \d+, Updated: \d+, Skipped: 0, Failed: 0\n/, 'a backfill ends well all the same') foreach @bulk;
is($server->safe_psql('postgres', 'SELECT count(*) FROM image_assets WHERE thumbnail_path IS NULL'), '0', 'with every picture done');

# --- many at once

my @many = map { DecoderTest->session($server) } 1 .. 30;
$_->send($thumbnail) foreach @many;
is_deeply([ grep { $_ ne 't' } map { $_->answer } @many ], [], 'thirty sessions at once: none fails');
cmp_ok(scalar(@all = all_decoders()), '<=', 2, 'with two decoders');
$_->quit foreach @many;

# --- the setting changes

$server->append_conf('postgresql.conf', "thumbexif.max_decoders = 0\n");
$server->reload;
wait_for('the setting is reloaded', sub { $server->safe_psql('postgres', 'SHOW thumbexif.max_decoders') >= 8 });
pass('by default there are at least eight');
$server->stop;

# --- without shared memory: each session by itself

$server = new_server('alone', preload => 0, config => "thumbexif.max_decoders = 1\n");
$server->safe_psql('postgres', <<'EOSQL');
SELECT thumbexif_attach();
INSERT INTO image_assets (path) SELECT repeat('./', n) || 'photo.jpg' FROM generate_series(1, 20) n;
EOSQL
@sessions = map { DecoderTest->session($server) } 1 .. 2;
like($sessions[0]->query('SET thumbexif.decoders = 4; CALL thumbexif_backfill()'), qr/Updated: 20, Skipped: 0, Failed: 0\n/, 'without preload: a backfill');
is(scalar(@all = $sessions[0]->decoders_of), 1, 'keeps to the bound');
occupy($sessions[0]);
is($sessions[1]->query($thumbnail), 't', 'which is each session\'s own');
$server->stop('immediate');
done_testing();
