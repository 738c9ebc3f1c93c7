# Reference tables of a Citus cluster: one node processes them, and all copies are written.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use CitusTest;
use TestSession;
use ThumbexifTest;
use WorkerTest;

plan skip_all => 'no Citus (make check-citus)' unless has_citus();

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 60);
my $cluster = new_cluster(roots => $root);
my $coordinator = $cluster->{coordinator};
my @workers = @{ $cluster->{workers} };
my @nodes = @{ $cluster->{nodes} };

value($coordinator, q{CREATE TABLE places (id bigint PRIMARY KEY, path text NOT NULL, thumbnail_path text, width int, height int, taken_at timestamptz, camera_make text, exif_metadata jsonb);
	CREATE TABLE icons (tenant int, name text, path text NOT NULL, picture bytea, width int, keywords text[], PRIMARY KEY (tenant, name));
	SELECT create_reference_table('places'); SELECT create_reference_table('icons')});
my %shard = map { $_ => value($coordinator, "SELECT shardid FROM pg_dist_shard WHERE logicalrelid = '$_'::regclass") } qw(places icons);

# copies(TABLE): what the copies of a table hold, each node's but once: one if all are equal
sub copies
{
	my $table = shift;
	my %seen;

	foreach my $node (split /\n/, value($coordinator, "SELECT nodeport FROM pg_dist_shard_placement WHERE shardid = $shard{$table}"))
	{
		my ($server) = grep { $_->port == $node } @nodes;
		$seen{ value($server, "SELECT count(*) || ' ' || md5(string_agg(t::text, ',' ORDER BY t::text)) FROM ${table}_$shard{$table} t") } = 1;
	}
	return scalar keys %seen;
}

# Equal copies of each of the tables: nodes commit one after the other.
sub equal
{
	my ($what, @tables) = @_;

	ok(TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub { !grep { copies($_) != 1 } @tables }), $what);
	return;
}

# serving(TABLE): the names of the nodes that have a copy attached
sub serving
{
	my $table = shift;

	return join ' ', map { $_->name } grep { value($_, "SELECT count(*) FROM thumbexif_internal.thumbexif_attachment WHERE shard = $shard{$table}") > 0 } @nodes;
}

my $done = q{SELECT sum(assets) FROM thumbexif_status WHERE relation = 'places'::regclass AND status = 'done' HAVING count(*) =
	(SELECT count(*) FROM thumbexif_status WHERE relation = 'places'::regclass)};
my $names = q{SELECT md5(string_agg(id || thumbnail_path, ',' ORDER BY id)) FROM places};

# --- attached on one node, written on all

value($coordinator, "SELECT thumbexif_attach('places')");
value($coordinator, "SELECT thumbexif_attach('icons', thumbnail => 'picture')");
is(serving('places') . serving('icons'), 'coordinatorcoordinator', 'the node with the lowest group serves a reference table');
is(on_nodes($cluster, q{SELECT count(*) FROM pg_trigger WHERE tgrelid::regclass::text LIKE 'places%' AND tgname LIKE 'thumbexif%'}), '4 0 0', 'it alone has triggers');
foreach my $i (0 .. 2)
{
	value($nodes[$i], sprintf q{INSERT INTO places (id, path) SELECT i, i || '.png' FROM generate_series(%d, %d) i}, 10 * $i + 1, 10 * $i + 10);
}
wait_for($coordinator, 'rows that are inserted through any node are processed', $done, 30);
wait_for($_, 'and ' . $_->name . ' reads them', q{SELECT count(*) FROM places WHERE thumbnail_path IS NOT NULL AND width = 1 AND camera_make = 'Tiny' AND exif_metadata IS NOT NULL}, 30)
  foreach @nodes;
equal('all copies are equal', 'places');
is(scalar files_below($cluster->{thumbnails}), 30, 'each row has one file');
# more than once where a node was too slow to lock its copy
like(images_decoded($cluster), qr/^(3\d|[4-9]\d|\d{3,}) 0 0$/, 'and images were decoded there alone');

