# harness.pl SUMMARY FILE...: run test programs, several at a time, and write the sum into the file SUMMARY.
#
# Each speaks TAP.  A program that ends badly, or does not say how many tests it has, counts as one failure more.
use strict;
use warnings;

use TAP::Harness;

my $summary = shift;
my %failed;

# With several jobs those that take long should start first: the caller's order is kept.
my $harness = TAP::Harness->new(
	{
		jobs => $ENV{TE_JOBS} || 2,
		timer => 1,
		exec => sub {
			my ($self, $file) = @_;
			return [ 'perl', $file ] if $file =~ /\.pl$/;
			return [ 'bash', $file ] if $file =~ /\.sh$/;
			return ["./$file"];
		},
	});
$harness->callback(
	made_parser => sub {
		my ($parser, $job) = @_;
		$parser->callback(
			test => sub {
				my $test = shift;
				push @{ $failed{ $job->[1] } }, $test->as_string unless $test->is_ok;
			});
	});

my ($passed, $bad, $skipped) = (0, 0, 0);
if (@ARGV)
{
	my $aggregator = $harness->runtests(@ARGV);
	foreach my $parser ($aggregator->parsers)
	{
		my $failures = scalar $parser->failed;
		$failures = 1 if !$failures && ($parser->exit || $parser->parse_errors);
		$bad += $failures;
		$skipped += $parser->skip_all ? 1 : scalar $parser->skipped;
		$passed += scalar($parser->passed) - scalar($parser->skipped);
	}
}

foreach my $file (sort keys %failed)
{
	print "$file: $_\n" foreach @{ $failed{$file} };
}
open(my $out, '>', $summary) or die "$summary: $!";
print $out "$passed passed, $bad failed", ($skipped ? ", $skipped skipped" : ''), "\n";
close($out) or die "$summary: $!";
exit($bad || !$passed ? 1 : 0);
