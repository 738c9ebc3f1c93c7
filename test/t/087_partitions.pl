# A partitioned table is attached with its partitions: rows are noticed however they come, partitions come and leave, and what is
# known of a row goes along when it moves.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 40);
my $server = new_server('partitions', preload => 1, roots => $root);

# The SQLSTATE-less message and hint of a statement that fails, or ''.
sub refused
{
	my $sql = shift;

	return ($server->psql('postgres', $sql))[2];
}

# How many states there are of a partition.
sub states
{
	my ($table, $status) = @_;

	return value($server, "SELECT count(*) FROM thumbexif_internal.thumbexif_asset s JOIN thumbexif_internal.thumbexif_attachment a USING (attachment)
		WHERE a.relation = '$table'::regclass" . ($status ? " AND status = '$status'" : ''));
}

sub members
{
	return value($server, "SELECT array_to_string(ARRAY(SELECT m::text FROM unnest(members) m ORDER BY 1), ' ') FROM thumbexif_tables WHERE relation = 'photos'::regclass");
}

sub path
{
	return value($server, "SELECT thumbnail_path FROM photos WHERE id = $_[0]");
}

value($server, <<'EOT');
CREATE TABLE photos (id bigint NOT NULL, part int, path text NOT NULL, thumbnail_path text, width int, taken_at timestamptz) PARTITION BY LIST (part);
-- columns in another order, with a dropped one before
CREATE TABLE photos_1 (gone int, path text NOT NULL, taken_at timestamptz, part int, thumbnail_path text, id bigint NOT NULL, width int);
ALTER TABLE photos_1 DROP COLUMN gone;
ALTER TABLE photos ATTACH PARTITION photos_1 FOR VALUES IN (1);
CREATE TABLE photos_2 PARTITION OF photos FOR VALUES IN (2) PARTITION BY RANGE (id);
CREATE TABLE photos_2a PARTITION OF photos_2 (PRIMARY KEY (id)) FOR VALUES FROM (0) TO (1000);
CREATE TABLE photos_d PARTITION OF photos (PRIMARY KEY (id)) DEFAULT;
EOT

# --- attaching

like(refused(q{SELECT thumbexif_attach('photos')}), qr/cannot attach partition "photos_1" of table public\.photos: column "id" is not a key in it\nHINT:  CREATE UNIQUE INDEX ON public\.photos_1 \(id\)/,
	'a partition in which keys may be double is refused, with a remedy');
value($server, 'CREATE UNIQUE INDEX ON photos_1 (id)');
like(refused(q{SELECT thumbexif_attach('photos_1')}), qr/it is a partition\nHINT:  Attach public\.photos: its partitions are attached with it/, 'a partition is not attached by itself');
like(refused(q{CREATE TABLE by_time (id int NOT NULL, path text, taken_at timestamptz) PARTITION BY RANGE (taken_at); SELECT thumbexif_attach('by_time')}),
	qr/partitioned by column "taken_at", which would be written\nHINT:  Pass an empty name as "taken_at"/, 'a column that is written does not decide on the partition');
value($server, q{INSERT INTO photos SELECT g, 1, g || '.png' FROM generate_series(1, 2) g});
value($server, q{SELECT thumbexif_attach('photos')});
is(members(), 'photos_1 photos_2a photos_d', 'the leaves are members');
is(value($server, 'SELECT relation, waiting FROM thumbexif_tables'), 'photos|2', 'rows that were there wait, and only the table is shown');
like(refused(q{SELECT thumbexif_attach('photos_1')}), qr/HINT:  Table public\.photos is attached, and its partitions with it/, 'a leaf of an attached table is refused');
foreach my $call ('detach', 'pause')
{
	like(refused("SELECT thumbexif_$call('photos_1')"), qr/table public\.photos_1 belongs to attached table public\.photos\nHINT:  Name public\.photos/, "$call of a leaf, too");
}
is(value($server, 'CALL thumbexif_backfill()'), '2|2|0|0', 'a backfill of the parent, which needs no name, processes them');

# --- rows come

value($server, q{INSERT INTO photos SELECT g, g % 4, g || '.png' FROM generate_series(3, 8) g});
value($server, q{INSERT INTO photos_2 VALUES (9, 2, '9.png')});
value($server, q{INSERT INTO photos_1 (id, part, path) VALUES (10, 1, '10.png')});
value($server, qq{COPY photos (id, part, path) FROM PROGRAM 'printf "11,1,11.png\\n12,7,12.png\\n"' CSV});
value($server, q{INSERT INTO photos_1 (id, part, path) VALUES (10, 1, 'other') ON CONFLICT (id) DO NOTHING});
wait_done($server, 'inserted into the parent, into a table between, into a leaf, or by COPY: all are noticed', 12);
is(value($server, q{SELECT relation || ' ' || status || ' ' || assets FROM thumbexif_status}), 'photos done 12', 'the view sums up under the name of the table');
is(value($server, q{SELECT relation, total, done, failed, remaining FROM thumbexif_progress}), 'photos|12|12|0|0', 'so does that of progress');
value($server, q{INSERT INTO photos_1 (id, part, path) VALUES (10, 1, 'other') ON CONFLICT (id) DO UPDATE SET path = '13.png'});
wait_for($server, 'ON CONFLICT DO UPDATE is noticed', q{SELECT count(*) = 12 AND bool_and(status = 'done') FROM thumbexif_internal.thumbexif_asset WHERE path_hash IS NOT NULL
	AND (SELECT count(*) = 0 FROM thumbexif_internal.thumbexif_removal)});
value($server, q{BEGIN; INSERT INTO photos VALUES (20, 1, '20.png'); SAVEPOINT s; INSERT INTO photos VALUES (21, 1, '21.png'); ROLLBACK TO s; INSERT INTO photos_2 VALUES (22, 2, '22.png'); COMMIT});
wait_done($server, 'what was rolled back leaves no state', 14);
check_store($server, 'files are those of rows, in the folder of the parent', 'postgres', 'photos');
my $number = value($server, q{SELECT attachment FROM thumbexif_internal.thumbexif_attachment WHERE relation = 'photos'::regclass});
is(value($server, qq{SELECT count(*) FROM photos WHERE thumbnail_path NOT LIKE '%/$number/%'}), 0, 'all of them');

# --- rows move

my %before = map { $_ => path($_) } 1, 3;
value($server, q{SELECT thumbexif_pause('photos')});
value($server, q{UPDATE photos SET part = 2 WHERE id IN (1, 3)});
is(states('photos_2a', 'done'), 5, 'what is done stays so in another partition');
is(value($server, 'SELECT count(*) FROM thumbexif_internal.thumbexif_removal'), 0, 'and no file is listed for removal');
value($server, 'CALL thumbexif_backfill(verify => true)');
is_deeply({ map { $_ => path($_) } 1, 3 }, \%before, 'a backfill makes nothing again');
value($server, q{UPDATE photos SET part = 1, path = '14.png' WHERE id = 1});
is(states('photos_1', 'queued'), 1, 'a row that moves with another path is queued');
ok(-e $before{1}, 'and its file is there until it is replaced');
is(value($server, 'CALL thumbexif_backfill()'), '1|1|0|0', 'which a backfill does');
wait_for($server, 'then it is removed', "SELECT pg_stat_file('$before{1}', true) IS NULL");	# the worker may be at it
ok(-e path(1), 'and there is the new one');
value($server, q{INSERT INTO photos VALUES (30, 1, 'absent.png')});
value($server, 'CALL thumbexif_backfill()');
value($server, q{UPDATE photos SET part = 5 WHERE id = 30});
is(value($server, q{SELECT relation, id, status FROM thumbexif_failures}), 'photos|30|missing', 'a failure goes along');
# the same key in two partitions: what is deleted in one is not the other's
value($server, q{BEGIN; DELETE FROM photos WHERE id = 30; INSERT INTO photos VALUES (31, 5, '31.png'), (30, 1, '30.png'); COMMIT});
is(states('photos_1', 'queued'), 1, 'a row that only has the key of another one is new');
value($server, q{BEGIN; SAVEPOINT s; DELETE FROM photos_2a WHERE id = 3; ROLLBACK TO s; INSERT INTO photos SELECT id, 1, path, thumbnail_path FROM photos WHERE id = 3; COMMIT});
is(states('photos_1', 'queued'), 2, 'so is one whose like was not deleted after all');
like(refused('SELECT thumbexif_process(3)'), qr/asset 3 of table public\.photos is in two partitions, "photos_(1|2a)" and "photos_(1|2a)"/, 'an id that two partitions have is ambiguous');
is(value($server, q{SELECT status FROM thumbexif_process(3, 'photos_1')}), 'done', 'there the partition can be named');
value($server, q{DELETE FROM photos_1 WHERE id = 3});

# --- functions on the parent

is(value($server, q{SELECT (thumbexif_process(30)).status}), 'done', 'thumbexif_process() finds the partition');
is(value($server, q{SELECT status FROM thumbexif_state(30)}), 'done', 'thumbexif_state(), too');
ok(value($server, q{SELECT length(thumbexif_file(30)) > 100}) eq 't', 'and thumbexif_file()');
like(refused('SELECT thumbexif_process(999)'), qr/asset 999 does not exist in table public\.photos/, 'an id that none has is unknown');
value($server, q{SELECT thumbexif_enqueue(30)});
is(states('photos_1', 'queued'), 1, 'thumbexif_enqueue()');
value($server, q{INSERT INTO photos VALUES (32, 5, 'nothing.png'); CALL thumbexif_backfill()});
is(value($server, q{SELECT thumbexif_retry(32), thumbexif_retry_all('missing')}), 't|0', 'thumbexif_retry()');
value($server, q{CREATE TABLE training_jobs (session_id int, asset_id bigint); INSERT INTO training_jobs VALUES (1, 31), (1, 9), (1, 998)});
value($server, q{UPDATE photos SET path = '39.png' WHERE id = 9});
is(value($server, 'CALL thumbexif_process_session(1)'), '3|1|1|1', 'a session of assets in several partitions');
value($server, q{CREATE ROLE clerk; GRANT USAGE ON SCHEMA public TO clerk; SELECT thumbexif_grant('clerk', 'photos', 'process')});
is(value($server, q{SET ROLE clerk; SELECT status FROM thumbexif_process(31, force => true)}), 'done', 'rights on the parent suffice');
is(value($server, q{SET ROLE clerk; SELECT count(*) > 0 FROM thumbexif_status}), 't', 'to see it, too');
like(value($server, 'SELECT thumbexif_gallery()'), qr/"id":"?31/, 'the gallery has photos of all partitions');
like(value($server, qq{CALL thumbexif_scan('$root', relation => 'photos', dry_run => true)}), qr/^\d/, 'a folder can be scanned for it');
value($server, q{SELECT thumbexif_resume('photos')});
wait_for($server, 'the worker goes on', q{SELECT count(*) = 0 FROM thumbexif_internal.thumbexif_asset WHERE status IN ('queued', 'running') AND attempts = 0});

# --- partitions come and leave

is(refused('CREATE TABLE photos_6 PARTITION OF photos (PRIMARY KEY (id)) FOR VALUES IN (6)'), 'psql:<stdin>:1: NOTICE:  partition "photos_6" of attached table public.photos is attached', 'a new one is attached, and that is said');
value($server, q{INSERT INTO photos VALUES (40, 6, '40.png')});
wait_for($server, 'and its rows are processed', 'SELECT thumbnail_path IS NOT NULL FROM photos WHERE id = 40');
value($server, q{CREATE TABLE older (LIKE photos); ALTER TABLE older ADD PRIMARY KEY (id); INSERT INTO older VALUES (41, 8, '1.png'); ALTER TABLE photos ATTACH PARTITION older FOR VALUES IN (8)});
is(members(), 'older photos_1 photos_2a photos_6 photos_d', 'so is one that is attached');
is(value($server, q{SELECT waiting FROM thumbexif_tables}), 1, 'whose rows wait');
is(value($server, 'CALL thumbexif_backfill()'), '1|1|0|0', 'for a backfill');
my ($stays, $goes) = (path(40), path(41));
value($server, 'ALTER TABLE photos DETACH PARTITION photos_6; ALTER TABLE photos DETACH PARTITION older');
is(members(), 'photos_1 photos_2a photos_d', 'those that are detached are released');
is(value($server, q{SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('photos_6'::regclass, 'older'::regclass)}), 0, 'without triggers');
is(value($server, q{SELECT count(*) FROM thumbexif_internal.thumbexif_asset_bigint WHERE id IN (40, 41)}), 0, 'their state goes');
wait_cleaned($server, 'clean has nothing to do', sub { value($server, 'SELECT thumbexif_clean(dry_run => true)') == 0 });
ok(-e $stays && -e $goes, 'but their files stay: rows name them');
value($server, 'DROP TABLE older');
wait_cleaned($server, 'until such a table is dropped', sub { !-e $goes });
ok(-e $stays, 'the other one has its files');

# what the event trigger does not see, the worker does
value($server, q{ALTER EVENT TRIGGER thumbexif_members DISABLE; CREATE TABLE photos_9 PARTITION OF photos (PRIMARY KEY (id)) FOR VALUES IN (9)});
wait_for($server, 'the worker attaches one that was missed', q{SELECT count(*) = 1 FROM thumbexif_internal.thumbexif_attachment WHERE relation = 'photos_9'::regclass});
value($server, q{ALTER TABLE photos DETACH PARTITION photos_9});
wait_for($server, 'and releases one', q{SELECT count(*) = 0 FROM thumbexif_internal.thumbexif_attachment WHERE relation = 'photos_9'::regclass});
my $log = slurp_file($server->logfile);
is(scalar(() = $log =~ /LOG:  partition "photos_9" of attached table public\.photos is attached/g), 1, 'it says so once');
is(scalar(() = $log =~ /LOG:  table public\.photos_9 is no longer a partition of attached table public\.photos, and is released/g), 1, 'of both');
value($server, q{ALTER EVENT TRIGGER thumbexif_members ENABLE});
like(refused('CREATE TABLE photos_10 PARTITION OF photos FOR VALUES IN (10)'), qr/WARNING:  partition "photos_10" of attached table public\.photos is not attached: column "id" is not a key in it/, 'one that cannot be a member is told of, and made all the same');
value($server, 'CREATE UNIQUE INDEX ON photos_10 (id)');
is(value($server, 'CALL thumbexif_backfill(max_assets => 0)'), '0|0|0|0', 'a backfill attaches what can be a member now');
is(members(), 'photos_1 photos_10 photos_2a photos_d', 'it does');

# --- rows and partitions go

my $kept = path(9);
my $lost = path(31);
value($server, 'TRUNCATE photos_d');
is(states('photos_d'), 0, 'TRUNCATE of a partition leaves no state');
wait_for($server, 'and no file', "SELECT pg_stat_file('$lost', true) IS NULL");
value($server, 'DELETE FROM photos WHERE part = 1');
is(states('photos_1'), 0, 'nor does DELETE');
value($server, 'DROP TABLE photos_1');
is(members(), 'photos_10 photos_2a photos_d', 'a partition that is dropped is forgotten');
check_store($server, 'its files are gone, and the others are there', 'postgres', '(TABLE photos UNION ALL SELECT * FROM photos_6) AS all_of_them');
ok(-e $kept, 'one of them');

# --- a table of a role without further rights, that is partitioned by its key

value($server, q{CREATE ROLE owner; CREATE SCHEMA its AUTHORIZATION owner});
value($server, q{GRANT EXECUTE ON ALL ROUTINES IN SCHEMA public TO owner});
is(value($server, <<'EOT'), 'its.shots', 'its owner attaches it');
SET ROLE owner;
CREATE TABLE its.shots (id int PRIMARY KEY, path text, thumbnail_path text) PARTITION BY RANGE (id);
CREATE TABLE its.shots_1 PARTITION OF its.shots FOR VALUES FROM (0) TO (100);
SELECT thumbexif_attach('its.shots');
EOT
is(value($server, <<'EOT'), '{its.shots_1,its.shots_2}', 'and makes a partition');
SET ROLE owner;
CREATE TABLE its.shots_2 PARTITION OF its.shots FOR VALUES FROM (100) TO (200);
SELECT members FROM thumbexif_tables WHERE relation = 'its.shots'::regclass;
EOT
is(value($server, q{SET ROLE owner; INSERT INTO its.shots VALUES (1, '1.png'); CALL thumbexif_backfill(relation => 'its.shots')}) =~ /^[01]\|/, 1, 'whose rows are processed');
wait_for($server, 'or were so by the worker', 'SELECT thumbnail_path IS NOT NULL FROM its.shots');
my $its = value($server, 'SELECT thumbnail_path FROM its.shots');
value($server, q{SET ROLE owner; UPDATE its.shots SET id = 101});
is(states('its.shots_2', 'done'), 1, 'a row moves with its state when its key changes');
value($server, 'SELECT thumbexif_clean()');
ok(-e $its, 'and keeps its file');
value($server, 'DROP SCHEMA its CASCADE');

# --- a dump

my $dump = $server->basedir . '/dump.sql';
command_ok([ 'pg_dump', '-f', $dump, $server->connstr('postgres') ], 'it is dumped');
value($server, 'CREATE DATABASE copy');
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $server->connstr('copy') ], 'and restored');
is(value($server, q{SELECT array_to_string(members, ' ') FROM thumbexif_tables}, 'copy'), value($server, q{SELECT array_to_string(members, ' ') FROM thumbexif_tables}), 'with its members');
is(value($server, q{CALL thumbexif_backfill()}, 'copy'), '0|0|0|0', 'whose rows are not processed again');
value($server, q{INSERT INTO photos VALUES (50, 2, '1.png')}, 'copy');
wait_for($server, 'and new ones are', 'SELECT thumbnail_path IS NOT NULL FROM photos WHERE id = 50', 't', 'copy');
value($server, 'DROP DATABASE copy');

