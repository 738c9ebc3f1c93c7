# Shards that move between the nodes of a Citus cluster, with nodes that die: nothing is lost, nothing is decoded again that was done.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use CitusTest;
use TestSession;
use ThumbexifTest;
use WorkerTest;

plan skip_all => 'no Citus (make check-citus)' unless has_citus();

my $rows = $ENV{TE_CITUS_ROWS} || 20000;
my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 200);
my $cluster = new_cluster(roots => $root, config => "log_min_messages = warning\n");
my $coordinator = $cluster->{coordinator};
my @workers = @{ $cluster->{workers} };

value($coordinator, q{CREATE TABLE photos (id bigint PRIMARY KEY, path text NOT NULL, thumbnail_path text, width int, height int, camera_make text);
	CREATE TABLE inside (id uuid PRIMARY KEY, path text NOT NULL, thumbnail bytea);
	SELECT create_distributed_table('photos', 'id', shard_count => 4);
	SELECT create_distributed_table('inside', 'id', shard_count => 2, colocate_with => 'none')});
value($coordinator, "SELECT thumbexif_attach($_)") foreach "'photos'", "'inside', thumbnail => 'thumbnail'";

# move_sql(SHARD, MODE): SQL that moves a shard to the other worker
sub move_sql
{
	my ($shard, $mode) = @_;

	return move_shard_sql($cluster, $shard, $mode || 'auto');
}

sub shards
{
	my $table = shift;

	return split /\n/, value($coordinator, "SELECT shardid FROM citus_shards WHERE table_name = '$table'::regclass ORDER BY 1");
}

# --- what is done stays done: the same files and bytes after a move, and no decoder has seen them again

value($coordinator, q{INSERT INTO photos (id, path) SELECT i, i || '.png' FROM generate_series(1, 200) i;
	INSERT INTO inside (id, path) SELECT gen_random_uuid(), i || '.png' FROM generate_series(1, 50) i});
my $done = q{SELECT (SELECT sum(assets) FROM thumbexif_status WHERE status = 'done') = 250 AND (SELECT count(*) FROM thumbexif_status) = 2};
wait_for($coordinator, 'all are done', $done);
my $names = q{SELECT md5(string_agg(id || thumbnail_path, ',' ORDER BY id)) FROM photos};
my $before = value($coordinator, $names);
my $decoded = images_decoded($cluster);

value($coordinator, move_sql((shards('photos'))[0]));
value($coordinator, move_sql((shards('photos'))[1], 'block_writes'));
value($coordinator, move_sql((shards('inside'))[0]));
wait_for($coordinator, 'rows of shards that were moved are adopted as done', $done);
is(value($coordinator, $names), $before, 'with the files that they had');
is(images_decoded($cluster), $decoded, 'and nothing was decoded again');
is(value($coordinator, 'SELECT thumbexif_clean()'), 0, 'no file is in the way');
is(scalar(grep { m{/\d+-} } files_below($cluster->{thumbnails})), 200, 'no file of a row was removed');

# a shard is attached by the transaction in which it comes, unless something locks it: no worker runs here that could do it later
sub set_databases
{
	my $change = shift;

	value($_, "ALTER SYSTEM $change") foreach @workers;
	value($_, 'SELECT pg_reload_conf()') foreach @workers;
}
set_databases(q{SET thumbexif.databases = 'none'});
wait_for($_, 'the worker has ended', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'thumbexif worker'}) foreach @workers;
my $unattached = q{SELECT count(*) FROM pg_dist_placement p, pg_dist_local_group g WHERE p.groupid = g.groupid AND p.shardid IN (SELECT shardid FROM pg_dist_shard WHERE logicalrelid = '%s'::regclass)
	AND NOT EXISTS (SELECT FROM thumbexif_internal.thumbexif_attachment a WHERE a.shard = p.shardid)};
foreach my $table (qw(inside photos))
{
	my $sql = sprintf $unattached, $table;
	ok(TestSession::until_true($PostgreSQL::Test::Utils::timeout_default,
			sub { value($coordinator, move_sql((shards($table))[1], 'block_writes')); on_nodes($cluster, $sql) eq '0 0 0' }),
		"a shard of $table is attached when it comes") or diag('gave up waiting: ' . on_nodes($cluster, $sql));
}

