# Tables without triggers, and changes that no trigger has told of: a sweep finds them.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 40);
my $server = new_server('sweep', preload => 0, roots => $root, config => "thumbexif.decoders = 1\nmax_prepared_transactions = 5\nthumbexif.sweep_interval = 1\n");
my $state = 'thumbexif_internal.thumbexif_asset';

sub sql { return value($server, shift) }

sub sweep
{
	my $table = shift || 'photos';
	return sql("SET client_min_messages = warning; CALL thumbexif_sweep('$table')");
}

sub process
{
	my $table = shift || 'photos';
	return sql("SET client_min_messages = error; CALL thumbexif_backfill(relation => '$table')");
}

# Every row names a file that is there and that its state names, and no state or file is left over.
sub agree
{
	my ($what, $table) = @_;
	$table ||= 'photos';
	sql('SELECT thumbexif_clean()');
	my @named = split /\n/, sql("SELECT thumbnail_path FROM $table WHERE thumbnail_path IS NOT NULL");
	is(scalar(grep { !-e $_ } @named), 0, "$what: the file of each row exists");
	is(sql("SELECT count(*) FROM $table t FULL JOIN (SELECT a.id, file FROM ${state}_bigint a JOIN thumbexif_internal.thumbexif_attachment USING (attachment)
		WHERE relation = '$table'::regclass) s USING (id) WHERE t.path IS NULL OR right(thumbnail_path, length(file)) IS DISTINCT FROM file"),
		0, "$what: and is that of its state");
	return;
}

# --- a table without triggers
sql("CREATE TABLE photos (id bigint PRIMARY KEY, path text, thumbnail_path text, camera_make text)");
like(($server->psql('postgres', "SELECT thumbexif_attach('photos', triggers => false, replicated => true)"))[2],
	qr/contradict each other/, 'no triggers that fire always');
sql("SELECT thumbexif_attach('photos', triggers => false)");
is(sql("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'photos'::regclass"), 0, 'there is no trigger');
is(sql("SELECT tracking FROM thumbexif_tables"), 'sweep', 'the view says so');
sql("INSERT INTO photos SELECT i, i || '.png' FROM generate_series(1, 20) i");
is(sql("SELECT count(*) FROM $state"), 0, 'an INSERT tells nobody');
is(sweep(), '20|20|0|0', 'a sweep finds the rows');
is(statuses($server), 'queued 20', 'and queues them');
is(sweep(), '20|0|0|0', 'once');
is(process(), '20|20|0|0', 'they are done');
is(sweep(), '20|0|0|0', 'and there is nothing to find');

# a changed path, deleted rows, others that are new
sql("UPDATE photos SET path = '30.png' WHERE id = 3; DELETE FROM photos WHERE id IN (4, 5); INSERT INTO photos VALUES (21, '21.png')");
my $old = sql('SELECT thumbnail_path FROM photos WHERE id = 3');
is(sweep(), '19|2|0|2', 'a changed path, a new row and two that are gone are found');
is(sql("SELECT string_agg(id::text, ',' ORDER BY id) FROM ${state}_bigint WHERE status = 'queued'"), '3,21', 'in the right rows');
is(process(), '2|2|0|0', 'they are processed');
isnt(sql('SELECT thumbnail_path FROM photos WHERE id = 3'), $old, 'the new path has a new thumbnail');
agree('after changes');
is(files_below($server->{thumbnails}), 19, 'files of deleted rows are removed');

