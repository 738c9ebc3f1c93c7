# Expressions of a table's owner run with nobody's rights but the owner's, also if they call only what PostgreSQL or a
# superuser has made, and also at the end of the transaction.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest qw(value);

my $root = PostgreSQL::Test::Utils::tempdir();
system_or_bail('cp', pictures_dir() . "/orientation-$_.jpg", $root) foreach 1, 2;
system_or_bail('cp', pictures_dir() . '/photo.jpg', $root);
my $server = new_server('foreign', roots => $root);

sub sql { return value($server, shift) }

# The file that changes is this picture now.
sub copy_picture { return system_or_bail('cp', pictures_dir() . "/$_[0]", "$root/changing.jpg") }

# as(ROLE, SQL): what it prints, errors and warnings behind it
sub as
{
	my ($role, $sql) = @_;
	my ($status, $out, $error) = $server->psql('postgres', $sql, extra_params => $role ? [ '-U', $role ] : [], on_error_stop => 0);
	return "$out$error";
}

sql(<<'EOSQL');
CREATE ROLE hostile LOGIN;
CREATE ROLE bystander LOGIN;
CREATE SCHEMA trap AUTHORIZATION hostile;
GRANT EXECUTE ON FUNCTION thumbexif_process(bigint, regclass, boolean) TO bystander, hostile;
-- what an extension such as dblink gives to everybody: harmless with the rights of whoever calls it
CREATE FUNCTION public.run(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN EXECUTE $1; RETURN true; END $$;
-- and hstore: a function in C that calls the checks of whatever type it is given
CREATE FUNCTION public.populate(anyelement, jsonb) RETURNS anyelement LANGUAGE internal IMMUTABLE AS 'jsonb_populate_record';
SET ROLE hostile;
GRANT USAGE ON SCHEMA trap TO PUBLIC;
CREATE TABLE trap.seen (who text, what text);
GRANT ALL ON trap.seen TO PUBLIC;
CREATE TABLE trap.side (id bigint);
CREATE FUNCTION trap.late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO trap.seen VALUES (current_user, 'deferred trigger');
	EXECUTE 'ALTER ROLE hostile SUPERUSER';
	RETURN NULL;
EXCEPTION WHEN insufficient_privilege THEN RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON trap.side DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trap.late();
CREATE FUNCTION trap.is_good(text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN INSERT INTO trap.seen VALUES (current_user, 'domain'); RETURN true; END $$;
CREATE DOMAIN trap.name AS text CHECK (trap.is_good(value));
CREATE TYPE trap.record AS (name trap.name);
CREATE VIEW trap.view AS SELECT lo_from_bytea(0, 'view') AS x;
GRANT SELECT ON trap.view TO PUBLIC;
EOSQL

# --- her table with forced row security: thumbexif_process() writes as the caller

my $says = qr/ERROR:  .*must not run with the rights of role/;
my %traps = (
	'a rule that fires a deferred trigger' => [ 'CREATE RULE r AS ON UPDATE TO trap.shots DO ALSO INSERT INTO trap.side VALUES (new.id)', 'true' ],
	'a rule that reads a file' => [ q{CREATE RULE r AS ON UPDATE TO trap.shots DO ALSO INSERT INTO trap.seen SELECT current_user, pg_read_file('PG_VERSION')}, 'true' ],
	'a constraint that makes a large object' => [ q{ALTER TABLE trap.shots ADD CHECK (lo_from_bytea(0, 'check') > 0) NOT VALID}, 'true' ],
	'a constraint that calls what a superuser has made' => [ q{ALTER TABLE trap.shots ADD CHECK (public.run('ALTER ROLE hostile SUPERUSER')) NOT VALID}, 'true' ],
	'a policy that makes a large object' => [ 'SELECT', q{lo_from_bytea(0, 'policy') > 0} ],
	'a policy that reads a view' => [ 'SELECT', 'EXISTS (SELECT FROM trap.view WHERE x > 0)' ],
	'a policy that has a domain checked' => [ 'SELECT', q{public.populate(NULL::trap.record, jsonb_build_object('name', path)) IS NOT NULL} ],
	'a policy that has a function of ours call another' => [ 'SELECT', q{EXISTS (SELECT FROM thumbexif_call(NULL::oid, 'pg_catalog.lo_creat'::regproc, -1))} ],
	'a policy that runs a query' => [ 'SELECT', q{table_to_xml('trap.view', true, true, '') IS NOT NULL} ],
);

foreach my $trap (sort keys %traps)
{
	my ($sql, $policy) = @{ $traps{$trap} };

	sql("DROP TABLE IF EXISTS trap.shots; SET ROLE hostile;
		CREATE TABLE trap.shots (id bigint PRIMARY KEY, path text, thumbnail_path text, width integer);
		GRANT SELECT, UPDATE ON trap.shots TO bystander; TRUNCATE trap.seen;
		ALTER TABLE trap.shots ENABLE ROW LEVEL SECURITY; ALTER TABLE trap.shots FORCE ROW LEVEL SECURITY;
		CREATE POLICY p ON trap.shots USING ($policy); RESET ROLE;
		SELECT thumbexif_attach('trap.shots'); ALTER ROLE hostile NOSUPERUSER;
		INSERT INTO trap.shots SELECT i, 'orientation-' || i || '.jpg' FROM generate_series(1, 2) i;
		SET ROLE hostile; $sql");
	sql('SELECT lo_unlink(oid) FROM pg_largeobject_metadata');
	my $superuser = as('', 'SELECT status FROM thumbexif_process(1)');
	if ($policy eq 'true')
	{
		like($superuser, $says, "$trap: refused to a superuser");
	}
	like(as('bystander', 'SELECT status FROM thumbexif_process(2)'), $says, "$trap: refused to the bystander");
	is(sql('SELECT count(*) FROM trap.seen') . sql('SELECT count(*) FROM pg_largeobject_metadata'), '00', "$trap: has done nothing");
	is(sql("SELECT rolsuper FROM pg_roles WHERE rolname = 'hostile'"), 'f', "$trap: gives her nothing");
}

# What does no harm stays allowed.
sql("SET ROLE hostile; DROP RULE r ON trap.shots; DROP POLICY p ON trap.shots; CREATE TABLE trap.member (name text); INSERT INTO trap.member VALUES ('bystander');
	GRANT SELECT ON trap.member TO PUBLIC;
	CREATE POLICY p ON trap.shots USING (current_setting('app.id', true) IS NULL AND current_user IN (SELECT name FROM trap.member));
	ALTER TABLE trap.shots ADD CHECK (width > 0)");
is(as('bystander', 'SELECT status FROM thumbexif_process(2)'), 'done', 'a policy and a constraint like others are no hindrance');

# A superuser's trigger function is innocent, but the table's owner may choose what its names mean.
sql(<<'EOSQL');
CREATE TABLE public.audit_log (what text);
GRANT INSERT ON public.audit_log TO PUBLIC;
CREATE FUNCTION public.audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit_log VALUES (TG_NAME); RETURN new; END $$;
CREATE FUNCTION public.audit_beside() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN EXECUTE format('INSERT INTO %I.audit_log VALUES (%L)', TG_TABLE_SCHEMA, TG_NAME); RETURN new; END $$;
CREATE FUNCTION public.audit_definer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN PERFORM pg_notify('audit', TG_NAME); RETURN new; END $$;
SET ROLE hostile;
CREATE TABLE trap.audit_log (what text, got oid DEFAULT lo_from_bytea(0, 'default'));
GRANT INSERT ON trap.audit_log TO PUBLIC;
CREATE TRIGGER t BEFORE UPDATE ON trap.shots FOR EACH ROW EXECUTE FUNCTION public.audit();
DROP POLICY p ON trap.shots;
CREATE POLICY p ON trap.shots USING (true);
RESET ROLE;
SET search_path = trap;
SELECT public.thumbexif_attach('trap.shots');
EOSQL
foreach my $role ('', 'bystander')
{
	my $who = $role || 'a superuser';
	is(as($role, 'SELECT status FROM thumbexif_process(2, force => true)'), 'done', "$who: names mean what they mean for the caller");
	is(sql('SELECT count(*) FROM trap.audit_log') . sql('SELECT count(*) FROM pg_largeobject_metadata'), '00', "$who: not what the owner has made");
}
sql('SET ROLE hostile; CREATE TRIGGER u BEFORE UPDATE ON trap.shots FOR EACH ROW EXECUTE FUNCTION public.audit_definer()');
is(as('bystander', 'SELECT status FROM thumbexif_process(2, force => true)'), 'done', 'a function that is SECURITY DEFINER may do what its owner may');
is(sql('SELECT count(*) FROM public.audit_log'), 3, 'the triggers have run');
sql('SET ROLE hostile; CREATE TRIGGER v BEFORE UPDATE ON trap.shots FOR EACH ROW EXECUTE FUNCTION public.audit_beside()');
foreach my $role ('', 'bystander')
{
	like(as($role, 'SELECT status FROM thumbexif_process(2, force => true)'), $says, ($role || 'a superuser') . ': a default to which a function goes by itself is refused');
}
is(sql('SELECT count(*) FROM trap.audit_log') . sql('SELECT count(*) FROM pg_largeobject_metadata'), '00', 'and has not run');
sql('DROP FUNCTION public.audit() CASCADE; DROP FUNCTION public.audit_beside() CASCADE; DROP FUNCTION public.audit_definer() CASCADE');

sql(q{SELECT thumbexif_detach('trap.shots')});

# --- who may only read a row changes nothing by looking at it, not even what is known of its asset

copy_picture('photo.jpg');
sql('CREATE TABLE files (id bigint PRIMARY KEY, path text, thumbnail_path text); GRANT SELECT ON files TO bystander');
sql("SELECT thumbexif_attach('files'); INSERT INTO files VALUES (1, 'changing.jpg')");
is(sql(q{SELECT status FROM thumbexif_process(1, 'files')}), 'done', 'an asset is done');
is(as('bystander', q{SELECT status FROM thumbexif_process(1, 'files')}), 'done', 'who may read it may look');
copy_picture('corrupt.jpg');
like(as('bystander', q{SELECT status FROM thumbexif_process(1, 'files')}), qr/permission denied for table files/, 'when its file has changed too');
is(sql(q{SELECT status FROM thumbexif_internal.thumbexif_asset WHERE path IS NULL AND file IS NOT NULL}), 'done', 'but its state stays');
sql('DROP TABLE files');

# --- a trigger's condition, which whoever has the TRIGGER right writes, on a superuser's table

sql(q{CREATE TABLE ours (id bigint PRIMARY KEY, path text, width integer);
	GRANT ALL ON ours TO hostile; SELECT thumbexif_attach('ours'); INSERT INTO ours VALUES (1, 'photo.jpg')});
sql(q{SET ROLE hostile; CREATE TRIGGER t BEFORE UPDATE ON ours FOR EACH ROW
	WHEN (public.run('ALTER ROLE hostile SUPERUSER')) EXECUTE FUNCTION suppress_redundant_updates_trigger()});
like(as('', 'SELECT status FROM thumbexif_process(1)'), qr/ERROR:  the WHEN condition of trigger "t".*may change something/, 'a condition that calls what a superuser has made is refused');
like(as('', 'CALL thumbexif_backfill()'), qr/may change something/, 'by a backfill too');
sql(q{DROP TRIGGER t ON ours; SELECT lo_unlink(oid) FROM pg_largeobject_metadata; SET ROLE hostile; CREATE TRIGGER t BEFORE UPDATE ON ours FOR EACH ROW
	WHEN (table_to_xml('trap.view', true, true, '') IS NULL) EXECUTE FUNCTION suppress_redundant_updates_trigger()});
like(as('', 'SELECT status FROM thumbexif_process(1)'), qr/may change something/, 'so is one that runs a query without being volatile');
is(sql('SELECT count(*) FROM pg_largeobject_metadata'), 0, 'and it has not run');
is(sql("SELECT rolsuper FROM pg_roles WHERE rolname = 'hostile'"), 'f', 'and gives her nothing');
sql('DROP TABLE ours');

# --- the extension's owner is a superuser no more: its triggers on our tables run as itself, or not at all

sql('CREATE ROLE admin SUPERUSER LOGIN; CREATE ROLE owner LOGIN; CREATE DATABASE demoted');
$server->safe_psql('demoted', <<'EOSQL', extra_params => [ '-U', 'admin' ]);
CREATE EXTENSION thumbexif;
CREATE TABLE seen (who text);
GRANT INSERT ON seen TO PUBLIC;
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.seen VALUES (current_user); RETURN NULL; END $$;
CREATE TABLE shots (id bigint PRIMARY KEY, path text, width integer);
ALTER TABLE shots OWNER TO owner;
SELECT thumbexif_attach('shots');
INSERT INTO shots VALUES (1, 'photo.jpg');
EOSQL
sql('ALTER ROLE admin NOSUPERUSER');
$server->safe_psql('demoted', 'CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE ON thumbexif_internal.thumbexif_asset_bigint
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late()', extra_params => [ '-U', 'admin' ]);
foreach my $call ('CALL thumbexif_backfill()', 'SELECT thumbexif_process(1)', q{INSERT INTO shots VALUES (2, 'photo.jpg')}, 'UPDATE shots SET path = path || path')
{
	like(($server->psql('demoted', $call))[2], qr/cannot fire deferred trigger within security-restricted operation/, "$call: a deferred trigger on our tables is refused");
}
is($server->safe_psql('demoted', 'SELECT count(*) FROM seen'), 0, 'it has run as nobody');

$server->stop;
done_testing();
