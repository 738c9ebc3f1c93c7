# thumbexif_metrics(): counters of what was done in a database, which only grow, and gauges of what is there now; a look is cheap.
use strict;
use warnings;

use File::Copy qw(copy);
use PostgreSQL::Test::Utils;
use Test::More;
use DecoderTest ();
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 6);
my $server = new_server('metrics', roots => $root, preload => 1, config => "thumbexif.databases = 'nobodys'\nthumbexif.decode_timeout = 1h\nmax_prepared_transactions = 1\n");
my %last;

# metrics(DATABASE): name{label="text"} => value
sub metrics
{
	my %found = map { /^(.*)\|(.*)$/ } split /\n/,
	  value($server, q{SELECT name || coalesce((SELECT '{' || string_agg(key || '=' || value, ',' ORDER BY key) || '}' FROM jsonb_each_text(labels)), ''), value
		FROM thumbexif_metrics()}, shift);

	return %found;
}

# look(WHAT): the metrics of the database, whose counters must not have shrunk since the last look
sub look
{
	my $what = shift;
	my %now = metrics();

	is_deeply([ grep { /_(?:total|bucket|sum|count)\b/ && $now{$_} < $last{$_} } keys %last ], [], "$what: counters only grow");
	%last = %now;
	return;
}

# by(NAME, LABEL): "text value, ..." of those that are not 0
sub by
{
	my $name = shift;

	return join ', ', map { /\{\w+=(.*)\}/ ? "$1 $last{$_}" : () } sort grep { /^\Q$name\E\{/ && $last{$_} != 0 } keys %last;
}

sub sizes
{
	my $sum = 0;

	$sum += -s $_ foreach @_;
	return $sum;
}

# --- what is counted

wait_until($server, 'a template runs', q{SELECT value > 0 FROM thumbexif_metrics() WHERE name = 'thumbexif_server_template_starts_total'});
value($server, q{CREATE TABLE photos (id bigint PRIMARY KEY, path text, thumbnail_path text, camera_make text); SELECT thumbexif_attach('photos')});
look('nothing was done');
is_deeply([ grep { !/^thumbexif_(?:server_|table_|queue_)/ && $last{$_} != 0 } keys %last ], [], 'nothing is counted yet');
is(scalar(grep { /^thumbexif_failures_total/ } keys %last), 16, 'a counter for each reason of a failure');

my $broken = tiny_picture(make => 'Broken');
write_file("$root/broken.png", substr($broken, 0, length($broken) - 20));
write_file("$root/text.png", 'no picture');
value($server, q{INSERT INTO photos VALUES (1, '1.png'), (2, '2.png'), (3, '3.png'), (4, 'broken.png'), (5, 'text.png'), (6, 'none.png')});
look('queued');
is($last{'thumbexif_queue_length{relation=public.photos}'}, 6, 'six are queued');
$server->psql('postgres', 'CALL thumbexif_backfill()');
look('a backfill');
is(by('thumbexif_assets_total'), 'done 3, failed 1, missing 1, unsupported 1', 'assets by what they ended with');
is(by('thumbexif_failures_total'), '58P01 1, TE001 1, TE003 1', 'failures by SQLSTATE');
is($last{thumbexif_decode_seconds_count}, 5, 'images that decoders had');
is($last{'thumbexif_decode_seconds_bucket{le=+Inf}'}, 5, 'all are in the last bucket');
cmp_ok($last{thumbexif_decode_seconds_sum}, '>', 0, 'they took time');
is($last{thumbexif_bytes_read_total}, sizes(map { "$root/$_.png" } qw(1 2 3 broken text)), 'bytes of their files were read');
is($last{thumbexif_bytes_written_total}, sizes(split /\n/, value($server, 'SELECT thumbnail_path FROM photos WHERE thumbnail_path IS NOT NULL')), 'bytes of thumbnails were written');
cmp_ok($last{thumbexif_decoders_started_total}, '>=', 1, 'decoders were started');
is($last{'thumbexif_table_assets{relation=public.photos,status=done}'}, 3, 'assets by status');
is($last{'thumbexif_queue_length{relation=public.photos}'}, 0, 'none is queued');

# what is rolled back, wholly or in part, was decoded, and that is all
value($server, q{DELETE FROM photos WHERE id = 6; INSERT INTO photos VALUES (7, '4.png'), (8, '5.png')});
value($server, q{BEGIN; SELECT thumbexif_process(7); ROLLBACK});
look('rolled back');
is(by('thumbexif_assets_total'), 'done 3, failed 1, missing 1, unsupported 1', 'what is rolled back is not done');
is($last{thumbexif_decode_seconds_count}, 6, 'but decoded');
value($server, q{BEGIN; SAVEPOINT a; SELECT thumbexif_process(7); SAVEPOINT b; SELECT thumbexif_process(8); RELEASE b; ROLLBACK TO a; SELECT thumbexif_process(8); COMMIT});
look('rolled back in part');
is(by('thumbexif_assets_total'), 'done 4, failed 1, missing 1, unsupported 1', 'what is committed is done');
is($last{thumbexif_decode_seconds_count}, 9, 'all were decoded');
$server->psql('postgres', 'CALL thumbexif_backfill(dry_run => true)');
look('a dry run');
is(by('thumbexif_assets_total'), 'done 4, failed 1, missing 1, unsupported 1', 'a dry run is not done');
is($last{thumbexif_decode_seconds_count}, 10, 'but decoded');

# a table that refuses a row
value($server, q{ALTER TABLE photos ADD CHECK (camera_make <> 'Tiny') NOT VALID});
$server->psql('postgres', 'CALL thumbexif_backfill()');
look('refused');
is(by('thumbexif_assets_total'), 'done 4, failed 1, missing 1, retry 1, unsupported 1', 'what the table refuses is tried again');
is(by('thumbexif_failures_total'), '58P01 1, TE001 1, TE003 1, TE012 1', 'and has a reason');
value($server, q{ALTER TABLE photos DROP CONSTRAINT photos_camera_make_check});

# of a large file whose EXIF alone is wanted, the start is read
write_file("$root/large.jpg", slurp_file(pictures_dir() . '/photo.jpg') . "\0" x 1000000);
my $before = $last{thumbexif_bytes_read_total};
value($server, q{SELECT thumbexif_exif('large.jpg')});
look('EXIF');
cmp_ok($last{thumbexif_bytes_read_total} - $before, '<=', 256 * 1024, 'of a large file, only what is read counts');
cmp_ok($last{thumbexif_bytes_read_total} - $before, '>=', 1024, 'which is something');

# a decoder is killed
my $session = DecoderTest->session($server);
value($server, q{SELECT thumbexif_process(7); INSERT INTO photos VALUES (9, '6.png')});
$session->query(q{SELECT length(thumbexif_thumbnail('1.png'))});
my $decoder = $session->send_to_stopped($server, 'CALL thumbexif_backfill()');
wait_until($server, 'the decoder of the session before has ended', q{SELECT bool_and(value = 1) FROM thumbexif_metrics() WHERE name IN ('thumbexif_decoders', 'thumbexif_server_decoders')});
look('a backfill that waits');
is($last{thumbexif_procedures}, 1, 'it runs');
is($last{thumbexif_decoders}, 1, 'and has a decoder');
is($last{thumbexif_server_decoders}, 1, 'as has the server');
cmp_ok($last{thumbexif_server_decoders_limit}, '>=', 1, 'which may have some');
kill 'KILL', $decoder;
like($session->answer, qr/Failed: 1/, 'a decoder is killed');
$session->quit;
look('killed');
is($last{thumbexif_procedures}, 0, 'no backfill runs');
is(by('thumbexif_decoders_lost_total'), 'crash 1', 'it is lost');
is(by('thumbexif_assets_total'), 'done 5, failed 1, missing 1, retry 2, unsupported 1', 'its asset is tried again');
is(by('thumbexif_failures_total'), '58P01 1, TE001 1, TE003 1, TE009 1, TE012 1', 'and the reason is known');

# the queue, and the worker
value($server, q{SELECT thumbexif_pause('photos'); INSERT INTO photos VALUES (10, '6.png')});
value($server, q{UPDATE thumbexif_internal.thumbexif_asset_bigint SET next_try = now() - interval '1 hour' WHERE id = 10});
look('paused');
is($last{'thumbexif_queue_paused{relation=public.photos}'}, 1, 'a table is paused');
is($last{'thumbexif_queue_paused_by_worker{relation=public.photos}'}, 0, 'by somebody');
is($last{'thumbexif_queue_length{relation=public.photos}'}, 2, 'two wait, one of them for another try');
cmp_ok($last{'thumbexif_oldest_queued_seconds{relation=public.photos}'}, '>=', 3600, 'one has waited for an hour');
cmp_ok($last{'thumbexif_oldest_queued_seconds{relation=public.photos}'}, '<', 4200, 'and no longer');
value($server, q{SELECT thumbexif_retry(9, 'photos'), thumbexif_resume('photos')});	# all that waits is done at once, and nothing later
$server->append_conf('postgresql.conf', "thumbexif.databases = 'postgres'\n");
$server->reload;
wait_until($server, 'the worker has done two assets', q{SELECT value >= 7 FROM thumbexif_metrics() WHERE name = 'thumbexif_assets_total' AND labels->>'outcome' = 'done'});
look('the worker');
is($last{thumbexif_workers}, 1, 'it runs');

# a table that the worker gives up
value($server, q{CREATE TABLE broken (id bigint PRIMARY KEY, path text, thumbnail_path text); SELECT thumbexif_attach('broken'); ALTER TABLE broken DROP COLUMN thumbnail_path;
	INSERT INTO broken VALUES (1, '1.png')});
wait_until($server, 'the worker pauses a table', q{SELECT value = 1 FROM thumbexif_metrics() WHERE name = 'thumbexif_queue_paused_by_worker' AND labels->>'relation' = 'public.broken'});
look('a table is broken');
is($last{'thumbexif_queue_paused{relation=public.broken}'}, 1, 'the worker leaves it alone');
value($server, q{DROP TABLE broken});

# who commits a prepared transaction does not know what is in it
my $done = $last{'thumbexif_assets_total{outcome=done}'};
my $written = $last{thumbexif_bytes_written_total};
value($server, q{BEGIN; SELECT thumbexif_process(8, 'photos', true); PREPARE TRANSACTION 'later'});
look('prepared');
is($last{'thumbexif_assets_total{outcome=done}'}, $done + 1, 'what is prepared counts');
cmp_ok($last{thumbexif_bytes_written_total}, '>', $written, 'with its bytes');
value($server, q{ROLLBACK PREPARED 'later'});
look('rolled back afterwards');
is($last{'thumbexif_assets_total{outcome=done}'}, $done + 1, 'and stays');

# --- who sees what

value($server, 'CREATE DATABASE other');
value($server, q{CREATE EXTENSION thumbexif}, 'other');
my %other = metrics('other');
is_deeply([ grep { !/^thumbexif_(?:server_|workers)/ && $other{$_} != 0 } keys %other ], [], 'a database does not see what is done in another');
# a database that takes the place of one that was dropped
foreach my $round (1 .. 4)
{
	value($server, 'CREATE DATABASE again');
	value($server, 'CREATE EXTENSION thumbexif', 'again');
	value($server, q{SELECT length(thumbexif_thumbnail('1.png'))}, 'again');
	my %again = metrics('again');
	is($again{thumbexif_decode_seconds_count}, 1, "database $round of the same name begins at 0");
	value($server, 'DROP DATABASE again');
}
look('databases were dropped');

value($server, q{CREATE ROLE nobody LOGIN; CREATE ROLE watcher LOGIN IN ROLE pg_monitor; CREATE SCHEMA closed; ALTER TABLE photos SET SCHEMA closed});
my ($rc, undef, $said) = $server->psql('postgres', 'SET ROLE nobody; SELECT * FROM thumbexif_metrics()');
like($said, qr/permission denied for function thumbexif_metrics/, 'not everybody may look');
is(value($server, q{SET ROLE watcher; SELECT count(*) FROM thumbexif_metrics() WHERE labels->>'relation' = 'closed.photos'}), 11, 'pg_monitor sees all tables');
value($server, 'GRANT EXECUTE ON FUNCTION thumbexif_metrics() TO nobody');
is(value($server, q{SET ROLE nobody; SELECT count(*) FILTER (WHERE labels ? 'relation') || ' ' || (count(*) > 40)::text FROM thumbexif_metrics()}), '0 true', 'others no tables that they may not read');

# --- a look is as cheap at a hundred thousand assets

$server->append_conf('postgresql.conf', "thumbexif.databases = 'nobodys'\nautovacuum = off\n");
$server->restart;
my $buffers = q{CREATE FUNCTION buffers() RETURNS int LANGUAGE plpgsql AS $$
	DECLARE plan json; BEGIN EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT json) SELECT * FROM thumbexif_metrics()' INTO plan;
	RETURN (plan->0->'Plan'->>'Shared Hit Blocks')::int + (plan->0->'Plan'->>'Shared Read Blocks')::int; END $$};
