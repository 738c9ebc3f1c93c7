# PostgreSQL keeps some functions for the rest of a session: the difference function of a range type, casts of foreign keys. A
# session that has met a hostile role's calls them with nobody's rights but hers.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 2);
my $server = new_server('kept', roots => $root);

sub sql { return value($server, shift) }

# as(ROLE, SQL): what it prints, errors and warnings behind it
sub as
{
	my ($role, $sql) = @_;
	my ($status, $out, $error) = $server->psql('postgres', $sql, extra_params => $role ? [ '-U', $role ] : [], on_error_stop => 0);
	return "$out$error";
}

# Nothing of hers has run as anybody else.
sub nothing_ran
{
	my $title = shift;

	is(sql('SELECT count(*) FROM trap.seen'), 0, "$title: has not run as anybody else");
	is(sql("SELECT rolsuper FROM pg_roles WHERE rolname = 'hostile'"), 'f', "$title: gives her nothing");
	return;
}

my $says = qr/ERROR:  function \w+\(\) of role "hostile" must not run with the rights of role/;

sql(<<'EOSQL');
CREATE ROLE hostile LOGIN;
CREATE ROLE bystander LOGIN;
CREATE SCHEMA trap AUTHORIZATION hostile;
GRANT EXECUTE ON FUNCTION thumbexif_process(bigint, regclass, boolean) TO bystander, hostile;
SET ROLE hostile;
GRANT USAGE ON SCHEMA trap TO PUBLIC;
CREATE TABLE trap.seen (who text, what text);
GRANT INSERT ON trap.seen TO PUBLIC;
CREATE FUNCTION trap.gain(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF current_user <> 'hostile' THEN
		INSERT INTO trap.seen VALUES (current_user, what);
		EXECUTE 'ALTER ROLE hostile SUPERUSER';
	END IF;
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
CREATE FUNCTION trap.difference(integer, integer) RETURNS float8 LANGUAGE plpgsql AS $$
BEGIN PERFORM trap.gain('difference'); RETURN $1 - $2; END $$;
ALTER FUNCTION trap.difference IMMUTABLE;
CREATE TYPE trap.span AS RANGE (SUBTYPE = integer, SUBTYPE_DIFF = trap.difference);
ALTER FUNCTION trap.difference VOLATILE;
CREATE TABLE trap.shots (id bigint PRIMARY KEY, path text, thumbnail_path text, width integer, span trap.span);
CREATE TABLE trap.other AS SELECT trap.span(i, i + 5) AS span FROM generate_series(1, 5000) i;
GRANT SELECT ON trap.other TO PUBLIC;
ANALYZE trap.other;
INSERT INTO trap.shots SELECT i, NULL, NULL, NULL, trap.span(i, i + 5) FROM generate_series(10, 20000) i;
INSERT INTO trap.shots SELECT i, i || '.png', NULL, NULL, trap.span(15000 + i, 15090 + i) FROM generate_series(1, 2) i;
CREATE INDEX ON trap.shots USING gist (span);
CREATE INDEX ON trap.shots (width);
ALTER TABLE trap.shots ENABLE ROW LEVEL SECURITY;
ALTER TABLE trap.shots FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON trap.shots USING (true);
GRANT SELECT, UPDATE ON trap.shots TO bystander;
EOSQL
sql(q{SELECT thumbexif_attach('trap.shots')});

# --- the range of an index

like(as('', q{SELECT span FROM trap.shots WHERE id = 1; SELECT status FROM thumbexif_process(1, 'trap.shots')}), $says,
	'a range type: refused to a superuser who has met it');
nothing_ran('a range type');
is(as('hostile', q{SELECT span FROM trap.shots WHERE id = 1; SELECT status FROM thumbexif_process(1, 'trap.shots')}), "[15001,15091)\ndone",
	'its owner may');
sql(q{TRUNCATE trap.seen; SET ROLE hostile; DROP POLICY p ON trap.shots; DROP INDEX trap.shots_span_idx; ALTER TABLE trap.shots DROP span;
	CREATE POLICY p ON trap.shots USING (EXISTS (SELECT FROM trap.other WHERE span && '[1,5)'::trap.span))});

# --- the range of a policy, for which the planner asks

like(as('bystander', q{SELECT span FROM trap.other LIMIT 1; SELECT status FROM thumbexif_process(2, 'trap.shots')}), $says,
	'a policy with a range: refused to who has met it');
nothing_ran('a policy with a range');
sql(q{SET ROLE hostile; DROP POLICY p ON trap.shots; CREATE POLICY p ON trap.shots USING (int4range(id::integer, NULL) && '[1,5)')});
is(as('bystander', q{SELECT status FROM thumbexif_process(2, 'trap.shots')}), 'done', 'one with a range of PostgreSQL\'s is none of hers');
sql('DROP TABLE trap.shots');

# --- the cast of a foreign key

sql(<<'EOSQL');
SET ROLE hostile;
CREATE TYPE trap.mood AS ENUM ('good');
CREATE FUNCTION trap.cast_it(trap.mood) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 1; END $$;
CREATE CAST (trap.mood AS integer) WITH FUNCTION trap.cast_it(trap.mood) AS IMPLICIT;
CREATE TABLE trap.moods (id integer PRIMARY KEY);
INSERT INTO trap.moods VALUES (1);
CREATE TABLE trap.shots (id bigint PRIMARY KEY, path text, width integer, mood trap.mood REFERENCES trap.moods);
INSERT INTO trap.shots VALUES (1, '1.png', NULL, 'good'), (2, '2.png', NULL, 'good');
ALTER TABLE trap.shots ENABLE ROW LEVEL SECURITY;
ALTER TABLE trap.shots FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON trap.shots USING (true);
EOSQL
sql(q{SELECT thumbexif_attach('trap.shots')});
# the same session first works as she does, and then as a superuser
like(as('', q{SET ROLE hostile; UPDATE trap.shots SET width = NULL; CREATE OR REPLACE FUNCTION trap.cast_it(trap.mood) RETURNS integer LANGUAGE plpgsql AS
	'BEGIN PERFORM trap.gain(''cast''); RETURN 1; END'; RESET ROLE; SELECT status FROM thumbexif_process(1, 'trap.shots')}), $says,
	'a cast of a foreign key: refused to a superuser');
nothing_ran('a cast of a foreign key');
is(as('hostile', q{SELECT status FROM thumbexif_process(2, 'trap.shots')}), 'done', 'its owner may');

$server->stop;
done_testing();
