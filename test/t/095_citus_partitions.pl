# A table of a Citus cluster that is partitioned, too: the shards of its partitions are served by their nodes, and partitions come and go.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use CitusTest;
use TestSession;
use ThumbexifTest;
use WorkerTest;

plan skip_all => 'no Citus (make check-citus)' unless has_citus();

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 60);
my $cluster = new_cluster(roots => $root);
my $coordinator = $cluster->{coordinator};
my @workers = @{ $cluster->{workers} };

# The error of a statement that fails, or what else it says.
sub said
{
	my $sql = shift;

	return ($coordinator->psql('postgres', $sql))[2];
}

my $members = q{SELECT count(*) FROM thumbexif_internal.thumbexif_attachment WHERE shard IS NOT NULL};

# members_are(COUNTS, WHAT): until each node has so many shards attached
sub members_are
{
	my ($expected, $what) = @_;
	my @counts = split / /, $expected;

	wait_for($cluster->{nodes}->[$_], "$what, node $_", $members, $counts[$_]) foreach 0 .. $#counts;
}

# done_are(COUNT, WHAT): until so many are done, and nothing else is left
sub done_are
{
	my ($count, $what) = @_;

	wait_for($coordinator, $what, q{SELECT string_agg(status || ' ' || assets, ', ' ORDER BY status) FROM thumbexif_status WHERE relation = 'photos'::regclass}, "done $count");
}

sub path
{
	return value($coordinator, "SELECT thumbnail_path FROM photos WHERE id = $_[0]");
}

# SQL that moves the first shard of a table, with all that are colocated, to the other worker.
sub move_sql
{
	my $shard = value($coordinator, "SELECT min(shardid) FROM citus_shards WHERE table_name = '$_[0]'::regclass");

	return move_shard_sql($cluster, $shard, 'block_writes');
}

value($coordinator, q{CREATE TABLE photos (tenant int, id bigint, day date, path text NOT NULL, thumbnail_path text, width int, camera_make text, PRIMARY KEY (tenant, id, day))
		PARTITION BY RANGE (day);
	CREATE TABLE photos_jan PARTITION OF photos FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
	CREATE TABLE photos_feb PARTITION OF photos FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
	SELECT create_distributed_table('photos', 'tenant', shard_count => 4);
	INSERT INTO photos VALUES (1, 1, '2024-01-07', '1.png')});

# --- attach; rows come through the coordinator and through a worker, into the table and into a partition

value($coordinator, q{CREATE TABLE deeper (tenant int, id int, day date, path text, PRIMARY KEY (tenant, id, day)) PARTITION BY RANGE (day);
	CREATE TABLE deeper_1 PARTITION OF deeper FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY RANGE (id)});
like(said(q{SELECT create_distributed_table('deeper', 'tenant')}), qr/multi-level partitioned tables is not supported/, 'Citus has no partitions of partitions');
like(said(q{SELECT thumbexif_attach('photos', id => '{tenant,id}')}), qr/cannot attach shard "photos_\w+" of table public\.photos: columns \(tenant, id\) are not a key in it/, 'a key that partitions may have twice is refused');
is(value($coordinator, q{SELECT thumbexif_attach('photos')}), 'photos', 'the table is attached');
is(on_nodes($cluster, $members), '0 4 4', 'with the shards of its partitions, each on its node');
is(value($coordinator, 'CALL thumbexif_backfill()'), '1|1|0|0', 'a row that was there is one for a backfill');
value($coordinator, q{INSERT INTO photos SELECT i % 8, i, date '2024-01-01' + i % 60, i || '.png' FROM generate_series(2, 20) i});
value($workers[1], q{INSERT INTO photos SELECT i % 8, i, date '2024-01-01' + i % 60, i || '.png' FROM generate_series(21, 28) i});
value($coordinator, q{INSERT INTO photos_feb SELECT i % 8, i, date '2024-02-02', i || '.png' FROM generate_series(29, 32) i});
$coordinator->safe_psql('postgres', "COPY photos (tenant, id, day, path) FROM STDIN;\n" . join('', map { "$_\t3$_\t2024-01-03\t7.png\n" } 3 .. 6) . "\\.\n");
done_are(36, 'all are noticed and done');
is(value($coordinator, q{SELECT count(*) FROM photos WHERE width = 1 AND camera_make = 'Tiny' AND thumbnail_path IS NOT NULL}), 36, 'and written');
is(value($coordinator, q{SELECT count(DISTINCT regexp_replace(thumbnail_path, '/../../[^/]*$', '')) = count(DISTINCT get_shard_id_for_distribution_column('photos', tenant)) FROM photos}),
	't', 'the partitions of a shard have one folder');
