# CALL thumbexif_scan(): rows for the files of a folder, whatever lies in it and happens to it.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $base = PostgreSQL::Test::Utils::tempdir();
my $root = "$base/images";
my $second = "$base/second";
my $picture = tiny_picture(make => 'Tiny');
mkdir $_ or die "mkdir $_: $!" foreach $root, $second, "$base/outside", map { "$root/$_" } 'a', 'a/b', '.hidden', 'shut', 'empty', 'thumbs';
write_file("$_.png", $picture) foreach "$base/outside/secret", "$second/1", "$second/2", map { "$root/$_" } '1', 'a/2', 'a/b/3', '.hidden/4', '.dot', 'shut/5', 'thumbs/6';
write_file("$root/a/CAPITAL.JPG", $picture);
write_file("$root/picture", $picture);
write_file("$root/notes.txt", "text\n");
write_file("$root/text.jpg", "text\n");
write_file("$root/caf\xc3\xa9 \$&'.png", $picture);
write_file("$root/caf\xe9.png", $picture);
write_file("$root/thumbs/.thumbexif", '');
symlink("$base/outside", "$root/away") && symlink("$base/outside/secret.png", "$root/secret.png") && symlink('..', "$root/a/up")
  && symlink('1.png', "$root/same.png") or die "symlink: $!";
chmod 0, "$root/shut" or die "chmod: $!";

my $server = new_server('scan', roots => "$root, $second", config => "thumbexif.decoders = 1\n");

# call(SQL): what it prints, and its messages behind it
sub call
{
	my ($status, $out, $error) = $server->psql('postgres', join(";\n", @_), on_error_stop => 0);
	return "$out\n$error";
}

sub sql { return value($server, join(";\n", @_)) }

sub paths { return sql('SELECT path FROM photos ORDER BY path COLLATE "C"') }

sub fresh { return sql('SET client_min_messages = error; TRUNCATE photos') }

sql(<<'EOSQL');
CREATE ROLE keeper LOGIN;
CREATE ROLE other LOGIN;
CREATE TABLE photos (id serial PRIMARY KEY, path text UNIQUE, width integer, who text DEFAULT current_user);
ALTER TABLE photos OWNER TO keeper;
SELECT thumbexif_attach('photos');
EOSQL

# --- what is found