# no worker has looked through it, so nobody knows whether its rows are done: who asks for one gets a new thumbnail
my $asked = value($coordinator, sprintf q{SELECT min(id) FROM photos WHERE get_shard_id_for_distribution_column('photos', id) = %d}, (shards('photos'))[1]);
my $of_asked = "SELECT thumbnail_path FROM photos WHERE id = $asked";
my $former = value($coordinator, $of_asked);
is(value($coordinator, "SELECT status FROM thumbexif_process($asked, 'photos')"), 'done', 'thumbexif_process() does a row of a shard that was not looked through');
isnt(value($coordinator, $of_asked), $former, 'with a new thumbnail');
ok(-e value($coordinator, $of_asked), 'which is there');
set_databases('RESET thumbexif.databases');
wait_for($coordinator, 'its rows are adopted', $done);

# the tables of a distributed schema move together
value($coordinator, q{SET citus.enable_schema_based_sharding = on; CREATE SCHEMA tenant;
	CREATE TABLE tenant.photos (id bigint PRIMARY KEY, path text NOT NULL, thumbnail_path text, width int);
	CREATE TABLE tenant.inside (id bigint PRIMARY KEY, path text NOT NULL, thumbnail bytea)});
value($coordinator, q{SELECT thumbexif_attach('tenant.photos')});
value($coordinator, q{SELECT thumbexif_attach('tenant.inside', thumbnail => 'thumbnail')});
value($coordinator, "SELECT thumbexif_pause('tenant.$_')") foreach qw(photos inside);
value($coordinator, "INSERT INTO tenant.$_ (id, path) SELECT i, i || '.png' FROM generate_series(1, 20) i") foreach qw(photos inside);
is(value($coordinator, "CALL thumbexif_backfill(relation => 'tenant.$_')"), '20|20|0|0', "a backfill of table $_ of a distributed schema") foreach qw(photos inside);
is(value($coordinator, q{SELECT status, width FROM thumbexif_process(7, 'tenant.photos', true)}), 'done|1', 'thumbexif_process() as well');
$decoded = images_decoded($cluster);
my $tenant_names = value($coordinator, q{SELECT string_agg(thumbnail_path, ',' ORDER BY id) FROM tenant.photos});
value($coordinator, q{UPDATE tenant.photos SET path = '21.png' WHERE id = 1});
my ($tenant_port) = value($coordinator, q{SELECT nodeport FROM citus_shards WHERE table_name = 'tenant.photos'::regclass});
my ($target) = grep { $_->port != $tenant_port } @workers;
value($coordinator, sprintf q{SELECT citus_schema_move('tenant', '%s', %d, 'block_writes')}, $target->host, $target->port);
wait_for($target, 'they are attached on the node that they were moved to', q{SELECT count(*) FROM thumbexif_internal.thumbexif_attachment WHERE shard IS NOT NULL AND relation::text LIKE 'tenant%'}, 2);
wait_for($target, 'and looked through', q{SELECT count(*) FROM thumbexif_internal.thumbexif_attachment WHERE shard IS NOT NULL AND relation::text LIKE 'tenant%' AND arrived IS NULL}, 2);
my $tenant_done = q{SELECT sum(assets) FROM thumbexif_status WHERE relation::text LIKE 'tenant.%' AND status = 'done'};
wait_for($coordinator, 'their rows are known to be done', $tenant_done, 39);
is(value($coordinator, q{SELECT status FROM thumbexif_process(8, 'tenant.photos')}), 'done', 'where thumbexif_process() finds their rows');
value($coordinator, "SELECT thumbexif_resume('tenant.$_')") foreach qw(photos inside);
wait_for($coordinator, 'and after a pause all are', $tenant_done, 40);
wait_for($coordinator, 'and what was to be done again is done',
	sprintf q{SELECT thumbnail_path <> '%s' FROM tenant.photos WHERE id = 1}, (split /,/, $tenant_names)[0]);
