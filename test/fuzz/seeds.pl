#!/usr/bin/perl
# seeds.pl FROM... TO: make inputs for fuzz_exif of pictures: a byte that names the format before each.
use strict;
use warnings;
use File::Find;

my $to = pop @ARGV;
my %format = (jpg => 1, jpeg => 1, png => 2, webp => 3, tif => 5, tiff => 5, btf => 5, heic => 6, heif => 6, avif => 7, jxl => 8, jp2 => 11,
	map { $_ => 10 } qw(raf cr2 cr3 crw mrw nef dng orf rw2 arw pef iiq raw x3f));
my $number = 0;
find({ no_chdir => 1, wanted => sub {
	return unless -f $_ && -s _ < 64 * 1024 && /\.(\w+)$/ && $format{ lc $1 };
	my $format = $format{ lc $1 };
	open my $in, '<:raw', $_ or return;
	local $/;
	my $bytes = <$in>;
	open my $out, '>:raw', sprintf('%s/seed-%04d', $to, $number++) or die "$to: $!\n";
	print $out chr($format), $bytes;
} }, @ARGV);
print "$number seeds\n";