# --- the end

value($server, q{SELECT thumbexif_detach('photos')});
is(value($server, q{SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'thumbexif%' AND tgrelid::regclass::text LIKE 'photos%'}), 0, 'detach leaves no trigger');
is(value($server, q{SELECT (SELECT count(*) FROM thumbexif_internal.thumbexif_asset) + (SELECT count(*) FROM thumbexif_internal.thumbexif_attachment)}), 0, 'and no state');
ok(-e $kept, 'files stay');
value($server, q{SELECT thumbexif_attach('photos'); INSERT INTO photos VALUES (51, 2, '1.png')});
wait_for($server, 'attached again', 'SELECT thumbnail_path IS NOT NULL FROM photos WHERE id = 51');
value($server, 'DROP TABLE photos');
is(value($server, q{SELECT (SELECT count(*) FROM thumbexif_internal.thumbexif_asset) + (SELECT count(*) FROM thumbexif_internal.thumbexif_attachment)}), 0, 'DROP TABLE leaves nothing');
# --- keys of several columns, one of which decides on the partition

my $text_states = q{SELECT string_agg(format('%s %s %s', relation, id, status), ', ' ORDER BY 1) FROM (SELECT a.relation::regclass::text, s.id, s.status
	FROM thumbexif_internal.thumbexif_asset_text s JOIN thumbexif_internal.thumbexif_attachment a USING (attachment) ORDER BY 1, 2) AS s(relation, id, status)};
