# Memory and descriptors of a session stay the same, however many pictures fail or are made.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use DecoderTest;
use ThumbexifTest;

my $pictures = PostgreSQL::Test::Utils::tempdir();
system_or_bail('cp', pictures_dir() . "/$_", "$pictures/$_") foreach qw(photo.jpg corrupt.jpg text.jpg truncated.png);
my $server = new_server('flat', preload => 0, roots => $pictures);
my $session = DecoderTest->session($server);

# Resident kB and descriptors of the session's process, which has one well decoder.
sub size
{
	1 until $session->query('SET statement_timeout = 0') eq '';	# unless the old one ends it
	is($session->query("SELECT length(thumbexif_thumbnail('photo.jpg')) > 0"), 't', 'and a thumbnail');
	my ($kilobytes) = slurp_proc($session->{pid}, 'status') =~ /^RssAnon:\s+(\d+) kB/m;
	my @fds = glob "/proc/$session->{pid}/fd/*";
	return ($kilobytes, scalar @fds);
}

# The same work again and again.  malloc() may take a step now and then, when a call ends at a moment when others did
# not; what leaks, leaks in every stretch of two rounds.
sub is_flat
{
	my ($what, $query, $answer) = @_;
	my ($kilobytes, $fds, $later, $fds_later);

	like($session->query($query), $answer, "$what: at first") foreach 1 .. 2;
	foreach my $stretch (1 .. 5)
	{
		($kilobytes, $fds) = size();
		like($session->query($query), $answer, "$what: again") foreach 1 .. 2;
		($later, $fds_later) = size();
		last if $later < $kilobytes + 300;
	}
	cmp_ok($later, '<', $kilobytes + 300, "$what: the same memory");
	# an idle decoder's and the opener's, two each, may have come or gone; each round makes many errors
	cmp_ok($fds_later, '<=', $fds + 4, "$what: the same descriptors");
	return;
}

$session->query(<<'EOSQL');
CREATE FUNCTION fail(path text, times int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE failed bigint := 0;
BEGIN
	FOR i IN 1 .. times LOOP
		BEGIN
			PERFORM thumbexif_thumbnail(path);
		EXCEPTION WHEN OTHERS THEN
			failed := failed + 1;
		END;
	END LOOP;
	RETURN failed;
END $$;
-- Until so many were late: on a busy machine a decoder may have answered when the session sees that its time is over.
CREATE FUNCTION cut_short(times int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE failed bigint := 0;
BEGIN
	WHILE failed < times LOOP
		BEGIN
			PERFORM set_config('thumbexif.decode_timeout', '1ms', true);
			PERFORM thumbexif_thumbnail('photo.jpg', 2048);
		EXCEPTION WHEN SQLSTATE 'TE008' THEN
			failed := failed + 1;
		END;
	END LOOP;
	RETURN failed;
END $$;
EOSQL

is_flat('pictures that are corrupt', "SELECT fail('corrupt.jpg', 500)", qr/^500$/);
is_flat('pictures that are none', "SELECT fail('text.jpg', 500)", qr/^500$/);
is_flat('pictures that are not there', "SELECT fail('nothing.jpg', 500)", qr/^500$/);
is_flat('bytes that are cut', "SELECT sum(fail(path, 100)) FROM (VALUES ('truncated.png')) v (path)", qr/^100$/);
is_flat('thumbnails', "SELECT count(thumbexif_thumbnail('photo.jpg', 64)) FROM generate_series(1, 1000)", qr/^1000$/);
is_flat('thumbnails of bytes',
	"SELECT count(thumbexif_thumbnail(pg_read_binary_file('$pictures/photo.jpg'), 64)) FROM generate_series(1, 300)", qr/^300$/);
is_flat('EXIF', "SELECT count(thumbexif_exif('photo.jpg')) FROM generate_series(1, 1000)", qr/^1000$/);

# Decoders that end in the middle, and calls that do.
is_flat('decoders that are late', 'SELECT cut_short(10)', qr/^10$/);
is_flat('calls that are canceled',
	"SET statement_timeout = '30ms'" . "; SELECT count(thumbexif_thumbnail('photo.jpg', 64)) FROM generate_series(1, 1000)" x 20,
	qr/^(?:ERROR:  57014:[^\n]*\n(?:CONTEXT:[^\n]*\n)?LOCATION:[^\n]*\n?){20}$/);
$session->quit;
$server->stop;
done_testing();
