# Keys of several columns: attach, all ways to an asset, keys that change, texts of all kinds, and what an application is given.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/photos', 3);
mkdir "$root/uploads" or die "mkdir: $!";
my $server = new_server('composite', roots => $root, preload => 1, config => "thumbexif.upload_dir = '$root/uploads'\n");
my $state = 'thumbexif_internal.thumbexif_asset_text';

sub sql { return value($server, shift) }

# what a statement says on stderr
sub said
{
	my ($sql, $user) = @_;
	my (undef, undef, $error) = $server->psql('postgres', $sql, extra_params => defined $user ? [ '-U', $user ] : []);

	return $error;
}

# --- attach

sql('CREATE TABLE items (tenant_id integer NOT NULL, id bigint NOT NULL, path text, thumbnail_path text, camera_make text, loose integer, weight real NOT NULL DEFAULT 0,
		PRIMARY KEY (tenant_id, id));
	CREATE TABLE braces ("{a,b}" bigint PRIMARY KEY, a integer NOT NULL, b integer NOT NULL, path text, thumbnail_path text, UNIQUE (a, b))');
like(said("SELECT thumbexif_attach('items', id => '{id,tenant_id}')"), qr/columns \(id, tenant_id\) of table "items" are not a key.*in this order/s, 'the columns must be in the order of the index');
like(said("SELECT thumbexif_attach('items', id => '{tenant_id,loose}')"), qr/columns \(tenant_id, loose\) of table "items" are not a key/, 'and NOT NULL and unique');
like(said("SELECT thumbexif_attach('items', id => '{id,weight}')"), qr/column "weight" of table "items" is of type real/, 'and of types that keys have');
like(said("SELECT thumbexif_attach('items', id => '{tenant_id,tenant_id}')"), qr/not a key|named by two/, 'each once');
like(said("SELECT thumbexif_attach('items', id => '{tenant_id,none}')"), qr/column "none" of table "items" does not exist/, 'and must exist');
like(said("SELECT thumbexif_attach('items', id => '$_')"), qr/no list of columns/, "$_ is no list") foreach '{', '{tenant_id,id', '{a,b,c,d,e,f,g,h,i}', '{}', '{tenant_id,}', '{NULL,id}';
like(said("SELECT thumbexif_attach('items', id => '{tenant_id,id}', path => 'id')"), qr/is of type bigint|named by two parameters/, 'no column has two uses');
like(said("SELECT thumbexif_attach('none', id => '{a,b}', create_table => true)"), qr/created with one key column/, 'a table is created with one');
like(said("SELECT thumbexif_attach('items')"), qr/the key of table "items" is its primary key \(tenant_id, id\).*Columns id \(tenant_id, id\), path are read/s, 'without a name, the columns of the primary key, and a NOTICE says so');
is(sql("SELECT columns->>'id' FROM thumbexif_tables"), '["tenant_id", "id"]', 'they are shown in their order');
unlike(said("SELECT thumbexif_attach('items')"), qr/primary key/, 'attached again, it keeps them');
sql("SELECT thumbexif_attach('braces', id => '{a,b}')");
is(sql("SELECT columns->>'id' FROM thumbexif_tables WHERE relation = 'braces'::regclass"), '{a,b}', 'a column of that very name comes first');
sql("SELECT thumbexif_detach('braces'); SELECT thumbexif_attach('braces', id => '{ a, \"b\" }')");
is(sql("SELECT columns->>'id' FROM thumbexif_tables WHERE relation = 'braces'::regclass"), '["a", "b"]', 'else blanks and quotes are as in any array');
sql('DROP TABLE braces');

# --- the worker, statements and their triggers

sql("INSERT INTO items SELECT 7, i, CASE i WHEN 3 THEN 'none.png' ELSE i || '.png' END FROM generate_series(1, 3) i; INSERT INTO items VALUES (8, 1, '1.png')");
wait_for($server, 'the worker processes what arrives', "SELECT string_agg(id || ' ' || status, ', ' ORDER BY id) FROM $state", '{7,1} done, {7,2} done, {7,3} missing, {8,1} done');
is(sql("SELECT count(*) FROM items WHERE camera_make = 'Tiny' AND thumbnail_path IS NOT NULL"), 3, 'and writes the rows');
is(sql("SELECT id, path, status FROM thumbexif_failures"), '{7,3}|none.png|missing', 'failures name the key');
sql("UPDATE items SET path = '3.png' WHERE id = 3");
wait_for($server, 'a new path', "SELECT status FROM $state WHERE id = '{7,3}'", 'done');
sql('UPDATE items SET id = 30 WHERE id = 3; UPDATE items SET tenant_id = 9 WHERE tenant_id = 8');
is(sql("SELECT string_agg(id || ' ' || status, ', ' ORDER BY id) FROM $state"), '{7,1} done, {7,2} done, {7,30} done, {9,1} done', 'any column of a key that changes moves the state');
like(said('UPDATE items SET id = CASE id WHEN 1 THEN 2 ELSE id END WHERE tenant_id = 7'), qr/duplicate key/, 'a key that is taken');
is(sql("DELETE FROM items WHERE id = 30 RETURNING 1; SELECT count(*) FROM $state"), "1\n3", 'a deleted row');
sql("SELECT thumbexif_pause()");