# --- keys that change: files are not kept (keep_replaced = 0), and clean() runs first
my $before = sql("SELECT thumbnail_path FROM photos WHERE id = 6");
sql("UPDATE photos SET id = 106 WHERE id = 6");
agree('a key has changed, and clean() comes first');
is(sql('SELECT thumbnail_path FROM photos WHERE id = 106'), $before, 'the row has its thumbnail');
is(sweep(), '19|0|0|0', 'its state has moved, and is done');
sql("UPDATE photos SET id = 107 WHERE id = 7");
is(sweep(), '19|0|0|1', 'the same, and the sweep comes first');
is(sql("SELECT status FROM ${state}_bigint WHERE id = 107"), 'done', 'the asset stays done');
agree('a key has changed');
# a state under the new key, which knows of no file, takes that of the old one
sql("UPDATE photos SET id = 108 WHERE id = 8; INSERT INTO ${state}_bigint (attachment, id, status, next_try)
	SELECT attachment, 108, 'queued', now() FROM thumbexif_internal.thumbexif_attachment");
sweep();
agree('a key has changed to one with a state');
process();
agree('then it is processed');

# all keys move on by one, so that each has the state of another
sql("ALTER TABLE photos DROP CONSTRAINT photos_pkey; UPDATE photos SET id = id + 1; ALTER TABLE photos ADD PRIMARY KEY (id)");
sweep() foreach 1, 2;
process();
is(sweep(), '19|0|0|0', 'keys that have moved on are sorted out');
agree('keys that have moved on');
is(sql("SELECT count(*) FROM photos p JOIN ${state}_bigint s USING (id) WHERE s.path_hash <> hashtextextended('', 0) AND status = 'done'"), 19, 'all are done');

# --- a row that comes without its state, and names its thumbnail, is done
my %mtime = map { $_ => (stat $_)[9] } split /\n/, sql('SELECT thumbnail_path FROM photos');
sql("DELETE FROM $state");
my $lost = sql('SELECT thumbnail_path FROM photos ORDER BY id LIMIT 1');
unlink $lost or die;
sql("INSERT INTO photos SELECT 200, path, thumbnail_path FROM photos WHERE id = 12");
is(sweep(), '20|2|18|0', 'states that are lost: thumbnails are adopted but for one that is gone, and one that belongs to another row');
rename $root, "$root.away" or die;
is(sql("SELECT count(*) FROM ${state}_bigint WHERE status = 'done'"), 18, 'they are done');
is(sweep(), '20|0|0|0', 'and no file is looked for');
rename "$root.away", $root or die;
is(sql("SELECT string_agg(id::text, ',') FROM ${state}_bigint s JOIN photos USING (id) WHERE status = 'queued' AND (thumbnail_path = '$lost' OR id IN (12, 200)) AND file IS NULL"
		) =~ tr/,//, 1, 'the other two are queued');
sql("DELETE FROM photos WHERE id = 200; UPDATE photos SET thumbnail_path = NULL WHERE thumbnail_path = '$lost'");
sweep();
process();
is(sweep(), '19|0|0|0', 'all is done again');
agree('after states were lost');
# of several sizes only the first is known
sql("DELETE FROM $state WHERE true; SELECT thumbexif_attach('photos', thumbnail_sizes => '256,64')");
is(sweep(), '19|0|19|0', 'with several sizes they are adopted, too');
is(process(), '19|19|0|0', 'and the other sizes made');
sql("SELECT thumbexif_attach('photos', thumbnail_sizes => '')");

# --- triggers again, and away
sql("SELECT thumbexif_attach('photos', triggers => true); INSERT INTO photos VALUES (300, '1.png')");
is(sql("SELECT status FROM ${state}_bigint WHERE id = 300"), 'queued', 'attached again with triggers');
sql("SELECT thumbexif_attach('photos', triggers => false)");
is(sql("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'photos'::regclass"), 0, 'and without');
sql("SELECT thumbexif_attach('photos')");
is(sql("SELECT tracking FROM thumbexif_tables"), 'sweep', 'which stays');

# --- nobody waits: a state that another transaction has locked is left to the next sweep
my $holder = TestSession->new($server);
$holder->query("BEGIN; INSERT INTO ${state}_bigint (attachment, id, status) SELECT attachment, 301, 'queued' FROM thumbexif_internal.thumbexif_attachment");
sql("INSERT INTO photos VALUES (301, '1.png')");
is(sweep(), '21|0|0|0', 'a state that another transaction inserts is not waited for');
$holder->query('ROLLBACK');
$holder->finish;
is(sweep(), '21|1|0|0', 'it is found later');

# --- other types of keys
foreach my $type ([ 'uuid', "md5(i::text)::uuid" ], [ 'text', "'k' || i" ])
{
	my $table = "photos_$type->[0]";
	sql("CREATE TABLE $table (id $type->[0] PRIMARY KEY, path text, thumbnail_path text); SELECT thumbexif_attach('$table', triggers => false);
		INSERT INTO $table SELECT $type->[1], i || '.png' FROM generate_series(1, 5) i");
	is(sweep($table), '5|5|0|0', "keys of type $type->[0]: found");
	process($table);
	sql("DELETE FROM $table WHERE path = '1.png'; UPDATE $table SET path = '7.png' WHERE path = '2.png'");
	is(sweep($table), '4|1|0|1', 'changed and deleted');
	sql("DROP TABLE $table");
}

# a key that another begins with
sql("CREATE TABLE photos_text (id text PRIMARY KEY, path text, thumbnail_path text); SELECT thumbexif_attach('photos_text', triggers => false); INSERT INTO photos_text VALUES ('a-1', '1.png')");
process('photos_text');
sql("INSERT INTO photos_text SELECT 'a', path, thumbnail_path FROM photos_text");
is(sweep('photos_text'), '2|1|0|0', 'key a does not take the thumbnail of key a-1');
process('photos_text');
is(sql('SELECT count(DISTINCT thumbnail_path) FROM photos_text'), 2, 'but has one of its own');
sql('DROP TABLE photos_text');

# --- keys of several columns
sql("CREATE TABLE photos_two (tenant_id int, id bigint, path text, thumbnail_path text, PRIMARY KEY (tenant_id, id)); SELECT thumbexif_attach('photos_two', id => '{tenant_id,id}', triggers => false);
	INSERT INTO photos_two SELECT i % 2, i, i || '.png' FROM generate_series(1, 5) i");
is(sweep('photos_two'), '5|5|0|0', 'keys of two columns: found');
process('photos_two');
my $moving = sql('SELECT thumbnail_path FROM photos_two WHERE id = 3');
sql("DELETE FROM photos_two WHERE id = 1; UPDATE photos_two SET path = '7.png' WHERE id = 2; UPDATE photos_two SET tenant_id = 7 WHERE id = 3");
is(sweep('photos_two'), '4|1|0|2', 'changed, deleted, and under another key');
is(sql("SELECT string_agg(id || ' ' || status, ', ' ORDER BY id) FROM ${state}_text"), '{0,2} queued, {0,4} done, {1,5} done, {7,3} done', 'which has the state now');
process('photos_two');
sql("DELETE FROM ${state}_text WHERE id = '{7,3}'");
is(sweep('photos_two'), '4|0|1|0', 'one that has lost its state has its thumbnail still');
ok(-e $moving && sql('SELECT thumbnail_path FROM photos_two WHERE id = 3') eq $moving, 'it is the same');
sql("SELECT thumbexif_attach('photos_two', replicated => true); SET session_replication_role = replica;
	INSERT INTO photos_two VALUES (8, 1, '1.png'); UPDATE photos_two SET tenant_id = 9 WHERE id = 3; DELETE FROM photos_two WHERE id = 4");
is(sql("SELECT string_agg(id || ' ' || status, ', ' ORDER BY id) FROM ${state}_text"), '{0,2} done, {1,5} done, {8,1} queued, {9,3} done', 'replicated => true: row triggers tell of what is replicated');
sql('DROP TABLE photos_two');

# --- who may
sql('CREATE ROLE stranger; GRANT EXECUTE ON PROCEDURE thumbexif_sweep TO stranger');
like(($server->psql('postgres', 'SET ROLE stranger', on_error_stop => 0), $server->psql('postgres', "SET ROLE stranger;\nCALL thumbexif_sweep('photos')"))[-1],
	qr/must be owner of table/, 'only the owner');
like(($server->psql('postgres', "BEGIN; CALL thumbexif_sweep('photos')"))[2], qr/cannot run inside a transaction block/, 'and not within a transaction');

# --- the worker
process();
$server->append_conf('postgresql.conf', "shared_preload_libraries = 'thumbexif'\n");
$server->restart;
my $count = sql('SELECT count(*) FROM photos');
sql("INSERT INTO photos VALUES (400, '2.png')");
wait_done($server, 'the worker finds a new row', $count + 1);
my $hash = sql("SELECT path_hash FROM ${state}_bigint WHERE id = 400");
sql("UPDATE photos SET path = '31.png' WHERE id = 400");
wait_for($server, 'a changed path', "SELECT path_hash <> $hash AND status = 'done' FROM ${state}_bigint WHERE id = 400");
sql('DELETE FROM photos WHERE id = 400');
wait_for($server, 'and that a row is gone', "SELECT count(*) FROM ${state}_bigint WHERE id = 400", 0);
wait_for($server, 'its file is removed', 'SELECT count(*) FROM thumbexif_internal.thumbexif_removal', 0);
wait_for($server, 'the view tells of the sweep', 'SELECT swept > now() - interval \'1 hour\' AND sweep_place IS NULL FROM thumbexif_tables');

# what nobody writes to is not swept again
wait_for($server, 'an idle table is not swept', "SELECT swept < clock_timestamp() - interval '4 seconds' FROM thumbexif_tables");

# a sweep takes a small share of the time
sql("CREATE TABLE large (id bigint PRIMARY KEY, path text); SELECT thumbexif_attach('large', triggers => false); SELECT thumbexif_pause('large');
	INSERT INTO large SELECT i, '1.png' FROM generate_series(1, 60000) i;
	INSERT INTO ${state}_bigint (attachment, id, status) SELECT attachment, i, 'done' FROM thumbexif_internal.thumbexif_attachment, generate_series(1, 60000) i WHERE relation = 'large'::regclass");
my $large = "thumbexif_internal.thumbexif_swept WHERE attachment = (SELECT attachment FROM thumbexif_internal.thumbexif_attachment WHERE relation = 'large'::regclass)";
sql("SELECT thumbexif_resume('large')");
wait_for($server, 'a sweep of a large table begins', "SELECT count(*) FROM $large AND begun IS NOT NULL", 1);
my ($sweeper, $spent) = (worker_pid($server));
$spent = used_seconds($sweeper);
wait_for($server, 'and ends', "SELECT rows_read FROM $large AND ended IS NOT NULL", 60000);
$spent = used_seconds($sweeper) - $spent;
my $lasted = sql("SELECT extract(epoch FROM ended - begun) FROM $large");
cmp_ok($spent, '<', $lasted / 4, "it rested most of the time: worked for $spent of $lasted s");
is(worker_pid($server), $sweeper, 'the worker stays while it is under way');
sql('DROP TABLE large');

# a sweep that was interrupted goes on where it was
sql('SELECT thumbexif_pause()');
sql("UPDATE thumbexif_internal.thumbexif_swept SET phase = 1, place = '300', rows_read = 1000, rows_known = 1000");
is(sql('SELECT sweep_place FROM thumbexif_tables'), '300', 'the place of a sweep is shown');
$server->restart;
sql('SELECT thumbexif_resume()');
wait_for($server, 'an interrupted sweep goes on from its place', 'SELECT rows_read FROM thumbexif_internal.thumbexif_swept WHERE phase = 0', 1001);

# rows that come without triggers into a table that has them
sql("CREATE TABLE tracked (id integer PRIMARY KEY, path text, camera_make text); SELECT thumbexif_attach('tracked'); INSERT INTO tracked VALUES (1, '1.png')");
my $tracked = "(SELECT attachment FROM thumbexif_internal.thumbexif_attachment WHERE relation = 'tracked'::regclass)";
wait_for($server, 'a table with triggers is looked at', "SELECT difference = 0 AND seen IS NULL FROM thumbexif_internal.thumbexif_swept WHERE attachment = $tracked");
wait_for($server, 'its row is done', 'SELECT camera_make FROM tracked', 'Tiny');
is(sql("SELECT swept IS NULL FROM thumbexif_tables WHERE relation = 'tracked'::regclass"), 't', 'it is not swept for what triggers told of');
sql("SET session_replication_role = replica; INSERT INTO tracked VALUES (2, '2.png')");
wait_for($server, 'a row that came with triggers off is found', "SELECT camera_make FROM tracked WHERE id = 2", 'Tiny');

# nothing spins, and a locked table is not waited for
my $locker = TestSession->new($server);
$locker->query('BEGIN; LOCK TABLE photos');
sql("INSERT INTO tracked VALUES (3, '3.png')");
wait_for($server, 'a locked table delays no other', "SELECT camera_make FROM tracked WHERE id = 3", 'Tiny');
$locker->query("INSERT INTO photos VALUES (401, '3.png'); COMMIT");
$locker->finish;
wait_for($server, 'then it is swept', "SELECT status FROM ${state}_bigint WHERE id = 401", 'done');
my $worker = worker_pid($server);
ok(rests($worker), 'the worker does not spin');

# a restore may load states before rows, and creates indexes at its end: no sweep takes rows for gone before that
sql('BEGIN; ALTER TABLE photos DROP CONSTRAINT photos_pkey; CREATE TABLE elsewhere AS TABLE photos; DELETE FROM photos; COMMIT');
ok($server->wait_for_log(qr/table public\.photos is not looked through for changes: there is no index on its key "id"/), 'without an index the worker does not sweep');
is(sql("SELECT count(*) FROM ${state}_bigint JOIN elsewhere USING (id) JOIN thumbexif_internal.thumbexif_attachment USING (attachment) WHERE relation = 'photos'::regclass"), sql('SELECT count(*) FROM elsewhere'), 'all states are there');
sql('BEGIN; INSERT INTO photos TABLE elsewhere; ALTER TABLE photos ADD PRIMARY KEY (id); COMMIT; DROP TABLE elsewhere');
sql("INSERT INTO photos VALUES (403, '3.png')");
wait_for($server, 'with one it does', "SELECT status FROM ${state}_bigint WHERE id = 403", 'done');
agree('after a restore');

# off
sql("ALTER SYSTEM SET thumbexif.sweep_interval = 0; SELECT pg_reload_conf()");
$server->restart;
sql("INSERT INTO photos VALUES (402, '3.png'); INSERT INTO tracked VALUES (4, '4.png')");
wait_for($server, 'with sweeps off, rows with triggers are done', "SELECT camera_make FROM tracked WHERE id = 4", 'Tiny');
is(sql("SELECT count(*) FROM ${state}_bigint WHERE id = 402"), 0, 'and no sweep finds others');
sql('DROP TABLE photos, tracked');
is(sql('SELECT count(*) FROM thumbexif_internal.thumbexif_swept'), 0, 'nothing is left of dropped tables');
$server->stop;
done_testing();
