# A session that needs a decoder no longer hands it over to one of the same role that waits for one, and to no other.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use DecoderTest;
use ThumbexifTest;

my $thumbnail = "SELECT length(thumbexif_thumbnail('photo.jpg')) > 1000";
my $server = new_server('handover', preload => 1, config => <<'EOSQL');
thumbexif.max_decoders = 1
thumbexif.databases = 'template1'
thumbexif.decode_timeout = 1h
EOSQL
$server->safe_psql('postgres', 'CREATE ROLE alice; CREATE ROLE bob; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO alice, bob');
template($server);

sub wait_for_waiters
{
	my $count = shift;
	wait_for("$count wait for a decoder",
		sub { $server->safe_psql('postgres', "SELECT note FROM thumbexif_workers WHERE kind = 'launcher'") =~ ($count ? qr/^$count processes wait/ : qr/^$/) });
	return;
}

# A session of that role, with settings, whose only decoder is stopped with a picture in hand.
sub occupy
{
	my ($role, $settings) = @_;
	my $session;

	# only a decoder of the template can be handed over, and a session does not wait long for the template's answer
	wait_for('a session has a decoder of the template',
		sub {
			$session->quit if $session;
			template($server);
			$session = DecoderTest->session($server);
			$session->query(($settings // '') . "SET ROLE $role; $thumbnail");
			my ($decoder) = $session->decoders_of;
			return slurp_proc($decoder, 'stat') !~ /\) \S $session->{pid} /;
		});
	return ($session, $session->send_to_stopped($server, $thumbnail));
}

# The session next waits; the first goes on, and ends its call.  The decoder that next has then.
sub next_decoder
{
	my ($first, $decoder, $next) = @_;
	my $socket = $server->data_dir . "/pg_stat_tmp/thumbexif.$next->{pid}.sock";

	append_to_file($socket, 'left by an earlier process');

	$next->send($thumbnail);
	wait_for_waiters(1);
	ok(-S $socket && ((stat _)[2] & 0777) == 0600, 'who waits has a socket for the server\'s user');
	kill 'CONT', $decoder;
	is($first->answer, 't', 'who had it has its picture');
	is($next->answer, 't', 'and so has who waited');
	ok(!-e $socket, 'and the socket no more');
	return ($next->decoders_of)[0];
}

# --- of the same role

my ($first, $decoder) = occupy('alice');
my $next = DecoderTest->session($server);
$next->query('SET ROLE alice');
is(next_decoder($first, $decoder, $next), $decoder, 'the decoder is handed over');
is_deeply([ $first->decoders_of ], [], 'and is the first one\'s no more');
is($server->safe_psql('postgres', "SELECT string_agg(concat_ws(' ', pid, decoders), ',') FROM thumbexif_workers WHERE kind = 'session'"),
	"$next->{pid} 1", 'the view says whose it is');
$first->quit;
is($next->query($thumbnail), 't', 'it survives its first session');
is_deeply([ $next->decoders_of ], [$decoder], 'and goes on');

# At the end of a session that is not in a call.
$first = $next;
$next = DecoderTest->session($server);
$next->query('SET ROLE alice');
kill 'STOP', $decoder;
$first->send($thumbnail);
$first->wait_until_waiting($server);
$next->send($thumbnail);
wait_for_waiters(1);

# --- who waited is gone before it has noticed

kill 'STOP', $next->{pid};
wait_for('the next one stops', sub { process_state($next->{pid}) eq 'T' });
kill 'CONT', $decoder;
is($first->answer, 't', 'the decoder is handed over to one that does not run');
wait_for_waiters(0);
kill 'TERM', $next->{pid};
kill 'CONT', $next->{pid};
wait_for('it ends', sub { !-d "/proc/$next->{pid}" });
wait_for('with the decoder', sub { process_state($decoder) eq '' });
is($first->query($thumbnail), 't', 'and its slot is free');
isnt(($first->decoders_of)[0], $decoder, 'for another');
$first->quit;

# --- its death is noticed by the session that has it now

($first, $decoder) = occupy('alice');
$next = DecoderTest->session($server);
$next->query('SET ROLE alice');
is(next_decoder($first, $decoder, $next), $decoder, 'the decoder is handed over');
kill 'KILL', $decoder;
wait_for('it is reaped while its session is idle', sub { process_state($decoder) eq '' });
is($server->safe_psql('postgres', "SELECT decoders FROM thumbexif_workers WHERE kind = 'launcher'"), '0', 'and its slot is free');
$_->quit foreach $first, $next;

# --- not to others

($first, $decoder) = occupy('alice');
$next = DecoderTest->session($server);
$next->query('SET ROLE bob');
isnt(next_decoder($first, $decoder, $next), $decoder, 'another role has a new decoder');
$_->quit foreach $first, $next;

($first, $decoder) = occupy('alice', "SET thumbexif.decoder_memory = '512MB'; ");
$next = DecoderTest->session($server);
$next->query('SET ROLE alice');
isnt(next_decoder($first, $decoder, $next), $decoder, 'and so have other limits');
$_->quit foreach $first, $next;

$server->safe_psql('postgres', 'CREATE DATABASE other');
$server->safe_psql('other', 'CREATE EXTENSION thumbexif; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO alice');
($first, $decoder) = occupy('alice');
$next = DecoderTest->session($server);
$next->query("\\c other\nSET ROLE alice");
$next->{pid} = $next->query('SELECT pg_backend_pid()');
isnt(next_decoder($first, $decoder, $next), $decoder, 'another database has a new decoder');
$_->quit foreach $first, $next;

unlike(slurp_file($server->logfile), qr/lost image decoder/, 'none is lost');
$server->stop;
done_testing();
