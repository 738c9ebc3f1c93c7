# CitusTest: a Citus cluster on this machine: a coordinator and workers, each a server of its own, with thumbexif on all nodes.
package CitusTest;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest ();
use WorkerTest qw(files_below value);

our @EXPORT = qw(add_worker has_citus images_decoded move_shard_sql new_cluster on_nodes surplus_files);

# Is there Citus in the private PostgreSQL of the tests (make check-citus)?
sub has_citus
{
	return -e "$ENV{TE_PKGLIBDIR}/citus.so";
}

# What each node's postgresql.conf gets: cheap, and without waiting for the disk, which 071_power_cut.pl looks at.
sub node_settings
{
	my ($node, $option) = @_;
	my $host = $node->host;
	my $preload = defined $option->{preload} ? $option->{preload} : 'citus,thumbexif';

	return <<"EOF";
shared_preload_libraries = '$preload'
citus.node_conninfo = 'sslmode=prefer'
citus.local_hostname = '$host'
citus.enable_statistics_collection = off
citus.max_background_task_executors_per_node = 1
citus.defer_shard_delete_interval = 1s
citus.recover_2pc_interval = 2s
wal_level = logical
max_wal_senders = 10
max_replication_slots = 10
max_connections = 60
max_worker_processes = 20
max_prepared_transactions = 60
fsync = off
thumbexif.image_roots = '$option->{roots}'
thumbexif.thumbnail_dir = '$option->{thumbnails}'
thumbexif.keep_replaced = 0
thumbexif.decoders = 1
EOF
}

# new_cluster(OPTIONS): { coordinator, workers => [..], nodes => [..], thumbnails }: the extension is created, and nodes are added.
#
#	roots		thumbexif.image_roots
#	workers		how many (2)
#	config		more lines for postgresql.conf of each node
#	extension	0: do not create thumbexif
#	preload		shared_preload_libraries
#	standby		true: the nodes can have standbys
sub new_cluster
{
	my %option = (roots => ThumbexifTest::pictures_dir(), workers => 2, config => '', @_);
	my %cluster = (thumbnails => PostgreSQL::Test::Utils::tempdir() . '/thumbnails', workers => [], nodes => []);

	$option{thumbnails} = $cluster{thumbnails};
	mkdir $cluster{thumbnails} or die "mkdir: $!";
	$cluster{option} = \%option;
	start_node(\%cluster, $_ == 0 ? 'coordinator' : "worker_$_") foreach 0 .. $option{workers};
	$cluster{coordinator} = $cluster{nodes}->[0];
	$cluster{coordinator}->safe_psql('postgres',
		join '', map { add_sql($_, $_ == $cluster{coordinator}) } @{ $cluster{nodes} });
	$cluster{coordinator}->safe_psql('postgres', 'CREATE EXTENSION thumbexif')
	  unless defined $option{extension} && !$option{extension};
	return \%cluster;
}

# A server with Citus, which no other node knows yet.
sub start_node
{
	my ($cluster, $name) = @_;
	my $option = $cluster->{option};
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(extra => [ '--encoding=UTF8', '--locale=C' ], allows_streaming => $option->{standby});
	$node->append_conf('postgresql.conf', node_settings($node, $option) . $option->{config});
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION citus');
	push @{ $cluster->{workers} }, $node if @{ $cluster->{nodes} };
	push @{ $cluster->{nodes} }, $node;
	return $node;
}

# add_worker(CLUSTER): another worker joins
sub add_worker
{
	my $cluster = shift;
	my $node = start_node($cluster, 'worker_' . @{ $cluster->{nodes} });

	$cluster->{coordinator}->safe_psql('postgres', add_sql($node, 0));
	return $node;
}

# SQL that makes a node known to the coordinator.
sub add_sql
{
	my ($node, $is_coordinator) = @_;
	my ($host, $port) = ($node->host, $node->port);

	return $is_coordinator ? "SELECT citus_set_coordinator_host('$host', $port);" : "SELECT citus_add_node('$host', $port);";
}

# on_nodes(CLUSTER, SQL): what a query gives on each node, the coordinator first, joined by a space.
sub on_nodes
{
	my ($cluster, $sql) = @_;

	return join ' ', map { $_->safe_psql('postgres', $sql) } @{ $cluster->{nodes} };
}

# images_decoded(CLUSTER): by each node so far, the coordinator first, joined by a space.
sub images_decoded
{
	my $cluster = shift;

	return on_nodes($cluster, q{SELECT COALESCE(sum(value), 0) FROM thumbexif_metrics() WHERE name = 'thumbexif_decode_seconds_count'});
}

# move_shard_sql(CLUSTER, SHARD, MODE): SQL that moves a shard, with those that are colocated, to another worker.  MODE is how writes to it are
# treated meanwhile: block_writes, or with "auto" they go on.
sub move_shard_sql
{
	my ($cluster, $shard, $mode) = @_;
	my ($host, $from) = split / /, value($cluster->{coordinator}, "SELECT nodename || ' ' || nodeport FROM citus_shards WHERE shardid = $shard");
	my ($to) = grep { $_->port != $from } @{ $cluster->{workers} };

	return sprintf "SELECT citus_move_shard_placement(%d, '%s', %d, '%s', %d, '%s')", $shard, $host, $from, $to->host, $to->port, $mode;
}

# surplus_files(CLUSTER, NAMED): the thumbnail files that are left after a clean-up and are no keys of the hash, up to six of them; those of
# young transactions are left to the next clean-up, so it may take some.  A file of a shard that was moved is young as long as its new node has not
# begun as many transactions as the one that made it.
sub surplus_files
{
	my ($cluster, $named) = @_;
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;
	my @surplus;

	do
	{
		# a node may be stopped
		$_->psql('postgres', 'DO $$BEGIN FOR i IN 1 .. 200 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END$$') foreach @{ $cluster->{nodes} };
		value($cluster->{coordinator}, 'SELECT thumbexif_clean()');
		@surplus = grep { !$named->{$_} } files_below($cluster->{thumbnails});
	} while (@surplus && time < $deadline);
	return join "\n", @surplus[ 0 .. ($#surplus > 5 ? 5 : $#surplus) ];
}

1;
