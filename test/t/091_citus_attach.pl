# A table of a Citus cluster is attached on the coordinator, and each node's worker does its shards.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use CitusTest;
use TestSession;
use ThumbexifTest;
use WorkerTest;

plan skip_all => 'no Citus (make check-citus)' unless has_citus();

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 40);
my $cluster = new_cluster(roots => $root, config => "thumbexif.sweep_interval = 1\n");
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

value($coordinator, q{CREATE TABLE by_tenant (tenant text, id int, path text NOT NULL, thumbnail_path text, width int, PRIMARY KEY (tenant, id));
	SELECT create_distributed_table('by_tenant', 'tenant', shard_count => 4);
	CREATE TABLE photos (id bigint PRIMARY KEY, path text NOT NULL, thumbnail_path text, width int, height int, taken_at timestamptz, camera_make text, exif_metadata jsonb);
	SELECT create_distributed_table('photos', 'id', shard_count => 4)});
refused($coordinator, "SELECT thumbexif_attach('by_tenant', id => 'id')", qr/is not a key/, 'a key without the distribution column is refused');
refused($coordinator, "SELECT thumbexif_attach('photos', replicated => true)",
	qr/"photos" cannot be attached with replicated => true\nDETAIL:  It is a table of a Citus cluster, and logical replication does not write to the shards/, 'and replicated => true');
refused($coordinator, "BEGIN; SELECT thumbexif_attach('photos'); COMMIT", qr/transaction block/, 'and a transaction block');
refused($workers[0], "SELECT thumbexif_attach('photos')", qr/HINT:.*on the coordinator/, 'and a node that is not the coordinator');
$workers[1]->safe_psql('postgres', $_) foreach ('ALTER SYSTEM SET thumbexif.thumbnail_size = 99', 'SELECT pg_reload_conf()');
my $port = $workers[1]->port;
refused($coordinator, "SELECT thumbexif_attach('photos')", qr/"thumbexif.thumbnail_size" differs on node \S+:$port/, 'and settings that differ, with the node');
is(on_nodes($cluster, 'SELECT count(*) FROM thumbexif_internal.thumbexif_attachment'), '0 0 0', 'nothing is attached then');
$workers[1]->safe_psql('postgres', $_) foreach ('ALTER SYSTEM RESET thumbexif.thumbnail_size', 'SELECT pg_reload_conf()');
value($workers[0], q{SET citus.enable_ddl_propagation = off; ALTER FUNCTION thumbexif_node(text) RENAME TO node_kept;
	CREATE FUNCTION thumbexif_node(text) RETURNS text LANGUAGE sql AS $$SELECT replace(public.node_kept($1), '"1.1"', '"1.0"')$$});
$port = $workers[0]->port;
refused($coordinator, "SELECT thumbexif_attach('photos')", qr/node \S+:$port has version 1.0 of thumbexif, and the coordinator 1.1/, 'and another version');
value($workers[0], q{SET citus.enable_ddl_propagation = off; DROP FUNCTION thumbexif_node(text); ALTER FUNCTION node_kept(text) RENAME TO thumbexif_node});

# a folder of this name that is another on each node
foreach my $node (@{ $cluster->{nodes} })
{
	mkdir $node->data_dir . '/own' or die "mkdir: $!";
	$node->safe_psql('postgres', $_) foreach ("ALTER SYSTEM SET thumbexif.thumbnail_dir = '/proc/self/cwd/own'", 'SELECT pg_reload_conf()');
}
refused($coordinator, "SELECT thumbexif_attach('photos')", qr/node \S+ does not see the thumbnail folder of the coordinator/, 'and a thumbnail folder that is not shared');
$_->safe_psql('postgres', 'ALTER SYSTEM RESET thumbexif.thumbnail_dir') foreach @{ $cluster->{nodes} };
$_->safe_psql('postgres', 'SELECT pg_reload_conf()') foreach @{ $cluster->{nodes} };
wait_for($_, 'the folder is shared again', q{SELECT current_setting('thumbexif.thumbnail_dir') !~ 'own'}) foreach @{ $cluster->{nodes} };

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

