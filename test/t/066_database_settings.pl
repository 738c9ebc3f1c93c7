# Settings of a database, which its owner makes, reach the worker's session: it does its work as without them, and so do a
# superuser's sessions there.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use WorkerTest;

my $server = new_server('settings', preload => 1, config => "thumbexif.decoders = 1\n");
my $super = `id -un`;
chomp $super;
my $table = q{"q\uote's"};    # names that a text read in another way would end early
my $path = q{"pa\th'"};

value($server, 'CREATE ROLE hostile LOGIN; CREATE DATABASE theirs OWNER hostile');
value($server, "CREATE EXTENSION thumbexif; CREATE ROLE bystander; GRANT CREATE ON SCHEMA public TO bystander; SET ROLE bystander;
	CREATE TABLE public.$table (id bigint PRIMARY KEY, $path text, thumbnail_path text, width integer, taken_at timestamptz, exif_metadata jsonb);
	RESET ROLE; SELECT thumbexif_attach('$table', path => 'pa\\th''')" =~ s/attach\('"q\\uote's"'/attach('"q\\uote''s"'/r, 'theirs');

my %settings = (
	standard_conforming_strings => 'off', backslash_quote => 'on', transform_null_equals => 'on', array_nulls => 'off', quote_all_identifiers => 'on',
	bytea_output => 'escape', DateStyle => 'Postgres, DMY', IntervalStyle => 'sql_standard', TimeZone => 'Asia/Kathmandu', extra_float_digits => -15,
	client_encoding => 'SQL_ASCII', xmloption => 'document',
	default_transaction_isolation => 'serializable', default_transaction_read_only => 'on', default_transaction_deferrable => 'on',
	row_security => 'off', search_path => 'nowhere, pg_catalog', default_tablespace => 'nowhere', temp_tablespaces => 'nowhere',
	default_table_access_method => 'nowhere', check_function_bodies => 'off',
	plan_cache_mode => 'force_generic_plan', work_mem => '64kB', enable_indexscan => 'off', enable_seqscan => 'off', constraint_exclusion => 'on',
	lock_timeout => '1ms', statement_timeout => '10s', idle_session_timeout => '1s', idle_in_transaction_session_timeout => '1ms', exit_on_error => 'on',
	tcp_keepalives_idle => 1, synchronous_commit => 'off', session_authorization => 'hostile', role => 'hostile');

foreach my $name (sort keys %settings)
{
	my ($status, $out, $error) = $server->psql('postgres', "ALTER DATABASE theirs SET $name = '$settings{$name}'" =~ s/'(-?\d+)'/$1/r,
		extra_params => [ '-U', 'hostile' ]);
	is($status, 0, "$name = $settings{$name}") or diag($error);
}
$server->restart;

# In a session of ours, with settings that let it write.
sub theirs
{
	return $server->safe_psql('theirs', "SET SESSION AUTHORIZATION $super; SET ROLE none; $_[0]",
		connstr => $server->connstr('theirs') . " options='-c default_transaction_read_only=off -c statement_timeout=0 -c lock_timeout=0 -c idle_session_timeout=0 -c idle_in_transaction_session_timeout=0 -c exit_on_error=off'");
}

my $here = q{public."q\uote's"};
theirs("INSERT INTO $here (id, $path) SELECT i, 'orientation-' || i || '.jpg' FROM generate_series(1, 8) i");
wait_until($server, 'the worker does them', 'SELECT count(*) >= 8 FROM thumbexif_workers w, generate_series(1, w.done::int) WHERE w.database = $$theirs$$');
is(theirs("SELECT count(*) FROM $here WHERE width = 320 AND thumbnail_path IS NOT NULL"), 8, 'the worker has done its work');
is(value($server, q{SELECT count(*) FROM thumbexif_workers WHERE last_error IS NOT NULL}), 0, 'without trouble');
theirs("UPDATE $here SET $path = 'photo.jpg' WHERE false; UPDATE thumbexif_internal.thumbexif_asset SET exif_settings = NULL");
like(theirs('CALL public.thumbexif_backfill()'), qr/^8\|/, 'a backfill works with them');
is(theirs("SELECT status FROM public.thumbexif_process(1, force => true)"), 'done', 'thumbexif_process() too');
is(theirs("SELECT string_agg(DISTINCT status || ' ' || assets, ',') FROM public.thumbexif_status"), 'done 8', 'and the views');
# the worker may have removed the replaced file before
like(theirs('SELECT public.thumbexif_clean()'), qr/^[01]$/, 'and thumbexif_clean()');
ok(TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub { theirs('SELECT public.thumbexif_clean()'); files_below($server->{thumbnails}) == 8 }), 'after which each row has one file');

$server->stop;
done_testing();
