# What is read from EXIF agrees with ExifTool: on a picture for every rule, and on real ones.
use strict;
use warnings;
use Test::More;
use File::Path qw(make_path);

my $tool = grep { -x "$_/exiftool" } split /:/, $ENV{PATH};
my $photos = $ENV{THEXIF_PHOTOS} // '';
my $compare = "$ENV{TE_SCRATCH}/test/conformance/compare.pl";

sub agree
{
	my ($what, $need, @arguments) = @_;
	my $output = `perl '$compare' --need $need @arguments 2>&1`;
	ok($? == 0, $what) or diag($output);
	note($output);
}

SKIP: {
	skip 'exiftool is not installed', 1 if !$tool;
	my $crafted = "$ENV{TESTDATADIR}/crafted";
	make_path($crafted);
	system("$ENV{TE_SCRATCH}/build/exif_craft", $crafted) == 0 or die 'exif_craft failed';
	system('perl', "$ENV{TE_SCRATCH}/test/conformance/every_tag.pl", "$crafted/jpeg.jpg", "$crafted/every_tag.jpg") == 0
	  or die 'every_tag.pl failed';
	agree('a picture for every rule, and one with every tag', 100, $crafted);
}
SKIP: {
	skip 'THEXIF_PHOTOS names no folder of sample pictures', 1 if !-e "$photos/expected.jsonl";
	agree('sample pictures, and what ExifTool answered once', 99.5, '--expected', "$photos/expected.jsonl", $photos);
}
SKIP: {
	skip 'exiftool is not installed', 1 if !$tool;
	skip 'THEXIF_PHOTOS names no folder', 1 if !-d $photos;
	agree('sample pictures, and what ExifTool answers now', 99.5, $photos);
}
done_testing();
