# Tables of a Citus cluster that are changed while they are attached: shards are split, a table is converted or dropped, settings differ.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use CitusTest;
use TestSession;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

plan skip_all => 'no Citus (make check-citus)' unless has_citus();

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 61);
my $cluster = new_cluster(roots => $root, config => "log_min_messages = notice\n");
my $coordinator = $cluster->{coordinator};
my @workers = @{ $cluster->{workers} };

# decoded(): how many images all nodes have decoded
sub decoded
{
	my $sum = 0;

	$sum += $_ foreach split / /, images_decoded($cluster);
	return $sum;
}

# shards(TABLE): its shards, in the order of their ranges
sub shards
{
	my $table = shift;

	return split /\n/, value($coordinator, "SELECT shardid FROM pg_dist_shard WHERE logicalrelid = '$table'::regclass ORDER BY shardminvalue::int");
}

# node_id(SERVER): its number in pg_dist_node
sub node_id
{
	my $server = shift;

	return value($coordinator, 'SELECT nodeid FROM pg_dist_node WHERE nodeport = ' . $server->port);
}

# move_sql(SHARD): SQL that moves a shard to the other worker
sub move_sql
{
	return move_shard_sql($cluster, shift, 'block_writes');
}

# named(TABLE): the thumbnail files that its rows name
sub named
{
	my $table = shift;

	return split /\n/, value($coordinator, "SELECT thumbnail_path FROM $table WHERE thumbnail_path IS NOT NULL ORDER BY 1");
}

# in_folder(SHARD): the files in its folder
sub in_folder
{
	my $shard = shift;

	return grep { m{/c\d+-\d+/$shard/} } files_below($cluster->{thumbnails});
}

# all_done(TABLE, COUNT): SQL: so many are done and none is anything else
sub all_done
{
	my ($table, $count) = @_;

	return "SELECT string_agg(status || ' ' || assets, ', ') = 'done $count' FROM thumbexif_status WHERE relation = '$table'::regclass";
}

