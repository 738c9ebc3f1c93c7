# The invariants, looked at when a soak has settled.  Each is a test.
package SoakCheck;

use strict;
use warnings;

use Digest::MD5;
use PostgreSQL::Test::Utils;
use SoakFiles;
use SoakProcesses;
use SoakTables;
use Test::More;
use TestSession;
use ThumbexifTest qw(decoder_pids);
use TinyPicture;
use WorkerTest;

my $asset = 'thumbexif_internal.thumbexif_asset';
my $ended = "('done', 'failed', 'missing', 'unsupported')";

# none(WHAT, SQL): the query gives no row
sub none
{
	my ($self, $what, $sql) = @_;
	my $rows = value($self->{server}, "SET timezone = 'UTC'; SET thumbexif.decode_timeout = '1h'; SELECT s::text FROM ($sql) s LIMIT 5");

	return is($rows, '', $what);
}

# Rows and states of all tables.
sub joined
{
	my %state = (shots => 'bigint', cards => 'uuid', stills => 'bigint');

	return join(' UNION ALL ', map { <<"EOSQL" } @SoakTables::tables);
SELECT '$_' AS relation, t.id::text, t.path, t.width, t.height, t.taken_at, t.thumbnail_path, s.status::text, s.error, s.exif_error,
	s.attempts, s.file, a.attachment
FROM thumbexif_internal.thumbexif_attachment a CROSS JOIN $_ t
	LEFT JOIN ${asset}_$state{$_} s ON s.id = t.id AND s.attachment = a.attachment
WHERE a.relation = '$_'::regclass
EOSQL
}

# Nothing is lost and nothing goes on for ever (4).
sub check_states
{
	my $self = shift;
	my $joined = joined();
	my $list = "string_agg(status || ' ' || n, E'\\n' ORDER BY status)";

	$self->none('nothing is claimed', "SELECT * FROM $asset WHERE claim IS NOT NULL OR claimed_from IS NOT NULL");
	$self->none('each asset has ended', "SELECT * FROM $asset WHERE status NOT IN $ended");
	$self->none('what was not done has a reason', "SELECT * FROM $asset WHERE status <> 'done' AND coalesce(error, '') = ''");
	$self->none('nothing was tried more often than allowed', "SELECT * FROM $asset WHERE status = 'failed' AND attempts > 3");
	$self->none('each row has a state', "SELECT * FROM ($joined) j WHERE status IS NULL");
	is( value($self->{server}, "SELECT $list FROM (SELECT status::text, sum(assets) AS n FROM thumbexif_status WHERE assets > 0 GROUP BY status) s"),
		value($self->{server}, "SELECT $list FROM (SELECT status, count(*) AS n FROM ($joined) j GROUP BY status) s"),
		'each row is counted once, as what it is');
	return;
}