# --- by hand

is(sql("SELECT status FROM thumbexif_process('{7,1}', 'items', true)"), 'done', 'process by the text of a key');
is(sql("SELECT status FROM thumbexif_process(' { \"07\" , 1 } ', 'items')"), 'done', 'in whatever way it is written');
is(sql("SELECT status FROM thumbexif_process(thumbexif_key(7::text, 1::text), 'items')"), 'done', 'or made by thumbexif_key()');
like(said("SELECT thumbexif_process('{7,99}', 'items')"), qr/asset \{7,99\} does not exist/, 'one that does not exist');
like(said("SELECT thumbexif_process('{99999999999,1}', 'items')"), qr/asset \{99999999999,1\} does not exist/, 'nor can exist');
like(said("SELECT thumbexif_process('$_', 'items')"), qr/invalid key.*Keys of table public.items are texts with the values of \{tenant_id, id\}/s, "$_ is no key") foreach '7', '{7}', '{7,1,1}', '{7,x}', '{7,NULL}', '{7,1', '{7,1}x', '{{7},{1}}', '{7,"1';
like(said("SELECT thumbexif_process(7, 'items')"), qr/keys of table public.items have several columns/, 'nor is a number');
is(sql("SELECT length(thumbexif_file('{9,1}', 'items')) > 100, (thumbexif_state('{9,1}', 'items')).status"), 't|done', 'file and state');
sql("INSERT INTO items VALUES (10, 1, 'none.png'); CALL thumbexif_backfill(relation => 'items')");
is(sql("SELECT status FROM $state WHERE id = '{10,1}'"), 'missing', 'a file that is not there');
is(sql("SELECT thumbexif_retry('{10,1}', 'items'); SELECT status FROM $state WHERE id = '{10,1}'; SELECT thumbexif_enqueue('{9,1}', 'items'); SELECT status FROM $state WHERE id = '{9,1}'"),
	"t\nqueued\n\nqueued", 'retry and enqueue');
sql("CREATE TABLE training_jobs (session_id integer, asset_id text); INSERT INTO training_jobs VALUES (1, '{7,1}'), (1, '{7, 1}'), (1, '{9,1}')");
is(sql("SET client_min_messages = warning; CALL thumbexif_process_session(1, 'items')"), '2|0|2|0', 'the assets of a session, each once');
is(sql("SET client_min_messages = error; BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM items WHERE tenant_id = 10; COMMIT; SELECT thumbexif_clean() >= 0; SELECT count(*) FROM $state"),
	"t\n3", 'clean deletes states without a row');
sql('TRUNCATE items');
is(sql("SELECT count(*) FROM $state"), 0, 'TRUNCATE');

# --- notifications, and forged attachments

sql("INSERT INTO items VALUES (7, 1, '1.png'); SET client_min_messages = error; SELECT thumbexif_attach('items', notify => 'finished')");
like(sql("LISTEN finished; SELECT thumbexif_process('{7,1}', 'items')"), qr/"ids": \["\{7,1\}"\]/, 'a notification has the text');
foreach my $forged (q{key_columns = '{id}', key_types = '{bigint}'}, q{key_types = '{integer,jsonb}'}, q{key_types = NULL}, q{key_type = 'bigint'}, q{key_columns = '{{a},{b}}'})
{
	like(said("BEGIN; UPDATE thumbexif_internal.thumbexif_attachment SET $forged WHERE relation = 'items'::regclass; SELECT thumbexif_process('{7,1}', 'items')"),
		qr/the attached table no longer exists/, "no attach has written $forged");
}
sql('TRUNCATE items');

# --- values of all types and kinds, with triggers one by one, in bulk and by a backfill

