# What users do to their tables during a soak: rows, files, definitions, statements that run beside all else.
package SoakTables;

use strict;
use warnings;

use SoakFiles;

# "stills" is detached and attached now and then, and so has thumbnails that nobody knows any more: they count as
# present, whatever becomes of the files, of which only EXIF is read then.
our @tables = qw(shots cards stills);

# Their triggers note whether good data are erased (the bomb, of 50000 pixels, can be examined where no thumbnail is asked for, and has no date), and do with advisory locks what user code may do.
sub make_tables
{
	my $columns = 'path text, width integer, height integer, thumbnail_path text, taken_at timestamptz, camera_make text';

	return <<"EOSQL" . join('', map { <<"EOSQL" } @tables);
CREATE ROLE soak_owner;
GRANT CREATE ON SCHEMA public TO soak_owner;
CREATE SEQUENCE ids;
GRANT USAGE ON SEQUENCE ids TO PUBLIC;
CREATE TABLE erased (at timestamptz DEFAULT clock_timestamp(), what text);
GRANT INSERT ON erased TO PUBLIC;
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS \$\$
BEGIN
	IF (OLD.width IS NOT NULL AND NEW.width IS NULL) OR (OLD.thumbnail_path IS NOT NULL AND NEW.thumbnail_path IS NULL)
		OR (OLD.taken_at IS NOT NULL AND NEW.taken_at IS NULL AND NEW.path ~ '$SoakFiles::dated' AND TG_RELNAME <> 'stills' AND NEW.width < 50000) THEN
		INSERT INTO public.erased (what) VALUES (TG_RELNAME || ': ' || OLD::text || ' -> ' || NEW::text);
	END IF;
	PERFORM pg_catalog.pg_advisory_xact_lock_shared(7);
	PERFORM pg_catalog.pg_advisory_unlock_all();
	RETURN NULL;
END \$\$;
CREATE TABLE shots (id bigint DEFAULT nextval('ids') PRIMARY KEY, $columns);
CREATE TABLE cards (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, $columns);
CREATE TABLE stills (id integer DEFAULT nextval('ids') PRIMARY KEY, $columns);
CREATE TABLE all_cards (LIKE cards) PARTITION BY RANGE (id);
EOSQL
CREATE TRIGGER watch AFTER UPDATE OF width, thumbnail_path, taken_at ON $_ FOR EACH ROW EXECUTE FUNCTION watch();
SELECT thumbexif_attach('$_');
EOSQL
}

sub table { return $tables[ rand @tables ] }

# --- rows

sub insert_rows
{
	my $self = shift;
	my $rows = 1 + int(rand(60));

	$self->try('INSERT INTO ' . table() . " (path) SELECT (1 + floor(random() * ($SoakFiles::names + 5)))::int FROM generate_series(1, $rows)");
	return;
}

