# Cursors belong to the session: what runs on a hostile role's table with her rights neither reads, closes or replaces those of
# whoever calls thumbexif_process(), nor leaves one behind for the caller to fetch from.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 4);
my $server = new_server('cursors', roots => $root);

sub sql { return value($server, shift) }

# all(SQL): what it prints, errors behind it
sub all
{
	my ($status, $out, $error) = $server->psql('postgres', shift, on_error_stop => 0);
	return "$out\n$error";
}

sub nothing_gained
{
	my $title = shift;

	is(sql('SELECT count(*) FROM trap.seen'), 0, "$title: she has seen nothing, and nothing of hers has run as another");
	is(sql("SELECT rolsuper FROM pg_roles WHERE rolname = 'hostile'"), 'f', "$title: she has gained nothing");
	return;
}

sql(<<'EOSQL');
CREATE ROLE hostile LOGIN;
CREATE SCHEMA trap AUTHORIZATION hostile;
CREATE TABLE secret AS SELECT 'secret ' || i AS s FROM generate_series(1, 4) i;
SET ROLE hostile;
CREATE TABLE trap.seen (who text, what text);
CREATE FUNCTION trap.gain() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO trap.seen VALUES (current_user, 'gain');
	EXECUTE 'ALTER ROLE hostile SUPERUSER';
	RETURN 'gained';
END $$;
CREATE TABLE trap.shots (id bigint PRIMARY KEY, path text, thumbnail_path text, width integer);
CREATE FUNCTION trap.swap() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	c refcursor := 'c';
	d refcursor := 'd';
	what text;
BEGIN
	BEGIN FETCH c INTO what; INSERT INTO trap.seen VALUES (current_user, what); EXCEPTION WHEN OTHERS THEN NULL; END;
	BEGIN MOVE FORWARD ALL FROM c; EXCEPTION WHEN OTHERS THEN NULL; END;
	BEGIN CLOSE c; EXCEPTION WHEN OTHERS THEN NULL; END;
	BEGIN OPEN c FOR SELECT trap.gain(); EXCEPTION WHEN OTHERS THEN NULL; END;
	OPEN d FOR SELECT trap.gain();
	c := 'e'; OPEN c FOR EXECUTE 'EXPLAIN ANALYZE SELECT trap.gain()';
	-- her own loops are no trouble
	FOR what IN SELECT i FROM generate_series(1, 3) i LOOP NULL; END LOOP;
	IF new.id = 3 THEN RAISE EXCEPTION 'not this one'; END IF;
	RETURN new;
END $$;
CREATE TRIGGER swap BEFORE UPDATE ON trap.shots FOR EACH ROW EXECUTE FUNCTION trap.swap();
INSERT INTO trap.shots SELECT i, i || '.png' FROM generate_series(1, 4) i;
EOSQL
sql(q{SELECT thumbexif_attach('trap.shots')});

is(all(q{BEGIN; DECLARE c CURSOR FOR SELECT s FROM secret; FETCH c; SELECT status FROM thumbexif_process(1); FETCH c; COMMIT}),
	"secret 1\ndone\nsecret 2\n", 'a cursor goes on where it was');
nothing_gained('a cursor');
foreach my $cursor ('d', 'e')
{
	like(all(qq{BEGIN; SELECT status FROM thumbexif_process(1, force => true); FETCH $cursor}), qr/^done\n.*cursor "$cursor" does not exist/s, "her cursor $cursor is not left behind");
	nothing_gained("cursor $cursor");
}
is(all(q{DECLARE c CURSOR WITH HOLD FOR SELECT s FROM secret; FETCH c; SELECT status FROM thumbexif_process(2); FETCH c; CLOSE c}),
	"secret 1\ndone\nsecret 2\n", 'so does one that outlives its transaction');
nothing_gained('a held cursor');

# --- after her ERROR, and in a loop over a cursor

like(all(q{BEGIN; DECLARE c CURSOR FOR SELECT s FROM secret; FETCH c; SAVEPOINT s; SELECT status FROM thumbexif_process(3); ROLLBACK TO s;
	FETCH c; CLOSE c; COMMIT}), qr/^secret 1\nsecret 2\n.*ERROR:  not this one\n[^\0]*$/, 'after an ERROR it is as before, and can be closed');
unlike(all(q{DECLARE c CURSOR WITH HOLD FOR SELECT s FROM secret; SELECT status FROM thumbexif_process(3); FETCH c; CLOSE c}), qr/cannot|unsupported|does not exist/,
	'after that of a transaction too');
is(all(q{DO $$ DECLARE r record; n integer := 0; BEGIN FOR r IN SELECT id FROM trap.shots WHERE id <> 3 ORDER BY id LOOP
	IF (SELECT status FROM public.thumbexif_process(r.id, force => true)) = 'done' THEN n := n + 1; END IF; END LOOP; RAISE EXCEPTION 'done: %', n; END $$})
	=~ /ERROR:  done: 3/ ? 1 : 0, 1, 'a loop over the rows that are done');
nothing_gained('in the end');

$server->stop;
done_testing();
