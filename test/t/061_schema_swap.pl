# A schema is renamed and another takes its name while a run is in the middle of a batch: the run touches nothing of it.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use WorkerTest qw(value);

my $server = new_server('swap', config => "thumbexif.decoders = 1\n");
my $super = `id -un`;
chomp $super;

sub sql { return value($server, shift) }

# A superuser's table in the schema "stage" of the hostile role, which owns "stage_b" too.  The trigger is the superuser's
# own: it holds a run, after its checks and before the statement for the next row.
sql(<<'EOSQL');
CREATE ROLE hostile LOGIN;
GRANT CREATE ON DATABASE postgres TO hostile;
CREATE SCHEMA trap AUTHORIZATION hostile;
CREATE SCHEMA stage AUTHORIZATION hostile;
CREATE SCHEMA stage_b AUTHORIZATION hostile;
CREATE TABLE stage.shots (id bigint PRIMARY KEY, path text, thumbnail_path text, width integer);
CREATE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.id = 1 THEN PERFORM pg_advisory_xact_lock(7); END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER hold BEFORE UPDATE ON stage.shots FOR EACH ROW EXECUTE FUNCTION public.hold();
SELECT thumbexif_attach('stage.shots');
SET ROLE hostile;
CREATE TABLE trap.other (id bigint PRIMARY KEY, path text, thumbnail_path text, width integer);
CREATE FUNCTION trap.gain() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	IF current_user <> 'hostile' THEN EXECUTE 'ALTER ROLE hostile SUPERUSER'; END IF;
	RETURN true;
END $$;
EOSQL
my $relation = sql("SELECT 'stage.shots'::regclass::oid");

# run_and(SUB, CALL): call with three rows to do; when the trigger has got hold of the first one, SUB; then let it go on.
# Returns what the call said.
sub run_and
{
	my ($between, $call) = @_;
	my $lock = TestSession->new($server);
	my $run = TestSession->new($server);

	sql('TRUNCATE stage.shots, trap.other; ALTER ROLE hostile NOSUPERUSER');
	sql("INSERT INTO stage.shots SELECT i, 'orientation-' || i || '.jpg' FROM generate_series(1, 3) i;
		INSERT INTO trap.other SELECT id, path FROM stage.shots");
	$lock->query('SELECT pg_advisory_lock(7)');
	$run->send($call);
	wait_until($server, 'the run waits in the trigger',
		"SELECT wait_event = 'advisory' FROM pg_stat_activity WHERE pid = $run->{pid}");
	$between->();
	$lock->query('SELECT pg_advisory_unlock(7)');
	$run->wait;
	my $said = $run->errors;
	$_->finish foreach $lock, $run;
	return $said;
}

sub hostile
{
	my ($status, $out, $error) = $server->psql('postgres', shift, extra_params => [ '-U', 'hostile' ]);
	is($error, '', 'she can do that');
	return;
}

sub swap { return hostile('ALTER SCHEMA stage RENAME TO stage_c; ALTER SCHEMA stage_b RENAME TO stage') }
sub swap_back { return hostile('ALTER SCHEMA stage RENAME TO stage_b; ALTER SCHEMA stage_c RENAME TO stage') }

my $backfill = "CALL thumbexif_backfill(relation => $relation)";
my $in_its_place = qr/relation "shots" is not the one that thumbexif works on/;
my %views = (
	'a view of another table' => 'SELECT * FROM trap.other',
	'a view that calls a function' => 'SELECT * FROM trap.other WHERE trap.gain()');

foreach my $view (sort keys %views)
{
	hostile("CREATE VIEW stage_b.shots AS $views{$view}");
	like(run_and(\&swap, $backfill), qr/ERROR:  $in_its_place/, "$view: the run ends");
	is(sql('SELECT count(*) FROM trap.other WHERE thumbnail_path IS NOT NULL OR width IS NOT NULL'), 0,
		"$view: nothing is written through it");
	is(sql("SELECT rolsuper FROM pg_roles WHERE rolname = 'hostile'"), 'f', "$view: it runs nothing");
	swap_back();
	is(sql($backfill), '3|3|0|0', "$view: with the name back all is done");
	is(sql('SELECT count(*) FROM stage.shots WHERE thumbnail_path IS NOT NULL AND width = 320'), 3,
		"$view: in the table that is meant");
	hostile('DROP VIEW stage_b.shots');
}

# thumbexif_process() waits for its row between the decode and the statements that write.
hostile('CREATE VIEW stage_b.shots AS SELECT * FROM trap.other');
my $said = run_and(\&swap, "SELECT thumbexif_process(i, $relation) FROM generate_series(1, 3) i");
like($said, qr/ERROR:  (attached table .* was changed|$in_its_place)/, 'thumbexif_process() says so');
is(sql('SELECT count(*) FROM trap.other WHERE thumbnail_path IS NOT NULL OR width IS NOT NULL'), 0, 'and writes nothing to it');
is(sql('SELECT count(*) FROM stage_c.shots WHERE thumbnail_path IS NOT NULL'), 0, 'nor to the table that is meant');
swap_back();

# --- our own schema, given away by a superuser while a run is in the middle, and replaced by its new owner

my @ours = qw(thumbexif_asset thumbexif_asset_bigint thumbexif_attachment thumbexif_removal);
$said = run_and(
	sub {
		# copies, so that her views fit every statement of ours
		sql("CREATE TABLE trap.$_ AS SELECT * FROM thumbexif_internal.$_; ALTER TABLE trap.$_ OWNER TO hostile") foreach @ours;
		sql('ALTER SCHEMA thumbexif_internal OWNER TO hostile');
		hostile('ALTER SCHEMA thumbexif_internal RENAME TO taken; CREATE SCHEMA thumbexif_internal;
			GRANT USAGE ON SCHEMA thumbexif_internal TO PUBLIC');
		hostile("CREATE VIEW thumbexif_internal.$_ AS SELECT * FROM trap.$_ WHERE trap.gain();
			GRANT ALL ON thumbexif_internal.$_ TO PUBLIC") foreach @ours;
	}, $backfill);
like($said, qr/schema "thumbexif_internal" does not belong to the extension/, 'another schema in the place of ours: the run ends');
is(sql("SELECT rolsuper FROM pg_roles WHERE rolname = 'hostile'"), 'f', 'and has read nothing of it');
like(($server->psql('postgres', "INSERT INTO stage.shots VALUES (9, 'photo.jpg')"))[2], qr/does not belong to the extension/, 'triggers do not either');
like(($server->psql('postgres', 'SELECT * FROM thumbexif_status'))[2], qr/does not belong to the extension|permission denied|does not exist/, 'nor does a view');
is(sql("SELECT rolsuper FROM pg_roles WHERE rolname = 'hostile'"), 'f', 'she has gained nothing');
hostile('SET client_min_messages = warning; DROP SCHEMA thumbexif_internal CASCADE; ALTER SCHEMA taken RENAME TO thumbexif_internal');
sql("ALTER SCHEMA thumbexif_internal OWNER TO $super");
sql($backfill);
is(sql('SELECT count(*) FROM stage.shots WHERE thumbnail_path IS NOT NULL'), 3, 'given back, the run is made good');

$server->stop;
done_testing();
