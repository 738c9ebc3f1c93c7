# The scripts behind "make exif-backfill": what they check, and what they do to a database.
use strict;
use warnings;

use Cwd;
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;

my $tools = "$ENV{TE_SCRATCH}/tools";

sub exif_backfill
{
	my ($server, %variables) = @_;
	local %ENV = (%ENV, PGHOST => $server->host, PGPORT => $server->port, PGDATABASE => 'postgres', %variables);
	my ($out, $error);
	my $status = IPC::Run::run([ 'bash', "$tools/exif-backfill" ], '>', \$out, '2>', \$error);

	return ($status, $out, $error);
}

my $server = new_server('targets', extension => 0);
my ($good, $out, $error) = exif_backfill($server);
ok(!$good, 'fails without the extension');
like($error, qr/CREATE EXTENSION thumbexif/, 'and says what to do');

foreach my $wrong ([ LIMIT => '10; DROP' ], [ BATCH_SIZE => '-1' ], [ DRY_RUN => 'perhaps' ])
{
	($good, $out, $error) = exif_backfill($server, @$wrong);
	ok(!$good, "refuses $wrong->[0]=$wrong->[1]");
	like($error, qr/$wrong->[0] must be/, 'and says why');
}

# in a schema of its own, with a relation whose name needs quotes
$server->safe_psql('postgres', q{
	CREATE SCHEMA "Photo s";
	CREATE EXTENSION thumbexif SCHEMA "Photo s";
	SET search_path = "Photo s";
	SELECT thumbexif_attach('public."it''s"', create_table => true);
	INSERT INTO public."it's" (path) SELECT name FROM pg_ls_dir(current_setting('thumbexif.image_roots')) name
		WHERE name LIKE '%.jpg' ORDER BY 1 LIMIT 5;
});
($good, $out, $error) = exif_backfill($server, LIMIT => 3, BATCH_SIZE => 2, DRY_RUN => 1, RELATION => q{public."it's"});
ok($good, 'dry run') or diag($error);
like($error, qr/^INFO:  Dry run: Processing batch 1\/2\.\.\./m, 'names the batches');
like($error, qr/^INFO:  Dry run: Done! Processed: 3, /m, 'and the sum');
my $examined = q{SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE exif_settings IS NOT NULL};
is($server->safe_psql('postgres', $examined), '0', 'a dry run changes nothing');

($good, $out, $error) = exif_backfill($server, LIMIT => 3, BATCH_SIZE => 2, RELATION => q{public."it's"});
ok($good, 'backfill') or diag($error);
like($error, qr/^INFO:  Done! Processed: 3, /m, 'three assets');
is($server->safe_psql('postgres', $examined), '3', 'their state is kept');
is( $server->safe_psql('postgres', q{SELECT count(thumbnail_path) FROM public."it's"}),
	'0', 'no thumbnails were made');

($good, $out, $error) = exif_backfill($server);
like($error, qr/^INFO:  Done! Processed: 2, /m, 'without a limit and a relation: the rest');

# --- continuous integration takes no skipped test for a passed one, unless test/skips allows it

# harness(CI): how it ends and what it says of three programs: one test is skipped, a whole program is, and one that may be
sub harness
{
	my $ci = shift;
	my $folder = PostgreSQL::Test::Utils::tempdir();
	my %programs = ('one.pl' => '1..2\nok 1\nok 2 # SKIP one of two', 'whole.pl' => '1..0 # SKIP all of it',
		'043_trouble.pl' => '1..2\nok 1\nok 2 # SKIP no other file system to write to');
	local %ENV = (%ENV, CI => $ci, TESTDIR => $folder);

	write_file("$folder/$_", "print \"$programs{$_}\\n\"") foreach keys %programs;
	my $status = IPC::Run::run([ 'perl', "$ENV{TE_SCRATCH}/test/harness.pl", "$folder/summary", map { "$folder/$_" } sort keys %programs ],
		'>', \my $said, '2>&1');
	return ($status, join(', ', $said =~ /allow here: (.*)$/mg), slurp_file("$folder/summary"));
}

is_deeply([ harness('true') ], [ '', 'one of two, all of it', "2 passed, 2 failed, 3 skipped\n" ], 'skipped tests fail where CI is set');
is_deeply([ harness('') ], [ 1, '', "2 passed, 0 failed, 3 skipped\n" ], 'and do not elsewhere');

# the sheet of make db-up and make demo, of a folder without pictures
my $sheet = PostgreSQL::Test::Utils::tempdir() . '/sheet.jpg';
ok(IPC::Run::run([ "$tools/sheet", $sheet ], '<', \''), 'a sheet of nothing');
is(substr(slurp_file($sheet), 0, 3), "\xff\xd8\xff", 'is a picture');

$server->stop;
done_testing();