value($workers[1], q{INSERT INTO icons (tenant, name, path) SELECT i % 3, 'icon "' || i || '"', i || '.png' FROM generate_series(1, 20) i});
wait_for($coordinator, 'thumbnails in rows, and keys of several columns', q{SELECT count(*) FROM icons WHERE octet_length(picture) > 50 AND width = 1}, 20);
equal('are equal everywhere', 'icons');

# --- the user's own changes

value($workers[0], q{UPDATE places SET path = '31.png' WHERE id = 1; DELETE FROM places WHERE id = 2});
wait_for($coordinator, 'a changed path and a deleted row are noticed', $done, 29);
equal('the copies stay equal', 'places');
my %named = map { $_ => 1 } split /\n/, value($coordinator, 'SELECT thumbnail_path FROM places');
is(surplus_files($cluster, \%named), '', 'and the files of what is gone are removed');

# --- by hand

value($coordinator, "SELECT thumbexif_pause('places')");
value($workers[1], q{INSERT INTO places (id, path) SELECT i, i || '.png' FROM generate_series(31, 40) i; INSERT INTO places (id, path) VALUES (41, 'none.png')});
is(value($coordinator, q{SELECT status, width FROM thumbexif_process(31, 'places')}), 'done|1', 'thumbexif_process()');
my (undef, undef, $error) = $coordinator->psql('postgres', q{BEGIN; INSERT INTO places (id, path) VALUES (42, '42.png'); SELECT thumbexif_process(42, 'places'); COMMIT});
is($error, '', 'also of a row of the same transaction');
is(value($_, q{SELECT count(*) FROM places WHERE id IN (31, 42) AND thumbnail_path IS NOT NULL}), 2, 'has written the copy of ' . $_->name) foreach @nodes;
my ($decoded_before) = split / /, images_decoded($cluster);
is(value($coordinator, q{CALL thumbexif_backfill(relation => 'places', batch_size => 4)}), '10|9|0|1', 'a backfill');
is((split / /, images_decoded($cluster))[0] - $decoded_before, 9, 'decodes each image once');
equal('has written all copies', 'places');
value($coordinator, "SELECT thumbexif_resume('places')");
(undef, undef, $error) = $workers[0]->psql('postgres', q{SELECT thumbexif_process(1, 'places')});
like($error, qr/asset 1 of table public.places is on node \S+:@{[ $coordinator->port ]}/, 'another node tells which one serves the table');
is(value($coordinator, q{SELECT status, error IS NOT NULL FROM thumbexif_failures WHERE id = '41'}), 'missing|t', 'a failure is shown');
value($workers[1], q{UPDATE places SET path = '41.png' WHERE id = 41});
wait_for($coordinator, 'and ends when the path is mended', $done, 41);

# a role that may update the table, and does not own it
value($coordinator, q{CREATE ROLE editor LOGIN; GRANT SELECT, UPDATE ON places TO editor});
value($_, q{GRANT EXECUTE ON FUNCTION thumbexif_process(bigint, regclass, boolean) TO editor}) foreach @nodes;
my $editor = TestSession->new($coordinator, user => 'editor');
is($editor->query(q{SELECT status FROM thumbexif_process(3, 'places', true)}), 'done', 'another role with rights on the table processes an asset');
$editor->query('BEGIN');
$editor->query(q{SELECT status FROM thumbexif_process(3, 'places', true)});
like($editor->errors, qr/could not process asset 3 inside a transaction block/, 'but not in a transaction block, where its locks would be in the way of the owner');
$editor->finish;

# --- a transaction that changes rows; the worker waits for it, and it does not wait for the worker for long

my $other = TestSession->new($workers[1]);
$other->query('BEGIN');
$other->query(q{UPDATE places SET height = height WHERE id = 5});
value($coordinator, q{SELECT thumbexif_enqueue(7, 'places')});
wait_for($coordinator, 'rows wait for a transaction that changes others, and the table says so',
	q{SELECT count(*) > 0 FROM thumbexif_workers WHERE last_error ~ 'could not be locked in time'});
