# A server beside one that takes no extension: the commands of doc/replication.md, publisher and subscriber on one machine.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 10);
my $logical = "wal_level = logical\nmax_replication_slots = 8\nmax_wal_senders = 8\nwal_retrieve_retry_interval = 100ms\n";
my $app = PostgreSQL::Test::Cluster->new('app');
$app->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$app->append_conf('postgresql.conf', $logical);
$app->start;
my $thumbs = new_server('thumbs', preload => 1, extension => 0, roots => $root, config => "$logical\nthumbexif.decoders = 1\nthumbexif.sweep_interval = 1\n");
my %server = (app => $app, thumbs => $thumbs);

# The blocks of the document, [ server, SQL ], with the servers that there are.
my @blocks;
my $document = slurp_file("$ENV{TE_SCRATCH}/doc/replication.md");
my %connection = map { $_ => $server{$_}->connstr('postgres') =~ s/'/''/gr } keys %server;
push @blocks, [ $1, $2 ] while $document =~ /^<!-- run by \S+: (\w+) -->\n```sql\n(.*?)^```$/msg;
$_->[1] =~ s/'host=(\w+)\.example\.com [^']*'/'$connection{$1}'/g foreach @blocks;

# Run the next blocks of the document, which have to contain that text.
sub recipe
{
	foreach my $text (@_)
	{
		my $block = shift @blocks;
		like($block->[1], qr/\Q$text\E/, "the document: $text");
		value($server{ $block->[0] }, $block->[1]);
	}
	return;
}

my $errors = 'SELECT coalesce(sum(apply_error_count + sync_error_count), 0) FROM pg_stat_subscription_stats';