sub insert_hostile_rows
{
	my $self = shift;
	my $table = table();
	my $paths = join(', ', map { "('$_')" } @{ $self->{hostile} });

	$self->try("INSERT INTO $table (path) VALUES $paths;
		INSERT INTO $table (path, thumbnail_path) VALUES ('2', '$self->{base}/canary/2.png'), ('3', '../../../canary/3.png')");
	return;
}

sub delete_rows { $_[0]->try('DELETE FROM ' . table() . ' WHERE random() < 0.05'); return }
sub update_paths { my $n = $_[0]->some_file; $_[0]->try('UPDATE ' . table() . " SET path = '$n' WHERE random() < 0.05"); return }
sub rewrite_file { $_[0]->write_some_file($_[0]->some_file); return }
sub truncate_table { $_[0]->try('SET lock_timeout = 500; TRUNCATE ' . table()); return }

# Rows that change with triggers off: nobody tells us.
sub change_rows_untold
{
	my $self = shift;
	my $table = table();

	$self->try("SET session_replication_role = replica; DELETE FROM $table WHERE random() < 0.02;
		INSERT INTO $table (path) VALUES ('" . $self->some_file . "')");
	return;
}

sub prepare
{
	my $self = shift;
	my $name = 'p' . ++$self->{prepared};
	my ($table, $new, $other) = (table(), $self->some_file, $self->some_file);

	$self->try("SET lock_timeout = 500; BEGIN; INSERT INTO $table (path) VALUES ('$new'); UPDATE $table SET path = '$other' WHERE random() < 0.01;
		DELETE FROM $table WHERE random() < 0.01; PREPARE TRANSACTION '$name'");
	return;
}

sub end_prepared
{
	my $self = shift;

	$self->try((rand() < 0.5 ? 'COMMIT' : 'ROLLBACK') . " PREPARED '$_'")
	  foreach split /\n/, $self->try('SELECT gid FROM pg_prepared_xacts');
	return;
}

# --- beside

sub process
{
	my $self = shift;
	my $table = table();

	$self->beside("SET statement_timeout = '20s'", "SELECT thumbexif_process(id::text, '$table', random() < 0.5) FROM (SELECT id FROM $table ORDER BY random() LIMIT 5) s");
	return;
}

sub backfill
{
	my $self = shift;
	my $size = 1 + int(rand(50));
	my $verify = rand() < 0.5 ? 'true' : 'false';
	my $parts = (qw(all all all exif thumbnail))[ rand 5 ];

	$self->beside("CALL thumbexif_backfill(batch_size => $size, verify => $verify, parts => '$parts', relation => '" . table() . "')");
	return;
}

sub hold_advisory_lock { $_[0]->beside('SELECT pg_advisory_lock(7), pg_sleep(random() * 3)'); return }
sub hold_rows { $_[0]->beside('BEGIN; SELECT count(*) FROM (SELECT FROM ' . table() . ' WHERE random() < 0.1 FOR UPDATE) s; SELECT pg_sleep(random() * 2)'); return }
sub clean { $_[0]->beside('SELECT thumbexif_clean()'); return }

sub rebuild_our_tables
{
	my $self = shift;
	my $table = 'thumbexif_internal.' . (qw(thumbexif_asset_bigint thumbexif_asset_uuid thumbexif_attachment thumbexif_removal thumbexif_inserted_range))[ rand 5 ];

	$self->beside("SET lock_timeout = '1s'", rand() < 0.5 ? "REINDEX TABLE $table" : "VACUUM (FULL, ANALYZE) $table");
	return;
}

# --- definitions, with what puts them right again

sub change_table
{
	my $self = shift;
	my $table = table();

	$self->try("SET lock_timeout = 500; ALTER TABLE $table ADD COLUMN IF NOT EXISTS note text DEFAULT random()::text; CREATE INDEX ON $table (path)");
	$self->try("SET lock_timeout = 500; ALTER TABLE $table DROP COLUMN note; DROP INDEX ${table}_path_idx");
	return;
}

# Statements that may come in vain: they are said again until they are not needed.
my %wrong = (
	column => "SELECT string_agg(format('ALTER TABLE %s RENAME COLUMN breadth TO width', attrelid::regclass), '; ')
		FROM pg_attribute WHERE attname = 'breadth' AND NOT attisdropped AND attrelid::regclass::text <> 'all_cards'",
	name => "SELECT 'ALTER TABLE away RENAME TO shots' WHERE to_regclass('away') IS NOT NULL",
	owner => "SELECT string_agg(format('ALTER TABLE %s OWNER TO CURRENT_USER', oid::regclass), '; ')
		FROM pg_class WHERE relkind = 'r' AND relowner = 'soak_owner'::regrole",
	member => "SELECT 'ALTER TABLE all_cards DETACH PARTITION cards' FROM pg_inherits WHERE inhrelid = 'cards'::regclass",
	# not while the column has another name, or it would not be written
	attachment => "SELECT 'SELECT thumbexif_attach(''stills'', width => ''width'')'
		WHERE NOT EXISTS (SELECT FROM thumbexif_internal.thumbexif_attachment WHERE relation = 'stills'::regclass)");

# put_right(WHAT...): true if all of it is as it should be, or was by now.
sub put_right
{
	my ($self, @what) = @_;
	my $left = 0;

	foreach my $what (@what ? @what : sort keys %wrong)
	{
		my $statement = $self->try($wrong{$what});

		next if $statement eq '' && $self->try('SELECT 1') eq '1';
		$self->try("SET lock_timeout = 2000; $statement") if $statement ne '';
		$left++;
	}
	return $left == 0;
}

sub spoil
{
	my ($self, $what, $sql) = @_;

	$self->try("SET lock_timeout = 500; $sql");
	$self->later($what, sub { $self->put_right($what) });
	return;
}

sub rename_column { $_[0]->spoil('column', 'ALTER TABLE ' . table() . ' RENAME COLUMN width TO breadth'); return }
sub rename_table { $_[0]->spoil('name', 'ALTER TABLE shots RENAME TO away'); return }
sub change_owner { $_[0]->spoil('owner', 'ALTER TABLE ' . table() . ' OWNER TO soak_owner'); return }
sub become_partition { $_[0]->spoil('member', 'ALTER TABLE all_cards ATTACH PARTITION cards FOR VALUES FROM (MINVALUE) TO (MAXVALUE)'); return }
sub detach { $_[0]->spoil('attachment', "SELECT thumbexif_detach('stills')"); return }

1;
