# More databases than the launcher's table has room for: idle ones give way, and the view says so.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $places = 256;
my $more = 14;
my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 5);
my $server = new_server('full', preload => 1, extension => 0, roots => $root,
	config => "thumbexif.decoders = 1\nthumbexif.max_workers = 2\nautovacuum = off\nallow_system_table_mods = on\nlog_min_messages = log\n");

sub insert
{
	my $number = shift;

	return value($server, "INSERT INTO image_assets (path) VALUES ('$number.png')", 'real');
}

value($server, 'CREATE DATABASE real');
value($server, 'CREATE EXTENSION thumbexif', 'real');
value($server, "SELECT thumbexif_attach('image_assets')", 'real');
insert(1);
wait_done($server, 'a database is served', 1, 'real');

# To make so many databases takes long.  Rows of pg_database will do: nobody can connect to them, and as nobody has
# seen what is in them, they stay in the table.
my $fakes = $places + $more;
value($server, "CREATE TEMP TABLE fake AS SELECT * FROM pg_database WHERE datname = 'real';
	DO \$\$ BEGIN FOR i IN 1 .. $fakes LOOP
		UPDATE fake SET oid = 3000000 + i, datname = 'fake_' || i;
		INSERT INTO pg_database SELECT * FROM fake;
	END LOOP; END \$\$");
$server->reload;
wait_for($server, 'the view says that the table is full',
	"SELECT count(*) = 1 FROM thumbexif_workers WHERE kind = 'launcher' AND note LIKE 'All $places slots for databases are in use: %'", 't', 'real');
my $note = '';
wait_for($server, 'how many are without a slot, and what to do',
	"SELECT substring(note, '(\\d+) databases have no slot')::int BETWEEN $more - 2 AND $more + 2 AND note LIKE '%thumbexif.databases%'
		FROM thumbexif_workers WHERE kind = 'launcher'", 't', 'real');
like(slurp_file($server->logfile), qr/LOG:  thumbexif: more than $places databases have the extension/, 'the log says it too');

insert(2);
wait_done($server, 'one that has work is served in time', 2, 'real');
wait_for($server, 'one that is idle gives way', "SELECT count(*) = 0 FROM thumbexif_workers WHERE database = 'real'", 't', 'real');
insert(3);
wait_done($server, 'and has a place again when there is work', 3, 'real');

# --- dropped ones free their places

value($server, 'DELETE FROM pg_database WHERE oid > 3000000');
$server->reload;
wait_for($server, 'when databases have gone the note has too',
	"SELECT count(*) = 1 FROM thumbexif_workers WHERE kind = 'launcher' AND note IS NULL", 't', 'real');
insert(4);
wait_done($server, 'and all goes on', 4, 'real');
wait_for($server, 'only what is there is shown',
	"SELECT count(*) > 0 AND bool_and(database IN ('real', 'postgres')) FROM thumbexif_workers WHERE kind = 'worker'", 't', 'real');

$server->stop;
done_testing();