my @texts = ('a,b', 'say "x"', 'back\\slash', '{brace}', '', 'NULL', 'null', ' blank ', "tab\there", "line\nfeed", "b\x{c3}\x{a4}r", "\x{e6}\x{97}\x{a5}", "it's", '\\', '"');
my $list = join ', ', map { my $t = s/'/''/gr; "'$t'" } @texts;
my $uuid = '6F9619FF-8B86-D011-B42D-00CF4FC964FF';
sql("CREATE DOMAIN label AS varchar(40); CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
	CREATE TABLE mixed (n smallint, \"Name\" label, u uuid, t text COLLATE folded, path text, thumbnail_path text, PRIMARY KEY (n, \"Name\", u, t));
	SELECT thumbexif_attach('mixed', id => '{n,Name,u,t}'); SELECT thumbexif_pause('mixed')");
my $text_of = 'ARRAY[n::text, "Name"::text, u::text, t::text]::text';
my $agree = "SELECT count(*) FILTER (WHERE s.id IS NULL), count(s.id) FROM mixed FULL JOIN $state s ON s.id = $text_of COLLATE \"C\"";
sql("INSERT INTO mixed SELECT 1, x, '$uuid', x, '1.png' FROM unnest(ARRAY[$list]) x");
is(sql($agree), '0|' . @texts, 'triggers write keys as PostgreSQL writes arrays');
sql("INSERT INTO mixed SELECT i, x, '$uuid', x, '2.png' FROM unnest(ARRAY[$list]) x, generate_series(-10, -1) i");
is(sql($agree), '0|' . 11 * @texts, 'in bulk too');
sql("UPDATE mixed SET t = t || '\\', path = '3.png'");
is(sql($agree), '0|' . 11 * @texts, 'and for each row');
is(sql("SELECT bool_and(thumbexif_key(n::text, \"Name\", u::text, t) = $text_of COLLATE \"C\") FROM mixed"), 't', 'thumbexif_key() does, too');
is(sql("SET client_min_messages = error; CALL thumbexif_backfill(relation => 'mixed')"), join('|', 11 * @texts, 11 * @texts, 0, 0), 'a backfill finds them by their states');
is(sql("SELECT count(*) FROM mixed WHERE thumbnail_path IS NOT NULL"), 11 * @texts, 'and writes each row');
is(sql("SELECT count(*) FROM mixed, LATERAL thumbexif_process($text_of, 'mixed') p WHERE p.status = 'done' AND n IN (1, -3)"), 2 * @texts, 'each is found by its text');
sql("DELETE FROM mixed WHERE t LIKE '%x%' COLLATE \"C\"");
is(sql($agree), '0|' . 11 * (@texts - 1), 'and deleted');
like(said("INSERT INTO mixed VALUES (5, 'x', '$uuid', repeat('\"', 60), '1.png')"), qr/key "n, "Name", u, t" of attached table "mixed" must not be NULL or longer than 127 bytes/, 'a text that gets too long by its quotes is refused');
like(said("INSERT INTO mixed SELECT i, 'x', '$uuid', repeat('y', 90 + i % 30), '1.png' FROM generate_series(1, 200) i"), qr/must not be NULL or longer than 127 bytes/, 'also in bulk');
like(said("UPDATE mixed SET t = repeat('y', 100)"), qr/must not be NULL or longer than 127 bytes/, 'and when it changes');
like(said("UPDATE mixed SET t = repeat('y', 5000)"), qr/must not be NULL or longer than 127 bytes/, 'by much, too');
sql("SELECT thumbexif_detach('mixed'); INSERT INTO mixed VALUES (6, 'x', '$uuid', repeat('y', 90), '1.png')");
like(said("SELECT thumbexif_attach('mixed')"), qr/table public.mixed has keys \(n, "Name", u, t\) whose text is longer than 127 bytes/, 'a table that has such a key is not attached');
sql('DROP TABLE mixed');

# --- dates and times: one text, whatever the settings of the session are

my @days = ('2024-05-01', '0044-03-15 BC', '4714-11-24 BC', '0001-01-01', '5874897-12-31', 'infinity', '-infinity');
my @moments = ('2024-05-01 10:00:00.5', '2024-05-01 10:00:00', '2024-05-01 10:00:00.000001', '0044-03-15 23:59:59.999999 BC', '4714-11-24 00:00:00 BC', '294276-12-31 23:59:59.999999', 'infinity', '-infinity');
my @settings = ("TimeZone = 'Asia/Kolkata'; SET DateStyle = 'German'; SET IntervalStyle = 'iso_8601'", "TimeZone = 'America/New_York'; SET DateStyle = 'SQL, DMY'", "TimeZone = 'UTC'; SET DateStyle = 'Postgres, MDY'");
sql("CREATE DOMAIN moment AS timestamptz; CREATE TABLE dated (d date, m timestamp, z moment, n int, path text, thumbnail_path text, PRIMARY KEY (d, m, z, n));
	SELECT thumbexif_attach('dated', id => '{d,m,z,n}'), thumbexif_pause('dated')");
my $given = 'SELECT d, m, z, 0 FROM unnest(ARRAY[' . join(', ', map { "'$_'::date" } @days) . ']) d, unnest(ARRAY[' . join(', ', map { "'$_'::timestamp" } @moments) .
	']) m, unnest(ARRAY[' . join(', ', map { $_ =~ /inf/ ? "'$_'::timestamptz" : "'" . ($_ =~ s/( BC)?$/+00$1/r) . "'::timestamptz" } @moments) . ']) z';
my $dated = @days * @moments**2;
my $id_of = 'thumbexif_key(thumbexif_key_value(d), thumbexif_key_value(m), thumbexif_key_value(z), n::text)';
my $found = "SELECT count(*) FILTER (WHERE s.id IS NULL), count(s.id) FROM dated FULL JOIN $state s ON s.id = $id_of COLLATE \"C\"";
sql("INSERT INTO dated SELECT d, m, z, n, '1.png' FROM ($given) AS g (d, m, z, n)");
is(sql($found), "0|$dated", 'in bulk, states have the texts of thumbexif_key_value()');
sql("SET $settings[1]; DELETE FROM dated WHERE d <> 'infinity'; SET $settings[0]; UPDATE dated SET n = 1");
is(sql($found), '0|' . @moments**2, 'so have they for triggers under other settings, by their transition tables');
sql("SET $settings[1]; DELETE FROM dated WHERE m <> 'infinity' AND z > '-infinity'; INSERT INTO dated SELECT '2024-05-01', m, '2024-05-01 10:00:00.5+00', 1, '2.png' FROM dated WHERE z = 'infinity'");
sql("SET $settings[2]; INSERT INTO dated VALUES ('2024-05-01', '2024-05-01 10:00', '2024-05-01 10:00+00', $_, '2.png')") foreach 1, 2;
my $left = sql('SELECT count(*) FROM dated');
is(sql($found), "0|$left", 'rows of few rows, too');
like(sql("SELECT string_agg(id, ' ') FROM $state"), qr/\{2024-05-01,2024-05-01T10:00:00,2024-05-01T10:00:00\+00:00,2\}/, 'which is ISO 8601, in UTC');
sql('CREATE ROLE plain; ALTER TABLE dated OWNER TO plain; REVOKE EXECUTE ON FUNCTION thumbexif_key_value(date), thumbexif_key_value(timestamp), thumbexif_key_value(timestamptz), thumbexif_key(text[]) FROM PUBLIC');
is(sql("SET client_min_messages = error; SET $settings[1]; CALL thumbexif_backfill(relation => 'dated', max_assets => 3)") =~ s/\|.*//r, 3, 'a backfill finds the rows by them');
is(sql("SET client_min_messages = error; SET $settings[2]; CALL thumbexif_backfill(relation => 'dated', batch_size => 4)") =~ s/\|.*//r, $left - 3, 'and goes on behind, in a session with other settings');
is(sql("SELECT count(*) FROM dated WHERE thumbnail_path IS NULL"), 0, 'all of them, for an owner who may call none of our functions');
sql('ALTER TABLE dated OWNER TO CURRENT_USER; GRANT EXECUTE ON FUNCTION thumbexif_key_value(date), thumbexif_key_value(timestamp), thumbexif_key_value(timestamptz), thumbexif_key(text[]) TO PUBLIC');
is(sql("SET $_; SELECT count(*) FROM dated, LATERAL thumbexif_state($id_of, 'dated') t WHERE t.status = 'done'") =~ s/.*\n//sr, $left, 'each is found by its id under ' . (split /;/)[0]) foreach @settings;
is(sql("SET $_; SELECT count(*) FROM dated, LATERAL thumbexif_state(ARRAY[d::text, m::text, z::text, n::text]::text, 'dated') t WHERE t.status = 'done'") =~ s/.*\n//sr, $left, 'or as the session writes it') foreach $settings[2], "TimeZone = 'UTC'; SET DateStyle = 'ISO'";
is(sql("SET $settings[1]; SELECT t.status FROM thumbexif_process('{01/05/2024,01/05/2024 10:00,\"01/05/2024 06:00 EDT\",2}', 'dated') t"), 'done', 'any notation that the session reads');
like(said("SELECT thumbexif_process('{$_,infinity,infinity,1}', 'dated')"), qr/invalid key/, "$_ is no date") foreach '2024-02-30', 'x', '9999999-01-01';
like(said("SELECT thumbexif_process('{infinity,infinity,\"2024-01-01 00:00 Nowhere/None\",1}', 'dated')"), qr/invalid key/, 'nor is a time in a zone that does not exist');
is(sql("CREATE SCHEMA dates; SET client_min_messages = error; SET $settings[0]; SELECT thumbexif_api('dated', 'dates', create_indexes => true); SET $settings[1];
	SELECT count(*) FROM dates.photos p JOIN $state s ON s.id = p.id; SELECT dates.photo('{2024-05-01,2024-05-01 10:00,2024-05-01 12:00+02,2}')->>'id'") =~ s/^\D*\n//r,
	"$left\n{2024-05-01,2024-05-01T10:00:00,2024-05-01T10:00:00+00:00,2}", 'the view of an application has the same');
like(sql("SET enable_seqscan = off; EXPLAIN (COSTS off) SELECT * FROM dates.photos WHERE id = '{5,15}'"), qr/Index Cond: \(+(public\.)?thumbexif_key\(/, 'with an index');
like(said("SELECT thumbexif_detach('dated'); SELECT thumbexif_attach('dated', id => 'z')"), qr/column "z" of table "dated" is of type moment|type timestamp with time zone.*varchar if it is the key alone/s, 'a time alone is no key');
like(said("CREATE TABLE odd (id int, w interval, path text, PRIMARY KEY (id, w)); SELECT thumbexif_attach('odd')"), qr/column "w" of table "odd" is of type interval.*varchar, date, timestamp or timestamptz, or a domain/s, 'nor is an interval a part of one');
sql("SET client_min_messages = error; SELECT thumbexif_attach('dated'), thumbexif_pause('dated'); DROP SCHEMA dates CASCADE; ALTER TABLE dated DROP CONSTRAINT dated_pkey; DROP TRIGGER thumbexif_update ON dated; ALTER TABLE dated ALTER m TYPE timestamptz; ALTER TABLE dated ADD PRIMARY KEY (d, m, z, n)");
like(said("CALL thumbexif_backfill(relation => 'dated')"), qr/column "m" of attached table public.dated has changed its type/, 'a timestamp that becomes a timestamptz is another key');
sql('DROP TABLE dated, odd');

# --- the key's index serves every statement

sql("SET session_replication_role = replica; INSERT INTO items SELECT i % 10, i, '1.png' FROM generate_series(1, 20000) i; ANALYZE items");
sql("SET client_min_messages = error; CALL thumbexif_backfill(1, relation => 'items')");	# it counts the rows
sub reads { return sql("SELECT pg_stat_force_next_flush(); SELECT seq_tup_read || ' ' || idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'items'") =~ s/^\n//r }
my ($scanned, $fetched) = split / /, reads();
sql("SET client_min_messages = error; CALL thumbexif_backfill(30, 10, relation => 'items'); SELECT pg_stat_force_next_flush()");
sql("SELECT thumbexif_process('{5,15555}', 'items'); SELECT thumbexif_enqueue('{5,15565}', 'items'); SELECT length(thumbexif_file('{5,15555}', 'items')) FROM generate_series(1, 9); SELECT pg_stat_force_next_flush()");
my ($scanned_now, $fetched_now) = split / /, reads();
cmp_ok($scanned_now - $scanned, '<=', 20000, 'no statement reads the whole table, but for the count at the end');
cmp_ok($fetched_now - $fetched, '<', 18000, 'and a backfill reads it in the order of its key');
is(sql("SELECT string_agg(id, ' ' ORDER BY (id::text[])[2]::int) FROM $state WHERE status = 'done' AND id LIKE '{0%'"), join(' ', map { '{0,' . 10 * $_ . '}' } 1 .. 31), 'from the first one');
is(sql("SET client_min_messages = error; CALL thumbexif_backfill(30, 10, relation => 'items'); SELECT count(*) FROM $state WHERE status = 'done' AND id LIKE '{0%'"), "30|30|0|0\n61", 'and goes on');

# --- also when nothing is known of the table

sql("CREATE ROLE columns LOGIN; GRANT EXECUTE ON FUNCTION thumbexif_file(text, regclass, integer) TO columns;
	CREATE TABLE never (a integer, b bigint, path text, thumbnail_path text, PRIMARY KEY (a, b)) WITH (autovacuum_enabled = off);
	CREATE TABLE never_parts (a integer, b bigint, path text, thumbnail_path text, PRIMARY KEY (a, b)) PARTITION BY LIST (a);
	CREATE TABLE never_one PARTITION OF never_parts FOR VALUES IN (0, 1) WITH (autovacuum_enabled = off);
	CREATE TABLE never_two PARTITION OF never_parts DEFAULT WITH (autovacuum_enabled = off)");
foreach my $table ('never', 'never_parts')
{
	my $scans = "SELECT pg_stat_force_next_flush(); SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname ~ '^never'";

	sql("SET client_min_messages = error; SELECT thumbexif_attach('$table'); SELECT thumbexif_pause('$table'); INSERT INTO $table SELECT i % 3, i, '1.png' FROM generate_series(1, 6000) i");
	my $before = sql($scans);
	is(sql("SELECT status FROM thumbexif_process('{1,3001}', '$table')"), 'done', "an asset of $table");
	is(sql($scans), $before, 'is found, locked and written by the index');
	is(sql("SET client_min_messages = error; CALL thumbexif_backfill(20, 20, relation => '$table')"), '20|20|0|0', 'so is a batch');
	cmp_ok((split /\n/, sql($scans))[-1] - (split /\n/, $before)[-1], '<=', 6000, 'but for the count at the end');
	my $states = "SELECT pg_stat_force_next_flush(); SELECT sum(idx_tup_read) FROM pg_stat_all_indexes WHERE indexrelname = 'thumbexif_asset_text_pkey'";

	$before = sql($states);
	sql('SET client_min_messages = error; SELECT thumbexif_clean()');
	cmp_ok((split /\n/, sql($states))[-1] - (split /\n/, $before)[-1], '<', 24000, 'clean reads no state again for each chunk');
	sql("GRANT SELECT (a, b, path, thumbnail_path) ON $table TO columns");
	my $parts = $table eq 'never_parts';
	like(said("SELECT thumbexif_$_('{1,3001}', '$table')", 'columns'), $parts ? qr/permission denied for table public.never_parts.*column tableoid/s : qr/^\z/, "rights on the columns of $table") foreach 'file', 'state';
	sql("GRANT SELECT (tableoid) ON $table TO columns");
	like(said("SELECT thumbexif_$_('{1,3001}', '$table')", 'columns'), qr/^\z/, 'and on tableoid') foreach $parts ? ('file', 'state') : ();
	sql("DROP TABLE $table");
}
sql('DROP OWNED BY columns; DROP ROLE columns');

# --- texts that are equal, but not the same

sql("CREATE TABLE loose (n integer NOT NULL, t text COLLATE folded NOT NULL, path text, thumbnail_path text); CREATE UNIQUE INDEX loose_bytes ON loose (n, t COLLATE \"C\");
	CREATE TABLE loose_alone (id text COLLATE folded NOT NULL, path text, thumbnail_path text); CREATE UNIQUE INDEX ON loose_alone (id COLLATE \"C\");
	CREATE TABLE descending (a integer NOT NULL, b integer NOT NULL, path text); CREATE UNIQUE INDEX ON descending (a, b DESC)");
like(said("SELECT thumbexif_attach('loose', id => '{n,t}')"), qr/columns \(n, t\) of table "loose" are not a key.*in the collations of the columns/s, 'an index in which equal texts are two');
like(said("SELECT thumbexif_attach('loose_alone')"), qr/column "id" of table "loose_alone" is not a key.*in its collation/s, 'also of a text alone');
like(said("SELECT thumbexif_attach('descending', id => '{a,b}')"), qr/columns \(a, b\) of table "descending" are not a key.*all ascending or all descending/s, 'an index that has not the order of the key');
sql("DROP INDEX loose_bytes; ALTER TABLE loose ADD PRIMARY KEY (n, t); CREATE UNIQUE INDEX ON loose_alone (id); CREATE UNIQUE INDEX ON descending (a DESC, b DESC);
	SET client_min_messages = error; SELECT thumbexif_attach('loose'); SELECT thumbexif_pause('loose'); SELECT thumbexif_attach('loose_alone'); SELECT thumbexif_pause('loose_alone');
	INSERT INTO loose VALUES (1, 'x', '1.png'); INSERT INTO loose_alone VALUES ('x', '1.png')");
is(sql("SELECT thumbexif_attach('descending', id => '{a,b}')"), 'descending', 'one in the opposite order has it');
foreach my $key ([ '{1,%s}', 'loose' ], [ '%s', 'loose_alone' ])
{
	my ($other, $same) = map { sprintf $key->[0], $_ } 'X', 'x';

	like(said("SELECT thumbexif_$_('$other', '$key->[1]')"), qr/asset \Q$other\E does not exist/, "$_: $other is not $same") foreach 'process', 'enqueue';
	is(sql("SELECT status FROM thumbexif_process('$same', '$key->[1]')"), 'done', $same);
	sql("UPDATE $key->[1] SET " . ($key->[1] eq 'loose' ? 't' : 'id') . " = 'X'");
	is(sql("SELECT status FROM $state WHERE id = '$other'"), 'done', 'which it becomes with its state');
}
sql('DROP TABLE loose, loose_alone, descending');

# --- what an application is given

sql('DELETE FROM items WHERE tenant_id < 5 OR id > 60');
sql("SET client_min_messages = error; CALL thumbexif_backfill(relation => 'items'); ALTER TABLE items ADD taken_at timestamptz; SELECT thumbexif_attach('items')");
sql("UPDATE items SET taken_at = '2024-01-01' WHERE id % 3 = 0; CREATE SCHEMA api; SET client_min_messages = error; SELECT thumbexif_api('items', 'api', create_indexes => true)");
is(sql("SELECT api.photo('{5,15}')->>'id', api.photo('{ 5,\"15\" }')->>'path', api.photo('{5,16}')"), '{5,15}|1.png|', 'photo() by the text of a key');
wait_for_statistics($server);
($scanned, $fetched) = split / /, reads();
sql("SET enable_seqscan = off; SELECT api.photo('{5,15}')");
($scanned_now, $fetched_now) = split / /, reads();
is($scanned_now - $scanned, 0, 'which reads no other row');
cmp_ok($fetched_now - $fetched, '<', 5, 'by no other index');
like(sql("SET enable_seqscan = off; EXPLAIN (COSTS off) SELECT * FROM api.photos WHERE id = '{5,15}'"), qr/Index Cond: \(\(public\.thumbexif_key|Index Cond: \(\(thumbexif_key/, 'conditions on the id of the view have an index');
my @pages;
my $after = 'NULL';
while (my $page = sql("SELECT id, cursor FROM api.photos_search(\"limit\" => 7, after => $after)"))
{
	push @pages, map { (split /\|/)[0] } split /\n/, $page;
	$after = "'" . ($page =~ /.*\|(.*)\z/s)[0] . "'";
}
is(join(' ', sort @pages), sql("SELECT string_agg(id, ' ' ORDER BY id) FROM api.photos"), 'pages have each photo once');
like(sql("SET enable_seqscan = off; SET enable_sort = off; EXPLAIN (COSTS off) SELECT id FROM api.photos ORDER BY COALESCE(taken_at, '-infinity') DESC, id DESC LIMIT 5"),
	qr/Index (Only )?Scan/, 'an index has their order');
ok(sql("SELECT thumbexif_gallery('items') ~ '\"id\" ?: ?\"\\{5,15\\}\"'") eq 't', 'the gallery');

# --- rights

sql("CREATE ROLE app LOGIN; SELECT thumbexif_grant('app', 'items', 'process'); ALTER TABLE items ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON items TO app USING (tenant_id = 5)");
like(said("SELECT thumbexif_process('{5,15}', 'items')", 'app'), qr/^$/, 'a role with the right on the row');
like(said("SELECT thumbexif_process('{6,16}', 'items')", 'app'), qr/asset \{6,16\} does not exist/, 'a row that row security hides');
like(said("SELECT thumbexif_enqueue('{6,16}', 'items')", 'app'), qr/asset \{6,16\} does not exist/, 'and cannot be queued');

# --- scan and upload, where the other columns have defaults

like(said("CALL thumbexif_scan('.', relation => 'items')"), qr/table public.items refuses all new rows.*null value in column "tenant_id".*the others need a default/s, 'a scan needs defaults');
sql("CREATE SEQUENCE item_id START 1000; ALTER TABLE items ALTER tenant_id SET DEFAULT 5, ALTER id SET DEFAULT nextval('item_id')");
my $picture = unpack 'H*', slurp_file("$root/1.png");
is(sql("SELECT api.photo_upload('\\x$picture'::bytea, NULL)->>'id'"), '{5,1000}', 'an upload returns its key');
sql('ALTER TABLE items ALTER tenant_id DROP DEFAULT');
like(said("SELECT api.photo_upload('\\x$picture'::bytea || '\\x00', NULL)"), qr/column "tenant_id" of table public.items, which belongs to its key, has no default.*ALTER TABLE/s, 'an upload needs them, too');
sql("CREATE FUNCTION own_tenant() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.tenant_id := 5; RETURN NEW; END'; CREATE TRIGGER own_tenant BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION own_tenant()");
like(sql("BEGIN; SELECT api.photo_upload('\\x$picture'::bytea || '\\x01', NULL)->>'id'; ROLLBACK"), qr/\{5,/, 'or a trigger that sets them');
sql('DROP TRIGGER own_tenant ON items');
sql("ALTER TABLE items ALTER tenant_id SET DEFAULT 5; SET client_min_messages = error; CALL thumbexif_scan('.', relation => 'items')");
is(sql("SELECT count(*) FROM items JOIN $state s ON s.id = ARRAY[tenant_id, items.id]::text AND items.id > 1000"), 2, 'a scan adds what is not there yet');

# --- a dump

my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$server->command_ok([ 'pg_dump', '-f', $dump, $server->connstr('postgres') ], 'pg_dump');
sql('CREATE DATABASE copy');
$server->command_ok([ 'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-q', '-d', $server->connstr('copy'), '-f', $dump ], 'psql restores it');
is(value($server, "SELECT columns->>'id' FROM thumbexif_tables; SELECT count(*) FROM $state WHERE status = 'done'", 'copy'), sql("SELECT columns->>'id' FROM thumbexif_tables; SELECT count(*) FROM $state WHERE status = 'done'"), 'key and states are there');
is(value($server, "UPDATE items SET id = 61 WHERE id = 15; SELECT status FROM thumbexif_process('{5,61}', 'items')", 'copy'), 'done', 'and go on');

# --- columns that change

sql("DROP POLICY own ON items; DROP SCHEMA api CASCADE; DROP TRIGGER thumbexif_update ON items; ALTER TABLE items ALTER tenant_id TYPE bigint; SET client_min_messages = error; SELECT thumbexif_attach('items')");
is(sql("INSERT INTO items (id, path) VALUES (70, '1.png'); SELECT status FROM thumbexif_process('{5,70}', 'items')"), 'done', 'a wider type is the same key');
sql('DROP TRIGGER thumbexif_update ON items; ALTER TABLE items ALTER tenant_id DROP DEFAULT, ALTER tenant_id TYPE text');
like(said("CALL thumbexif_backfill(relation => 'items')"), qr/column "tenant_id" of attached table public.items has changed its type/, 'another type is not');
like(said("INSERT INTO items VALUES ('x', 71, '1.png')"), qr/change of table "items" is not tracked/, 'a change is reported');
like(said("SELECT thumbexif_attach('items')"), qr/cannot change the key of attached table/, 'states do not fit another key');
sql('SELECT thumbexif_resume()');
wait_for($server, 'the worker pauses the table and says why', "SELECT pause_reason ~ 'tenant_id' FROM thumbexif_tables");
sql("SET client_min_messages = error; SELECT thumbexif_detach('items'); SELECT thumbexif_attach('items', id => '{tenant_id,id}')");
is(sql("SELECT status FROM thumbexif_process('{x,71}', 'items')"), 'done', 'detached and attached, it is');
sql('ALTER TABLE items RENAME tenant_id TO tenant');
like(said("CALL thumbexif_backfill(relation => 'items')"), qr/column "tenant_id" of attached table public.items no longer exists/, 'a renamed column');
sql("SET client_min_messages = error; SELECT thumbexif_attach('items', id => '{tenant,id}')");
is(sql("SELECT (thumbexif_state('{x,71}', 'items')).status"), 'done', 'is named again, and states stay');
sql('ALTER TABLE items DROP tenant CASCADE');
like(said("CALL thumbexif_backfill(relation => 'items')"), qr/column "tenant" of attached table public.items no longer exists/, 'a dropped column');
is(sql("SELECT count(*) FROM thumbexif_status"), sql('SELECT count(*) FROM thumbexif_status'), 'views still answer');
sql('DROP TABLE items');
is(sql("SELECT count(*) FROM $state"), 0, 'DROP TABLE leaves nothing');

done_testing();
