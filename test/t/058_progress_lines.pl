# What a backfill says while it goes on: numbers that agree, whatever fails or is left to others.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 10);
my $server = new_server('lines', roots => $root);
value($server, 'SELECT thumbexif_attach()');

# run(BATCH SIZE): all that it says; checks what holds for every run
sub run
{
	my ($what, $size) = @_;
	my ($status, $out, $said) = $server->psql('postgres', "CALL thumbexif_backfill(batch_size => $size)");
	my @lines = $said =~ m{Processing batch (\d+/\d+)\.\.\.}g;
	my @numbers = map { (split m{/})[0] } @lines;
	my $of = (split m{/}, $lines[-1] || '0/0')[1];
	my %count = map { $_ => 0 } qw(updated skipped failed);

	$count{$2} += $1 while $said =~ /(\d+) (?:assets )?(updated|skipped|failed)(?=[,)])/g;
	is($status, 0, "$what: goes well");
	is($out, ($count{updated} + $count{skipped} + $count{failed}) . "|$count{updated}|$count{skipped}|$count{failed}",
		"$what: the lines add up to the last row");
	is($numbers[-1], $of, "$what: the last line is that of the last batch, " . join(' ', @lines));
	is_deeply([ grep { $numbers[$_] <= $numbers[$_ - 1] } 1 .. $#numbers ], [], "$what: each has a higher number");
	is_deeply([ grep { !m{/$of$} } @lines ], [], "$what: of the same");
	return $said;
}

sub fill { value($server, 'DELETE FROM image_assets; ' . shift) }

my $absent = "INSERT INTO image_assets (path) SELECT 'absent/' || i || '.png' FROM generate_series(1, 20) i";
foreach my $size (1, 6, 20, 1000)
{
	fill($absent);
	my $said = run("all fail, $size to a batch", $size);
	my @hints = $said =~ /^(HINT:.*)$/mg;
	my %hints = map { $_ => 1 } @hints;

	is(scalar @hints, scalar keys %hints, "$size to a batch: each hint is given once");
	like($said, qr{WARNING:  asset \d+ failed: .*\nDETAIL:  Its path is "absent/1\.png"\.}, 'a WARNING names the path');
}

# rows that somebody has locked are left for later
foreach my $size (5, 7, 1000)
{
	fill("INSERT INTO image_assets (path) SELECT i || '.png' FROM generate_series(1, 10) i; $absent");
	my $lock = $server->background_psql('postgres');
	$lock->query_safe("BEGIN; SELECT FROM image_assets WHERE path ~ '^(absent/)?[3-7].png' FOR UPDATE");
	like(run("rows are locked, $size to a batch", $size), qr/Done! Processed: 20,/, "$size to a batch: those are not processed");
	$lock->query_safe('COMMIT');
	$lock->quit;
}

$server->stop;
done_testing();