is(value($coordinator, q{SELECT total, done, failed, remaining FROM thumbexif_progress}), '36|36|0|0', 'progress of the cluster');
value($coordinator, q{INSERT INTO photos VALUES (5, 90, '2024-02-05', 'none.png')});
wait_for($coordinator, 'a failure is shown under the name of the table', q{SELECT relation || ' ' || id || ' ' || status FROM thumbexif_failures}, 'photos {5,90,2024-02-05} missing');

# --- single assets

is(value($coordinator, q{SELECT count(*) FROM photos, thumbexif_process(thumbexif_key(tenant::text, id::text, day::text), 'photos', true) p WHERE id <= 36 AND p.status = 'done' AND p.width = 1}),
	36, 'thumbexif_process() finds node and partition of each row');
like(said(q{SELECT thumbexif_process('{5,91,2024-02-05}')}), qr/asset \{5,91,2024-02-05\} \(shard \d+ of table public\.photos\) on node \S+\nDETAIL:  asset \{5,91,2024-02-05\} does not exist/, 'an unknown key is an ERROR');
like(said(q{SELECT thumbexif_process('{5,91,2019-02-05}')}), qr/asset \{5,91,2019-02-05\} does not exist/, 'also one for which there is no partition');
value($coordinator, q{SELECT thumbexif_pause()});
value($coordinator, q{UPDATE photos SET path = '8.png' WHERE id = 90});
my $before = path(4);
value($coordinator, q{UPDATE photos SET path = '9.png' WHERE id = 4; SELECT thumbexif_enqueue('{5,5,2024-01-06}')});
is(value($coordinator, q{SELECT sum(assets) FROM thumbexif_status WHERE status = 'queued'}), 3, 'a new path and thumbexif_enqueue() queue in partitions');
is(value($coordinator, q{CALL thumbexif_backfill(batch_size => 2)}), '3|2|1|0', 'a backfill does all nodes and partitions');
isnt(path(4), $before, 'with a new thumbnail');
value($coordinator, q{SELECT thumbexif_resume(); INSERT INTO photos VALUES (6, 91, '2024-01-05', 'none.png')});
wait_for($coordinator, 'it fails', q{SELECT count(*) FROM thumbexif_failures}, 1);
is(value($coordinator, q{SELECT thumbexif_retry('{6,91,2024-01-05}')}), 't', 'thumbexif_retry()');
value($coordinator, q{DELETE FROM photos WHERE id = 91});
done_are(37, 'a row that is deleted is forgotten');

# --- rows move between partitions, also into one that the same transaction makes, and keep state and file