$other->query(q{UPDATE places SET path = '44.png' WHERE id = 6});
$other->query('COMMIT');
is($other->errors, '', 'which is not disturbed');
$other->finish;
wait_for($coordinator, 'and are done then', $done, 41);
equal('with equal copies', 'places');

# --- a row that is not in all copies yet, since a transaction has committed on some nodes, and is prepared on another

my $port = $workers[1]->port;
my $insert = "SET citus.enable_manual_changes_to_shards = on; BEGIN; INSERT INTO places_$shard{places} (id, path) VALUES (43, '43.png');";
value($coordinator, "SELECT thumbexif_pause('places')");
value($workers[1], "$insert PREPARE TRANSACTION 'outstanding'");
value($_, "$insert COMMIT") foreach $coordinator, $workers[0];
(undef, undef, $error) = $coordinator->psql('postgres', q{SELECT thumbexif_process(43, 'places')});
like($error, qr/ERROR:  the row of asset 43 is not the same on node \S+:$port\n/, 'a row that is not in all copies is not processed');
is(value($coordinator, q{CALL thumbexif_backfill(relation => 'places')}), '0|0|0|0', 'a backfill leaves it alone');
is(value($coordinator, q{SELECT concat(thumbnail_path, status, attempts) FROM places, thumbexif_internal.thumbexif_asset_bigint s WHERE places.id = 43 AND s.id = 43}), 'queued0', 'and it waits');
value($workers[1], q{COMMIT PREPARED 'outstanding'});
is(value($coordinator, q{CALL thumbexif_backfill(relation => 'places')}), '1|1|0|0', 'until all nodes have committed');
equal('with equal copies', 'places');
value($coordinator, q{DELETE FROM places WHERE id = 43; SELECT thumbexif_resume('places')});

# --- a node that dies: nothing can be written, and nothing counts as a failed attempt

my $state = q{SELECT concat(status, attempts, interruptions) FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 5};
value($coordinator, "SELECT thumbexif_pause('places')");
$workers[1]->stop('immediate');
value($coordinator, q{SELECT thumbexif_enqueue(5, 'places')});
(undef, undef, $error) = $coordinator->psql('postgres', q{CALL thumbexif_backfill(relation => 'places')});
like($error, qr/could not go on with the backfill of table public.places on node \S+:@{[ $coordinator->port ]}\nDETAIL:  .*\b$port\b/, 'while a node is down a backfill ends and names it');
is(value($coordinator, $state), 'queued00', 'its claim is given back, and no attempt is counted');
(undef, undef, $error) = $coordinator->psql('postgres', q{SELECT thumbexif_process(7, 'places', true)});
like($error, qr/ERROR:.*\b$port\b/, 'thumbexif_process() names it');
value($coordinator, 'UPDATE thumbexif_internal.thumbexif_attachment SET paused = false');
value($coordinator, q{SELECT thumbexif_enqueue(5, 'places')});
ok(TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub { slurp_file($coordinator->logfile) =~ /WARNING:  processing of table public\.places_\d+ is suspended: .*\b$port\b/ }), 'and so does the log');
$workers[1]->start;
value($coordinator, "SELECT thumbexif_resume('places')");
wait_for($coordinator, 'when the node is back it goes on', $done, 41);
equal('with equal copies', 'places');

# the connection to the node that keeps Citus' lock, that with the lowest port here, is lost between two statements
my ($lost) = sort { $a <=> $b } map { $_->port } @workers;
my $host = $workers[1]->host;
value($coordinator, "SELECT thumbexif_pause('places')");
value($coordinator, qq{CREATE SEQUENCE once; CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
	IF nextval('public.once') = 1 THEN PERFORM FROM master_run_on_worker(ARRAY['$host'], ARRAY[$lost],
		ARRAY['SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE ''citus_internal%'' AND pid <> pg_backend_pid()'], false);
	END IF; RETURN NULL; END \$\$;
	CREATE TRIGGER lose AFTER UPDATE ON places_$shard{places} FOR EACH STATEMENT EXECUTE FUNCTION lose()});