value($server, $buffers);
my $few = value($server, 'SELECT buffers(); SELECT buffers()') =~ s/.*\n//sr;
value($server, q{INSERT INTO closed.photos SELECT g, 'x' FROM generate_series(1001, 101000) g; VACUUM ANALYZE closed.photos});
value($server, q{INSERT INTO thumbexif_internal.thumbexif_asset_bigint (attachment, id, status, next_try, attempts)
	SELECT attachment, g, CASE g % 4 WHEN 0 THEN 'done' WHEN 1 THEN 'missing' ELSE 'queued' END::thumbexif_internal.thumbexif_asset_status, now() - g * interval '1 second', g % 3
	FROM thumbexif_internal.thumbexif_attachment, generate_series(1001, 101000) g});
my $many = value($server, 'SELECT buffers(); SELECT buffers()') =~ s/.*\n//sr;
cmp_ok($many - $few, '<', 100, "a look reads $many pages instead of $few");
%last = metrics();
cmp_ok($last{'thumbexif_oldest_queued_seconds{relation=closed.photos}'}, '>=', 100998, 'and finds the oldest');

# --- from the start of the server

value($server, q{SELECT thumbexif_process(1, 'closed.photos', true)});
%last = metrics();
is(by('thumbexif_assets_total'), 'done 1', 'a restart begins at 0');
my $started = $last{thumbexif_server_start_time_seconds};
cmp_ok(abs(time - $started), '<', 3600, 'and tells when');
$server->append_conf('postgresql.conf', "shared_preload_libraries = ''\n");
$server->restart;
value($server, q{SELECT thumbexif_process(1, 'closed.photos', true)});
is(value($server, q{SELECT string_agg(DISTINCT name, ' ' ORDER BY name) FROM thumbexif_metrics()}),
	'thumbexif_oldest_queued_seconds thumbexif_queue_length thumbexif_queue_paused thumbexif_queue_paused_by_worker thumbexif_table_assets', 'without preload there is what tables tell');

$server->stop;

# --- what a decoder says of itself is cut to what is possible

my $install = private_install('stub');
unlink "$install->{pkglibdir}/thumbexif-decoder" or die "unlink: $!";
copy("$ENV{TE_SCRATCH}/build/stub_decoder", "$install->{pkglibdir}/thumbexif-decoder") or die "copy: $!";
chmod 0755, "$install->{pkglibdir}/thumbexif-decoder";
$server = new_server('boasts', install => $install, preload => 1, config => "thumbexif.decode_timeout = '1min'\n");
value($server, q{SELECT length(thumbexif_thumbnail('stub: boast '::bytea))});
%last = metrics();
is_deeply([ @last{qw(thumbexif_decode_seconds_count thumbexif_decode_seconds_sum thumbexif_bytes_read_total)} ], [ 1, 60, 12 ], 'a decoder boasts');
is($last{'thumbexif_decode_seconds_bucket{le=30}'}, 0, 'of a long time');

$server->stop;
done_testing();