my ($folder) = glob "$cluster->{thumbnails}/c*";
rename $folder, "$cluster->{thumbnails}/away" or die "rename: $!";
refused($coordinator, q{SELECT thumbexif_process(1, 'photos', true)}, qr/folder "\Q$folder\E" of the cluster.* is missing/, 'a folder that is gone is not made anew');
ok(!-e $folder, 'beneath a mount point');
rename "$cluster->{thumbnails}/away", $folder or die "rename: $!";
is(value($coordinator, q{SELECT status FROM thumbexif_process(1, 'photos', true)}), 'done', 'and used when it is back');

# --- functions and views on the coordinator work on all nodes

is(value($coordinator, q{SELECT relation, status, assets FROM thumbexif_status}), 'photos|done|40', 'thumbexif_status adds up the nodes');
is(value($coordinator, q{SELECT total, done, failed, remaining FROM thumbexif_progress}), '40|40|0|0', 'so does thumbexif_progress');
is( value($coordinator, q{SELECT count(*) > 0, bool_and(relation IS NULL OR relation = 'photos'::regclass) FROM thumbexif_workers WHERE node IS NOT NULL}),
	't|t', 'thumbexif_workers shows workers of other nodes, and the table that a shard belongs to');
value($coordinator, q{INSERT INTO photos (id, path) SELECT i, 'none.png' FROM generate_series(101, 104) i});
wait_for($coordinator, 'failures of all nodes are shown', q{SELECT string_agg(id, ',' ORDER BY id) FROM thumbexif_failures WHERE relation = 'photos'::regclass}, '101,102,103,104');
refused($coordinator, q{BEGIN; UPDATE photos SET path = 'nothing.png' WHERE id = 101; SELECT thumbexif_retry_all(); COMMIT}, qr/given to thumbexif_retry_all\(\) inside a transaction block/,
	'in a transaction block, for which other nodes could wait, thumbexif_retry_all() is refused');
is(value($coordinator, 'SELECT thumbexif_retry_all()'), 4, 'thumbexif_retry_all() counts those of all nodes');
value($coordinator, 'SELECT thumbexif_pause()');
is(on_nodes($cluster, 'SELECT paused FROM thumbexif_tables'), 't t t', 'a pause is on all nodes');
value($coordinator, q{UPDATE photos SET path = '1.png' WHERE id > 100});
is(value($coordinator, "SELECT string_agg(p.status || p.width, ',') FROM photos, thumbexif_process(id) p WHERE id IN (101, 102)"), 'done1,done1',
	'thumbexif_process() goes to the node that has the row') or diag(on_nodes($cluster, 'SELECT 1'));
refused($coordinator, 'SELECT thumbexif_process(4711)', qr/could not process asset 4711 \(shard \d+ of table public.photos\) on node \S+\nDETAIL:  asset 4711 does not exist/, 'an unknown id is an ERROR with shard and node');
refused($coordinator, 'BEGIN; SELECT thumbexif_process(101); COMMIT', qr/inside a transaction block: its row is on node/, 'in a transaction block it is refused');
my (undef, $out, $lines) = $coordinator->psql('postgres', 'CALL thumbexif_backfill(batch_size => 10)');
is($out, '2|2|0|0', 'a backfill does what is left on all nodes');
like($lines, qr/^psql.*INFO:  Processing batch 1\/1... \(2 assets updated, 0 skipped\)\n.*INFO:  Done! Processed: 2, Updated: 2, Skipped: 0, Failed: 0$/m, 'and adds up their lines');
is(value($coordinator, 'SELECT thumbexif_resume()'), 1, 'resume');
value($coordinator, 'DELETE FROM photos WHERE id > 100');
wait_for($coordinator, 'states of rows that were deleted go', q{SELECT assets FROM thumbexif_status}, 40);
my %named = map { $_ => 1 } split /\n/, value($coordinator, 'SELECT thumbnail_path FROM photos');
ok(TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub { !grep { m{/\d+-} && !$named{$_} } files_below($cluster->{thumbnails}) }), 'and their files');