sub text_states { return value($server, $text_states) }
sub shot { return value($server, "SELECT thumbnail_path FROM shots WHERE (tenant_id, id) = ($_[0], $_[1])") }
sub listed { return value($server, 'SELECT count(*) FROM thumbexif_internal.thumbexif_removal') }

value($server, q{CREATE TABLE shots (tenant_id int, id bigint, path text NOT NULL, thumbnail_path text, width int, PRIMARY KEY (tenant_id, id)) PARTITION BY LIST (tenant_id);
	CREATE TABLE shots_1 PARTITION OF shots FOR VALUES IN (1); CREATE TABLE shots_2 PARTITION OF shots FOR VALUES IN (2)});
like(refused("SELECT thumbexif_attach('shots', $_ => " . ($_ eq 'triggers' ? 'false' : 'true') . ')'), qr/table "shots" can only be tracked by triggers\nDETAIL:  It is partitioned\.\nHINT:  Omit the parameters/,
	"$_ is refused for a partitioned table") foreach 'triggers', 'replicated';
value($server, q{INSERT INTO shots VALUES (1, 1, '1.png')});
like(refused(q{SELECT thumbexif_attach('shots')}), qr/the key of table "shots" is its primary key \(tenant_id, id\)/, 'the primary key of a partitioned table is its key');
value($server, q{CALL thumbexif_backfill(); INSERT INTO shots VALUES (1, 2, '2.png'); INSERT INTO shots_1 VALUES (1, 3, '3.png'); INSERT INTO shots_2 SELECT 2, i, i || '.png' FROM generate_series(4, 5) i});
wait_for($server, 'rows of parent and leaf, by a backfill and by the worker', $text_states, 'shots_1 {1,1} done, shots_1 {1,2} done, shots_1 {1,3} done, shots_2 {2,4} done, shots_2 {2,5} done');
value($server, q{SELECT thumbexif_pause('shots')});
my $file = shot(1, 1);
value($server, q{UPDATE shots SET tenant_id = 2 WHERE id = 1; UPDATE shots SET tenant_id = 2, id = 20, path = '12.png' WHERE id = 2});
is(text_states(), 'shots_1 {1,3} done, shots_2 {2,1} done, shots_2 {2,20} queued, shots_2 {2,4} done, shots_2 {2,5} done', 'a row that moves has another key then, and keeps its state');
is(listed(), 0, 'and its file');
is(value($server, 'CALL thumbexif_backfill(verify => true)'), '1|1|0|0', 'only what has another path is processed again');
is(shot(2, 1), $file, 'no other thumbnail is made');
ok(-e $file, 'it is there');
is(value($server, q{SELECT status FROM thumbexif_process('{2, 1}', force => true)}), 'done', 'thumbexif_process() by the text of a key');
like(refused(q{SELECT thumbexif_process('{3,1}')}), qr/asset \{3,1\} does not exist in table public\.shots/, 'a key for which there is no partition');
is(value($server, q{BEGIN; SELECT status FROM thumbexif_state('{2,1}'); SELECT string_agg(relname, ' ') FROM pg_stat_xact_user_tables WHERE relname LIKE 'shots%' AND seq_scan + idx_scan > 0; COMMIT}),
	"done\nshots_2", 'no other partition is searched');
