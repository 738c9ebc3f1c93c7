# A table of a Citus cluster is attached on the coordinator, and each node's worker does its shards.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use CitusTest;
use ThumbexifTest;
use WorkerTest;

plan skip_all => 'no Citus (make check-citus)' unless has_citus();

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 40);
my $cluster = new_cluster(roots => $root);
my $coordinator = $cluster->{coordinator};
my @workers = @{ $cluster->{workers} };

is(on_nodes($cluster, q{SELECT extversion FROM pg_extension WHERE extname = 'thumbexif'}), '1.1 1.1 1.1', 'CREATE EXTENSION reaches all nodes');

# refused(SERVER, SQL, PATTERN, WHAT)
sub refused
{
	my ($server, $sql, $pattern, $what) = @_;
	my (undef, undef, $error) = $server->psql('postgres', $sql);

	like($error, $pattern, $what);
}

# --- what cannot be attached says why

value($coordinator, q{CREATE TABLE by_tenant (tenant bigint, id bigint UNIQUE, path text NOT NULL, PRIMARY KEY (tenant, id));
	ALTER TABLE by_tenant DROP CONSTRAINT by_tenant_id_key;
	SELECT create_distributed_table('by_tenant', 'tenant');
	CREATE TABLE everywhere (id bigint PRIMARY KEY, path text NOT NULL, width int); SELECT create_reference_table('everywhere');
	CREATE TABLE photos (id bigint PRIMARY KEY, path text NOT NULL, thumbnail_path text, width int, height int, taken_at timestamptz, camera_make text, exif_metadata jsonb);
	SELECT create_distributed_table('photos', 'id', shard_count => 4)});
refused($coordinator, "SELECT thumbexif_attach('everywhere')", qr/reference table/, 'a reference table is refused');
refused($coordinator, "SELECT thumbexif_attach('by_tenant')", qr/is not a key/, 'so is one whose key is not the distribution column');
refused($coordinator, "BEGIN; SELECT thumbexif_attach('photos'); COMMIT", qr/transaction block/, 'and a transaction block');
refused($workers[0], "SELECT thumbexif_attach('photos')", qr/HINT:.*on the coordinator/, 'and a node that is not the coordinator');
$workers[1]->safe_psql('postgres', $_) foreach ('ALTER SYSTEM SET thumbexif.thumbnail_size = 99', 'SELECT pg_reload_conf()');
my $port = $workers[1]->port;
refused($coordinator, "SELECT thumbexif_attach('photos')", qr/"thumbexif.thumbnail_size" differs on node \S+:$port/, 'and settings that differ, with the node');
is(on_nodes($cluster, 'SELECT count(*) FROM thumbexif_internal.thumbexif_attachment'), '0 0 0', 'nothing is attached then');
$workers[1]->safe_psql('postgres', $_) foreach ('ALTER SYSTEM RESET thumbexif.thumbnail_size', 'SELECT pg_reload_conf()');

# --- attach, insert, done

value($coordinator, "SELECT thumbexif_attach('photos')");
is(on_nodes($cluster, q{SELECT count(*) FROM thumbexif_internal.thumbexif_attachment WHERE shard IS NOT NULL}), '0 2 2', 'each node has its shards attached');
is(on_nodes($cluster, q{SHOW citus.enable_unsafe_triggers}), 'off off off', 'without unsafe triggers');
value($coordinator, "INSERT INTO photos (id, path) SELECT i, i || '.png' FROM generate_series(1, 40) i");
wait_for($coordinator, 'rows that arrive are done by the workers of the nodes that have them',
	q{SELECT count(*) = 40 FROM photos WHERE thumbnail_path IS NOT NULL AND width = 1 AND camera_make = 'Tiny'});
is( value($coordinator, q{SELECT count(DISTINCT regexp_replace(thumbnail_path, '/../../[^/]*$', '')) FROM photos}),
	4, 'each shard has a folder');
like(value($coordinator, 'SELECT min(thumbnail_path) FROM photos'), qr{/c\d+-\d+/\d+/../../\d+-}, 'in that of the cluster, which has its system identifier');
is(scalar files_below($cluster->{thumbnails}), 40, 'each file has its row');

done_testing();
