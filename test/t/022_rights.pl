# Who may look at images, who may set what, and where it works: read-only, on a standby.
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $base = PostgreSQL::Test::Utils::tempdir();
mkdir "$base/$_" or die "mkdir $_: $!" foreach qw(images elsewhere);
write_file("$base/images/a.png", tiny_picture(make => 'Brand', model => 'Camera'));
write_file("$base/elsewhere/b.png", tiny_picture());

my $server = new_server('rights', preload => 0, roots => "$base/images");
$server->append_conf('postgresql.conf', "wal_level = replica\nmax_wal_senders = 3\n");
$server->restart;
$server->safe_psql('postgres', 'CREATE ROLE visitor LOGIN; CREATE ROLE monitor LOGIN IN ROLE pg_monitor');

# as(ROLE, SQL): what it prints, errors and warnings behind it
sub as
{
	my ($role, $sql, @options) = @_;
	my ($status, $out, $error) =
	  $server->psql('postgres', $sql, extra_params => [ '-U', $role ], on_error_stop => 0, @options);
	return "$out$error";
}

my $superuser = $server->safe_psql('postgres', 'SELECT current_user');
my @calls = (
	q{thumbexif_thumbnail('a.png')}, q{thumbexif_thumbnail('\x00'::bytea)},
	q{thumbexif_exif('a.png')}, q{thumbexif_exif('\x00'::bytea)},
	q{thumbexif_info('a.png')}, q{thumbexif_info('\x00'::bytea)});

foreach my $call (@calls, 'thumbexif_version()')
{
	like(as('visitor', "SELECT $call"), qr/permission denied for function/, "not everybody may call $call");
}
like(as('monitor', 'SELECT extension, self_test FROM thumbexif_version()'), qr/^1\.1\|ok$/,
	'monitoring roles see the version');

$server->safe_psql('postgres', 'GRANT EXECUTE ON FUNCTION thumbexif_info(text) TO visitor');
is(as('visitor', q{SELECT camera_make FROM thumbexif_info('a.png')}), 'Brand', 'who is granted it may');
like(as('visitor', "SELECT thumbexif_info('$base/elsewhere/b.png')"), qr/does not exist or is outside/,
	'but only beneath the roots');
like(as('visitor', q{SELECT thumbexif_info('\x00'::bytea)}), qr/permission denied for function/,
	'and only what was granted');

# --- settings: before and after the library is loaded

my $widen = "SET thumbexif.image_roots = '$base/elsewhere, $base/images'";
my $look = "SELECT format FROM thumbexif_info('$base/elsewhere/b.png')";

like(as('visitor', "SELECT thumbexif_info('a.png'); $widen; $look"),
	qr/permission denied to set parameter.*does not exist or is outside/s, 'the roots are a superuser\'s');
like(as('visitor', "$widen; $look"), qr/does not exist or is outside/,
	'also when they are set before the library is loaded');
like(as('visitor', "SET thumbexif.max_pixels = 5; SELECT format FROM thumbexif_info('a.png'); SHOW thumbexif.max_pixels"),
	qr/^png\n200000000/, 'nor is any other limit theirs');

# What comes with a connection hides the administrator's value: then nothing is read at all.
my $refused = qr/value of "thumbexif\.exif_gps" was rejected when thumbexif was loaded/;
$server->append_conf('postgresql.conf', "thumbexif.exif_gps = off\n");
$server->reload;
like( as('visitor', q{SELECT format FROM thumbexif_info('a.png')},
		connstr => $server->connstr('postgres') . " options='-c thumbexif.exif_gps=on'"),
	$refused, 'they cannot be switched on when connecting');
like(as('visitor', 'ALTER ROLE visitor SET thumbexif.exif_gps = on'), qr/permission denied to set parameter/,
	'nor by a setting of the role');
is(as('visitor', q{SELECT format FROM thumbexif_info('a.png')}), 'png', 'without it all is well');

# The same holds for a value that is not valid, until it is corrected.
$server->append_conf('postgresql.conf', "thumbexif.exif_gps = offf\n");
$server->reload;
like(as('visitor', q{SELECT format FROM thumbexif_info('a.png')}), $refused, 'nor by a slip of the pen');
$server->append_conf('postgresql.conf', "thumbexif.exif_gps = off\n");
$server->reload;
is(as('visitor', q{SELECT format FROM thumbexif_info('a.png')}), 'png', 'all is well again');
is($server->safe_psql('postgres', "$widen; $look"), 'png', 'a superuser may');
$server->safe_psql('postgres', "ALTER DATABASE postgres SET thumbexif.image_roots = '$base/elsewhere'");
is(as('visitor', $look), 'png', 'and for a whole database');
$server->safe_psql('postgres', 'ALTER DATABASE postgres RESET thumbexif.image_roots');

