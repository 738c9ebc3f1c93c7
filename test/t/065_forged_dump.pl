# A superuser restores a dump that somebody has forged: whatever stands in our tables, nothing of it runs, nothing outside our
# folder is unlinked, no process crashes, and the tables of others are worked on as before.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 20);
my $server = new_server('forged', preload => 1, roots => $root, config => "thumbexif.decoders = 1\nrestart_after_crash = off\n");
my $dump = PostgreSQL::Test::Utils::tempdir() . '/forged.sql';

sub sql { return value($server, @_) }

sql(<<'EOSQL');
CREATE ROLE hostile LOGIN;
CREATE ROLE bystander LOGIN;
CREATE SCHEMA trap AUTHORIZATION hostile;
GRANT ALL ON SCHEMA public TO bystander;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA public TO bystander;
SET ROLE hostile;
CREATE TABLE trap.seen (who text);
GRANT ALL ON trap.seen TO PUBLIC;
GRANT USAGE ON SCHEMA trap TO PUBLIC;
CREATE FUNCTION trap.gain() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	IF current_user <> 'hostile' THEN INSERT INTO trap.seen VALUES (current_user); END IF;
	RETURN true;
END $$;
CREATE VIEW trap.view AS SELECT 1::bigint AS id, 'x'::text AS path, NULL::text AS thumbnail_path WHERE trap.gain();
CREATE TABLE trap."o'dd ""t" (id bigint PRIMARY KEY, path text, thumbnail_path text);
SET ROLE bystander;
SELECT thumbexif_attach();
EOSQL

# What a dump would hold: the same COPY that pg_dump writes.
append_to_file($dump, <<'EOSQL');
COPY thumbexif_internal.thumbexif_attachment (attachment, relation, key_type, id_column, path_column, thumbnail_path_column) FROM stdin;
-1	trap.view	bigint	id	path	thumbnail_path
-2147483648	pg_authid	integer	rolconnlimit	rolpassword	rolpassword
0	thumbexif_internal.thumbexif_removal	bigint	removal	file	file
7	pg_class	text	relname	relname	\N
8	trap."o'dd ""t"	bigint	id"; SELECT trap.gain(); --	path'; SELECT trap.gain(); --	\N
9	thumbexif_internal.thumbexif_attachment_seq	bigint	last_value	path	\N
10	4294967294	uuid	id	path	\N
11	pg_type	-	id	path	\N
12	pg_proc	regproc	oid	prosrc	probin
\.
COPY thumbexif_internal.thumbexif_removal (attachment, file) FROM stdin;
-1	../../x
0	00/00/../../../../x
-2147483648	/etc/passwd
7	00/00/1-1-0000000000000000.jpg
7	00/00/a/b-1-0000000000000000.jpg
7	00/00/..-1-0000000000000000.jpg
\.
INSERT INTO thumbexif_internal.thumbexif_removal (attachment, file) VALUES (7, '');
COPY thumbexif_internal.thumbexif_inserted_range (number, attachment, lowest, highest, tries) FROM stdin;
1	-1	-9223372036854775808	9223372036854775807	32767
2	0	1	1	-32768
3	-2147483648	5	4	0
9223372036854775807	8	-9223372036854775808	9223372036854775807	0
4	11	1	1000000	0
\.
COPY thumbexif_internal.thumbexif_dropped (attachment) FROM stdin;
-5
0
2147483647
\.
INSERT INTO thumbexif_internal.thumbexif_asset_bigint (attachment, id, status, claimed_from, claim, version, next_try, attempts,
	interruptions, verdict, wrote, file, path, thumbnail_settings, exif_settings, tried_settings, finished_at, limit_hit)
SELECT a, 1, s, 'running', -2147483648, 9223372036854775807, '-infinity', 32767, 32767, v, v, '../../../x', '%s%n', ' png', ' png 1', '%s%n', 'infinity', -9223372036854775808
FROM unnest(ARRAY[-1, -2147483648, 0, 7, 8, 9, 10, 11, 12]) WITH ORDINALITY a(a, n),
	LATERAL (SELECT (enum_range(NULL::thumbexif_internal.thumbexif_asset_status))[1 + n % 7] AS s, (CASE WHEN n % 2 = 0 THEN 32767 ELSE -32768 END)::smallint AS v) x;
EOSQL
$server->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, 'postgres' ], 'it is restored');
my $outside = "$server->{thumbnails}/x";
append_to_file($outside, 'not ours');
sql("SELECT setval('thumbexif_internal.thumbexif_attachment_seq', 2147483000)");
$server->restart;

# --- everything that reads it