value($server, q{SELECT thumbexif_enqueue('{2,5}')});
is(value($server, q{SELECT id FROM thumbexif_internal.thumbexif_asset_text WHERE status = 'queued'}), '{2,5}', 'thumbexif_enqueue()');
value($server, 'CALL thumbexif_backfill()');

# what no trigger tells of
my ($one, $three) = (shot(2, 1), shot(1, 3));
value($server, q{SET session_replication_role = replica; INSERT INTO shots VALUES (1, 6, '6.png'), (2, 7, '7.png'); DELETE FROM shots WHERE id = 4;
	UPDATE shots SET tenant_id = 1 WHERE id = 1; UPDATE shots SET tenant_id = 2 WHERE id = 3});
is(value($server, q{SET client_min_messages = error; CALL thumbexif_sweep('shots')}), '6|2|2|3', 'a sweep of the table looks through its partitions');
value($server, q{SELECT thumbexif_clean()});
is(text_states(), 'shots_1 {1,1} done, shots_1 {1,6} queued, shots_2 {2,20} done, shots_2 {2,3} done, shots_2 {2,5} done, shots_2 {2,7} queued', 'rows have states in the partitions where they are');
is(shot(1, 1) . shot(2, 3), $one . $three, 'those that have moved keep their thumbnails');
ok(-e $one && -e $three, 'which are not removed with the states that they had elsewhere');
value($server, q{DROP TABLE shots});