# --- where it works

my $read = q{SELECT camera_make FROM thumbexif_info('a.png')};
is( $server->safe_psql('postgres', "BEGIN READ ONLY; $read; SELECT length(thumbexif_thumbnail('a.png')) > 0; SELECT extension FROM thumbexif_version(); COMMIT"),
	"Brand\nt\n1.1", 'in a read-only transaction');
is( $server->safe_psql('postgres', "BEGIN; $read; SELECT txid_current_if_assigned() IS NULL; COMMIT"),
	"Brand\nt", 'without a transaction id');
$server->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('rights_standby');
$standby->init_from_backup($server, 'copy', has_streaming => 1);
$standby->start;
is($standby->safe_psql('postgres', "SELECT pg_is_in_recovery(); $read"), "t\nBrand", 'on a standby');
is($standby->safe_psql('postgres', 'SELECT self_test FROM thumbexif_version()'), 'ok', 'the version too');

$standby->stop;

# --- a table: thumbexif_grant()

$server->safe_psql('postgres', <<'EOSQL');
CREATE ROLE keeper LOGIN;
CREATE ROLE app LOGIN;
CREATE ROLE "A reader" LOGIN;
CREATE SCHEMA hall;
GRANT USAGE, CREATE ON SCHEMA hall TO keeper;
GRANT USAGE ON SCHEMA hall TO app, "A reader";
CREATE TABLE hall.photos (id uuid PRIMARY KEY, path text, thumbnail_path text, camera_make text);
ALTER TABLE hall.photos OWNER TO keeper;
CREATE TABLE hall.other (id text, path text, n bigint PRIMARY KEY);
INSERT INTO hall.photos VALUES ('00000000-0000-0000-0000-000000000001', 'a.png'), ('00000000-0000-0000-0000-000000000002', 'gone.png');
SELECT thumbexif_attach('hall.other', id => 'n');
INSERT INTO hall.other VALUES ('x', 'secret.png', 1);
CALL thumbexif_backfill();
EOSQL
my $photo = '00000000-0000-0000-0000-000000000001';

like(as('keeper', q{SELECT thumbexif_grant('app', 'hall.photos', 'read')}), qr/permission denied for function thumbexif_grant/, 'not everybody may call it');
like(as($superuser, q{SELECT thumbexif_grant('app', 'hall.photos', 'own')}), qr/role "app" does not own table hall\.photos/, 'nobody becomes owner by it');
like(as($superuser, q{SELECT thumbexif_grant('public', 'hall.photos', 'read')}), qr/role "public" does not exist/, 'nor does PUBLIC get a right');
like(as($superuser, q{SELECT thumbexif_grant('app', 'thumbexif_status', 'read')}), qr/"thumbexif_status" is not a table/, 'a view is named');
like(as($superuser, q{SELECT thumbexif_grant('app', 'hall.photos', 'all')}), qr/"all" is nothing that can be granted.*'read'/s, 'what there is to grant is said');
like(as($superuser, q{SELECT thumbexif_grant('keeper', 'hall.photos', 'own')}),
	qr/NOTICE:  granted to role "keeper": SELECT on view thumbexif_status,.* EXECUTE on thumbexif_process, .*EXECUTE on thumbexif_attach,/, 'the owner is granted what only owners do, in one statement');
unlike(as('keeper', q{SELECT thumbexif_attach('hall.photos')}) . as('keeper', q{CALL thumbexif_backfill(relation => 'hall.photos')}), qr/ERROR/, 'and may attach and backfill');
like(as('keeper', q{SELECT thumbexif_grant('app', 'hall.other', 'read')}), qr/must be owner of table hall\.other/, 'but grant nothing on a table of others');
like(as('keeper', q{SELECT thumbexif_grant('app', 'hall.photos', 'process')}),
	qr/NOTICE:  granted to role "app": SELECT on table hall\.photos, .*UPDATE \(thumbnail_path, camera_make\) on table hall\.photos, EXECUTE on thumbexif_process, EXECUTE on thumbexif_file, EXECUTE on thumbexif_srcset, EXECUTE on thumbexif_enqueue/, 'it passes on what it has');
like(as('app', "UPDATE hall.photos SET path = 'b.png'"), qr/permission denied for table photos/, 'but no right on columns that are read');
as('keeper', q{SELECT thumbexif_grant('A reader', 'hall.photos', 'read')});

