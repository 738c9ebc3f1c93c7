# Who is to blame is told by what failed, never by a code that a trigger can choose.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 20);
my $server = new_server('blame', roots => $root);

value($server, "SELECT thumbexif_attach('image_assets')");
value($server, <<'EOSQL');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.id = 2 THEN
		RAISE EXCEPTION 'not this one' USING ERRCODE = current_setting('test.code');
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON image_assets FOR EACH ROW EXECUTE FUNCTION refuse();
EOSQL

foreach my $code (qw(57014 57P01 53000 53100 53200 58000 58030 55P03 40P01))
{
	value($server, "TRUNCATE image_assets RESTART IDENTITY; INSERT INTO image_assets (path) SELECT i || '.png' FROM generate_series(1, 4) i");
	is(value($server, "SET test.code = '$code'; SET client_min_messages = error; CALL thumbexif_backfill()"),
		'4|3|0|1', "$code: a backfill goes on");
	is(value($server, "SELECT string_agg(concat_ws(' ', id, attempts, error), ',') FROM thumbexif_internal.thumbexif_asset_bigint WHERE status <> 'done'"),
		'2 1 row could not be updated: not this one', "$code: it is that asset's failure, with its reason");
}

# --- a message that is no text in any encoding, in a database that takes all bytes
value($server, "CREATE DATABASE raw ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
value($server, 'CREATE EXTENSION thumbexif', 'raw');
value($server, "SELECT thumbexif_attach('image_assets')", 'raw');
value($server, <<'EOSQL', 'raw');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN IF NEW.id = 2 THEN RAISE EXCEPTION E'caf\xe9'; END IF; RETURN NEW; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON image_assets FOR EACH ROW EXECUTE FUNCTION refuse();
INSERT INTO image_assets (path) SELECT i || '.png' FROM generate_series(1, 4) i;
EOSQL
is(value($server, 'SET client_min_messages = error; CALL thumbexif_backfill()', 'raw'), '4|3|0|1', 'bytes of no encoding: a backfill goes on');
is(value($server, "SELECT encode(convert_to(error, 'SQL_ASCII'), 'escape') FROM thumbexif_internal.thumbexif_asset WHERE status <> 'done'", 'raw'),
	'row could not be updated: caf\351', 'and they are kept as they are');

$server->stop;
done_testing();
