# Nodes that join a Citus cluster, leave it, and are replaced by their standby.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use CitusTest;
use ThumbexifTest;
use WorkerTest;

plan skip_all => 'no Citus (make check-citus)' unless has_citus();

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 200);
my $cluster = new_cluster(roots => $root, workers => 1, standby => 1);
my $coordinator = $cluster->{coordinator};
my $first = $cluster->{workers}->[0];

value($coordinator, q{CREATE TABLE photos (id bigint PRIMARY KEY, path text NOT NULL, thumbnail_path text);
	SELECT create_distributed_table('photos', 'id', shard_count => 4)});
value($coordinator, q{SELECT thumbexif_attach('photos')});
value($coordinator, q{INSERT INTO photos SELECT i, i || '.png' FROM generate_series(1, 100) i});
wait_for($coordinator, 'all are done by one node', q{SELECT count(thumbnail_path) FROM photos}, 100);
my $names = q{SELECT md5(string_agg(id || thumbnail_path, ',' ORDER BY id)) FROM photos};
my $before = value($coordinator, $names);

# --- a node joins: the table is attached there, and shards that come to it are processed

my $second = add_worker($cluster);
my $place = sprintf q{'%s', %d}, $second->host, $second->port;
wait_for($second, 'a node that has joined has the table attached', q{SELECT count(*) FROM thumbexif_internal.thumbexif_attachment}, 1);
value($coordinator, 'SELECT rebalance_table_shards()');
wait_for($second, 'and the shards that it was given', q{SELECT count(*) FROM thumbexif_internal.thumbexif_attachment WHERE shard IS NOT NULL}, 2);
wait_for($coordinator, 'whose rows are known to be done', q{SELECT status || assets FROM thumbexif_status}, 'done100');
is(value($coordinator, $names), $before, 'with the files that they had');
value($coordinator, q{INSERT INTO photos SELECT i, i || '.png' FROM generate_series(101, 200) i});
wait_for($coordinator, 'rows that arrive are done by both', q{SELECT count(thumbnail_path) FROM photos}, 200);
$before = value($coordinator, $names);

# --- a node dies, and its standby takes its place

my $backup = 'backup';
$first->backup($backup);
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($first, $backup, has_streaming => 1);
$standby->append_conf('postgresql.conf', sprintf "citus.local_hostname = '%s'\n", $standby->host);
$standby->start;
$first->wait_for_catchup($standby);
$first->stop('immediate');
$standby->promote;
value($coordinator, sprintf q{SELECT citus_update_node((SELECT nodeid FROM pg_dist_node WHERE nodeport = %d), '%s', %d)},
	$first->port, $standby->host, $standby->port);
wait_for($coordinator, 'all of its rows are still done', q{SELECT status || assets FROM thumbexif_status}, 'done200');
value($coordinator, q{UPDATE photos SET path = '1.png' WHERE id <= 50});
wait_for($coordinator, 'rows that change are done again', q{SELECT count(*) FROM photos p, photos q WHERE p.id = q.id AND p.id <= 50 AND p.thumbnail_path IS NOT NULL}, 50);
wait_for($coordinator, 'by the node that was the standby', q{SELECT status || assets FROM thumbexif_status}, 'done200');
my %named = map { $_ => 1 } split /\n/, value($coordinator, 'SELECT thumbnail_path FROM photos');
is(scalar(grep { !-e $_ } keys %named), 0, 'each row has its file');
is(surplus_files($cluster, \%named), '', 'and each file its row');

# --- a node leaves

value($coordinator, "SELECT citus_drain_node($place)");
value($coordinator, "SELECT citus_remove_node($place)");
wait_for($coordinator, 'rows of a node that has left are known to be done by the other', q{SELECT status || assets FROM thumbexif_status}, 'done200');
is(scalar(grep { !-e $_ } keys %named), 0, 'and no file is gone');

done_testing();