is(as('app', "SELECT status, camera_make FROM thumbexif_process('$photo', 'hall.photos')"), 'done|Brand', 'a key without a type is a uuid where keys are');
is(as('app', "SELECT thumbexif_enqueue('$photo', 'hall.photos')"), '', 'who may update the table may enqueue');
is(as('app', q{SELECT thumbexif_retry('00000000-0000-0000-0000-000000000002', 'hall.photos'), thumbexif_retry_all(relation => 'hall.photos')}), 't|0', 'and retry');
like(as('app', q{SELECT thumbexif_enqueue('1', 'hall.other')}), qr/permission denied for table other/, 'but not in a table of others');
like(as('app', q{CALL thumbexif_backfill(relation => 'hall.photos')}), qr/permission denied for procedure/, 'nor do what only the owner does');
as('keeper', q{CALL thumbexif_backfill(relation => 'hall.photos')});
is(as('A reader', 'SELECT relation, status, path FROM thumbexif_failures'), 'hall.photos|missing|gone.png', 'views show failures of its table only');
is(as('A reader', 'SELECT relation, waiting FROM thumbexif_tables'), 'hall.photos|0', 'and what is known of it');
is(as('A reader', 'SELECT relation, sum(assets) FROM thumbexif_status GROUP BY 1; SELECT relation, total FROM thumbexif_progress'),
	"hall.photos|2\nhall.photos|2", 'and its numbers');
is(as('monitor', 'SELECT count(DISTINCT relation) FROM thumbexif_status; SELECT count(*) FROM thumbexif_progress'), "2\n2", 'monitoring roles see those of all tables');
is(as('visitor', 'SELECT relation FROM thumbexif_tables'), '', 'a role without rights sees no table');
like(as('A reader', "SELECT thumbexif_process('$photo', 'hall.photos')"), qr/permission denied for function/, 'who reads does not process');

# rows that row security hides are not touched
$server->safe_psql('postgres', <<"EOSQL");
ALTER TABLE hall.photos ENABLE ROW LEVEL SECURITY;
CREATE POLICY hidden ON hall.photos USING (id <> '$photo');
EOSQL
like(as('app', "SELECT thumbexif_enqueue('$photo', 'hall.photos')"), qr/asset $photo does not exist/, 'nobody enqueues a row that is hidden');
like(as('app', q{SELECT thumbexif_retry_all(relation => 'hall.photos')}), qr/must be owner/, 'nor all rows, of which some may be');
$server->safe_psql('postgres', 'ALTER TABLE hall.photos DISABLE ROW LEVEL SECURITY');

# nobody revokes what others granted, nor what does not belong to its table
$server->safe_psql('postgres', <<'EOSQL');
CREATE ROLE other_keeper LOGIN;
CREATE ROLE deputy IN ROLE keeper;
GRANT USAGE ON SCHEMA hall TO monitor;
SELECT thumbexif_grant('keeper', 'hall.photos', 'own');
GRANT EXECUTE ON FUNCTION thumbexif_enqueue(bigint, regclass), thumbexif_attach TO other_keeper;
GRANT SELECT ON thumbexif_status TO other_keeper;
CREATE TABLE hall.plain (id int PRIMARY KEY, path text);
ALTER TABLE hall.plain OWNER TO keeper;
EOSQL
my $rights = q{SELECT md5(string_agg(a::text, ',' ORDER BY a::text)) FROM (SELECT proname, unnest(proacl)::text FROM pg_proc WHERE proname LIKE 'thumbexif%'
	UNION ALL SELECT relname, unnest(relacl)::text FROM pg_class WHERE relname LIKE 'thumbexif%') a};
my $before = value($server, $rights);
foreach my $role ('pg_monitor', 'other_keeper', 'keeper')
{
	foreach my $what ('read', 'process', 'own')
	{
		like(as('keeper', "SELECT thumbexif_revoke('$role', 'hall.photos', '$what')"), qr/NOTICE:  revoked from role "$role": (?!.*(?:view|EXECUTE))/, "an owner takes no '$what' from $role");
	}
}
like(as('keeper', q{SELECT thumbexif_revoke('other_keeper', 'hall.plain', 'own')}), qr/table "plain" is not attached/, 'nor by a table that is not attached');
as($superuser, q{SELECT thumbexif_revoke('pg_monitor', 'hall.photos', 'own')});
is(value($server, $rights), $before, 'all rights on functions and views are as they were, of pg_monitor also after a superuser');
like(as('keeper', q{SELECT thumbexif_grant('deputy', 'hall.photos', 'own')}), qr/permission denied for function thumbexif_attach.*with grant option/s, "'own' is a superuser's to grant");
like(as($superuser, q{SELECT thumbexif_grant('app', 'hall.plain', 'process')}), qr/table "plain" is not attached/, 'before there are columns to write, none can be granted');