my $files = q{SELECT string_agg(id || thumbnail_path, ',' ORDER BY id) FROM photos};
my $count = images_decoded($cluster);
$before = value($coordinator, $files);
value($coordinator, q{UPDATE photos SET day = '2024-02-20' WHERE id IN (1, 2, 3, 10)});
is(value($coordinator, q{SELECT count(*) FROM photos_feb WHERE id IN (1, 2, 3, 10)}), 4, 'rows move to another partition');
done_are(37, 'and are done there');
value($coordinator, q{BEGIN; CREATE TABLE photos_mar PARTITION OF photos FOR VALUES FROM ('2024-03-01') TO ('2024-04-01'); UPDATE photos SET day = '2024-03-03' WHERE id IN (1, 11, 12); COMMIT});
members_are('0 6 6', 'a partition that is made is attached');
done_are(37, 'rows that moved into it before are done');
value($coordinator, q{CALL thumbexif_backfill(verify => true)});
is(value($coordinator, $files), $before, 'with the thumbnails that they had');
is(images_decoded($cluster), $count, 'and nothing was decoded again');
my %named = map { $_ => 1 } split /\n/, value($coordinator, 'SELECT thumbnail_path FROM photos');
is(surplus_files($cluster, \%named), '', 'a clean-up leaves a file for each row');
is(scalar(grep { !-e $_ } keys %named), 0, 'and removes none of them');

# --- partitions that come: by create_time_partitions(), and with rows

