# examples/monitoring: postgres_exporter gives thumbexif's metrics with its queries, which are those that the dashboard and the alerts name.
use strict;
use warnings;

use IO::Socket::INET;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use Time::HiRes qw(sleep);
use WorkerTest;

my $folder = "$ENV{TE_SCRATCH}/examples/monitoring";

sub program
{
	my $name = shift;

	return (grep { -x } map { "$_/$name" } split(/:/, $ENV{PATH}), '/usr/bin', '/usr/local/bin')[0];
}

# --- the files by themselves

my $dashboard = decode_json(slurp_file("$folder/dashboard.json"));
my $alerts = slurp_file("$folder/alerts.yml");
my @shown = map { $_->{expr} } map { @{ $_->{targets} || [] } } @{ $dashboard->{panels} };
my @watched = $alerts =~ /^ +expr: (.*?)\n +(?:for|labels):/msg;
my @raised = $alerts =~ /^ +- alert: (\w+)$/mg;
my %places;

cmp_ok(scalar(@shown), '>=', 10, 'the dashboard shows something');
cmp_ok(scalar(@watched), '>=', 5, 'there are alerts');
is(scalar(@raised), scalar(@watched), 'each alert has a condition');
my ($explained) = slurp_file("$ENV{TE_SCRATCH}/doc/operations.md") =~ /^## Watch it\n(.*?)^## /ms;
like($explained, qr/`$_`/, "$_ is explained") foreach @raised;
foreach my $panel (@{ $dashboard->{panels} })
{
	my $place = $panel->{gridPos};

	ok(!$places{"$place->{x} $place->{y}"}++ && $place->{x} + $place->{w} <= 24, "panel \"$panel->{title}\" has a place of its own");
}
SKIP:
{
	my $promtool = program('promtool');

	skip 'promtool is not installed', 3 unless $promtool;
	is(system("$promtool check rules $folder/alerts.yml >&2"), 0, 'promtool takes the alerts');
	is(system("$promtool test rules $ENV{TE_SCRATCH}/test/alerts.yaml >&2"), 0, 'which are raised when they should be');

	my $rules = PostgreSQL::Test::Utils::tempdir() . '/shown.json';
	my @rules = map { { record => 'a', expr => s/\$__rate_interval/5m/gr } } @shown;
	append_to_file($rules, encode_json({ groups => [ { name => 'a', rules => \@rules } ] }));
	is(system("$promtool check rules --lint=none $rules >&2"), 0, 'promtool takes what the dashboard asks for');
}

# --- what the exporter gives

# The commands of its README (readme_commands exporter) with the test's server and port.
sub commands
{
	my ($server, $port) = @_;
	my ($text) = slurp_file("$folder/README.md") =~ /^<!-- tried by test\/t\/084_exporter\.pl: exporter -->\n```sh\n(.*?)^```$/ms or die 'no commands';
	my $name = 'host=' . $server->host . ' port=' . $server->port . ' user=exporter dbname=postgres sslmode=disable';

	$text =~ s/(?<=DATA_SOURCE_NAME=)'.*?'/'$name'/ or die 'no server';
	$text =~ s/(?<=--web\.listen-address=)\S+/127.0.0.1:$port/ or die 'no port';
	return "cd '$ENV{TE_SCRATCH}'; $text" =~ s/^(?=env )/exec /mr;
}

sub get
{
	my ($port, $path) = @_;
	my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", Timeout => 10) or return;

	print $socket "GET $path HTTP/1.0\r\n\r\n";
	local $/;
	return scalar(<$socket>) =~ s/.*?\r\n\r\n//sr;
}

# The metrics of the exporter: name{labels} => value, without the label of the server.
sub scrape
{
	my $port = shift;
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;
	my $text;

	while (($text = get($port, '/metrics') // '') !~ /^thumbexif_/m)
	{
		die "gave up waiting: the exporter answers\n$text" if time > $deadline;
		sleep(0.1);
	}
	return map { s/server="[^"]*",?//r =~ s/,\}/}/r =~ s/\{\}//r =~ /^(thumbexif_.*) (\S+)$/ } split /\n/, $text;
}

SKIP:
{
	skip 'prometheus-postgres-exporter is not installed', 1 unless program('prometheus-postgres-exporter');

	my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 3);
	my $server = new_server('exporter', roots => $root, preload => 1, config => "thumbexif.databases = 'template1'\n");
	my $port = PostgreSQL::Test::Cluster::get_free_port();

	wait_until($server, 'a template runs', q{SELECT value > 0 FROM thumbexif_metrics() WHERE name = 'thumbexif_server_template_starts_total'});
	value($server, q{CREATE TABLE photos (id bigint PRIMARY KEY, path text, thumbnail_path text); SELECT thumbexif_attach('photos')});
	value($server, q{INSERT INTO photos SELECT g, g || '.png' FROM generate_series(1, 4) g; CREATE ROLE exporter LOGIN IN ROLE pg_monitor});
	$server->psql('postgres', 'CALL thumbexif_backfill()');
	value($server, q{SELECT thumbexif_pause(); INSERT INTO photos VALUES (5, '1.png')});

	my $log = '';
	my $exporter = IPC::Run::start([ 'sh', '-c', commands($server, $port) ], '<', \'', '>&', \$log);
	my %metric = eval { scrape($port) };
	my $trouble = $@;

	$exporter->kill_kill;
	$exporter->pump if $exporter->pumpable;
	is($trouble, '', 'the exporter answers') or diag($log);
	is($metric{'thumbexif_assets_total{datname="postgres",outcome="done"}'}, 3, 'assets done');
	is($metric{'thumbexif_assets_total{datname="postgres",outcome="missing"}'}, 1, 'and missing');
	is($metric{'thumbexif_failures_total{datname="postgres",sqlstate="58P01"}'}, 1, 'failures by SQLSTATE');
	is($metric{'thumbexif_decode_seconds_count{datname="postgres"}'}, 3, 'a histogram: its number');
	is($metric{'thumbexif_decode_seconds_bucket{datname="postgres",le="+Inf"}'}, 3, 'its last bucket');
	is(scalar(grep { /^thumbexif_decode_seconds_bucket\{/ } keys %metric), 16, 'all of its buckets');
	is($metric{'thumbexif_queue_length{datname="postgres",relation="public.photos"}'}, 1, 'the queue');
	is($metric{'thumbexif_queue_paused{datname="postgres",relation="public.photos"}'}, 1, 'which is paused');
	is($metric{'thumbexif_table_assets{datname="postgres",relation="public.photos",status="done"}'}, 3, 'assets by status');
	is($metric{thumbexif_server_template_starts_total}, 1, 'what concerns the server');

	my %given = map { s/\{.*//r => 1 } keys %metric;
	foreach my $expression (@shown, @watched)
	{
		my @names = $expression =~ /\b(thumbexif_\w+)/g;

		is_deeply([ grep { !$given{$_} } @names ], [], "is given what is asked for by $expression");
		cmp_ok(scalar(@names), '>', 0, 'which is something');
	}
	my @own = split /\n/, value($server, 'SELECT DISTINCT name FROM thumbexif_metrics()');
	is_deeply([ sort keys %given ], [ sort @own ], 'the exporter gives every metric, and by the same name');
	is_deeply([ grep { my $name = $_; !grep { /\b\Q$name\E\b/ } @shown, @watched } grep { !/_(?:sum|count)$/ } @own ], [], 'and each is shown or watched');
	$server->stop;
}

done_testing();
