# Nodes that join a Citus cluster, leave it, and are replaced by their standby.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use CitusTest;
use ThumbexifTest;
use Time::HiRes qw(sleep time);
use WorkerTest;

plan skip_all => 'no Citus (make check-citus)' unless has_citus();

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 200);
my $cluster = new_cluster(roots => $root, workers => 1, standby => 1);
my $coordinator = $cluster->{coordinator};
my $first = $cluster->{workers}->[0];

value($coordinator, q{CREATE TABLE photos (id bigint PRIMARY KEY, path text NOT NULL, thumbnail_path text);
	SELECT create_distributed_table('photos', 'id', shard_count => 4)});
value($coordinator, q{SELECT thumbexif_attach('photos')});
value($coordinator, q{INSERT INTO photos SELECT i, i || '.png' FROM generate_series(1, 100) i});
wait_for($coordinator, 'all are done by one node', q{SELECT count(thumbnail_path) FROM photos}, 100);
my $names = q{SELECT md5(string_agg(id || thumbnail_path, ',' ORDER BY id)) FROM photos};
my $before = value($coordinator, $names);

# --- a node joins: the table is attached there, and shards that come to it are processed

value($coordinator, q{SELECT thumbexif_pause('photos')});
my $second = add_worker($cluster);
my $place = sprintf q{'%s', %d}, $second->host, $second->port;
wait_for($second, 'a node that has joined has the table attached', q{SELECT count(*) FROM thumbexif_internal.thumbexif_attachment}, 1);
is(value($second, q{SELECT paused FROM thumbexif_tables}), 't', 'and paused, as it is on the others');
value($coordinator, q{SELECT thumbexif_resume('photos')});
value($coordinator, 'SELECT rebalance_table_shards()');
wait_for($second, 'and the shards that it was given', q{SELECT count(*) FROM thumbexif_internal.thumbexif_attachment WHERE shard IS NOT NULL}, 2);
wait_for($coordinator, 'whose rows are known to be done', q{SELECT status || assets FROM thumbexif_status}, 'done100');
is(value($coordinator, $names), $before, 'with the files that they had');
value($coordinator, q{INSERT INTO photos SELECT i, i || '.png' FROM generate_series(101, 200) i});
wait_for($coordinator, 'rows that arrive are done by both', q{SELECT count(thumbnail_path) FROM photos}, 200);
$before = value($coordinator, $names);

# --- a cluster with nothing to do sleeps, as a server does

# sleeps(SERVER): how often each thread of thumbexif's processes has gone to sleep so far, a line for each
sub sleeps
{
	my $server = shift;
	my $top = (split /\n/, slurp_file($server->data_dir . '/postmaster.pid'))[0];
	my (%parent, @lines);

	foreach my $stat (glob '/proc/[0-9]*/stat')
	{
		open(my $file, '<', $stat) or next;
		my ($pid, $parent) = (<$file> // '') =~ /^(\d+) \(.*\) \S+ (\d+) / or next;
		$parent{$pid} = $parent;
	}
	foreach my $pid (sort keys %parent)
	{
		my $above = $pid;
		$above = $parent{$above} while $above && $above != $top;
		open(my $file, '<', "/proc/$pid/cmdline") or next;
		my ($name) = (<$file> // '') =~ /(thumbexif[ -]\w+)/;
		next unless $above && $pid != $top && $name;
		foreach my $status (glob "/proc/$pid/task/*/status")
		{
			open(my $thread, '<', $status) or next;
			push @lines, map { /^voluntary_ctxt_switches:\s+(\d+)/ ? "$name, $status: $1" : () } <$thread>;
		}
	}
	return join "\n", @lines;
}

# wait_asleep(WHAT, WORKERS, SERVERS...): until no thread has been awake for longer than anything waits that is tried again every few
# seconds; there is a launcher on each of the servers, and so many workers
sub wait_asleep
{
	my ($what, $workers, @servers) = @_;
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;
	my ($since, $before, @awake) = (time, '');

	while (time < $deadline && time < $since + 6)
	{
		my $now = join "\n", map { sleeps($_) } @servers;

		if ($now ne $before)
		{
			my %known = map { $_ => 1 } split /\n/, $before;
			@awake = grep { !$known{$_} } split /\n/, $now;
			($since, $before) = (time, $now);
		}
		sleep 0.1;
	}
	ok(time >= $since + 6, $what) or diag(join "\n", 'gave up waiting: awake last were', @awake);
	is(scalar(() = $before =~ /^thumbexif launcher,/mg), scalar @servers, "$what, with launchers");
	is(scalar(() = $before =~ /^thumbexif worker,/mg), $workers, "$what, with workers");
	return;
}

my $plain = new_server('plain', preload => 1, roots => $root);
value($plain, 'CREATE TABLE photos (id bigint PRIMARY KEY, path text NOT NULL, thumbnail_path text)');
value($plain, q{SELECT thumbexif_attach('photos')});
value($plain, q{INSERT INTO photos SELECT i, i || '.png' FROM generate_series(1, 100) i});
wait_done($plain, 'an ordinary server has done its rows, too', 100);
wait_asleep('an idle server sleeps', 1, $plain);
wait_asleep('an idle cluster sleeps', 2, $coordinator, $first, $second);
$plain->stop;

# --- a node dies, and its standby takes its place

my $backup = 'backup';
$first->backup($backup);
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($first, $backup, has_streaming => 1);
$standby->append_conf('postgresql.conf', sprintf "citus.local_hostname = '%s'\n", $standby->host);
$standby->start;
$first->wait_for_catchup($standby);
$first->stop('immediate');
$standby->promote;
value($coordinator, sprintf q{SELECT citus_update_node((SELECT nodeid FROM pg_dist_node WHERE nodeport = %d), '%s', %d)},
	$first->port, $standby->host, $standby->port);
wait_for($coordinator, 'all of its rows are still done', q{SELECT status || assets FROM thumbexif_status}, 'done200');
value($coordinator, q{UPDATE photos SET path = '1.png' WHERE id <= 50});
wait_for($coordinator, 'rows that change are done again', q{SELECT count(*) FROM photos p, photos q WHERE p.id = q.id AND p.id <= 50 AND p.thumbnail_path IS NOT NULL}, 50);
wait_for($coordinator, 'by the node that was the standby', q{SELECT status || assets FROM thumbexif_status}, 'done200');
my %named = map { $_ => 1 } split /\n/, value($coordinator, 'SELECT thumbnail_path FROM photos');
is(scalar(grep { !-e $_ } keys %named), 0, 'each row has its file');
is(surplus_files($cluster, \%named), '', 'and each file its row');

# --- a node leaves

value($coordinator, "SELECT citus_drain_node($place)");
value($coordinator, "SELECT citus_remove_node($place)");
wait_for($coordinator, 'rows of a node that has left are known to be done by the other', q{SELECT status || assets FROM thumbexif_status}, 'done200');
is(scalar(grep { !-e $_ } keys %named), 0, 'and no file is gone');

done_testing();