# --- without triggers: each node looks through its shards

value($coordinator, q{CREATE TABLE silent (id int PRIMARY KEY, path text NOT NULL, thumbnail_path text); SELECT create_distributed_table('silent', 'id', colocate_with => 'none', shard_count => 4)});
value($coordinator, q{INSERT INTO silent SELECT i, i || '.png' FROM generate_series(1, 10) i});
my $silent_triggers = q{SELECT count(*) FROM pg_trigger WHERE tgrelid::regclass::text LIKE 'silent%' AND tgname LIKE 'thumbexif%'};
my $silent_done = q{SELECT assets FROM thumbexif_status WHERE relation = 'silent'::regclass AND status = 'done'};
value($coordinator, "SELECT thumbexif_attach('silent', triggers => false)");
is(on_nodes($cluster, $silent_triggers), '0 0 0', 'with triggers => false shards have no triggers');
wait_for($coordinator, 'and their rows are found', $silent_done, 10);
value($coordinator, q{INSERT INTO silent SELECT i, i || '.png' FROM generate_series(11, 20) i; UPDATE silent SET path = '30.png' WHERE id = 1; DELETE FROM silent WHERE id = 2});
wait_for($coordinator, 'also those that come later', qq{SELECT ($silent_done) = 19 AND (SELECT count(thumbnail_path) FROM silent) = 19});
is(on_nodes($cluster, q{SELECT tracking FROM thumbexif_tables WHERE relation = 'silent'::regclass}), 'sweep sweep sweep', 'all nodes know');
value($coordinator, "SELECT thumbexif_attach('silent')");
is(on_nodes($cluster, $silent_triggers), '0 0 0', 'attached again it stays so');
value($coordinator, "SELECT thumbexif_attach('silent', triggers => true)");
is(on_nodes($cluster, $silent_triggers), '0 8 8', 'until triggers are asked for');
value($coordinator, q{INSERT INTO silent VALUES (21, '21.png')});
wait_for($coordinator, 'which then tell of rows', $silent_done, 20);
value($coordinator, q{ALTER TABLE silent ADD COLUMN source text; UPDATE silent SET source = path});
value($coordinator, "SELECT thumbexif_attach('silent', path => 'source')");
value($coordinator, q{UPDATE silent SET source = 'none.png' WHERE id IN (3, 4, 5, 6)});
wait_for($coordinator, 'also of changes of another path column', q{SELECT string_agg(id, ',' ORDER BY id) FROM thumbexif_failures WHERE relation = 'silent'::regclass}, '3,4,5,6');
value($coordinator, "SELECT thumbexif_attach('silent', triggers => false)");
is(on_nodes($cluster, $silent_triggers), '0 0 0', 'and can be dropped again');
value($coordinator, "SELECT thumbexif_detach('silent')");

# --- tables of a distributed schema; thumbnails in rows

value($coordinator, q{CREATE SCHEMA tenant; SELECT citus_schema_distribute('tenant');
	CREATE TABLE tenant."Fotos" (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant int, path varchar(100) NOT NULL, thumb bytea)});
value($coordinator, q{SELECT thumbexif_attach('tenant."Fotos"', thumbnail => 'thumb')});
value($coordinator, q{INSERT INTO tenant."Fotos" (path) SELECT i || '.png' FROM generate_series(1, 9) i});
wait_for($coordinator, 'a table of a distributed schema is processed, too', q{SELECT count(*) = 9 FROM tenant."Fotos" WHERE octet_length(thumb) > 50});
is(value($coordinator, q{SELECT status FROM thumbexif_process((SELECT id FROM tenant."Fotos" LIMIT 1), 'tenant."Fotos"', true)}), 'done', 'by hand as well');

# --- a key of several columns, one of which tells the shard