my $said = call(q{CALL thumbexif_scan('.', dry_run => true)});
like($said, qr/^9\|6\|2\|1\n.*Dry run: Done! Processed: 9, Added: 6, Skipped: 2, Failed: 1$/ms, 'a dry run counts');
is(paths(), '', 'and adds nothing');
$said = call(q{CALL thumbexif_scan('.', batch_size => 2)});
like($said, qr/INFO:  Processing batch 1\.\.\. \(2 assets added, \d skipped.*INFO:  Processing batch 3\.\.\. .*INFO:  Done! Processed: 9, Added: 6, Skipped: 2, Failed: 1$/ms,
	'rows are added in batches');
my @found = ('1.png', 'a/2.png', 'a/CAPITAL.JPG', 'a/b/3.png', "caf\xc3\xa9 \$&'.png", 'text.jpg');
is(paths(), join("\n", @found), 'files named like images, and nothing hidden, linked or ours');
like($said, qr/WARNING:  file "caf\?\.png" was not added: its name is not valid in the encoding of the database/, 'names in other encodings are told');
like($said, qr/NOTICE:  not added: no images: \d, symbolic links, not followed: 4, folders of thumbnails or mounted within themselves: 1$/m, 'what is left out is told');
like($said, qr/WARNING:  1 folder beneath "\." could not be read/, 'so are folders that cannot be read');
is(sql('SELECT DISTINCT who FROM photos'), 'keeper', 'the rows are inserted as the table\'s owner');
is(sql('SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status = $$queued$$'), 6, 'and queued');

# --- again, and in other ways

write_file("$root/a/7.png", $picture);
like(call(q{CALL thumbexif_scan('', 'photos')}), qr/^10\|1\|8\|1\n.*already in the table: 6/s, 'again, it adds what is new');
like(call("CALL thumbexif_scan('$root/a/')"), qr/^4\|0\|4\|0\n/, 'a file has one row, whether by an absolute path or a relative one');
like(call("CALL thumbexif_scan('$second')"), qr/^2\|2\|0\|0\n/, 'beneath another root');
is(sql(q{SELECT string_agg(path, ',' ORDER BY path) FROM photos WHERE path LIKE '/%'}), "$second/1.png,$second/2.png", 'paths are absolute, as the folder is');
fresh();
sql("INSERT INTO photos (path) VALUES ('$root/1.png'), ('2.png')");
like(call(q{CALL thumbexif_scan('a/b')}) . "\n" . call("CALL thumbexif_scan('$second')"), qr/^1\|1\|0\|0\n.*^2\|2\|0\|0$/ms, 'a relative path lies beneath the first root only');
fresh();
like(call(q{CALL thumbexif_scan('.', filter => 'content')}), qr/^12\|9\|2\|1\n/, 'by content: what is an image');
is(paths(), join("\n", '.dot.png', '.hidden/4.png', '1.png', 'a/2.png', 'a/7.png', 'a/CAPITAL.JPG', 'a/b/3.png', "caf\xc3\xa9 \$&'.png", 'picture'), 'whatever its name');
fresh();
like(call(q{CALL thumbexif_scan('.', filter => 'all')}), qr/^12\|11\|0\|1\n/, 'or all files');

# --- what it does not do

foreach my $folder ('nowhere', "$base/outside", 'away', '..', "$root/../outside", '/etc', 'x' x 5000)
{
	like(call("CALL thumbexif_scan('$folder')"), qr/folder ".*" does not exist or is outside "thumbexif\.image_roots"/, 'not outside the roots: ' . substr($folder, 0, 80));
}
like(call(q{CALL thumbexif_scan('1.png')}) . call("CALL thumbexif_scan('$root/a/2.png')"), qr/ERROR:  "1\.png" is not a folder.*ERROR:  "\Q$root\E\/a\/2\.png" is not a folder/s,
	'not a file, which is named as it was given');
like(call("CALL thumbexif_scan('$second/nowhere')"), qr/folder "\Q$second\E\/nowhere" does not exist/, 'so is what does not exist');
like(call(q{CALL thumbexif_scan('shut')}), qr/could not read image folder "shut": Permission denied/, 'nor what it may not read');
is(call(q{CALL thumbexif_scan('empty')}), "0|0|0|0\npsql:<stdin>:1: INFO:  Done! Processed: 0, Added: 0, Skipped: 0, Failed: 0", 'an empty folder has no files');
like(call("SET thumbexif.image_roots = '$root/empty'; CALL thumbexif_scan('.')"), qr/image folder ".*" is empty/, 'an empty root may not be mounted');
like(call('BEGIN', q{CALL thumbexif_scan('.')}), qr/thumbexif_scan\(\) cannot run inside a transaction block/, 'not in a transaction block');
like(call(q{DO $$ DECLARE a bigint; b bigint; c bigint; d bigint; BEGIN CALL thumbexif_scan('.', NULL, 'name', 1000, false, a, b, c, d); EXCEPTION WHEN no_data_found THEN NULL; END $$}), qr/thumbexif_scan\(\) cannot run inside a transaction block/, 'nor in a block with EXCEPTION');
like(call(q{CALL thumbexif_scan('.', filter => 'suffix')}), qr/filter "suffix" is not known.*'name'/s, 'nor by another filter');
like(call(q{CALL thumbexif_scan('.', batch_size => 0)}), qr/"batch_size" must be between 1 and 10000/, 'nor in batches of nothing');
like(call('SET ROLE other', q{CALL thumbexif_scan('.')}), qr/permission denied for procedure/, 'not for everybody');
sql('GRANT EXECUTE ON PROCEDURE thumbexif_scan TO other, keeper; GRANT ALL ON photos TO other');
like(call('SET ROLE other', q{CALL thumbexif_scan('.')}), qr/must be owner of table public\.photos/, 'but for the table\'s owner');
fresh();
like(call('SET ROLE keeper', q{CALL thumbexif_scan('a')}), qr/^4\|4\|0\|0\n/, 'who may');

# --- a table that refuses rows, and code of others on it

fresh();
sql(q{ALTER TABLE photos ADD CONSTRAINT no_seven CHECK (path NOT LIKE '%7%')});
$said = call(q{CALL thumbexif_scan('a')});
like($said, qr/^4\|3\|0\|1\n.*WARNING:  file "a\/7\.png" was not added: new row for relation "photos" violates check constraint "no_seven"/s, 'a row that the table refuses fails alone');
fresh();
sql('ALTER TABLE photos DROP CONSTRAINT no_seven', 'ALTER TABLE photos ALTER id DROP DEFAULT');
$said = call(q{CALL thumbexif_scan('.', batch_size => 3)});
like($said, qr/ERROR:  table public\.photos refuses all new rows\n.*DETAIL:  null value in column "id" of relation "photos" violates not-null constraint\n.*HINT:  Only column "path" is given a value/s,
	'a key without a default is told');
unlike($said, qr/was not added: null/, 'once');
sql(q{ALTER TABLE photos ALTER id SET DEFAULT nextval('photos_id_seq')}, 'ALTER TABLE photos ADD owner_id integer NOT NULL');
like(call(q{CALL thumbexif_scan('.')}), qr/DETAIL:  null value in column "owner_id"/, 'so is another column');
sql('ALTER TABLE photos DROP owner_id', <<'EOSQL');
CREATE FUNCTION drop_two() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN new.path ~ '2' THEN NULL ELSE new END; END $$;
CREATE TRIGGER drop_two BEFORE INSERT ON photos FOR EACH ROW EXECUTE FUNCTION drop_two();
INSERT INTO photos (path) VALUES ('a/7.png');
EOSQL
$said = call(q{CALL thumbexif_scan('a')});
like($said, qr/^4\|2\|2\|0\n.*NOTICE:  not added: already in the table: 1, left out by a trigger or another unique index of the table: 1,/s,
	'rows that a trigger drops are not taken for present ones');
sql('DROP TRIGGER drop_two ON photos', <<'EOSQL');
GRANT CREATE ON SCHEMA public TO other;
SET ROLE other;
CREATE FUNCTION spring() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.who := 'other as ' || current_user; RETURN new; END $$;
CREATE TRIGGER spring BEFORE INSERT ON photos FOR EACH ROW EXECUTE FUNCTION spring();
EOSQL
fresh();
like(call(q{CALL thumbexif_scan('a')}), qr/spring\(\) of role "other" must not run with the rights of role "keeper"/, 'code of another role does not run as the owner');
is(paths(), '', 'and no row is added');
sql('DROP TRIGGER spring ON photos');

# --- a large table without an index on the path

sql('ALTER TABLE photos DROP CONSTRAINT photos_path_key', 'ALTER TABLE photos DISABLE TRIGGER USER, ALTER who SET STORAGE PLAIN',
	q{INSERT INTO photos (who) SELECT repeat('x', 7000) FROM generate_series(1, 1010)}, 'ALTER TABLE photos ENABLE TRIGGER USER',
	'CREATE INDEX part ON photos (path) WHERE path IS NOT NULL');
$said = call(q{CALL thumbexif_scan('a', batch_size => 2)});
like($said, qr/WARNING:  each batch reads the whole of table public\.photos, which has no index on column "path"\n.*HINT:  CREATE INDEX ON public\.photos \(path\)/s, 'a table that is read by each batch is told');
unlike($said, qr/WARNING.*WARNING/s, 'once');
sql('CREATE INDEX all_paths ON photos (path)');
unlike(call(q{CALL thumbexif_scan('.')}), qr/each batch reads/, 'with an index it is not');
# what follows does without a unique index

# --- while it runs: a cancel, an opener that is killed, files that come and go

sql(<<'EOSQL');
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END $$;
CREATE TRIGGER wait AFTER INSERT ON photos FOR EACH STATEMENT EXECUTE FUNCTION wait();
EOSQL
mkdir "$root/many" or die "mkdir: $!";
foreach my $folder (1 .. 6)
{
	mkdir "$root/many/$folder" or die "mkdir: $!";
	write_file("$root/many/$folder/$_-" . 'x' x 200 . '.png', '') foreach 1 .. 100;
}

# begin(): a session in which the scan waits in the middle, after its first batch of 50
sub begin
{
	my $holder = TestSession->new($server);
	my $scan = TestSession->new($server);

	fresh();
	$holder->query('SELECT pg_advisory_lock(1)');
	# the first batch passes
	sql('DROP TABLE IF EXISTS once', 'CREATE TABLE once ()', 'GRANT ALL ON once TO keeper', <<'EOSQL');
CREATE OR REPLACE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM public.once) THEN
		PERFORM pg_catalog.pg_advisory_xact_lock_shared(1);
	END IF;
	INSERT INTO public.once DEFAULT VALUES;
	RETURN NULL;
END $$;
EOSQL
	$scan->send(q{CALL thumbexif_scan('many', batch_size => 50)});
	wait_until($server, 'the scan waits for the lock', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'advisory'});
	return ($holder, $scan);
}