is(value($coordinator, q{SELECT string_agg(thumbnail_path, ',' ORDER BY id) FROM tenant.photos WHERE id > 1}), $tenant_names =~ s/^[^,]*,//r, 'the others have the files that they had');
value($coordinator, "SELECT thumbexif_detach('tenant.$_')") foreach qw(photos inside);
unlink split /\n/, value($coordinator, 'SELECT thumbnail_path FROM tenant.photos');	# detach leaves them
value($coordinator, 'DROP SCHEMA tenant CASCADE');

# what was changed or queued when its shard was moved is done again
value($coordinator, 'SELECT thumbexif_pause()');
my $changed = q{SELECT string_agg(thumbnail_path, ',' ORDER BY id) FROM photos WHERE id <= 20 AND id <> 7};
my @old = split /,/, value($coordinator, $changed);
value($coordinator, q{UPDATE photos SET path = '7.png' WHERE id <= 20; UPDATE inside SET path = '9.png' WHERE path IN ('1.png', '2.png', '3.png', '4.png')});
my ($enqueued) = value($coordinator, sprintf 'SELECT min(id) FROM photos WHERE id > 20 AND get_shard_id_for_distribution_column(\'photos\', id) = %d', (shards('photos'))[0]);
value($coordinator, "SELECT thumbexif_enqueue($enqueued, 'photos')");
$before = value($coordinator, "SELECT thumbnail_path FROM photos WHERE id = $enqueued");
value($coordinator, move_sql($_)) foreach shards('photos');
value($coordinator, move_sql($_)) foreach shards('inside');
wait_for($coordinator, 'it waits, while the table is paused', q{SELECT string_agg(concat_ws(' ', relation, status, assets), ', ' ORDER BY relation::text, status) FROM thumbexif_status}, 'inside done 46, inside queued 4, photos done 180, photos queued 20');
value($coordinator, 'SELECT thumbexif_resume()');
wait_for($coordinator, 'rows whose path was changed before the move are done', $done);
my %new = map { $_ => 1 } split /,/, value($coordinator, $changed);
is(scalar(grep { $new{$_} } @old), 0, 'with new thumbnails');
isnt(value($coordinator, "SELECT thumbnail_path FROM photos WHERE id = $enqueued"), $before, 'and one that was enqueued is done again');

# --- rows arrive while shards move and a node dies, twice

my $mover = TestSession->new($coordinator);
my $next = 1001;
my $steps = 40;
foreach my $step (1 .. $steps)
{
	my $count = int($rows / $steps);
	my $last = $next + $count - 1;
	my $insert = "INSERT INTO photos (id, path) SELECT i, (i % 200 + 1) || '.png' FROM generate_series($next, $last) i ON CONFLICT DO NOTHING";

	if ($step == 12 || $step == 28)
	{
		my $node = $workers[ $step == 12 ? 0 : 1 ];
		my $port = $node->port;

		$mover->wait;
		$node->stop('immediate');
		my (undef, undef, $error) = $coordinator->psql('postgres', 'SELECT * FROM thumbexif_status');
		like($error, qr/WARNING:  could not read the numbers of assets on node \S+:$port/, 'a view says which node does not answer');
		(undef, undef, $error) = $coordinator->psql('postgres', "CALL thumbexif_backfill(10, relation => 'photos')");
		like($error, qr/WARNING:  could not go on with the backfill of table \S+ on node \S+:$port/, 'so does a backfill');
		$coordinator->psql('postgres', $insert);	# fails for the rows of that node
		$node->start;
	}
	elsif ($step % 4 == 0)
	{
		$mover->wait;
		$mover->errors;
		$mover->send(move_sql((shards('photos'))[ $step / 4 % 4 ]));
	}
	# a move may have begun with the shard that is written
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;
	until ($coordinator->psql('postgres', $insert) == 0)
	{
		die 'rows cannot be inserted' if time > $deadline;
	}
	$next = $last + 1;
}
$mover->wait;
$mover->finish;
my $all = 200 + $steps * int($rows / $steps);
wait_for($coordinator, 'each row has its thumbnail', "SELECT count(*) = $all AND count(thumbnail_path) = $all AND count(camera_make) = $all FROM photos");
wait_for($coordinator, 'and the views say so', "SELECT assets = $all FROM thumbexif_status WHERE relation = 'photos'::regclass AND status = 'done'");
my %named = map { $_ => 1 } split /\n/, value($coordinator, 'SELECT thumbnail_path FROM photos');
is(scalar keys %named, $all, 'each a file of its own');
is(scalar(grep { !-e $_ } keys %named), 0, 'which is there');
is(surplus_files($cluster, \%named), '', 'and each file has its row');
is(on_nodes($cluster, "SELECT count(*) FROM thumbexif_internal.thumbexif_attachment a WHERE shard IS NOT NULL
	AND NOT EXISTS (SELECT FROM pg_dist_placement p, pg_dist_local_group g WHERE p.shardid = a.shard AND p.groupid = g.groupid)"),
	'0 0 0', 'no node has kept a shard that it no longer has');
is( on_nodes($cluster, 'SELECT count(*) FROM thumbexif_internal.thumbexif_asset s WHERE NOT EXISTS (SELECT FROM thumbexif_internal.thumbexif_attachment a WHERE a.attachment = s.attachment)'),
	'0 0 0', 'nor its states');

# --- the table is dropped

value($coordinator, 'DROP TABLE photos');
is(on_nodes($cluster, q{SELECT count(*) FROM thumbexif_internal.thumbexif_attachment WHERE parent IS NULL AND dropped_name IS NULL}), '1 1 1', 'a table that was dropped is attached nowhere');

done_testing();
