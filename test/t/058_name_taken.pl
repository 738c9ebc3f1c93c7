# While a table is worked on, another takes its name: that one is neither read nor written.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use WorkerTest;

my $server = new_server('taken');

sub sql { return value($server, shift) }

sql(<<'EOSQL');
CREATE SCHEMA stage;
CREATE TABLE stage.shots (id bigint PRIMARY KEY, path text, thumbnail_path text, width integer);
INSERT INTO stage.shots SELECT i, 'orientation-' || 1 + i % 8 || '.jpg' FROM generate_series(1, 12) i;
SELECT thumbexif_attach('stage.shots');
EOSQL

# Its decoder is stopped until what the scan has read counts no longer.  When it goes on, more are claimed before anything is written,
# from a table known by its name.
my $session = TestSession->new($server);
my @decoders = $session->freeze;
$session->send("CALL thumbexif_backfill(batch_size => 4, relation => 'stage.shots')");
wait_until($server, 'four are claimed', "SELECT count(*) = 4 FROM thumbexif_internal.thumbexif_asset WHERE status = 'running'");
my $read = sql('SELECT clock_timestamp()');
wait_until($server, 'a second has passed', "SELECT clock_timestamp() > timestamptz '$read' + interval '1.1 s'");
sql(<<'EOSQL');
ALTER SCHEMA stage RENAME TO gone;
CREATE SCHEMA stage;
CREATE TABLE stage.shots (id bigint PRIMARY KEY, path text, thumbnail_path text, width integer);
INSERT INTO stage.shots SELECT i, 'photo.jpg' FROM generate_series(1, 12) i;
EOSQL
kill 'CONT', @decoders;
$session->wait;
like($session->errors, qr/ERROR:  relation "shots" is not the one that thumbexif works on/, 'the other table is noticed before it is read');
is(sql('SELECT count(*) FROM stage.shots WHERE width IS NOT NULL OR thumbnail_path IS NOT NULL'), 0, 'and not written');
is(sql("SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status = 'running'"), 0, 'what was claimed is given back');
like($session->query("CALL thumbexif_backfill(relation => 'gone.shots')"), qr/^12\|12\|0\|0$|^8\|8\|0\|0$/, 'under its new name the table is done');
is(sql('SELECT count(*) FROM gone.shots WHERE width IS NULL OR thumbnail_path IS NULL'), 0, 'all of it');
$session->finish;

$server->stop;
done_testing();