value($coordinator, q{SELECT thumbexif_enqueue(5, 'places')});
(undef, undef, $error) = $coordinator->psql('postgres', q{CALL thumbexif_backfill(relation => 'places')});
like($error, qr/could not go on with the backfill of table public.places/, 'a connection is lost');
is(value($coordinator, $state), 'queued00', 'and the claim is given back all the same');
value($coordinator, "DROP TRIGGER lose ON places_$shard{places}; SELECT thumbexif_resume('places')");
wait_for($coordinator, 'it is done later', $done, 41);

# --- another node serves the table

my ($before, $decoded) = (value($coordinator, $names), images_decoded($cluster));
value($coordinator, sprintf q{SELECT citus_remove_node('%s', %d)}, $coordinator->host, $coordinator->port);
ok(TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub { serving('places') eq 'worker_1' }), 'when the coordinator has no copy any more, the next node serves the table') or diag(serving('places'));
wait_for($coordinator, 'and knows that its rows are done', $done, 41);
is(value($coordinator, $names), $before, 'with the same files');
is(images_decoded($cluster), $decoded, 'and nothing was decoded again');
value($coordinator, q{INSERT INTO places (id, path) SELECT i, i || '.png' FROM generate_series(50, 55) i});
wait_for($coordinator, 'it processes what comes', $done, 47);
is(value($coordinator, q{SELECT status, width FROM thumbexif_process(8, 'places', true)}), 'done|1', 'thumbexif_process() on the coordinator goes to it');
(undef, undef, $error) = $coordinator->psql('postgres', q{CALL thumbexif_backfill(relation => 'places')});
like($error, qr/Done! Processed: 0/, 'and a backfill');
equal('the copies of both nodes are equal', 'places', 'icons');

value($coordinator, "SELECT thumbexif_pause('places')");
value($coordinator, q{UPDATE places SET path = '56.png' WHERE id <= 4});
$before = value($coordinator, $names);
value($coordinator, sprintf q{SELECT citus_set_coordinator_host('%s', %d); SELECT replicate_reference_tables()}, $coordinator->host, $coordinator->port);
ok(TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub { serving('places') eq 'coordinator' }), 'with a copy again, the coordinator serves it') or diag(serving('places'));
value($coordinator, "SELECT thumbexif_resume('places')");
wait_for($coordinator, 'rows that were to be done again are done', qq{SELECT ($names) <> '$before' AND ($done) = 47});
is(value($coordinator, q{SELECT count(*) FROM thumbexif_internal.thumbexif_left}), 0, 'and what the other node told is settled');
equal('with equal copies', 'places');
%named = map { $_ => 1 } split /\n/, value($coordinator, 'SELECT thumbnail_path FROM places');
is(scalar(grep { !-e $_ } keys %named), 0, 'each row has its file');
is(surplus_files($cluster, \%named), '', 'and each file its row');

# --- a node that leaves, one that joins

value($coordinator, sprintf q{SELECT citus_remove_node('%s', %d)}, $workers[1]->host, $workers[1]->port);
my $third = add_worker($cluster);
@nodes = @{ $cluster->{nodes} };
value($coordinator, 'SELECT replicate_reference_tables()');
value($coordinator, q{INSERT INTO places (id, path) VALUES (57, '57.png')});
wait_for($coordinator, 'nodes that come and go change nothing', $done, 48);
wait_for($third, 'one that has come has what the others have', q{SELECT count(*) FROM places WHERE thumbnail_path IS NOT NULL}, 48);
equal('in equal copies', 'places', 'icons');

# --- the block of the document

my ($block) = slurp_file("$ENV{TE_SCRATCH}/doc/citus.md") =~ /^<!-- run by \S+094_citus_reference.pl: coordinator -->\n```sql\n(.*?)^```$/ms;
my ($status, $answer, $trouble) = $coordinator->psql('postgres', $block, on_error_stop => 1);
like($answer, qr/^done$/m, 'the document') or diag($trouble);

# --- detach

value($coordinator, "SELECT thumbexif_detach('places')");
is(serving('places'), '', 'detach');
is(scalar(grep { !-e $_ } keys %named), 0, 'leaves the files');

done_testing();