# without files
value($server, q{CREATE TABLE bare (id bigint, part int, path text NOT NULL, width int, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
	CREATE TABLE bare_1 PARTITION OF bare FOR VALUES IN (1); CREATE TABLE bare_2 PARTITION OF bare FOR VALUES IN (2);
	SELECT thumbexif_attach('bare'), thumbexif_pause('bare'); INSERT INTO bare VALUES (1, 1, '1.png'), (2, 1, '2.png'); CALL thumbexif_backfill()});
value($server, q{UPDATE bare SET part = 2 WHERE id = 1; BEGIN; DELETE FROM bare WHERE id = 2; INSERT INTO bare VALUES (2, 2, '2.png'); COMMIT});
is(text_states(), 'bare_2 {1,2} done, bare_2 {2,2} queued', 'without a file, only UPDATE moves a row: one that is deleted and inserted is new');
value($server, q{DROP TABLE bare});

# partitions by time, of which each session has its own idea

my @sessions = ("SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German';", "SET TimeZone = 'America/Los_Angeles'; SET DateStyle = 'SQL, DMY';", "SET TimeZone = 'UTC';");
sub moment { return value($server, "SELECT thumbnail_path FROM moments WHERE id = $_[0]") }

value($server, q{CREATE TABLE moments (id bigint GENERATED BY DEFAULT AS IDENTITY, created_at timestamptz, path text NOT NULL, thumbnail_path text, width int, PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at);
	CREATE TABLE moments_4 PARTITION OF moments FOR VALUES FROM ('2024-04-01 00:00+00') TO ('2024-05-01 00:00+00'); CREATE TABLE moments_5 PARTITION OF moments FOR VALUES FROM ('2024-05-01 00:00+00') TO ('2024-06-01 00:00+00');
	CREATE TABLE moments_d PARTITION OF moments DEFAULT});
value($server, q{INSERT INTO moments VALUES (1, '2024-04-30 23:59:59.999999+00', '1.png')});
like(refused(q{SELECT thumbexif_attach('moments')}), qr/the key of table "moments" is its primary key \(id, created_at\)/, 'the primary key is the key, with the time by which the table is partitioned');
value($server, "$sessions[0] CALL thumbexif_backfill()");
value($server, "$sessions[0] INSERT INTO moments VALUES (2, '2024-05-01 09:00+09', '2.png')");
value($server, "$sessions[1] INSERT INTO moments_5 VALUES (3, '02/05/2024 00:00', '3.png'); INSERT INTO moments VALUES (4, 'infinity', '4.png')");
my $moments = 'moments_4 {1,2024-04-30T23:59:59.999999+00:00} done, moments_5 {2,2024-05-01T00:00:00+00:00} done, moments_5 {3,2024-05-02T07:00:00+00:00} done, moments_d {4,infinity} done';
wait_for($server, 'rows of sessions in other time zones, by a backfill and by the worker: one text', $text_states, $moments);
value($server, q{SELECT thumbexif_pause('moments')});
$file = moment(1);
value($server, "$sessions[1] UPDATE moments SET created_at = created_at + interval '1 month' WHERE id = 1");
is(text_states(), $moments =~ s/moments_4 (\{1.*?\} done, )(.*) moments_d/moments_5 $1$2 moments_d/r =~ s/04-30T/05-30T/r, 'a row that moves to the next month keeps its state');
is(listed() . moment(1), "0$file", 'and its file');
foreach my $settings (@sessions)
{
	is(value($server, "$settings CALL thumbexif_backfill(verify => true)"), '0|0|0|0', 'nothing is processed again');
	my $given = value($server, "$settings SELECT ARRAY[id::text, created_at::text]::text FROM moments WHERE id = 2");
	is(value($server, "$settings SELECT status FROM thumbexif_process('$given', force => true)"), 'done', "$given is found as the session writes it");
	is(value($server, "$settings SELECT status FROM thumbexif_process('{2,2024-05-01T02:00:00+02}')"), 'done', 'and with an offset');
	is(value($server, "$settings BEGIN; SELECT status FROM thumbexif_state('{1,2024-05-30T23:59:59.999999+00:00}'); SELECT string_agg(relname || ' ' || seq_scan, ' ') FROM pg_stat_xact_user_tables WHERE relname LIKE 'moments%' AND seq_scan + idx_scan > 0; COMMIT"),
		"done\nmoments_5 0", 'by the index of its partition alone');
}
value($server, 'SET session_replication_role = replica; INSERT INTO moments VALUES (5, now(), \'5.png\')');
is(value($server, "$sessions[0] SET client_min_messages = error; CALL thumbexif_sweep('moments')"), '5|1|0|0', 'a sweep finds all in place');
command_ok([ 'pg_dump', '-f', $dump, $server->connstr('postgres') ], 'it is dumped');
value($server, 'CREATE DATABASE elsewhere; ALTER DATABASE elsewhere SET TimeZone = \'Asia/Tokyo\'; ALTER DATABASE elsewhere SET DateStyle = \'SQL, DMY\'');
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $server->connstr('elsewhere') ], 'and restored in a database with other settings');
is(value($server, q{SET client_min_messages = error; CALL thumbexif_backfill()}, 'elsewhere') . value($server, $text_states, 'elsewhere'), '1|1|0|0' . text_states() =~ s/queued/done/r, 'which knows the same assets');
value($server, 'DROP DATABASE elsewhere');
value($server, q{DROP TABLE moments});

value($server, 'CREATE TABLE other (id int NOT NULL, path text) PARTITION BY LIST (id); CREATE TABLE other_1 PARTITION OF other (PRIMARY KEY (id)) DEFAULT');
value($server, q{SELECT thumbexif_attach('other'); DROP EXTENSION thumbexif});
is(value($server, q{SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal}), 0, 'a plain DROP EXTENSION drops the triggers');

$server->stop;
done_testing();
