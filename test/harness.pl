# harness.pl SUMMARY FILE...: run test programs, several at a time, and write the sum into the file SUMMARY.
#
# Each speaks TAP.  A program that ends badly, or does not say how many tests it has, counts as one failure more.
# In continuous integration (CI=true) a test that is skipped counts as a failure too, unless test/skips allows it.
use strict;
use warnings;

use File::Find;
use TAP::Harness;

my $summary = shift;
my (%failed, %skips);
my @allowed = allowed_skips();

# Each line of test/skips: a file, what the test says when it is skipped (a pattern), and why that is allowed.
sub allowed_skips
{
	my @found;

	open(my $in, '<', 'test/skips') or die "test/skips: $!";
	while (<$in>)
	{
		next if /^(#|$)/;
		my ($file, $says, $reason) = /^(\S+)\t+([^\t]+)\t+(\S.*)$/ or die "test/skips: a line without three columns: $_";
		push @found, [ $file, qr/^$says$/ ];
	}
	return @found;
}

# may_skip(FILE, EXPLANATION)
sub may_skip
{
	my ($file, $says) = @_;

	return 1 if !$ENV{CI} || $ENV{CI} eq 'false';
	return scalar grep { $file =~ m{(^|/)\Q$_->[0]\E$} && $says =~ $_->[1] } @allowed;
}

# log_findings(FOLDER): failed assertions of servers, and errors that valgrind found, as "file: line".  They count also
# where a test expects the server to end.
sub log_findings
{
	my $folder = shift;
	my @found;

	find(
		sub {
			return unless /\.log$/ && -f;
			open(my $in, '<', $_) or die "$File::Find::name: $!";
			while (my $line = <$in>)
			{
				push @found, "$File::Find::name: $line" if $line =~ /^TRAP: |VALGRINDERROR-BEGIN/;
			}
		},
		$folder);
	return @found;
}

# With several jobs those that take long should start first: the caller's order is kept.
my $harness = TAP::Harness->new(
	{
		jobs => $ENV{TE_JOBS} || 2,
		timer => 1,
		exec => sub {
			my ($self, $file) = @_;
			my @command = $file =~ /\.pl$/ ? ('perl', $file) : $file =~ /\.sh$/ ? ('bash', $file) : ("./$file");

			return [ $ENV{TE_CPU} ? ('build/cpu_time', "$ENV{TESTDIR}/cpu", $file) : (), @command ];
		},
	});
$harness->callback(
	made_parser => sub {
		my ($parser, $job) = @_;
		$parser->callback(
			test => sub {
				my $test = shift;
				push @{ $failed{ $job->[1] } }, $test->as_string unless $test->is_ok;
				push @{ $skips{ $job->[1] } }, $test->explanation
				  if $test->has_skip && !may_skip($job->[1], $test->explanation);
			});
	});

my ($passed, $bad, $skipped) = (0, 0, 0);
if (@ARGV)
{
	my $aggregator = $harness->runtests(@ARGV);
	foreach my $file ($aggregator->descriptions)
	{
		my ($parser) = $aggregator->parsers($file);
		my $failures = scalar $parser->failed;

		# no callback tells of a program that is skipped as a whole
		push @{ $skips{$file} }, $parser->skip_all if $parser->skip_all && !may_skip($file, $parser->skip_all);
		$failures = 1 if !$failures && ($parser->exit || $parser->parse_errors);
		$bad += $failures;
		$skipped += $parser->skip_all ? 1 : scalar $parser->skipped;
		$passed += scalar($parser->passed) - scalar($parser->skipped);
	}
}

if ($ENV{TE_CPU} && open(my $in, '<', "$ENV{TESTDIR}/cpu"))
{
	my @lines = reverse sort <$in>;
	my $sum = 0;

	$sum += (split)[0] foreach @lines;
	print "seconds of processor time, by the clock, and of what:\n", @lines, sprintf("%.1f seconds of processor time in all\n", $sum);
}
foreach my $file (sort keys %failed)
{
	print "$file: $_\n" foreach @{ $failed{$file} };
}
foreach my $file (sort keys %skips)
{
	$bad += @{ $skips{$file} };
	print "$file: skipped, which test/skips does not allow here: $_\n" foreach @{ $skips{$file} };
}
foreach my $finding (log_findings($ENV{TESTDIR}))
{
	$bad++;
	print $finding;
}
open(my $out, '>', $summary) or die "$summary: $!";
print $out "$passed passed, $bad failed", ($skipped ? ", $skipped skipped" : ''), "\n";
close($out) or die "$summary: $!";
exit($bad || !$passed ? 1 : 0);