# --- it is set up
value($app, "CREATE TABLE photos (id bigint PRIMARY KEY, path text NOT NULL, owner text);
	INSERT INTO photos SELECT i, i || '.png', 'me' FROM generate_series(1, 3) i");
recipe('CREATE PUBLICATION photos_for_thumbs', 'replicated => true');
is(value($thumbs, "SELECT string_agg(tgname::text || tgenabled::text || (tgtype & 1), ' ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = 'photos'::regclass"),
	'thumbexif_deleteA1 thumbexif_insertA1 thumbexif_truncateA0 thumbexif_updateA1', 'triggers of rows always fire');
recipe('CREATE SUBSCRIPTION photos_of_app');
wait_done($thumbs, 'rows of the first copy are done', 3);
is(value($thumbs, "SELECT count(*) FROM photos WHERE thumbnail IS NOT NULL AND camera_make = 'Tiny' AND width = 1"), 3, 'with thumbnail and EXIF');
is(value($thumbs, 'SELECT total || \' \' || done FROM thumbexif_progress'), '3 3', 'and are counted');

# --- changes follow
value($app, "INSERT INTO photos VALUES (4, '4.png'), (5, '5.png')");
wait_done($thumbs, 'rows that are inserted', 5);
my $old = value($thumbs, 'SELECT ctid FROM photos WHERE id = 1');
value($app, "UPDATE photos SET owner = 'you' WHERE id = 1; UPDATE photos SET path = '6.png' WHERE id = 2; UPDATE photos SET id = 13 WHERE id = 3; DELETE FROM photos WHERE id = 4");
wait_for($thumbs, 'UPDATE and DELETE arrive', "SELECT string_agg(id || path, ' ' ORDER BY id) FROM photos", '11.png 26.png 55.png 133.png');
wait_done($thumbs, 'they are done', 4);
is(value($thumbs, "SELECT string_agg(id || status::text || (path_hash IS NOT NULL), ' ' ORDER BY id) FROM thumbexif_internal.thumbexif_asset_bigint"),
	'1donetrue 2donetrue 5donetrue 13donetrue', 'the state of a changed key has moved, that of a deleted row is gone');
is(value($thumbs, 'SELECT count(*) FROM photos WHERE thumbnail IS NOT NULL'), 4, 'results stay when other columns change');
is(value($thumbs, 'SELECT total || \' \' || done FROM thumbexif_progress'), '4 4', 'they are counted');
is(value($thumbs, 'SET client_min_messages = warning; CALL thumbexif_sweep()'), '4|0|0|0', 'nothing was missed');

# --- a key that changes to one whose state is left over stops nothing
value($thumbs, "INSERT INTO thumbexif_internal.thumbexif_asset_bigint (attachment, id, status, path_hash) SELECT attachment, 77, 'done', 1 FROM thumbexif_internal.thumbexif_attachment");
value($app, 'UPDATE photos SET id = 77 WHERE id = 5');
wait_for($thumbs, 'a key changes to one with a state', 'SELECT count(*) FROM photos WHERE id = 77', 1);
wait_for($thumbs, 'and a sweep sorts it out',
	"SELECT string_agg(id || status::text || (path_hash <> 1), ' ' ORDER BY id) FROM thumbexif_internal.thumbexif_asset_bigint", '1donetrue 2donetrue 13donetrue 77donetrue');

# --- results come back
recipe('CREATE FUNCTION copy_result', 'CREATE TABLE photo_thumbnails', 'CREATE SUBSCRIPTION results_of_thumbs');
value($app, "INSERT INTO photos VALUES (7, '7.png'); UPDATE photos SET path = '8.png' WHERE id = 1");
wait_for($app, 'thumbnails come back', "SELECT string_agg(id::text, ' ' ORDER BY id) FROM photos JOIN photo_thumbnails USING (id) WHERE length(thumbnail) > 0 AND width = 1", '1 7');
value($app, 'DELETE FROM photos WHERE id = 7; UPDATE photos SET id = 11 WHERE id = 1');
wait_for($app, 'also that rows are gone or have other keys', "SELECT string_agg(id::text, ' ' ORDER BY id) FROM photo_thumbnails", '11');

# --- TRUNCATE
value($app, "TRUNCATE photos; INSERT INTO photos VALUES (8, '8.png')");
wait_for($thumbs, 'TRUNCATE', "SELECT string_agg(id || status::text, ' ') FROM thumbexif_internal.thumbexif_asset_bigint", '8done');
is(value($thumbs, 'SELECT total || \' \' || done FROM thumbexif_progress'), '1 1', 'they are counted');

# --- begin again
recipe('DROP SUBSCRIPTION');
value($app, "INSERT INTO photos VALUES (9, '9.png')");
recipe('TRUNCATE photos', 'CREATE SUBSCRIPTION photos_of_app');
wait_done($thumbs, 'all is there again', 2);
wait_for($thumbs, 'the copy has ended', "SELECT srsubstate = 'r' FROM pg_subscription_rel");
recipe('DELETE FROM photo_thumbnails');
wait_for($app, 'and comes back', "SELECT string_agg(id::text, ' ' ORDER BY id) FROM photos JOIN photo_thumbnails USING (id)", '8 9');
is(scalar(@blocks), 0, 'these were all blocks of the document');
is(value($_, $errors), 0, 'nothing failed on ' . $_->name) foreach $app, $thumbs;

# --- a table without triggers: sweeps find what is replicated; and texts as keys that are too long stop nothing
value($app, 'CREATE TABLE swept (id bigint PRIMARY KEY, path text); CREATE TABLE texts (id text PRIMARY KEY, path text); CREATE PUBLICATION more FOR TABLE swept, texts');
value($thumbs, "CREATE TABLE swept (id bigint PRIMARY KEY, path text, camera_make text); SELECT thumbexif_attach('swept', triggers => false);
	CREATE TABLE texts (id text PRIMARY KEY, path text, camera_make text); SELECT thumbexif_attach('texts', replicated => true)");
value($thumbs, "CREATE SUBSCRIPTION more CONNECTION '$connection{app}' PUBLICATION more");
value($app, "INSERT INTO swept VALUES (1, '1.png'); INSERT INTO texts VALUES ('a', '1.png'), (repeat('k', 200), '2.png'), ('b', '3.png')");
wait_for($thumbs, 'a sweep finds a replicated row', "SELECT camera_make FROM swept", 'Tiny');
wait_for($thumbs, 'a key that is too long is left out', "SELECT count(*) FILTER (WHERE camera_make = 'Tiny') || ' ' || count(*) FROM texts", '2 3');
value($app, "UPDATE swept SET path = '2.png', id = 2; UPDATE texts SET id = repeat('l', 200) WHERE id = 'a'; DELETE FROM texts WHERE id = repeat('k', 200)");
wait_for($thumbs, 'changes of both arrive', "SELECT (SELECT string_agg(id::text, '') FROM swept) || (SELECT string_agg(left(id, 1), '' ORDER BY id) FROM texts)", '2bl');
wait_for($thumbs, 'and are found', "SELECT string_agg(id || status::text, ' ') FROM thumbexif_internal.thumbexif_asset_bigint JOIN thumbexif_internal.thumbexif_attachment USING (attachment)
	WHERE relation = 'swept'::regclass", '2done');
is(value($thumbs, $errors), 0, 'nothing failed');
like(slurp_file($thumbs->logfile), qr/WARNING:  key "id" of attached table "texts" must not be NULL or longer than 127 bytes/, 'a WARNING tells of the key');
value($thumbs, 'DROP SUBSCRIPTION more; DROP SUBSCRIPTION photos_of_app');
value($app, 'DROP SUBSCRIPTION results_of_thumbs');
$_->stop foreach $app, $thumbs;
done_testing();