value($coordinator, "SELECT thumbexif_attach('by_tenant')");
value($coordinator, q{INSERT INTO by_tenant (tenant, id, path) SELECT t, i, i || '.png' FROM unnest(ARRAY['a', 'b c', 'd,"e', 'f', 'g']) t, generate_series(1, 8) i});
my $tenants_done = q{SELECT assets FROM thumbexif_status WHERE relation = 'by_tenant'::regclass AND status = 'done'};
wait_for($coordinator, 'a table whose key has several columns, one of them the distribution column, is processed', $tenants_done, 40);
is(value($coordinator, 'SELECT count(*) FROM by_tenant WHERE width = 1 AND thumbnail_path IS NOT NULL'), 40, 'its rows are written');
my $shards_of = q{SELECT count(DISTINCT nodename || nodeport) FROM pg_dist_shard_placement WHERE shardid IN (SELECT get_shard_id_for_distribution_column('by_tenant', tenant) FROM by_tenant)};
is(value($coordinator, $shards_of), 2, 'on both nodes');
is( value($coordinator, q{SELECT count(*) FROM by_tenant, thumbexif_process(thumbexif_key(tenant, id::text), 'by_tenant', true) p WHERE id <= 2 AND p.status = 'done' AND p.width = 1}),
	10, 'thumbexif_process() finds each of its rows');
refused($coordinator, q{SELECT thumbexif_process('{"b c",99}', 'by_tenant')}, qr/asset \{"b c",99\} \(shard \d+ of table public.by_tenant\) on node/, 'and tells which does not exist');
value($coordinator, "SELECT thumbexif_pause('by_tenant')");
value($coordinator, q{UPDATE by_tenant SET path = '9.png', width = NULL WHERE id > 5; SELECT thumbexif_enqueue('{"d,\"e",4}', 'by_tenant')});
my $status_out = value($coordinator, q{CALL thumbexif_backfill(relation => 'by_tenant', batch_size => 2)});
is($status_out, '16|15|1|0', 'a backfill does what is left of it on all nodes; what was enqueued had not changed');
value($coordinator, "SELECT thumbexif_resume('by_tenant')");
wait_for($coordinator, 'all are done again', $tenants_done, 40);
my $tenant_files = q{SELECT md5(string_agg(tenant || id || thumbnail_path, ',' ORDER BY tenant, id)) FROM by_tenant};
my ($decoded, $files) = (images_decoded($cluster), value($coordinator, $tenant_files));
foreach my $shard (split /\n/, value($coordinator, q{SELECT shardid FROM citus_shards WHERE table_name = 'by_tenant'::regclass}))
{
	value($coordinator, move_shard_sql($cluster, $shard, 'block_writes'));
}
wait_for($coordinator, 'shards that move are adopted', $tenants_done, 40);
is(images_decoded($cluster) . value($coordinator, $tenant_files), "$decoded$files", 'with their files, and nothing is decoded again');
is(value($coordinator, "SELECT status FROM thumbexif_process('{f,3}', 'by_tenant', true)"), 'done', 'and the node that has the row is found again');
value($coordinator, "SELECT thumbexif_detach('by_tenant')");

# --- a role with rights of its own

value($coordinator, q{CREATE ROLE owner LOGIN; GRANT CREATE ON SCHEMA public TO owner; SET ROLE owner;
	CREATE TABLE his (id int PRIMARY KEY, path text NOT NULL, width int)});
