# Owners and names change in the middle: of a table while a decoder works, of the extension, of the database; a schema
# while thumbexif_detach() waits.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use WorkerTest qw(value);

my $server = new_server('owners', config => "thumbexif.decoders = 1\nthumbexif.decode_timeout = 1h\n");
my $super = `id -un`;
chomp $super;

sub sql { return value($server, shift) }

sql(<<'EOSQL');
CREATE ROLE hostile LOGIN;
CREATE ROLE bystander LOGIN;
GRANT CREATE ON DATABASE postgres TO hostile;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA public TO hostile;
CREATE SCHEMA trap AUTHORIZATION hostile;
SET ROLE hostile;
GRANT ALL ON SCHEMA trap TO bystander;
CREATE TABLE trap.seen (who text);
GRANT ALL ON trap.seen TO PUBLIC;
CREATE FUNCTION trap.spring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO trap.seen VALUES (current_user); RETURN NEW; END $$;
EOSQL

# changed(CALL, CHANGE): hostile calls it for her table; the change comes while the decoder works.  What was said.
sub changed
{
	my ($call, $change) = @_;

	sql("DROP TABLE IF EXISTS trap.shots; DELETE FROM trap.seen; SET ROLE hostile;
		CREATE TABLE trap.shots (id bigint PRIMARY KEY, path text, thumbnail_path text, width integer);
		CREATE TRIGGER spring BEFORE UPDATE ON trap.shots FOR EACH ROW EXECUTE FUNCTION trap.spring();
		SELECT thumbexif_attach('trap.shots');
		INSERT INTO trap.shots SELECT i, 'orientation-' || i || '.jpg' FROM generate_series(1, 3) i");
	my $run = TestSession->new($server, user => 'hostile');
	$run->query("SELECT FROM thumbexif_info('photo.jpg')");
	my @decoders = $run->decoders;
	kill STOP => @decoders;
	$run->errors;
	$run->send($call);
	wait_until($server, 'the run waits for its decoder',
		"SELECT state = 'active' AND wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = $run->{pid}");
	$server->safe_psql('postgres', $change);
	kill CONT => @decoders;
	$run->wait;
	my $said = $run->errors;
	$run->finish;
	return $said;
}

my $written = 'SELECT count(*) FROM trap.shots WHERE width IS NOT NULL';

# thumbexif_process() has read the row in the caller's transaction, so ALTER TABLE waits for it; a backfill holds nothing.
my %changes = (
	'ALTER TABLE trap.shots OWNER TO bystander' => 'must not run with the rights of role "bystander"',
	'REASSIGN OWNED BY hostile TO bystander' => '3|3|0|0',
	"ALTER TABLE trap.shots OWNER TO $super" => qq{must not run with the rights of role "$super"});

foreach my $change (sort keys %changes)
{
	like(changed('CALL thumbexif_backfill()', $change), qr/ERROR:  attached table .* was changed while/, "$change: a backfill ends");
	is(sql($written), 0, "$change: nothing is written");
	is(sql('SELECT count(*) FROM trap.seen'), 0, "$change: her trigger runs as nobody");
	is(sql(q{SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status = 'queued' AND attempts = 0}), 3, "$change: all is given back");
	# the function of the trigger has gone to the new owner, or has not
	my ($status, $out, $error) = $server->psql('postgres', 'SET client_min_messages = error; CALL thumbexif_backfill()');
	like("$out$error", qr/\Q$changes{$change}/, "$change: what the next one does");
	sql('REASSIGN OWNED BY bystander TO hostile');
}

# A search_path is kept for one owner: what the former one has put there does not run with the rights of the next.
sql(<<'EOSQL');
DROP TABLE IF EXISTS trap.shots;
CREATE FUNCTION public.audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit_log VALUES (1); RETURN NEW; END $$;
SET ROLE hostile;
CREATE TABLE trap.audit_log (i integer, got oid DEFAULT lo_from_bytea(0, 'default'));
GRANT INSERT ON trap.audit_log TO PUBLIC;
GRANT USAGE ON SCHEMA trap TO bystander;
CREATE TABLE trap.shots (id bigint PRIMARY KEY, path text, thumbnail_path text, width integer);
CREATE TRIGGER audit BEFORE UPDATE ON trap.shots FOR EACH ROW EXECUTE FUNCTION public.audit();
SET search_path = trap;
SELECT public.thumbexif_attach('trap.shots');
INSERT INTO trap.shots VALUES (1, 'orientation-1.jpg');
EOSQL
my $path = q{SELECT search_path FROM thumbexif_tables WHERE relation = 'trap.shots'::regclass};
my $failure = q{SELECT error FROM thumbexif_failures WHERE relation = 'trap.shots'::regclass};
is(sql($path), 'trap', 'a search_path is kept');
foreach my $change ("ALTER TABLE trap.shots OWNER TO $super", 'GRANT bystander TO hostile; ALTER TABLE trap.shots OWNER TO bystander')
{
	sql("$change; SELECT thumbexif_retry_all()");
	is(sql($path), 'pg_catalog', "$change: there is none any more");
	$server->psql('postgres', 'SET client_min_messages = error; CALL thumbexif_backfill()');
	like(sql($failure), qr/relation "audit_log" does not exist/, "$change: names do not lead there");
}
is(sql('SELECT count(*) FROM trap.audit_log') . sql('SELECT count(*) FROM pg_largeobject_metadata'), '00', 'and nothing of hers has run');
sql('ALTER TABLE trap.shots OWNER TO hostile; SELECT thumbexif_retry_all(); CALL thumbexif_backfill()');
is(sql($path) . sql('SELECT count(*) FROM trap.audit_log'), 'trap1', 'the first owner has it again');
sql('DROP TABLE trap.shots; DROP FUNCTION public.audit(); REVOKE bystander FROM hostile');

like(changed('CALL thumbexif_backfill()', 'ALTER DATABASE postgres OWNER TO hostile'), qr/Updated: 3/, 'the database has another owner: nothing changes');

# The extension's owner: another superuser while a run is on, and never anybody else.
sql("ALTER DATABASE postgres OWNER TO $super; GRANT CREATE ON DATABASE postgres TO hostile; CREATE ROLE admin SUPERUSER LOGIN; CREATE ROLE admin2 SUPERUSER LOGIN; DROP EXTENSION thumbexif");
$server->safe_psql('postgres', 'CREATE EXTENSION thumbexif; GRANT EXECUTE ON ALL ROUTINES IN SCHEMA public TO hostile', extra_params => [ '-U', 'admin' ]);
like(changed('CALL thumbexif_backfill()', 'REASSIGN OWNED BY admin TO admin2'), qr/Updated: 3/, 'the extension has another owner: the run goes on');
is(sql('SELECT DISTINCT extowner::regrole::text, nspowner::regrole::text FROM pg_extension, pg_namespace WHERE extname = $$thumbexif$$ AND nspname = $$thumbexif_internal$$'),
	'admin2|admin2', 'who owns its schema too');
like(($server->psql('postgres', 'REASSIGN OWNED BY admin2 TO hostile'))[2], qr/permission denied to change owner of event trigger/, 'who is no superuser cannot become its owner');

# --- a schema is renamed while thumbexif_detach() waits for the table

sql(<<'EOSQL');
CREATE SCHEMA stage AUTHORIZATION hostile;
CREATE SCHEMA stage_b AUTHORIZATION hostile;
CREATE TABLE stage.shots (id bigint PRIMARY KEY, path text);
CREATE TABLE stage_b.shots (id bigint PRIMARY KEY, path text);
SELECT thumbexif_attach('stage.shots');
SELECT thumbexif_attach('stage_b.shots');
EOSQL
my ($meant, $other) = map { sql("SELECT '$_.shots'::regclass::oid") } qw(stage stage_b);
my $holder = TestSession->new($server);
my $detach = TestSession->new($server);
$holder->query('BEGIN; SELECT FROM stage.shots');
$detach->send("SELECT thumbexif_detach($meant)");
wait_until($server, 'detach waits', "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = $detach->{pid} AND NOT granted)");
sql('SET ROLE hostile; ALTER SCHEMA stage RENAME TO stage_c; ALTER SCHEMA stage_b RENAME TO stage');
$holder->query('COMMIT');
$detach->wait;
is($detach->errors, '', 'detach goes on');
my $triggers = 'SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgrelid =';
is(sql("$triggers $meant"), 0, 'the table that is meant has no trigger of ours any more');
is(sql("$triggers $other"), 4, 'the one that has taken its name has all of them');
is(sql("SELECT string_agg(relation::oid::text, ',') FROM thumbexif_internal.thumbexif_attachment WHERE relation IN ($meant, $other)"), $other, 'and is still attached');
$_->finish foreach $holder, $detach;

# Ours go by whatever name, others stay.
sql(<<'EOSQL');
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
ALTER TRIGGER thumbexif_insert ON stage.shots RENAME TO mine;
CREATE TRIGGER thumbexif_insert AFTER INSERT ON stage.shots FOR EACH ROW EXECUTE FUNCTION nothing();
SELECT thumbexif_detach('stage.shots');
EOSQL
is(sql("SELECT string_agg(tgname || ' ' || tgfoid::regproc, ',') FROM pg_trigger WHERE tgrelid = $other"), 'thumbexif_insert nothing',
	'triggers of ours that were renamed are dropped, one of the same name that is not ours stays');

$server->stop;
done_testing();