# releases of PostgreSQL that want it are told that Citus decodes, for splits that do not block writes
if (value($coordinator, q{SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries'}) > 0)
{
	foreach my $node (@{ $cluster->{nodes} })
	{
		$node->safe_psql('postgres', $_) foreach (q{ALTER SYSTEM SET output_plugin_libraries = 'citus'}, 'SELECT pg_reload_conf()');
	}
}

# --- shards are split: what is done stays done, what was to be done is done, files lie where they did

value($coordinator, q{CREATE TABLE photos (id bigint PRIMARY KEY, path text NOT NULL, thumbnail_path text, width int);
	CREATE TABLE inside (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), path text NOT NULL, thumbnail bytea);
	CREATE TABLE scans (tenant int, id bigint, path text NOT NULL, thumbnail_path text, PRIMARY KEY (tenant, id));
	SELECT create_distributed_table('photos', 'id', shard_count => 2);
	SELECT create_distributed_table('inside', 'id', shard_count => 2, colocate_with => 'none');
	SELECT create_distributed_table('scans', 'tenant', shard_count => 2, colocate_with => 'none')});
value($coordinator, "SELECT thumbexif_attach($_)") foreach "'photos'", "'inside', thumbnail => 'thumbnail'", "'scans'";
value($coordinator, q{INSERT INTO photos SELECT i, (i % 60 + 1) || '.png' FROM generate_series(1, 120) i;
	INSERT INTO inside (path) SELECT i || '.png' FROM generate_series(1, 40) i;
	INSERT INTO scans SELECT t, i, i || '.png' FROM generate_series(1, 6) t, generate_series(1, 10) i});
wait_for($coordinator, "all of $_->[0] are done", all_done(@$_)) foreach [ photos => 120 ], [ inside => 40 ], [ scans => 60 ];

my $names = q{SELECT md5(string_agg(id || thumbnail_path, ',' ORDER BY id)) FROM photos WHERE id > 20};
my $before = value($coordinator, $names);
my $decoded = decoded();
my ($split) = shards('photos');
my %nodes = map { $_ => node_id($workers[$_]) } 0, 1;

value($coordinator, 'SELECT thumbexif_pause()');
value($coordinator, q{UPDATE photos SET path = '59.png' WHERE id <= 20; UPDATE inside SET path = '9.png' WHERE path IN ('1.png', '2.png', '3.png', '4.png');
	UPDATE scans SET path = '9.png' WHERE id <= 2});
my @changed = split /\n/, value($coordinator, 'SELECT thumbnail_path FROM photos WHERE id <= 20');
value($coordinator, "SELECT citus_split_shard_by_split_points($split, ARRAY['-1073741824'], ARRAY[$nodes{0}, $nodes{1}], 'block_writes')");
value($coordinator, sprintf "SELECT citus_split_shard_by_split_points(%d, ARRAY['1073741824'], ARRAY[$nodes{0}, $nodes{1}], 'force_logical')", (shards('photos'))[2]);
value($coordinator, sprintf "SELECT citus_split_shard_by_split_points(%d, ARRAY['-1073741824'], ARRAY[$nodes{1}, $nodes{0}], 'block_writes')", (shards('inside'))[0]);
value($coordinator, q{SELECT isolate_tenant_to_new_shard('scans', 3, shard_transfer_mode => 'block_writes')});
is(scalar(shards('photos')), 4, 'shards are split');
wait_for($coordinator, 'each node attaches the new shards', q{SELECT string_agg(result, ',') = '0,0' FROM run_command_on_workers($$SELECT count(*) FROM pg_dist_shard s
	JOIN pg_dist_placement p USING (shardid) JOIN pg_dist_local_group USING (groupid) WHERE NOT EXISTS (SELECT FROM thumbexif_internal.thumbexif_attachment a WHERE a.shard = s.shardid)$$)});
value($coordinator, 'SELECT thumbexif_resume()');
wait_for($coordinator, "all of $_->[0] are done again", all_done(@$_)) foreach [ photos => 120 ], [ inside => 40 ], [ scans => 60 ];
my %old = map { $_ => 1 } @changed;
ok(TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub { !grep { $old{$_} } named('photos') }), 'rows whose path was changed before the split have new thumbnails');
is(value($coordinator, $names), $before, 'the others have those that they had');
is(decoded() - $decoded, 20 + 4 + 12, 'and only what was changed was decoded');
is(scalar(grep { !-e $_ } named('photos')), 0, 'no file of a row was removed');

# the folder of the former shard has files of rows on both nodes, and one that no row names
my ($kept) = in_folder($split);
my $garbage = $kept =~ s{/\d+-\d+-[0-9a-f]{16}}{/1-1-0123456789abcdef}r;
append_to_file($garbage, 'x');
is(value($coordinator, 'SELECT thumbexif_clean(true) > 0'), 't', 'a file that no row names, in the folder of a shard that was split, is found');
value($coordinator, 'SELECT thumbexif_clean()');
ok(!-e $garbage, 'and removed');
is(scalar(grep { !-e $_ } named('photos')), 0, 'but none of a row on whichever node');
my ($deleted) = grep { m{/$split/} } named('photos');
my $id = ($deleted =~ m{/(\d+)-[^/]*$})[0];
my $on = value($coordinator, "SELECT nodeport FROM citus_shards WHERE shardid = get_shard_id_for_distribution_column('photos', $id)");
is(value((grep { $_->port == $on } @workers)[0], "SELECT octet_length(thumbexif_file($id, 'photos')) > 50"), 't', 'thumbexif_file() finds a file there');
value($coordinator, "DELETE FROM photos WHERE id = $id");
ok(TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub { !-e $deleted }), 'the file of a row that is deleted goes');
value($coordinator, q{UPDATE photos SET path = '61.png'});
ok(TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub { value($coordinator, 'SELECT thumbexif_clean()'); !in_folder($split) && !grep { m{/$split/} } named('photos') }),
	'once all are done anew, nothing is left in that folder');
wait_for($coordinator, 'all are done', all_done('photos', 119));
value($coordinator, 'SELECT thumbexif_clean()');
is(on_nodes($cluster, "SELECT count(*) FROM thumbexif_internal.thumbexif_shard WHERE shard = $split"), '0 0 0', 'and no node looks there any more');

# --- a shard that is moved takes the settings with it with which its thumbnails were made

foreach my $node (@{ $cluster->{nodes} })
{
	$node->safe_psql('postgres', $_) foreach ('ALTER SYSTEM SET thumbexif.thumbnail_quality = 50', 'SELECT pg_reload_conf()');
}
my $stale = q{SELECT COALESCE(sum(assets), 0) FROM (SELECT count(*) AS assets FROM thumbexif_internal.thumbexif_asset WHERE status = 'done' AND thumbnail_settings LIKE '% 85') s};
my $of_85 = on_nodes($cluster, $stale);
value($coordinator, move_sql((shards('photos'))[0]));
wait_for($coordinator, 'rows of a shard that was moved are done', all_done('photos', 119));
my $sum = 0;
$sum += $_ foreach split / /, on_nodes($cluster, q{SELECT count(*) FROM thumbexif_internal.thumbexif_asset_bigint s JOIN thumbexif_internal.thumbexif_attachment USING (attachment) WHERE thumbnail_settings LIKE '% 85'});
is($sum, 119, 'with the settings with which they were made');
wait_for($_, 'shards have come and gone on ' . $_->name, q{SELECT count(*) FROM thumbexif_internal.thumbexif_attachment a WHERE shard IS NOT NULL AND (arrived
	OR NOT EXISTS (SELECT FROM pg_dist_placement p JOIN pg_dist_local_group g USING (groupid) WHERE p.shardid = a.shard))}, 0) foreach @{ $cluster->{workers} };