value($coordinator, q{SELECT create_time_partitions('photos', '1 month', '2024-06-01', '2024-04-01')});
members_are('0 10 10', 'those of create_time_partitions(), too');
value($coordinator, q{INSERT INTO photos SELECT i % 8, i, '2024-05-05', i || '.png' FROM generate_series(41, 48) i});
done_are(45, 'rows in a new partition are done');
value($coordinator, q{CREATE TABLE older (LIKE photos INCLUDING ALL); SELECT create_distributed_table('older', 'tenant', colocate_with => 'photos');
	INSERT INTO older SELECT i, i + 50, '2023-05-05', i || '.png' FROM generate_series(1, 4) i; ALTER TABLE photos ATTACH PARTITION older FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')});
members_are('0 12 12', 'and one that is attached');
done_are(49, 'its rows are queued, and done');

# --- shards move, with their partitions: nothing is decoded again, what waits is done on the other node

$before = value($coordinator, $files);
$count = images_decoded($cluster);
value($coordinator, move_sql('photos'));
done_are(49, 'rows of a shard that was moved are adopted in all partitions');
is(value($coordinator, $files) . images_decoded($cluster), "$before$count", 'with their files, and nothing is decoded again');
is(value($coordinator, q{SELECT count(*) FROM photos, thumbexif_process(thumbexif_key(tenant::text, id::text, day::text), 'photos') p WHERE p.status = 'done'}), 49, 'each is found on its node');
value($coordinator, q{SELECT thumbexif_pause(); UPDATE photos SET path = '12.png' WHERE id IN (7, 45, 52)});
my @before = map { path($_) } 7, 45, 52;
value($coordinator, move_sql('photos_jan'));
value($coordinator, q{SELECT thumbexif_resume()});
done_are(49, 'what waited when its shard left is done');
my @after = map { path($_) } 7, 45, 52;
isnt($after[$_], $before[$_], 'on the node that has it') foreach 0 .. 2;
members_are(join(' ', map { $_->safe_psql('postgres', q{SELECT count(*) FROM pg_dist_placement JOIN pg_dist_local_group USING (groupid) JOIN pg_dist_shard USING (shardid)
	JOIN pg_inherits ON inhrelid = logicalrelid WHERE inhparent = 'photos'::regclass}) } @{ $cluster->{nodes} }), 'each node has the shards that it has');

# --- partitions go

my $triggers_of_feb = q{SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'thumbexif%' AND tgrelid::regclass::text LIKE '%photos_feb%'};
is(eval join('+', split / /, on_nodes($cluster, $triggers_of_feb)), 20, 'the shards of a partition have triggers');
my $feb = value($coordinator, q{SELECT count(*) FROM photos_feb});
value($coordinator, q{ALTER TABLE photos DETACH PARTITION photos_feb});
done_are(49 - $feb, 'a partition that is detached is released');
wait_for($_, 'its shards have no triggers then, on ' . $_->name, $triggers_of_feb, 0) foreach @workers;
value($coordinator, move_sql('photos'));
done_are(49 - $feb, 'rows of a shard that moves then are adopted');
%named = map { $_ => 1 } split /\n/, value($coordinator, 'SELECT thumbnail_path FROM photos UNION ALL SELECT thumbnail_path FROM photos_feb');
is(surplus_files($cluster, \%named), '', 'a clean-up');
is(scalar(grep { !-e $_ } keys %named), 0, 'leaves the files of rows of the table that was a partition, on whichever node');
value($coordinator, q{ALTER TABLE photos_feb RENAME thumbnail_path TO "a picture"; ALTER TABLE photos_feb RENAME id TO nr});
is(surplus_files($cluster, \%named), '', 'a clean-up when its columns have other names');
is(scalar(grep { !-e $_ } keys %named), 0, 'leaves them, too');
my ($deleted) = split /\n/, value($coordinator, q{DELETE FROM photos_feb WHERE nr = 29 RETURNING "a picture"});
delete $named{$deleted};
is(surplus_files($cluster, \%named), '', 'but not that of one that is deleted there');

my $jan = value($coordinator, q{SELECT count(*) FROM photos_jan});
delete @named{ split /\n/, value($coordinator, 'SELECT thumbnail_path FROM photos_jan') };
value($coordinator, q{TRUNCATE photos_jan});
done_are(49 - $feb - $jan, 'TRUNCATE of a partition leaves no state');
ok(TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub { !grep { !$named{$_} } files_below($cluster->{thumbnails}) }), 'and no file, without a clean-up');
delete @named{ split /\n/, value($coordinator, 'SELECT thumbnail_path FROM older UNION ALL SELECT thumbnail_path FROM photos_mar') };
value($coordinator, q{CALL drop_old_time_partitions('photos', '2024-01-01'); DROP TABLE photos_mar});
done_are(8, 'partitions that are dropped are forgotten');
is(surplus_files($cluster, \%named), '', 'a clean-up removes their files');
is(scalar(grep { !-e $_ } keys %named), 0, 'and no other');

# --- a partition becomes columnar, which takes no triggers

value($coordinator, q{SELECT alter_table_set_access_method(partition::text, 'columnar') FROM time_partitions WHERE parent_table = 'photos'::regclass AND from_value = '2024-05-01'});
is(value($coordinator, q{SELECT count(*) FROM photos WHERE day = '2024-05-05' AND thumbnail_path IS NOT NULL}), 8, 'a partition may become columnar');
wait_for($coordinator, 'and is served no more', q{SELECT COALESCE(sum(assets), 0) FROM thumbexif_status WHERE relation = 'photos'::regclass}, 0);
is(surplus_files($cluster, \%named), '', 'a clean-up');
is(scalar(grep { !-e $_ } keys %named), 0, 'leaves its files');
is(value($coordinator, q{SELECT thumbexif_attach('photos')}), 'photos', 'such a partition is passed over when the table is attached');

# --- the end

value($coordinator, q{INSERT INTO photos VALUES (1, 60, '2024-04-05', '1.png')});
done_are(1, 'it is still attached');
my $path = path(60);
value($coordinator, q{SELECT thumbexif_detach('photos')});
is(on_nodes($cluster, q{SELECT (SELECT count(*) FROM thumbexif_internal.thumbexif_attachment) + (SELECT count(*) FROM thumbexif_internal.thumbexif_asset)
	+ (SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'thumbexif%' AND tgrelid::regclass::text LIKE '%photos%')}), '0 0 0', 'thumbexif_detach() leaves nothing on any node');
value($coordinator, 'SELECT thumbexif_clean()');
ok(-e $path, 'but the files');

# --- rows come and move, while partitions come and shards move

value($coordinator, q{CREATE TABLE busy (tenant int, id bigint, day date, path text NOT NULL, thumbnail_path text, width int, PRIMARY KEY (tenant, id, day)) PARTITION BY RANGE (day);
	SELECT create_distributed_table('busy', 'tenant', shard_count => 4, colocate_with => 'none')});
value($coordinator, q{SELECT thumbexif_attach('busy')});

# insist(SQL): until it is done; a shard that moves may be in the way
sub insist
{
	my $sql = shift;
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;

	until ($coordinator->psql('postgres', $sql, on_error_stop => 1) == 0)
	{
		die "could not be done: $sql" if time > $deadline;
	}
	return;
}

my $mover = TestSession->new($coordinator);
foreach my $month (1 .. 12)
{
	my $partition = sprintf q{CREATE TABLE busy_%d PARTITION OF busy FOR VALUES FROM ('2024-%02d-01') TO (date '2024-%02d-01' + interval '1 month')}, ($month) x 3;
	my $day = sprintf '2024-%02d-02', $month;

	$mover->wait;
	$mover->send(move_sql('busy')) if $month % 3 == 0;
	insist($partition);
	insist(sprintf q{INSERT INTO busy SELECT i %% 16, i, '%s', (i %% 60 + 1) || '.png' FROM generate_series(%d, %d) i}, $day, $month * 100, $month * 100 + 99);
	insist(sprintf q{UPDATE busy SET day = '%s' WHERE id %% 7 = %d}, $day, $month % 7);
}
$mover->wait;
is($mover->errors, '', 'shards have moved');
$mover->finish;
wait_for($coordinator, 'each row has its thumbnail', q{SELECT count(*) = 1200 AND count(thumbnail_path) = 1200 AND count(width) = 1200 FROM busy});
wait_for($coordinator, 'and is done', q{SELECT status || assets FROM thumbexif_status WHERE relation = 'busy'::regclass}, 'done1200');
%named = map { $_ => 1 } split /\n/, value($coordinator, 'SELECT thumbnail_path FROM busy');
is(scalar keys %named, 1200, 'each a file of its own');
is(scalar(grep { !-e $_ } keys %named), 0, 'which is there');
my $shards = join '|', split /\n/, value($coordinator, q{SELECT shardid FROM pg_dist_shard WHERE logicalrelid = 'busy'::regclass});
my %others = map { $_ => 1 } grep { !m{/($shards)/} } files_below($cluster->{thumbnails});
is(surplus_files($cluster, { %named, %others }), '', 'and each file has its row');
is(scalar(grep { !-e $_ } keys %named), 0, 'also after a clean-up');
value($coordinator, q{SELECT thumbexif_detach('busy')});

# --- shards are split, move and are dropped: what was to be done follows to its partition, and files of what was a partition stay

value($coordinator, q{CREATE TABLE albums (tenant int, id bigint, day date, path text NOT NULL, thumbnail_path text, PRIMARY KEY (tenant, id, day)) PARTITION BY RANGE (day);
	CREATE TABLE albums_1 PARTITION OF albums FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
	CREATE TABLE albums_2 PARTITION OF albums FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
	CREATE TABLE albums_3 PARTITION OF albums FOR VALUES FROM ('2024-03-01') TO ('2024-04-01');
	SELECT create_distributed_table('albums', 'tenant', shard_count => 2, colocate_with => 'none')});
value($coordinator, q{SELECT thumbexif_attach('albums')});
value($coordinator, q{INSERT INTO albums SELECT i % 16, i, date '2024-01-01' + (i % 3) * 31, i || '.png' FROM generate_series(1, 48) i});
my $albums = q{SELECT string_agg(status || ' ' || assets, ', ' ORDER BY status) FROM thumbexif_status WHERE relation = 'albums'::regclass};
wait_for($coordinator, 'another table is done', $albums, 'done 48');
value($coordinator, q{ALTER TABLE albums DETACH PARTITION albums_3});
wait_for($coordinator, 'without what was a partition', $albums, 'done 32');
my $names = q{SELECT thumbnail_path FROM albums WHERE id % 4 = 0 ORDER BY id};
my $rest = q{SELECT string_agg(id || thumbnail_path, ',' ORDER BY id) FROM albums WHERE id % 4 <> 0};
foreach my $change ('is moved', 'is split')
{
	my %old = map { $_ => 1 } split /\n/, value($coordinator, $names);

	$before = value($coordinator, $rest);
	value($coordinator, q{SELECT thumbexif_pause(); UPDATE albums SET path = '60.png' WHERE id % 4 = 0});
	value($coordinator, q{UPDATE albums SET path = '59.png' WHERE id % 4 = 0}) if $change eq 'is split';
	value($coordinator, $change eq 'is moved' ? move_sql('albums') :
		q{SELECT citus_split_shard_by_split_points(shardid, ARRAY[((shardminvalue::bigint + shardmaxvalue::bigint) / 2)::text], (SELECT array_agg(nodeid::int ORDER BY nodeid) FROM pg_dist_node WHERE groupid <> 0), 'block_writes')
			FROM pg_dist_shard WHERE logicalrelid = 'albums'::regclass ORDER BY shardid LIMIT 1});
	value($coordinator, q{ALTER TABLE albums_3 RENAME thumbnail_path TO picture; ALTER TABLE albums_3 RENAME day TO night}) if $change eq 'is split';
	value($coordinator, q{SELECT thumbexif_resume()});
	wait_for($coordinator, "a shard $change, with its partitions: all are done", $albums, 'done 32');
	wait_for($coordinator, 'what waited is done anew in each partition', "SELECT count(*) FROM ($names) AS n WHERE thumbnail_path IN (" . join(',', map { "'$_'" } keys %old) . ')', 0);
	is(value($coordinator, $rest), $before, 'and nothing else');
	is(on_nodes($cluster, 'SELECT count(*) FROM thumbexif_internal.thumbexif_left'), '0 0 0', 'and nothing is left to tell');
	value($coordinator, 'SELECT thumbexif_clean()');
	is(scalar(grep { !-e $_ } split /\n/, value($coordinator, 'SELECT thumbnail_path FROM albums UNION ALL SELECT ' . ($change eq 'is split' ? 'picture' : 'thumbnail_path') . ' FROM albums_3')), 0, 'a clean-up leaves the files of all rows, also of what was a partition');
}
value($coordinator, 'DROP TABLE albums');
like(said('SELECT thumbexif_clean()'), qr/NOTICE:  there are thumbnails of distributed tables that were dropped by functions, or were partitioned/, 'of a partitioned table that is dropped, too, thumbexif_clean() says that they stay');
my @kept = split /\n/, value($coordinator, 'SELECT picture FROM albums_3');
is(scalar(grep { -e $_ } @kept), 16, 'so that a table that was a partition has its files');
ok(value($coordinator, 'SELECT thumbexif_clean_dropped()') >= 48, 'thumbexif_clean_dropped() removes all of them');

# --- a partitioned table of a distributed schema

value($coordinator, q{CREATE SCHEMA tenant; SELECT citus_schema_distribute('tenant');
	CREATE TABLE tenant.photos (id bigint, day date, path text, thumb bytea, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
	CREATE TABLE tenant.photos_1 PARTITION OF tenant.photos FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')});
value($coordinator, q{SELECT thumbexif_attach('tenant.photos', thumbnail => 'thumb')});
value($coordinator, q{INSERT INTO tenant.photos VALUES (1, '2024-04-04', '1.png')});
wait_for($coordinator, 'one of a distributed schema is processed, too', q{SELECT octet_length(thumb) > 50 FROM tenant.photos});
is(value($coordinator, q{SELECT status FROM thumbexif_process('{1,2024-04-04}', force => true)}), 'done', 'by hand as well');

# --- the block of the document

my ($block) = slurp_file("$ENV{TE_SCRATCH}/doc/citus.md") =~ /^<!-- run by \S+095_citus_partitions\.pl: coordinator -->\n```sql\n(.*?)^```$/ms;
my ($status, undef, $error) = $coordinator->psql('postgres', $block, on_error_stop => 1);
ok($status == 0 && $error !~ /ERROR|WARNING/, 'the document') or diag($error);
wait_for($coordinator, 'its row is done', q{SELECT count(thumbnail_path) FROM shots}, 1);

done_testing();