sql(q{SET ROLE bystander; INSERT INTO image_assets (path) SELECT i || '.png' FROM generate_series(1, 10) i});
wait_for($server, 'the bystander\'s rows are done', 'SELECT count(*) = 10 FROM image_assets WHERE thumbnail_path IS NOT NULL');
# names that lead out of a folder that is there, up to the file beside our own folder
my $leads_out = q{left(file, 6) || '../../../../x'};
sql("INSERT INTO thumbexif_internal.thumbexif_removal (attachment, file) SELECT attachment, $leads_out FROM thumbexif_internal.thumbexif_asset WHERE file LIKE '__/__/%'");
foreach my $call ('SELECT * FROM thumbexif_status', 'SELECT * FROM thumbexif_progress', 'SELECT * FROM thumbexif_failures', 'SELECT * FROM thumbexif_workers',
	'SELECT thumbexif_clean(true)', 'SELECT thumbexif_clean()', (map { ("CALL thumbexif_backfill(relation => $_)", "SELECT thumbexif_process(1, $_)",
		"SELECT thumbexif_retry(1, $_)", "SELECT thumbexif_enqueue(1, $_)", "SELECT thumbexif_pause($_)", "SELECT thumbexif_resume($_)", "SELECT thumbexif_detach($_)") }
		map { "'$_'::regclass" } qw(trap.view pg_authid thumbexif_internal.thumbexif_removal pg_class trap."o''dd_""t" thumbexif_internal.thumbexif_attachment_seq pg_type pg_proc)))
{
	(my $sql = $call) =~ s/dd_/dd /;
	my ($status) = $server->psql('postgres', "SET statement_timeout = '60s'; $sql");
	isnt($status, 2, "$sql: the connection lives");
	is($status, 0, "$sql: shows what there is") if $sql =~ /^SELECT \* FROM/;
}
foreach my $relation ('trap.view', 'pg_authid', 'thumbexif_internal.thumbexif_removal')
{
	sql("INSERT INTO thumbexif_internal.thumbexif_attachment (attachment, relation, key_type, id_column, path_column)
		VALUES (99, '$relation', 'bigint', 'id', 'path')");
	like(($server->psql('postgres', "CALL thumbexif_backfill(relation => '$relation')"))[2], qr/is not an ordinary user table/, "$relation is refused, with the reason");
	sql("DELETE FROM thumbexif_internal.thumbexif_attachment WHERE attachment = 99");
}
is(sql(q{SELECT count(*) FROM trap.seen}), 0, 'nothing forged ran as anybody else');
is(slurp_file($outside), 'not ours', 'nothing was removed outside of our folders');
is(sql('SELECT count(*) FROM pg_authid WHERE rolpassword IS NOT NULL'), 0, 'no catalog was written to');
unlike(slurp_file($server->logfile), qr/terminated by signal|PANIC/, 'no process has crashed');

# --- and the asset itself

sql("UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = 'running', claimed_from = 'running', claim = -5, next_try = 'infinity',
	verdict = 32767, wrote = -1, file = $leads_out, thumbnail_settings = ' png 9', finished_at = '-infinity', limit_hit = 1
	WHERE id <= 3 AND attachment = (SELECT attachment FROM thumbexif_internal.thumbexif_attachment WHERE relation = 'image_assets'::regclass)");
$server->psql('postgres', "CALL thumbexif_backfill(relation => 'image_assets', verify => true)");
$server->psql('postgres', "SELECT thumbexif_process(i, 'image_assets', true) FROM generate_series(1, 3) i");
$server->psql('postgres', "DELETE FROM image_assets WHERE id <= 3; SELECT thumbexif_clean()");
sql(q{UPDATE thumbexif_internal.thumbexif_asset_bigint SET finished_at = CASE id % 3 WHEN 0 THEN 'infinity' WHEN 1 THEN '294276-12-31' ELSE now() END::timestamptz});
is(sql(q{SELECT total FROM thumbexif_progress WHERE relation = 'image_assets'::regclass}), 7, 'times that cannot be do not hide the progress');
is(slurp_file($outside), 'not ours', 'a file that a state names is removed beneath our folder only');
sql(q{SET ROLE bystander; INSERT INTO image_assets (path) SELECT i || '.png' FROM generate_series(11, 20) i});
wait_for($server, 'and the worker is there', "SELECT count(*) = 10 FROM image_assets WHERE path IN (SELECT i || '.png' FROM generate_series(11, 20) i) AND thumbnail_path IS NOT NULL");
unlike(slurp_file($server->logfile), qr/terminated by signal|PANIC/, 'nothing has crashed');

$server->stop;
done_testing();
