# A session that waits for a decoder answers at once to whoever wants it to stop, and leaves no decoder behind.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use DecoderTest;
use ThumbexifTest;

my $server = new_server('interrupts', preload => 0, config => "thumbexif.decode_timeout = 1h\n");
my $session = DecoderTest->session($server);
my $thumbnail = "SELECT length(thumbexif_thumbnail('photo.jpg')) > 1000";

# Whoever does it, a stuck decoder goes with the query: long before decode_timeout, which nobody would wait for.
sub is_stopped_by
{
	my ($what, $query, $error, $stop) = @_;

	$session->query($thumbnail);
	my $decoder;
	if ($stop)
	{
		$decoder = $session->send_to_stopped($server, $query);
		$stop->();
	}
	else	# it stops by itself, perhaps before anybody sees it wait
	{
		$decoder = $session->stop_decoder;
		$session->send($query);
	}
	like($session->answer, $error, $what);
	wait_for("decoder goes: $what", sub { process_state($decoder) eq '' });
	pass("$what: the decoder is gone");
	return;
}

is_stopped_by('pg_cancel_backend', $thumbnail, qr/ERROR:  57014: canceling statement due to user request/,
	sub { $server->safe_psql('postgres', "SELECT pg_cancel_backend($session->{pid})") });
is($session->query($thumbnail), 't', 'the next thumbnail');

is_stopped_by('statement_timeout', "SET statement_timeout = '300ms'; $thumbnail", qr/ERROR:  57014: canceling statement due to statement timeout/);
$session->query('RESET statement_timeout');
is($session->query($thumbnail), 't', 'the next thumbnail');

# In a block that catches it: the transaction goes on, with another decoder.
$session->query(<<'EOSQL');
CREATE FUNCTION caught(OUT first text, OUT second boolean) LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		PERFORM thumbexif_thumbnail('photo.jpg');
	EXCEPTION WHEN query_canceled THEN
		first := SQLERRM;
	END;
	second := length(thumbexif_thumbnail('photo.jpg')) > 1000;
END $$
EOSQL
is_stopped_by('a cancel that is caught', 'SELECT * FROM caught()', qr/^canceling statement due to user request\|t$/,
	sub { $server->safe_psql('postgres', "SELECT pg_cancel_backend($session->{pid})") });

# A backfill, with two pictures in a decoder.
$server->safe_psql('postgres', <<'EOSQL');
SELECT thumbexif_attach();
INSERT INTO image_assets (path) SELECT repeat('./', n) || 'photo.jpg' FROM generate_series(1, 10) n;
EOSQL
$session->query('SET thumbexif.decoders = 1');
is_stopped_by('cancel of a backfill', 'CALL thumbexif_backfill()', qr/ERROR:  57014: canceling statement due to user request/,
	sub { $server->safe_psql('postgres', "SELECT pg_cancel_backend($session->{pid})") });
like($session->query('CALL thumbexif_backfill()'), qr/Done! Processed: 10, Updated: 10, Skipped: 0, Failed: 0\n/, 'the next backfill does them all');

# A trigger that looks at a picture while the backfill's own are in flight.
$session->query(<<'EOSQL');
UPDATE image_assets SET thumbnail_path = NULL;
CREATE TABLE seen (bytes int);
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
	IF NEW.id % 3 = 0 THEN
		BEGIN
			PERFORM thumbexif_thumbnail('corrupt.jpg');
		EXCEPTION WHEN OTHERS THEN
			INSERT INTO seen VALUES (length(thumbexif_thumbnail('photo.png')));
		END;
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER look BEFORE UPDATE ON image_assets FOR EACH ROW EXECUTE FUNCTION look();
EOSQL
like($session->query("CALL thumbexif_backfill(batch_size => 2)"), qr/Done! Processed: 10, Updated: 10, Skipped: 0, Failed: 0\n/,
	'a trigger looks at pictures in the middle of a backfill');
is($server->safe_psql('postgres', 'SELECT count(*) FROM seen WHERE bytes > 1000'), '3', 'and sees them');

# The session itself.
$session->query($thumbnail);
my $decoder = $session->send_to_stopped($server, $thumbnail);
$server->safe_psql('postgres', "SELECT pg_terminate_backend($session->{pid})");
wait_for('session ends', sub { !-d "/proc/$session->{pid}" });
wait_for('decoder ends', sub { process_state($decoder) eq '' });
pass('pg_terminate_backend: the decoder is gone');

# The server.
$session = DecoderTest->session($server);
$session->query($thumbnail);
$decoder = $session->send_to_stopped($server, $thumbnail);
$server->stop('fast');
is(process_state($decoder), '', 'a fast shutdown does not wait for the decoder, which is gone');

done_testing();