value($coordinator, q{SELECT create_distributed_table('his', 'id', colocate_with => 'none', shard_count => 2)});
value($coordinator, q{SELECT * FROM run_command_on_all_nodes($$SELECT thumbexif_grant('owner', 'his', 'own')$$)});
my $owner = TestSession->new($coordinator, user => 'owner');
$owner->query(q{SELECT thumbexif_attach('his')});
$owner->query(q{INSERT INTO his SELECT i, i || '.png' FROM generate_series(1, 5) i});
wait_for($coordinator, 'the owner of a table attaches it with his rights', 'SELECT count(width) FROM his', 5);
is($owner->query(q{SELECT status FROM thumbexif_process(3, 'his', true)}), 'done', 'and processes an asset');
value($coordinator, 'CREATE ROLE other LOGIN');
$owner->query(q{SELECT thumbexif_join('c1-5')});
like($owner->errors, qr/permission denied for function thumbexif_join/, 'but does not name the cluster');
my ($shell) = grep { value($_, q{SELECT count(*) FROM thumbexif_internal.thumbexif_attachment WHERE relation = 'his'::regclass}) } @workers;
my $on_node = TestSession->new($shell, user => 'owner');
$on_node->query(q{SELECT thumbexif_attach_node('his', '{"cluster": "c1-5"}')});
like($on_node->errors, qr/not what the coordinator of this node's cluster tells/, 'on no node');
$on_node->finish;
my $other = TestSession->new($coordinator, user => 'other');
$other->query(q{SELECT thumbexif_process(3, 'his')});
like($other->errors, qr/permission denied/, 'another role does not');
value($coordinator, q{SELECT * FROM run_command_on_all_nodes('GRANT EXECUTE ON FUNCTION thumbexif_process(bigint, regclass, boolean) TO other');
	GRANT SELECT, UPDATE ON his TO other});
is($other->query(q{SELECT status FROM thumbexif_process(3, 'his', true)}), 'done', 'unless it is granted that') or diag($other->errors);
value($coordinator, 'REVOKE UPDATE ON his FROM other');
$other->query(q{SELECT thumbexif_process(3, 'his', true)});
like($other->errors, qr/on node \S+\n.*permission denied for table his/, 'and the node that has the row checks its rights on the table');
$_->finish foreach $owner, $other;

# --- without states

value($_, q{DELETE FROM thumbexif_internal.thumbexif_asset}) foreach @workers;
value($coordinator, 'SELECT thumbexif_clean()');
is(scalar(grep { !-e $_ } keys %named), 0, 'thumbexif_clean() keeps files that only rows name');

# --- detach

my $path = value($coordinator, 'SELECT min(thumbnail_path) FROM photos');
value($coordinator, "SELECT thumbexif_detach('photos')");
is(on_nodes($cluster, q{SELECT count(*) FROM pg_trigger WHERE tgrelid::regclass::text LIKE 'photos%' AND tgname LIKE 'thumbexif%'}), '0 0 0', 'detach drops the triggers of all shards');
value($coordinator, 'SELECT thumbexif_clean()');
ok(-e $path, 'and leaves the files');

# --- the blocks of the document

my $document = slurp_file("$ENV{TE_SCRATCH}/doc/citus.md");
my @blocks;
push @blocks, $1 while $document =~ /^<!-- run by \S+091_citus_attach\.pl: coordinator -->\n```sql\n(.*?)^```$/msg;
is(scalar @blocks, 4, 'the document has blocks');
foreach my $block (@blocks)
{
	my ($status, undef, $error) = $coordinator->psql('postgres', $block, on_error_stop => 1);
	ok($status == 0 && $error !~ /ERROR/, 'the document: ' . ($block =~ s/\n.*//sr)) or diag($error);
}
wait_for($coordinator, 'its rows are done', q{SELECT count(thumbnail_path) FROM pictures}, 20);

# --- a shard that is dropped, as Citus does with what a move has left, takes no file with it

my ($shard, $port_of) = split /\|/, value($coordinator, q{SELECT shardid, nodeport FROM citus_shards JOIN (SELECT id FROM pictures LIMIT 1) p
	ON shardid = get_shard_id_for_distribution_column('pictures', p.id) WHERE table_name = 'pictures'::regclass});
my @kept = split /\n/, value($coordinator, "SELECT thumbnail_path FROM pictures WHERE get_shard_id_for_distribution_column('pictures', id) = $shard");
my ($holder) = grep { $_->port == $port_of } @workers;
value($holder, "SET citus.enable_manual_changes_to_shards = on; DROP TABLE pictures_$shard");
value($holder, 'SELECT thumbexif_clean()');
is(value($holder, "SELECT count(*) FROM thumbexif_internal.thumbexif_attachment WHERE shard = $shard"), 0, 'a shard that is dropped is released');
is(scalar(grep { !-e $_ } @kept), 0, 'with its files left');

done_testing();