is(on_nodes($cluster, 'SELECT count(*) FROM thumbexif_internal.thumbexif_left'), '0 0 0', 'and nothing is left to tell');
my (undef, $counts) = $coordinator->psql('postgres', q{CALL thumbexif_backfill(relation => 'photos')});
is($counts, '119|119|0|0', 'so a backfill makes all of them again');
foreach my $node (@{ $cluster->{nodes} })
{
	$node->safe_psql('postgres', $_) foreach ('ALTER SYSTEM RESET thumbexif.thumbnail_quality', 'SELECT pg_reload_conf()');
}

# --- a shard that is moved while an asset of it is processed

value($coordinator, 'SELECT thumbexif_pause()');
my ($moved) = shards('photos');
my ($at, $one) = split /\|/, value($coordinator, "SELECT nodeport, p.id FROM citus_shards, photos p WHERE shardid = $moved AND get_shard_id_for_distribution_column('photos', p.id) = $moved LIMIT 1");
my ($node) = grep { $_->port == $at } @workers;
my $thumbnail = "SELECT thumbnail_path FROM photos WHERE id = $one";

# who writes holds the shard: a move waits until that is committed, and takes it along
$before = value($coordinator, $thumbnail);
my $writer = TestSession->new($node);
my $mover = TestSession->new($coordinator);
$writer->query("BEGIN; SELECT status FROM thumbexif_process($one, 'photos', true)");
$mover->send(move_sql($moved));
ok(poll($node, 'postgres', q{SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND mode = 'ExclusiveLock'}, 't'),
	'a move of a shard waits for who has written an asset of it') or diag('gave up waiting: the move waits for a lock');
$writer->query('COMMIT');
$mover->wait;
isnt(value($coordinator, $thumbnail), $before, 'and takes along what was written');
ok(-e value($coordinator, $thumbnail), 'with its file');

# what was decoded meanwhile is dropped, even if the node that the shard has left could not release it yet
($node) = grep { $_->port != $at } @workers;
$before = value($coordinator, $thumbnail);
$writer = TestSession->new($node);
my $reader = TestSession->new($node);
$reader->query("SET citus.override_table_visibility = off; BEGIN; SELECT count(*) FROM photos_$moved");
$writer->query("SET thumbexif.decode_timeout = '10min'; SELECT status FROM thumbexif_process($one, 'photos', true)");
my @stopped = $writer->decoders;
kill STOP => @stopped;
$writer->errors;
$writer->send("SELECT status FROM thumbexif_process($one, 'photos', true)");
wait_for($node, 'the session waits', "SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = $writer->{pid}");
isnt(value($coordinator, $thumbnail), $before, 'an asset is processed on the node that has it');
$before = value($coordinator, $thumbnail);
value($coordinator, move_sql($moved));
is(value($node, "SELECT count(*) FROM thumbexif_internal.thumbexif_attachment WHERE shard = $moved"), 1, 'a shard that is moved cannot be released while somebody reads it');
kill CONT => @stopped;
$writer->wait;
like($writer->errors, qr/shard \S+ was moved to another node while its assets were processed/, 'a result for a shard that was moved is dropped');
is(value($coordinator, $thumbnail), $before, 'and the row is as it was');
$reader->query('COMMIT');
$_->finish foreach $writer, $reader, $mover;
value($coordinator, 'SELECT thumbexif_resume()');
wait_for($coordinator, 'all are done', all_done('photos', 119));

# --- a table is converted: its attachment is that of the table that takes its place

value($coordinator, 'SELECT thumbexif_pause()');
value($coordinator, q{UPDATE photos SET path = '8.png' WHERE id BETWEEN 21 AND 30});
$names = q{SELECT md5(string_agg(id || thumbnail_path, ',' ORDER BY id)) FROM photos WHERE id > 30};
$before = value($coordinator, $names);
$decoded = decoded();
value($coordinator, q{SELECT alter_distributed_table('photos', shard_count => 3)});
is(value($coordinator, q{SELECT count(*) FROM thumbexif_tables WHERE relation = 'photos'::regclass AND paused}), 1, 'alter_distributed_table() leaves the table attached, with its pause');
value($coordinator, 'SELECT thumbexif_resume()');
wait_for($coordinator, 'its rows are done', all_done('photos', 119));
is(value($coordinator, $names), $before, 'with the files that they had');
is(decoded() - $decoded, 10, 'and what was to be done again is, and nothing else');
value($coordinator, 'SELECT thumbexif_clean()');
is(scalar(grep { !-e $_ } named('photos')), 0, 'no file of a row is removed');

