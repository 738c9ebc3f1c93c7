# Decoders outside a plain session: with few descriptors, in parallel plans, on a standby, in single-user mode.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use DecoderTest;
use ThumbexifTest;

my $server = new_server('elsewhere', preload => 0, config => <<'EOSQL');
max_files_per_process = 150
wal_level = replica
max_wal_senders = 3
hot_standby = on
EOSQL
my $thumbnail = "SELECT length(thumbexif_thumbnail('photo.jpg')) > 1000";

# --- more decoders wanted than there are descriptors for

$server->safe_psql('postgres', <<'EOSQL');
SELECT thumbexif_attach();
INSERT INTO image_assets (path) SELECT repeat('./', n) || 'photo.jpg' FROM generate_series(1, 100) n;
EOSQL
my $session = DecoderTest->session($server);
like($session->query('SET thumbexif.decoders = 60; CALL thumbexif_backfill()'),
	qr/Done! Processed: 100, Updated: 100, Skipped: 0, Failed: 0\n/, 'a backfill with too few descriptors for its decoders');
my @decoders = $session->decoders_of;
cmp_ok(scalar @decoders, '>', 1, 'works with those it could start');
cmp_ok(scalar @decoders, '<', 30, 'which are not all');
is($session->query($thumbnail), 't', 'and there are descriptors left for the next call');
$session->quit;

# --- a parallel plan: the function runs in the leader

is($server->safe_psql('postgres', <<'EOSQL'), '100|t', 'in a parallel plan');
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT count(*), bool_and(length(thumbexif_thumbnail(path)) > 1000) FROM image_assets;
EOSQL

# --- a standby

$server->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($server, 'base', has_streaming => 1);
$standby->start;
is($standby->safe_psql('postgres', "SELECT pg_is_in_recovery(); $thumbnail"), "t\nt", 'on a standby');
$session = DecoderTest->session($standby);
$session->query($thumbnail);
my $decoder = $session->send_to_stopped($standby, $thumbnail);
$standby->safe_psql('postgres', "SELECT pg_cancel_backend($session->{pid})");
like($session->answer, qr/ERROR:  57014:/, 'a cancel works there as well');
$session->quit;
$standby->stop;
$server->stop;

# --- single-user mode, whose process is nobody's child

my ($out, $error);
IPC::Run::run([ "$ENV{TE_BINDIR}/postgres", '--single', '-j', '-D', $server->data_dir, 'postgres' ],
	'<', \"$thumbnail AS answer;\n\n$thumbnail AS answer;\n\n", '>', \$out, '2>', \$error);
is(scalar(() = $out =~ /answer = "t"/g), 2, 'in single-user mode') or diag("$out\n$error");

done_testing();