my ($holder, $scan) = begin();
like(call(q{CALL thumbexif_scan('a', 'photos')}), qr/ERROR:  another session scans a folder for table public\.photos\n.*HINT:  Wait until/s, 'one scan of a table at a time');
like(call(q{CALL thumbexif_scan('a', dry_run => true)}), qr/^4\|4\|0\|0\n/, 'but a dry run may look');
sql(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'advisory'});
$scan->wait;
like($scan->errors, qr/canceling statement due to user request/, 'it can be cancelled');
is(sql('SELECT count(*) FROM photos'), 50, 'what was committed stays');
$holder->finish;
$scan->finish;
like(call(q{CALL thumbexif_scan('many')}), qr/^600\|550\|50\|0\n/, 'and the next one adds the rest');

($holder, $scan) = begin();
my ($backend) = sql(q{SELECT pid FROM pg_stat_activity WHERE wait_event = 'advisory'});
my ($opener) = split /\n/, `pgrep -P $backend -f thumbexif-opener`;
kill('KILL', $opener) or die "kill $opener: $!";
$holder->finish;
$scan->wait;
is(sql('SELECT count(DISTINCT path), count(*) FROM photos'), '600|600', 'if the opener dies, it begins anew');
$scan->finish;

($holder, $scan) = begin();
system_or_bail('rm', '-rf', map { "$root/many/$_" } 1 .. 6);
write_file("$root/many/$_.png", $picture) foreach 1 .. 200;
$holder->finish;
$scan->wait;
unlike($scan->errors, qr/ERROR|WARNING/, 'files that come and go are no trouble');
cmp_ok(sql('SELECT count(*) FROM photos'), '>=', 100, 'what was seen has a row');
$scan->finish;
sql('SET client_min_messages = error; CALL thumbexif_scan($$many$$)');
is(sql(q{SELECT count(*) FROM photos WHERE path ~ '^many/[0-9]+.png$'}), 200, 'what came is found at the latest the next time');

chmod 0700, "$root/shut";
$server->stop;
done_testing();
