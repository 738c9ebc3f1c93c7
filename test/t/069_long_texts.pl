# Texts that a table's owner writes may be of any length: what is no path costs the worker no memory and stops nobody, and neither
# does a long message of a trigger's.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 3);
my $server = new_server('long', preload => 1, roots => $root, config => "thumbexif.decoders = 1\nthumbexif.max_attempts = 1\n");

sub sql { return value($server, shift) }

sql(<<'EOSQL');
CREATE ROLE hostile LOGIN;
CREATE SCHEMA trap AUTHORIZATION hostile;
SET ROLE hostile;
CREATE TABLE trap.shots (id bigint PRIMARY KEY, path text, thumbnail_path text, width integer);
-- kept out of line, as it cannot be compressed
CREATE FUNCTION trap.noise(kilobytes integer) RETURNS text LANGUAGE sql AS
	$$ SELECT string_agg(sha512(i::text::bytea)::text, '') FROM generate_series(1, kilobytes * 8) i $$;
CREATE FUNCTION trap.talk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF new.id = 1 THEN RAISE EXCEPTION 'ä%', trap.noise(1000); END IF;
	RETURN new;
END $$;
CREATE TRIGGER talk BEFORE UPDATE ON trap.shots FOR EACH ROW EXECUTE FUNCTION trap.talk();
RESET ROLE;
SELECT thumbexif_attach('trap.shots');
SET ROLE hostile;
INSERT INTO trap.shots (id, path, thumbnail_path) VALUES (1, '1.png', NULL), (2, trap.noise(10), NULL), (3, '3.png', trap.noise(10));
EOSQL

wait_for($server, 'the assets have been tried', 'SELECT count(*) = 3 FROM thumbexif_internal.thumbexif_asset WHERE attempts > 0 AND status <> \'running\' OR status = \'done\'');
is(sql('SELECT string_agg(id || status::text, $$ $$ ORDER BY id) FROM thumbexif_internal.thumbexif_asset_bigint'), '1failed 2missing 3done',
	'each has its own end');
is(sql('SELECT count(*) FROM thumbexif_workers WHERE last_error IS NOT NULL'), 0, 'and the worker has no trouble');
like(sql('SELECT error FROM thumbexif_failures WHERE id = $$1$$'), qr/^row could not be updated: ä[\\x0-9a-f]+$/, 'the message is told');
cmp_ok(sql('SELECT length(error) FROM thumbexif_failures WHERE id = $$1$$'), '<', 1000, 'its beginning');
is(sql('SELECT length(path) FROM thumbexif_failures WHERE id = $$2$$'), 5000, 'that of the path too');

# what stands in the state does not hinder the next try, nor what a dump brought there
sql(q{DROP TRIGGER talk ON trap.shots; UPDATE thumbexif_internal.thumbexif_asset SET error = trap.noise(100) WHERE status = 'failed';
	SELECT thumbexif_retry_all(NULL)});
wait_for($server, 'the next try', 'SELECT count(*) = 2 FROM trap.shots WHERE width IS NOT NULL');
like(($server->psql('postgres', 'SELECT status FROM thumbexif_process(2)'))[1], qr/^missing$/, 'by hand');

# --- 1 GB of paths in 40 rows

my $pid = worker_pid($server);
sql(q{SET ROLE hostile; INSERT INTO trap.shots (id, path) SELECT i, repeat('a', 25000000) FROM generate_series(11, 50) i});
wait_for($server, 'they are missing', q{SELECT count(*) = 40 FROM thumbexif_internal.thumbexif_asset_bigint WHERE id > 10 AND status = 'missing'});
my ($most) = slurp_file('/proc/' . worker_pid($server) . '/status') =~ /^VmHWM:\s+(\d+) kB$/m;
cmp_ok($most, '<', 300 * 1024, 'without their being read by the hundred');
is(worker_pid($server), $pid, 'by the same worker');

$server->stop;
done_testing();
