# A table that joins a hierarchy of tables after it was attached is not served, and that is said; when it leaves, work goes on.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 10);
my $server = new_server('hierarchy', preload => 1, roots => $root);
my $next = 0;

value($server, <<'EOT');
CREATE TABLE parent (id bigint NOT NULL, path text, thumbnail_path text) PARTITION BY RANGE (id);
CREATE TABLE elder (id bigint, path text, thumbnail_path text);
CREATE TABLE shots (id bigint PRIMARY KEY, path text, thumbnail_path text);
SELECT thumbexif_attach('shots');
EOT

sub insert
{
	$next++;
	value($server, "INSERT INTO shots VALUES ($next, '$next.png')");
}

insert();
wait_done($server, 'an ordinary table is served', 1);

foreach my $case (
	[ 'ALTER TABLE parent ATTACH PARTITION shots FOR VALUES FROM (1) TO (1000)', 'ALTER TABLE parent DETACH PARTITION shots',
		'has become a partition' ],
	[ 'ALTER TABLE shots INHERIT elder', 'ALTER TABLE shots NO INHERIT elder', 'now inherits from another table' ],
	[ 'CREATE TABLE child () INHERITS (shots)', 'ALTER TABLE child NO INHERIT shots', 'now has tables that inherit from it' ])
{
	my ($join, $leave, $reason) = @$case;
	my $log = -s $server->logfile;

	value($server, $join);
	wait_for($server, "a table that $reason is paused",
		"SELECT last_error FROM thumbexif_workers WHERE state = 'paused' AND relation = 'shots'::regclass",
		"attached table public.shots $reason");
	insert();
	foreach my $call ('CALL thumbexif_backfill()', "SELECT thumbexif_process($next)", "CALL thumbexif_backfill(dry_run => true)")
	{
		like(($server->psql('postgres', $call))[2], qr/ERROR:  attached table public\.shots \Q$reason\E.*HINT:  Remove the table from its hierarchy/s,
			"$call says so too");
	}
	is(statuses($server), 'queued 1, done ' . ($next - 1), 'and nothing is done');
	value($server, $leave);
	wait_done($server, 'it goes on by itself afterwards', $next);
	is(value($server, "SELECT count(*) FROM thumbexif_workers WHERE state = 'paused'"), 0, 'and is not paused any more');
	my @said = slurp_file($server->logfile, $log) =~ /WARNING:  processing of table public\.shots is paused/g;
	is(scalar @said, 1, 'the log says it once');
}

# a pause of the user's stays
value($server, "SELECT thumbexif_pause('shots')");
value($server, 'ALTER TABLE shots INHERIT elder; ALTER TABLE shots NO INHERIT elder');
insert();
value($server, 'CREATE TABLE others (id bigint PRIMARY KEY, path text, thumbnail_path text)');
value($server, "SELECT thumbexif_attach('others'); INSERT INTO others VALUES (1, '1.png')");
wait_for($server, 'another table is served meanwhile', "SELECT thumbnail_path IS NOT NULL FROM others", 't');
is(value($server, "SELECT count(*) FROM thumbexif_workers WHERE state = 'paused'"), 1, 'a pause of the user\'s stays');

$server->stop;
done_testing();