# two at once; and who does not own a table does not wait for it
my $other = $server->background_psql('postgres');
$other->query_safe(q{SET client_min_messages = error; BEGIN; LOCK TABLE hall.other; SELECT thumbexif_grant('visitor', 'hall.photos', 'process')});
like(as('keeper', q{SET lock_timeout = '20s'; SELECT thumbexif_grant('app', 'hall.other', 'read')}), qr/must be owner/, 'a table of others is not locked');
my $second = IPC::Run::start([ 'psql', '-XAtq', '-d', $server->connstr('postgres'), '-U', 'keeper', '-c',
	q{SET application_name = 'second'; SELECT thumbexif_grant('monitor', 'hall.photos', 'process')} ], '>', \my $out, '2>', \my $error);
wait_until($server, 'the second waits', q{SELECT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE application_name = 'second' AND NOT granted)});
$other->query_safe('COMMIT');
IPC::Run::finish($second);
like($error, qr/NOTICE:  granted to role "monitor": (?!.*ERROR)/s, 'the second of two waits, and succeeds');
as($superuser, q{SELECT thumbexif_revoke('visitor', 'hall.photos', 'process')});
$other->quit;

# a dump carries what an owner has granted
$server->command_ok([ 'pg_dump', '--schema-only', '-f', "$base/schema.sql", 'postgres' ], 'the database is dumped');
$server->safe_psql('postgres', 'CREATE DATABASE restored');
$server->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', 'restored', '-f', "$base/schema.sql" ], 'and restored');
is(value($server, $rights, 'restored'), value($server, $rights), 'with the rights on functions and views, and who granted them');

# the inverse; what is needed for another table stays
as($superuser, q{SELECT thumbexif_grant('app', 'hall.other', 'read')});
like(as('keeper', q{SELECT thumbexif_revoke('app', 'hall.photos', 'process')}),
	qr/NOTICE:  revoked from role "app": SELECT on table hall\.photos, .*UPDATE on table hall\.photos, EXECUTE on thumbexif_process/, 'it is revoked in one statement');
like(as('app', "SELECT thumbexif_process('$photo', 'hall.photos')"), qr/permission denied for function/, 'all of it');
is(as('app', 'SELECT relation, total FROM thumbexif_progress'), 'hall.other|1', 'but for what another table needs');
as($superuser, q{SELECT thumbexif_revoke('app', 'hall.other', 'read')});
as($superuser, q{SELECT thumbexif_revoke('keeper', 'hall.photos', 'own')});
like(as('app', 'TABLE thumbexif_status') . as('keeper', 'TABLE thumbexif_status') . as('monitor', "SELECT thumbexif_enqueue('$photo', 'hall.photos')"),
	qr/(permission denied for (view|function).*){3}/s, 'in the end nothing is left');
is(as('keeper', 'SELECT count(*) FROM hall.photos'), '2', 'of what thumbexif_grant() gives: an owner stays an owner');
is( $server->safe_psql('postgres', q{SELECT string_agg(DISTINCT proname, ',') FROM pg_proc, aclexplode(proacl) a JOIN pg_roles r ON r.oid = grantee
		WHERE proname LIKE 'thumbexif%' AND rolname IN ('app', 'keeper', 'monitor')}), '', 'no function is left to them either');

# what is known of a table follows its owner, and holds up no DROP ROLE
$server->safe_psql('postgres', 'ALTER TABLE hall.photos OWNER TO other_keeper');
is(as('other_keeper', 'SELECT relation FROM thumbexif_tables') . as('keeper', 'SELECT relation FROM thumbexif_tables'), 'hall.photos', 'a new owner sees what is known of its table');
is($server->safe_psql('postgres', q{CREATE ROLE passing; CREATE TABLE passing (id int PRIMARY KEY, path text); ALTER TABLE passing OWNER TO passing;
	SELECT thumbexif_attach('passing'); DROP TABLE passing; DROP ROLE passing}), 'passing', 'a role whose table was attached can be dropped');

# no schema is opened: what else is in it is not ours to grant
$server->safe_psql('postgres', 'CREATE DATABASE elsewhere');
my ($status, $schema, $warning) = $server->psql('elsewhere', <<'EOSQL', on_error_stop => 1);
CREATE SCHEMA tools;
CREATE EXTENSION thumbexif SCHEMA tools;
CREATE TABLE photos (id int PRIMARY KEY, path text, thumbnail_path text);
SET client_min_messages = warning;
SELECT tools.thumbexif_attach('photos'), tools.thumbexif_grant('app', 'photos', 'process');
SELECT has_schema_privilege('app', 'tools', 'USAGE');
EOSQL
like("$schema\n$warning", qr/^photos\|\nf\n.*WARNING:  role "app" may not use the schema of the extension's functions.*HINT:  GRANT USAGE ON SCHEMA tools TO app/s, 'nor is the schema of the extension opened');

$server->stop;
done_testing();