# Rows say what their files hold: nothing else (3, 7), EXIF or not (6), nothing from outside (9).
sub check_rows
{
	my $self = shift;
	my $joined = joined();
	my $rows = "SELECT * FROM ($joined) j LEFT JOIN (VALUES " . $self->expected_rows . ') e (name, kind, w, h, t) ON e.name = j.path';
	my $good = "kind IN ('dated', 'old', 'broken')";

	$self->none('good pictures are done, bad ones are not, those that are not there are missing',
		"$rows WHERE status <> CASE WHEN $good THEN 'done' WHEN kind = 'bad' AND (status IN ('failed', 'unsupported') OR relation = 'stills' OR thumbnail_path LIKE '%canary%') THEN status
			WHEN kind = 'bad' THEN '' ELSE 'missing' END");
	$self->none('rows have the sizes of their pictures', "$rows WHERE $good AND (width, height) IS DISTINCT FROM (w, h)");
	$self->none('and their dates', "$rows WHERE kind = 'dated' AND taken_at IS DISTINCT FROM t");
	$self->none('without a date there is none', "$rows WHERE kind = 'old' AND taken_at IS NOT NULL AND relation <> 'stills'");
	# a damaged photo fails, and yet its date is taken
	$self->none('no date is guessed', "$rows WHERE extract(year FROM taken_at) NOT BETWEEN 2001 AND 2013 AND taken_at <> '2024-05-06 05:08:09.25+00'");
	$self->none('broken EXIF is told and does no harm', "$rows WHERE kind = 'broken' AND (exif_error IS NULL OR thumbnail_path IS NULL)");
	$self->none('no picture from outside is in a row', "SELECT * FROM ($joined) j WHERE width = $SoakFiles::outside");
	$self->none('no good data were erased', 'SELECT * FROM erased');
	return;
}

# Thumbnails are whole, and of the path and the settings of now (3).
sub check_thumbnails
{
	my $self = shift;
	my $joined = joined();
	my $folder = $self->{server}->{thumbnails};
	my $oid = value($self->{server}, "SELECT oid FROM pg_database WHERE datname = 'postgres'");
	my $ours = "thumbnail_path = '$folder/$oid/' || attachment || '/' || file";

	my @named = split /\n/, value($self->{server}, "SELECT thumbnail_path FROM ($joined) j WHERE thumbnail_path LIKE '$folder/%'");
	is_deeply([ grep { !-s $_ } @named ], [], scalar(@named) . ' rows name files that are there');
	$self->none('each thumbnail is that of its path, made with the settings of now', <<"EOSQL");
WITH j AS ($joined), e (name, kind, w, h, t) AS (VALUES @{[ $self->expected_rows ]}),
	fresh AS MATERIALIZED (SELECT name AS path, thumbexif_thumbnail(name) AS bytes FROM e WHERE kind IN ('dated', 'old', 'broken'))
SELECT relation, id, path, thumbnail_path FROM j JOIN fresh USING (path)
WHERE status = 'done' AND $ours AND pg_read_binary_file(thumbnail_path) <> bytes
EOSQL
	$self->none('what is done has a thumbnail of ours, unless the row came with another',
		"SELECT * FROM ($joined) j WHERE status = 'done' AND relation <> 'stills'
			AND (thumbnail_path IS NULL OR NOT coalesce($ours, false) AND thumbnail_path NOT LIKE '%canary%')");

	# of an attachment that was dissolved, rows may name files that nobody knows any more
	my @known = split /\n/, value($self->{server}, 'SELECT attachment FROM thumbexif_internal.thumbexif_attachment');
	my @files = map { files_below("$folder/$oid/$_") } @known;
	my @states = split /\n/, value($self->{server}, "SELECT '$folder/$oid/' || attachment || '/' || file FROM $asset WHERE file IS NOT NULL");
	is_deeply([ sort @files ], [ sort @states ], 'after a clean-up there is a file for each state that names one, and no other');
	return;
}

# Decoders that have neither a server process nor a template, or have ended and are not reaped.
sub stray_decoders
{
	my ($self, $processes) = @_;
	my @found;

	foreach my $pid (sort keys %$processes)
	{
		my $process = $processes->{$pid};
		my $parent = $processes->{ $process->{parent} };

		next if $process->{name} !~ /^thumbexif-decod/;
		push @found, "$pid $process->{state} of $process->{parent}"
		  if $process->{state} eq 'Z' || !$parent || $parent->{name} !~ /^(?:postgres$|thumbexif-decod)/;
	}
	return join(', ', @found);
}

# Nothing is touched outside (9), nothing was held while decoders worked (8), nobody is left over and nobody is busy.
# Returns how many processes there are.
sub check_surroundings
{
	my $self = shift;
	my $canary = join("\n", map { "$_ " . Digest::MD5::md5_hex(slurp_file($_)) } sort(files_below("$self->{base}/canary")));
	my $stray = sub { return $self->stray_decoders(processes_of($self->{install})) };

	$self->{canary} = $canary unless defined $self->{canary};
	is($canary, $self->{canary}, 'nothing outside is gone or changed');
	is(join("\n", @{ $self->{held} }), '', "nothing was held by those who waited for decoders ($self->{watched} seen)");
	$self->until_so('no decoder is left over', sub { return $stray->() eq '' });
	is($stray->(), '', 'no decoder is left over, nor its remains');
	is($self->{slow_stops}, 0, 'each fast stop has ended');

	my @idle = split /\n/, value($self->{server}, "SELECT pid FROM pg_stat_activity WHERE backend_type LIKE 'thumbexif%'");
	my @busy = grep { !rests($_) } @idle;
	is("@busy", '', 'who is idle uses no processor: ' . scalar(@idle));
	return scalar keys %{ processes_of($self->{install}) };
}

sub check_all
{
	my $self = shift;

	$self->check_states;
	$self->check_rows;
	$self->check_thumbnails;
	return $self->check_surroundings;
}

# --- memory and descriptors: of the worker, its decoders, and a session, over rounds of good and bad pictures

sub do_round
{
	my ($self, $session) = @_;

	value($self->{server}, "INSERT INTO shots (path) SELECT i FROM generate_series(1, $SoakFiles::names) i;
		INSERT INTO shots (path) SELECT 'bad' FROM generate_series(1, 50)");
	$self->until_so('a round is done', sub { $self->idle });
	$session->query("SELECT count(*) FROM (SELECT thumbexif_process(id, 'shots', true) FROM shots ORDER BY id DESC LIMIT 100) s");
	return;
}

sub sizes
{
	my @pids = @_;

	return { pids => "@pids", map { my $pid = $_; ("memory$pid" => anonymous_kb($pid), "files$pid" => descriptors($pid),
		"decoders$pid" => anonymous_kb(decoder_pids($pid))) } @pids };
}

# check_growth(): after rounds in which caches fill, nothing grows
sub check_growth
{
	my $self = shift;
	my $session = TestSession->new($self->{server});
	my ($first, $last);

	$session->query('SET client_min_messages = error');
	$self->write_some_file($_, 1) foreach 1 .. $SoakFiles::names;
	write_file("$self->{root}/bad", 'bad');
	$self->{content}->{bad} = { kind => 'bad' };
	foreach my $round (1 .. 8)
	{
		$self->do_round($session);
		$last = sizes(worker_pid($self->{server}), $session->{pid});
		$first = $last if $round == 4;
	}
	$session->finish;
	is($last->{pids}, $first->{pids}, 'worker and session are the same') or return;
	foreach my $pid (split / /, $last->{pids})
	{
		my $who = $pid == $session->{pid} ? 'session' : 'worker';

		cmp_ok($last->{"memory$pid"}, '<', $first->{"memory$pid"} + 2048, "memory of a $who is flat: $first->{\"memory$pid\"} kB, $last->{\"memory$pid\"} kB");
		cmp_ok($last->{"files$pid"}, '<=', $first->{"files$pid"} + 8, "so are its descriptors: $first->{\"files$pid\"}, $last->{\"files$pid\"}");
		cmp_ok($last->{"decoders$pid"}, '<', $first->{"decoders$pid"} + 16384,
			"and the memory of its decoders: $first->{\"decoders$pid\"} kB, $last->{\"decoders$pid\"} kB");
	}
	return;
}

# The extension goes and comes again: rows and files stay, and it goes on.
sub check_again
{
	my $self = shift;
	my $server = $self->{server};
	my $count = 'SELECT count(thumbnail_path) FROM shots';
	my $before = value($server, $count);

	value($server, 'DROP EXTENSION thumbexif');
	value($server, "CREATE EXTENSION thumbexif; SELECT thumbexif_attach('shots')");
	is(value($server, $count), $before, 'a dropped extension leaves rows alone');
	my @named = split /\n/, value($server, "SELECT thumbnail_path FROM shots WHERE thumbnail_path LIKE '$server->{thumbnails}/%'");
	value($server, 'SELECT thumbexif_clean()');
	is_deeply([ grep { !-s $_ } @named ], [], 'and their files');
	value($server, "INSERT INTO shots (path) VALUES ('2')");
	wait_for($server, 'it does new rows', 'SELECT thumbnail_path IS NOT NULL FROM shots ORDER BY id DESC LIMIT 1');
	return;
}

1;
