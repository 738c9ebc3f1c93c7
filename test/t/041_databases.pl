# A worker in each database with work, and nobody stands in the way of DROP DATABASE and the like.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $base = PostgreSQL::Test::Utils::tempdir();
my $root = tiny_folder("$base/images", 10);
my $server = new_server('databases', preload => 1, extension => 0, roots => $root,
	config => "thumbexif.databases = 'one, two, \"Three 3\", four'\nthumbexif.decoders = 1\nthumbexif.max_workers = 5\nthumbexif.decode_timeout = 1h\n");
my $next = 1;

sub insert
{
	my ($database) = @_;

	return value($server, 'INSERT INTO image_assets (path) VALUES (\'' . $next++ % 10 + 1 . '.png\')
		ON CONFLICT (path) DO UPDATE SET path = excluded.path || \'\'', $database);
}

sub create
{
	foreach my $database (@_)
	{
		value($server, "CREATE DATABASE \"$database\"");
		value($server, 'CREATE EXTENSION thumbexif', $database);
		value($server, "SELECT thumbexif_attach('image_assets')", $database);
		value($server, "INSERT INTO image_assets (path) VALUES ('1.png')", $database);
	}
}

# --- two databases and more; one that is not named

create('one', 'two', 'Three 3', 'five');
wait_done($server, "database $_", 1, $_) foreach ('one', 'two', 'Three 3');
is(value($server, 'SELECT count(DISTINCT database) FROM thumbexif_workers WHERE kind = \'worker\' AND pid IS NOT NULL', 'one'),
	3, 'each has a worker');
is( value($server, 'SELECT state, note FROM thumbexif_workers WHERE database = \'five\'', 'one'),
	'off|"thumbexif.databases" does not name this database.', 'one that is not named has none');
is(statuses($server, 'five'), 'queued 1', 'and waits');

$server->append_conf('postgresql.conf', "thumbexif.databases = 'one, two, five, four'\n");
$server->reload;
wait_done($server, 'until it is named', 1, 'five');
wait_for($server, 'and the one that is named no more is left',
	'SELECT count(*) FROM pg_stat_activity WHERE datname = \'Three 3\'', 0);

# --- commands that need a database for themselves, while its worker is there

ok(worker_pid($server, 'one') ne '', 'there is a worker in database one');
value($server, 'CREATE DATABASE four TEMPLATE one');
wait_for($server, 'a copy has a worker as soon as there is work', "SELECT state FROM thumbexif_workers
	WHERE database = 'four'", 'asleep', 'one');
value($server, "INSERT INTO image_assets (path) VALUES ('2.png')", $_) foreach ('one', 'four');
wait_done($server, "rows go on in database $_", 2, $_) foreach ('one', 'four');
isnt(value($server, 'SELECT string_agg(thumbnail_path, \',\') FROM image_assets WHERE id = 2', 'one'),
	value($server, 'SELECT string_agg(thumbnail_path, \',\') FROM image_assets WHERE id = 2', 'four'),
	'each in its own folder');

ok(worker_pid($server, 'four') ne '', 'there is a worker in database four');
value($server, 'ALTER DATABASE four RENAME TO "four and more"');
value($server, 'ALTER DATABASE "four and more" RENAME TO four');
value($server, "INSERT INTO image_assets (path) VALUES ('3.png')", 'four');
wait_done($server, 'and goes on after it was renamed', 3, 'four');

mkdir "$base/space" or die "mkdir: $!";
value($server, "CREATE TABLESPACE space LOCATION '$base/space'");
ok(worker_pid($server, 'four') ne '', 'there is a worker in database four');
value($server, 'ALTER DATABASE four SET TABLESPACE space');
value($server, "INSERT INTO image_assets (path) VALUES ('4.png')", 'four');
wait_done($server, 'and goes on after it was moved', 4, 'four');

ok(worker_pid($server, 'four') ne '', 'there is a worker in database four');
value($server, 'DROP DATABASE four');
wait_for($server, 'a dropped one is forgotten', 'SELECT count(*) FROM thumbexif_workers WHERE database = \'four\'
	OR database IS NULL AND kind = \'worker\'', 0, 'one');

# in the middle of an image: its decoder has stopped
value($server, "INSERT INTO image_assets (path) VALUES ('2.png')", 'two');
wait_done($server, 'database two', 2, 'two');
my ($decoder) = decoder_pids(worker_pid($server, 'two'));
kill 'STOP', $decoder or die "kill: $!";
value($server, "INSERT INTO image_assets (path) VALUES ('3.png')", 'two');
wait_for($server, 'an image is in work', "SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status = 'running'", 1, 'two');
value($server, 'DROP DATABASE two');
ok(1, 'a database is dropped while an image is in work');
ok(TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub { !kill 0, $decoder }), 'and nothing is left of it');

# whom the database does not belong to cannot send its worker away
value($server, 'CREATE ROLE guest LOGIN');
my $pid = worker_pid($server, 'one');
my ($status, $out, $error) = $server->psql('postgres', 'DROP DATABASE one', extra_params => [ '-U', 'guest' ]);
like($error, qr/must be owner of database one/, 'another\'s database cannot be dropped');
is(worker_pid($server, 'one'), $pid, 'and its worker stays');

# --- fewer workers than databases: each has its turn

$server->append_conf('postgresql.conf', "thumbexif.databases = ''\nthumbexif.max_workers = 1\n");
$server->restart;
my $log = -s $server->logfile;
create('six', 'seven');
value($server, "INSERT INTO image_assets (path) VALUES ('9.png')", $_) foreach ('one', 'five');
wait_done($server, "database $_ has its turn", $_ eq 'five' ? 2 : $_ eq 'one' ? 3 : 1, $_)
  foreach ('one', 'five', 'six', 'seven');
is(value($server, 'SELECT count(*) <= 1 FROM pg_stat_activity WHERE backend_type = \'thumbexif worker\''),
	't', 'of one worker');

# --- no process is free

$server->append_conf('postgresql.conf', "max_worker_processes = 2\n");	# the launcher and that of logical replication
$server->restart;
wait_for($server, 'the view says so when no process is free',
	"SELECT count(*) > 0 FROM thumbexif_workers WHERE note LIKE '%max_worker_processes%'", 't', 'one');
value($server, "UPDATE image_assets SET path = path || ''; SELECT thumbexif_enqueue(id) FROM image_assets LIMIT 1", $_) foreach ('one', 'five', 'six');
wait_for($server, 'of each database that waits for one', "SELECT string_agg(database || ' ' || state, ',' ORDER BY database)
	FROM thumbexif_workers WHERE database IN ('one', 'five', 'six') AND note LIKE '%max_worker_processes%'", 'five queued,one queued,six queued', 'one');
my @said = slurp_file($server->logfile, $log) =~ /no background process is free for a worker/g;
is(scalar @said, 1, 'the log says so once');
like(slurp_file($server->logfile, $log), qr/increase "max_worker_processes"/, 'and names the setting');
$server->append_conf('postgresql.conf', "max_worker_processes = 8\n");
$server->restart;
value($server, "INSERT INTO image_assets (path) VALUES ('10.png')", 'one');
wait_done($server, 'with more, the work is done', 4, 'one');

$server->stop;
unlike(slurp_file($server->logfile), qr/WARNING|PANIC/, 'nothing went wrong');
done_testing();
