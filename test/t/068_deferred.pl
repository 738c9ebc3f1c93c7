# Deferred constraints and triggers of an ordinary application fire at once when thumbexif writes a row: nothing is put off
# to the end of the transaction, and nothing that was put off before fires early.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 20);
my $server = new_server('deferred', roots => $root, preload => 1, config => "thumbexif.decoders = 1\n");

sub sql { return value($server, shift) }

# fails(SQL): the message of its ERROR
sub fails { return ($server->psql('postgres', shift))[2] }

sql(<<'EOSQL');
CREATE ROLE app LOGIN;
CREATE SCHEMA app AUTHORIZATION app;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA public TO app;
SET ROLE app;
CREATE TABLE app.album (id bigint PRIMARY KEY);
CREATE TABLE app.shots (id bigint PRIMARY KEY, path text, thumbnail_path text, width integer,
	album bigint REFERENCES app.album DEFERRABLE INITIALLY DEFERRED,
	place integer UNIQUE DEFERRABLE INITIALLY DEFERRED);
-- what an audit trail has: a trigger that writes to a table with deferred constraints
CREATE TABLE app.audit (id bigint REFERENCES app.shots DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION app.audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO app.audit VALUES (new.id); RETURN NULL; END $$;
CREATE TRIGGER audit AFTER UPDATE ON app.shots FOR EACH ROW EXECUTE FUNCTION app.audit();
CREATE TABLE app.late (id bigint, who text, what text);
CREATE FUNCTION app.late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO app.late VALUES (new.id, current_user, tg_op);
	IF new.id = 13 THEN RAISE EXCEPTION 'not this one'; END IF;
	RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE ON app.shots DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION app.late();
INSERT INTO app.album VALUES (1);
RESET ROLE;
SELECT thumbexif_attach('app.shots');
SELECT thumbexif_pause('app.shots');
EOSQL

# --- in the caller's transaction, also where the row was inserted by the same one

is(sql(q{SET ROLE app; BEGIN; INSERT INTO app.shots VALUES (1, '1.png', NULL, NULL, 1, 1);
	SELECT status FROM thumbexif_process(1); SELECT what FROM app.late; COMMIT}), "done\nUPDATE",
	'a row that was inserted a moment ago is done; its trigger fires for the update, and not yet for the insert');
is(sql('SELECT string_agg(who || what, $$,$$ ORDER BY what) FROM app.late'), 'appINSERT,appUPDATE', 'which comes at the commit');
is(sql('SELECT count(*) FROM app.audit'), 1, 'the audit trail has it');
is(sql(q{TRUNCATE app.late; SET ROLE app; INSERT INTO app.shots VALUES (2, '2.png', NULL, NULL, 1, 2); RESET ROLE;
	SELECT status FROM thumbexif_process(2)}), 'done', 'a superuser may call for it');
is(sql('SELECT string_agg(who || what, $$,$$ ORDER BY what) FROM app.late'), 'appINSERT,appUPDATE', 'the trigger runs as the owner');

# --- what was put off before stays so, and what is set stays as it is

is(sql(q{SET ROLE app; BEGIN; INSERT INTO app.shots VALUES (3, '3.png', NULL, NULL, 1, 3), (4, '4.png', NULL, NULL, 2, 3);
	SELECT status FROM thumbexif_process(3); UPDATE app.shots SET place = 4 WHERE id = 4; INSERT INTO app.album VALUES (2); COMMIT}), 'done',
	'constraints of other rows are checked when the transaction ends');
like(fails(q{SET ROLE app; BEGIN; INSERT INTO app.shots VALUES (5, '5.png', NULL, NULL, 3, 5); SELECT status FROM thumbexif_process(5)}),
	qr/ERROR:  insert or update on table "shots" violates foreign key constraint "shots_album_fkey"/,
	'that of the row is checked when it is written, and named');

# --- a trigger that refuses

like(fails(q{ALTER TABLE app.shots DISABLE TRIGGER late; INSERT INTO app.shots VALUES (13, '13.png', NULL, NULL, 1, 13);
	ALTER TABLE app.shots ENABLE TRIGGER late; SELECT status FROM thumbexif_process(13)}), qr/ERROR:  not this one/, 'the trigger\'s own words');

# --- a backfill, and the worker

is(sql(q{TRUNCATE app.late, app.audit; INSERT INTO app.shots SELECT i, i || '.png', NULL, NULL, 1, i FROM generate_series(6, 9) i; CALL thumbexif_backfill()}),
	'6|5|0|1', 'a backfill');
is(sql('SELECT error FROM thumbexif_failures'), 'row could not be updated: not this one', 'counts what was refused, with the reason');
is(sql(q{SELECT count(*) || ' ' || min(who) FROM app.late WHERE what = 'UPDATE'}) . sql('SELECT count(*) FROM app.audit'), '5 app5', 'the triggers have fired');
sql(q{SELECT thumbexif_resume('app.shots'); INSERT INTO app.shots SELECT i, i || '.png', NULL, NULL, 1, i FROM generate_series(14, 20) i});
wait_for($server, 'the worker', 'SELECT count(*) = 7 FROM app.shots WHERE id >= 14 AND thumbnail_path IS NOT NULL');

$server->stop;
done_testing();
