# Several tenants in one database: what one does to a table of his neither fails nor stops what all look at.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $server = new_server('tenants', preload => 0);

sub sql { return value($server, @_) }

# as(ROLE, SQL): what it prints, errors and warnings behind it; it must not hang
sub as
{
	my ($role, $sql) = @_;
	my ($status, $out, $error) = $server->psql('postgres', "SET statement_timeout = '60s'; $sql",
		extra_params => [ '-U', $role ], on_error_stop => 0);
	return join("\n", grep { length } $out, $error);
}

my $superuser = sql('SELECT current_user');
sql(<<'EOT');
CREATE ROLE hostile LOGIN;
CREATE ROLE bystander LOGIN;
CREATE ROLE monitor LOGIN IN ROLE pg_monitor;
CREATE ROLE reader LOGIN;
GRANT SELECT ON thumbexif_status, thumbexif_progress, thumbexif_failures, thumbexif_workers TO reader;
CREATE SCHEMA h AUTHORIZATION hostile;
CREATE SCHEMA b AUTHORIZATION bystander;
CREATE TABLE h.assets (id bigint PRIMARY KEY, path text, thumbnail_path text);
CREATE TABLE b.assets (id bigint PRIMARY KEY, path text, thumbnail_path text);
ALTER TABLE h.assets OWNER TO hostile;
ALTER TABLE b.assets OWNER TO bystander;
INSERT INTO h.assets SELECT i, 'h' || i FROM generate_series(1, 7) i;
INSERT INTO b.assets SELECT i, 'b' || i FROM generate_series(1, 5) i;
SELECT thumbexif_attach('h.assets'), thumbexif_attach('b.assets');
INSERT INTO h.assets SELECT i, 'h' || i FROM generate_series(8, 10) i;
INSERT INTO b.assets VALUES (6, 'b6');
UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = 'failed', error = 'bad ' || path, path = 'p' WHERE id IN (6, 10);
EOT

my $total = 'SELECT relation, total FROM thumbexif_progress';
my $status = "SELECT relation, status, assets FROM thumbexif_status WHERE relation::text = 'b.assets'";

# all_is_well(WHAT, HOSTILE, CLEAN): both views work, and how many rows the hostile table has; clean skips it
sub all_is_well
{
	my ($what, $rows, $skipped) = @_;

	is(as('monitor', $total), "h.assets|$rows\nb.assets|6", "$what: a monitor sees the progress");
	is(as('reader', $total), 'b.assets|6', "$what: a reader that of its table");
	is(as($_, $status), "b.assets|new|5\nb.assets|failed|1", "$what: $_ sees the status") foreach 'monitor', 'reader';
	my $clean = as($superuser, 'SELECT thumbexif_clean()');
	if ($skipped)
	{
		like($clean, qr/^0\n.*WARNING:  states of table h\.assets were not compared with its rows/s,
			"$what: clean skips the table and says so");
		like($clean, $skipped, "$what: and why");
		like(as($superuser, 'SELECT thumbexif_clean(true)'), qr/^0\n.*WARNING:  states of table h\.assets/s, "$what: a dry run too");
		unlike($clean, qr/ERROR|b\.assets/, "$what: the other table is clean");
	}
	else
	{
		is($clean, '0', "$what: clean says nothing");
	}
}

is(as('reader', 'SELECT count(*) FROM thumbexif_workers'), 1, 'whoever is granted a view needs no other grant');
my $everything = "SELECT relation FROM thumbexif_failures; SELECT relation FROM thumbexif_tables; $total; $status";
is(as('reader', $everything), '', 'but tables are shown only that the reader may read');
sql('GRANT SELECT ON b.assets TO reader');
is(as('reader', $everything), '', 'not in a schema that is closed to the reader');
sql('GRANT USAGE ON SCHEMA b TO reader');
is(as('reader', 'SELECT relation, id, status FROM thumbexif_failures'), 'b.assets|6|failed', 'as these');
like(as('reader', 'SELECT * FROM thumbexif_internal.thumbexif_status_rows()'), qr/permission denied for schema/,
	'the functions behind the views are nobody\'s to call');
all_is_well('at first', 10);

# --- a policy that raises, forced on the owner

sql(<<'EOT');
SET ROLE hostile;
CREATE FUNCTION h.raise() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ha'; END $$;
CREATE POLICY raise ON h.assets USING (h.raise());
ALTER TABLE h.assets ENABLE ROW LEVEL SECURITY;
ALTER TABLE h.assets FORCE ROW LEVEL SECURITY;
EOT
all_is_well('a policy that raises', 10, qr/Row security is forced/);
sql('ALTER TABLE h.assets NO FORCE ROW LEVEL SECURITY; ALTER TABLE h.assets DISABLE ROW LEVEL SECURITY');

# --- a lock: the statistics say how many rows there are, and never fewer than we know states of

my $lock = $server->background_psql('postgres', on_error_stop => 0);
$lock->query_safe('BEGIN; LOCK TABLE h.assets');
all_is_well('a locked table', sql("SELECT greatest(3, pg_stat_get_live_tuples('h.assets'::regclass))"), qr/has locked the table/);
$lock->query_safe('ROLLBACK; ANALYZE h.assets; BEGIN; LOCK TABLE h.assets');
all_is_well('one with statistics', 10, qr/has locked the table/);

# --- a table that is dropped at that moment is left out

$lock->query_safe('ROLLBACK; CREATE TABLE b.more (id int PRIMARY KEY, path text)');
sql("SELECT thumbexif_attach('b.more'); INSERT INTO b.more VALUES (1, 'x')");
sql('ALTER EVENT TRIGGER thumbexif_drop DISABLE; DROP TABLE b.more; ALTER EVENT TRIGGER thumbexif_drop ENABLE');
is(as('monitor', $total), "h.assets|10\nb.assets|6", 'a dropped table is left out');
sql('SELECT thumbexif_clean()');

# --- a function in a partial index, which planning a query runs

sql(<<'EOT');
SET ROLE hostile;
CREATE FUNCTION h.fine() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1';
CREATE INDEX partial ON h.assets (id) WHERE h.fine() = 1;
CREATE OR REPLACE FUNCTION h.fine() RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hoho'; END $$;
EOT
all_is_well('a function that raises', 10, qr/hoho/);
sql('DROP INDEX h.partial');

# --- another type of key, and none

sql('DROP TRIGGER thumbexif_update ON h.assets; ALTER TABLE h.assets ALTER id TYPE numeric');
all_is_well('a key of another type', 10, qr/type was changed/);
sql('ALTER TABLE h.assets DROP COLUMN id');
all_is_well('a key that has gone', 10, qr/was dropped/);

$lock->quit;
$server->stop;
done_testing();