value($coordinator, 'SELECT thumbexif_pause()');
value($coordinator, q{UPDATE photos SET path = '9.png' WHERE id BETWEEN 21 AND 30});
$decoded = decoded();
value($coordinator, q{SELECT undistribute_table('photos')});
value($coordinator, q{INSERT INTO photos VALUES (1001, '1.png'); SELECT thumbexif_resume()});
wait_for($coordinator, 'undistribute_table() leaves the table attached, too', all_done('photos', 120));
is(value($coordinator, $names =~ s/> 30/BETWEEN 31 AND 1000/r), $before, 'its rows have the files that they had');
is(decoded() - $decoded, 11, 'what was to be done again is, and what was inserted');
value($coordinator, 'SELECT thumbexif_clean()');
is(scalar(grep { !-e $_ } named('photos')), 0, 'and no file of a row was removed');
($deleted) = grep { m{/c\d+-} } named('photos');
value($coordinator, "DELETE FROM photos WHERE thumbnail_path = '$deleted'");
ok(TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub { !-e $deleted }), 'the file of a row that is deleted goes');

# --- a table that is attached is distributed

my (undef, undef, $error) = $coordinator->psql('postgres', q{SELECT create_distributed_table('photos', 'id')});
like($error, qr/has triggers/, 'Citus distributes no table that is attached');
value($coordinator, q{SELECT thumbexif_detach('photos')});
value($coordinator, q{SELECT create_distributed_table('photos', 'id', shard_count => 2)});
value($coordinator, q{SELECT thumbexif_attach('photos')});
is(scalar(grep { !-e $_ } named('photos')), 0, 'a table that is detached before keeps its files');
value($coordinator, q{SELECT thumbexif_detach('photos')});

value($coordinator, q{CREATE TABLE later (id bigint PRIMARY KEY, path text NOT NULL, thumbnail_path text); SELECT thumbexif_attach('later', triggers => false);
	SELECT create_distributed_table('later', 'id', shard_count => 2, colocate_with => 'none')});
wait_for($coordinator, 'one that has no triggers is paused then, and says why', q{SELECT pause_reason LIKE 'it was distributed after%' FROM thumbexif_tables WHERE relation = 'later'::regclass});
value($coordinator, q{SELECT thumbexif_detach('later')});
value($coordinator, q{SELECT thumbexif_attach('later')});
is(value($coordinator, q{SELECT paused, pause_reason IS NULL FROM thumbexif_tables WHERE relation = 'later'::regclass}), 'f|t', 'until it is attached anew');

# --- tables are dropped, by a command and by a function

my @scans = named('scans');
is(scalar(grep { -e $_ } @scans), 60, 'a table has files');
value($coordinator, 'DROP TABLE scans');
value($coordinator, 'SELECT thumbexif_clean()');
is(scalar(grep { -e $_ } @scans), 0, 'thumbexif_clean() removes those of a table that was dropped');
is(on_nodes($cluster, 'SELECT count(*) FROM thumbexif_internal.thumbexif_dropped WHERE attachment < 0'), '0 0 0', 'and forgets it');

value($coordinator, q{CREATE TABLE gone (id bigint PRIMARY KEY, path text NOT NULL, thumbnail_path text);
	SELECT create_distributed_table('gone', 'id', shard_count => 2, colocate_with => 'none')});
value($coordinator, q{SELECT thumbexif_attach('gone')});
value($coordinator, q{INSERT INTO gone SELECT i, i || '.png' FROM generate_series(1, 10) i});
wait_for($coordinator, 'another one is done', all_done('gone', 10));
my @gone = named('gone');
value($coordinator, 'DO $$BEGIN DROP TABLE gone; END$$');
(undef, undef, $error) = $coordinator->psql('postgres', 'SELECT thumbexif_clean()');
like($error, qr/NOTICE:  there are thumbnails of distributed tables that were dropped by functions, or were partitioned, in folder.*\n.*thumbexif_clean_dropped\(\)/, 'of one that a function has dropped, thumbexif_clean() says that they stay');
is(scalar(grep { -e $_ } @gone), 10, 'and keeps them');
is(value($coordinator, 'SELECT thumbexif_clean_dropped(true)'), 10, 'thumbexif_clean_dropped() counts them');
is(value($coordinator, 'SELECT thumbexif_clean_dropped()'), 10, 'and removes them');
is(scalar(grep { -e $_ } @gone), 0, 'all of them');

done_testing();
