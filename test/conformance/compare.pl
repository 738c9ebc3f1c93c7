#!/usr/bin/perl
# compare.pl [--quiet] [--expected FILE] [--need PERCENT] PATH...: what src/exif reads from pictures against what ExifTool reads.
#
# Prints agreement per field, and each difference unless it is one of %justified.  With --expected, answers are
# taken from a file of ExifTool's answers (see the README of such a collection) instead of from the program.
# What a newer ExifTool than the one this was written against knows by a name, and we do not, is not compared.
# Needs build/exif_dump.  Exit status 1 if fewer than --need percent (99) agree somewhere.
use strict;
use warnings;
use Encode;
use File::Find;
use File::Temp qw(tempfile);
use FindBin;
use Getopt::Long;
use JSON::PP;

my ($quiet, $expected, $need) = (0, undef, 99);
GetOptions('quiet' => \$quiet, 'expected=s' => \$expected, 'need=f' => \$need) or exit 2;
my $top = "$FindBin::Bin/../..";
my $json = JSON::PP->new->utf8->allow_nonref;
binmode STDOUT, ':utf8';

# What ExifTool calls by names of its own.
my %name = (
	AmbientTemperature => 'Temperature', CFAPattern2 => 'CFAPattern2', CompositeImageCount => 'SourceImageNumberOfCompositeImage',
	CompositeImageExposureTimes => 'SourceExposureTimesOfCompositeImage', CreateDate => 'DateTimeDigitized',
	DNGAdobeData => 'DNGPrivateData', ExifImageHeight => 'PixelYDimension', ExifImageWidth => 'PixelXDimension',
	ExposureCompensation => 'ExposureBiasValue', FocalLengthIn35mmFormat => 'FocalLengthIn35mmFilm',
	ISO => 'ISOSpeedRatings', ImageHeight => 'ImageLength', InteropIndex => 'InteroperabilityIndex',
	InteropVersion => 'InteroperabilityVersion', JpgFromRawLength => 'StripByteCounts', JpgFromRawStart => 'StripOffsets',
	LensInfo => 'LensSpecification', MakerNoteUnknownText => 'MakerNote', ModifyDate => 'DateTime', OldSubfileType => 'SubfileType',
	'Opto-ElectricConvFactor' => 'OECF', OtherImageLength => ['StripByteCounts', 'JPEGInterchangeFormatLength'],
	OtherImageStart => ['StripOffsets', 'JPEGInterchangeFormat'], OwnerName => 'CameraOwnerName',
	PreviewImageLength => ['StripByteCounts', 'JPEGInterchangeFormatLength'],
	PreviewImageStart => ['StripOffsets', 'JPEGInterchangeFormat'], RelatedImageHeight => 'RelatedImageLength',
	SerialNumber => 'BodySerialNumber', SubfileType => 'NewSubfileType', 'TIFF-EPStandardID' => 'TIFF/EPStandardID',
	ThumbnailLength => 'JPEGInterchangeFormatLength', ThumbnailOffset => 'JPEGInterchangeFormat',
);

# Tags that ExifTool makes itself out of a value, or lists though they are no values.
my %not_a_value = map { $_ => 1 } qw(ThumbnailImage ThumbnailTIFF PreviewImage JpgFromRaw OtherImage);

# ExifTool's -n still turns APEX into times and stops, and degrees into one number.
my %same = (
	ShutterSpeedValue => sub { my $v = shift; ref $v || !defined $v ? $v : abs($v) < 100 ? 2**-$v : 0 },
	ApertureValue => sub { my $v = shift; ref $v || !defined $v ? $v : 2**($v / 2) },
	MaxApertureValue => sub { my $v = shift; ref $v || !defined $v ? $v : 2**($v / 2) },
	map({ $_ => \&degrees } qw(GPSLatitude GPSLongitude GPSDestLatitude GPSDestLongitude)),
	GPSTimeStamp => sub { my $v = shift; ref $v && @$v == 3 && !grep(!defined, @$v) ? clock(@$v) : $v },
	GPSDateStamp => sub { my $v = shift; $v =~ s/^(\d{4})\D*(\d\d)\D*(\d\d)$/$1:$2:$3/; $v },
);

sub degrees
{
	my @part = map { ref $_ ? @$_ : $_ } shift;
	return '' if !@part || grep { !defined } @part;
	return abs($part[0] + (($part[1] || 0) + ($part[2] || 0) / 60) / 60);
}

sub clock
{
	my $seconds = $_[0] * 3600 + $_[1] * 60 + $_[2];
	my $text = sprintf '%02d:%02d:%012.9f', int($seconds / 3600), int($seconds / 60) % 60, $seconds - 60 * int($seconds / 60);
	$text =~ s/\.?0+$//;
	return $text;
}

# Of XMP and IPTC we read these.
my %described = (
	map({ ("XMP-dc:$_" => "XMP:$_") } qw(Title Description Subject)), map({ ("XMP-xmp:$_" => "XMP:$_") } qw(Rating CreateDate)),
	# in ExifTool from 12.19 to 13 by the second name
	map({ ("Apple:$_" => 'ContentIdentifier') } qw(ContentIdentifier MediaGroupUUID)),
	'XMP-lr:HierarchicalSubject' => 'XMP:HierarchicalSubject',
	map({ ("XMP-GCamera:$_" => "XMP:$_") } qw(MotionPhoto MotionPhotoPresentationTimestampUs MicroVideo MicroVideoOffset MicroVideoPresentationTimestampUs)),
	# ExifTool's name for IPTC in another place than the usual one of its format
	map({ ("IPTC2:$_" => "IPTC:$_", "IPTC:$_" => "IPTC:$_") } qw(ObjectName Keywords By-line Caption-Abstract CopyrightNotice)),
);

# What RAW formats of their own structure say instead of EXIF, and we read as such.
my %instead = (
	map({ my $group = $_; map({ ("$group:$_" => "IFD0:$_") } qw(Make Model)), ("$group:DateTimeOriginal" => 'ExifIFD:DateTimeOriginal') } qw(CanonRaw SigmaRaw)),
	map({ ("CanonRaw:$_" => "ExifIFD:$_") } qw(ExposureCompensation ShutterSpeedValue ApertureValue)),
	map({ ("SigmaRaw:$_" => "ExifIFD:$_") } qw(ISO FNumber ExposureTime FocalLength)),
);

# Texts without blanks at either end, and those alone that are not blank.
sub described
{
	my ($key, $v) = @_;
	my @texts = grep { defined && !ref && $_ ne '' } map { my $t = $_; $t =~ s/[\0-\x08\x0b\x0e-\x1f\x7f-\x9f]//g if defined $t; $t =~ s/^\s+|\s+$//g if defined $t; $t } ref $v eq 'ARRAY' ? @$v : $v;
	if ($key eq 'XMP:CreateDate') {
		s/^(\d{4})-(\d\d)-(\d\d)/$1:$2:$3/, s/^(\d{4})-(\d\d)$/$1:$2/, s/(\d)T(\d)/$1 $2/ for @texts;
	}
	return join ' / ', @texts;
}

sub flat
{
	my $v = shift;
	return join ' ', map { defined $_ ? $_ : 'undef' } ref $v ? @$v : $v;
}

sub equal
{
	my ($ours, $theirs) = map { flat($_) } @_;
	$theirs =~ s/\s+$//;	# ours has no blanks at its end
	s/\binf\b/undef/g, s/[\0-\x1f\x7f]//g, s/^-?nan$/undef/i for $ours, $theirs;
	return 1 if $ours eq $theirs || ($theirs eq '' && $ours eq 'undef');
	return 1 if $theirs =~ /^\(Binary data|^\(large array/ && $ours ne 'undef';
	my @a = split / /, $ours;
	my @b = split / /, $theirs;
	return 0 if @a != @b;
	for my $i (0 .. $#a) {
		next if $a[$i] eq $b[$i];
		return 0 if grep { !/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i } $a[$i], $b[$i];
		my $tolerance = abs($b[$i]) * 1e-6;
		return 0 if abs($a[$i] - $b[$i]) > ($tolerance > 1e-9 ? $tolerance : 1e-9);
	}
	return 1;
}

# --- differences that are ours by intent: file, field, what ours and ExifTool's look like, why

my @justified = (
	[qr/./, qr/./, sub { $_[1] =~ /\?/ && $_[0] =~ /[^\x00-\x7f]/ }, 'no UTF-8: ours is Latin-1, ExifTool puts question marks'],
	[qr/^comment-binary/, qr/UserComment/, sub { $_[0] eq '10' }, 'binary is its length'],
	[qr/^text-(trailing-)?controls/, qr/make/, sub { $_[0] =~ /^Nikon!?$/ }, 'control characters are dropped'],
	[qr/^text-blank-lines/, qr/ImageDescription/, sub { $_[0] eq 'undef' }, 'control characters are dropped'],
	[qr/./, qr/UserComment/, sub { $_[1] eq '' && $_[0] =~ /^\d+$/ }, 'binary is its length'],
	[qr/^comment-jis-(escapes|blank)/, qr/UserComment/, sub { 1 }, 'JIS with escape sequences or ASCII, which ExifTool does not know'],
	[qr/^heic-(idat|item)/, qr/./, sub { 1 }, 'items in idat or in other items, which ExifTool does not extract'],
	[qr/^png-itext/, qr/./, sub { 1 }, 'profile in iTXt, which ExifTool does not read'],
	[qr/^(packet-)?jxl-brotli/, qr/./, sub { 1 }, 'ExifTool without its Brotli module'],
	[qr/bigtiff|^value-too-much/, qr/^(taken_at|iso)$/, sub { 1 }, 'ExifTool lists the Exif directory of BigTIFF under another group'],
	[qr/^value-too-much/, qr/ImageDescription/, sub { $_[0] eq '(none)' }, 'left out, and the flag says so'],
	[qr/./, qr/(CreateDate|DateTimeOriginal|ISO|Make|ExifVersion|SensingMethod|TIFF-EPStandardID)$/, sub { $_[2] },
		'the tag is in two directories with different values: its own one counts'],
	[qr/./, qr/GPSTimeStamp/, sub { $_[0] =~ /undef/ && $_[1] eq '00:00:00' }, '0/0 is no time'],
	[qr/./, qr/FileSource/, sub { $_[0] eq '3 0 0 0' }, 'four bytes instead of one are four numbers'],
	[qr/^value-filters-broken/, qr/CFAPattern/, sub { 1 }, 'sizes that do not fit the pattern'],
	[qr/./, qr/NoiseReductionParams/, sub { 1 }, 'bytes of an undocumented structure'],
	[qr/^issue_839_poc|^pocIssue283/, qr/^make$/, sub { 1 }, 'a make that is a number is no name'],
	[qr/^IMGP0006-min/, qr/^make$/, sub { 1 }, 'the file ends behind the EXIF segment, which ExifTool then does not read'],
	[qr/./, qr/^IPTC:/, sub { defined $_[0] && defined $_[1] && Encode::encode('UTF-8', $_[0]) eq Encode::encode('cp1252', $_[1], sub { chr shift }) },
		'no character set is named: ours is UTF-8, ExifTool\'s is Latin-1'],
	[qr/^xmp-(broken|doctype|other-prefix|title-comment)/, qr/^XMP:/, sub { 1 },
		'XML that ExifTool, which does not parse it as such, reads in another way: not well-formed, with a document type, a comment'],
	[qr/^xmp-title-no-language/, qr/^XMP:/, sub { 1 }, 'of several texts without a language the first, not the last'],
	[qr/./, qr/^XMP:Rating/, sub { $_[0] eq '' && $_[1] !~ /^\s*[-+]?\d{0,15}\.?\d{0,15}\s*$/ }, 'a rating that is not a plain number is none'],
	[qr/^xmp-rating-(array|odd|long)/, qr/^XMP:Rating/, sub { $_[0] eq '' }, 'a rating that is not a plain number is none'],
	[qr/^apple-(not-clean|too-long|no-text|cut-off|no-order)/, qr/^ContentIdentifier/, sub { $_[0] eq '' }, 'an identifier that is no clean short text'],
	[qr/^(issue_1530|issue_1827|test_issue_ghsa_mv9g).*\.crw$/, qr/make|model/i, sub { 1 }, 'a CRW with a broken make: ours ends at its NUL, ExifTool\'s after six bytes'],
	[qr/\.jp2$/, qr/^IFD0:/, sub { $_[0] eq '(none)' }, 'GeoJP2: a TIFF of one pixel with the place of the image, which is no EXIF'],
	[qr/\.(crw|x3f)$/, qr/^exif_orientation$/, sub { $_[1] eq 'undef' }, 'the rotation of a CRW or X3F, which ExifTool does not call Orientation'],
	[qr/\.crw$/, qr/^XMP:/, sub { $_[0] eq '' }, 'XMP in a block of Canon\'s software behind the CRW'],
	[qr/^issue_1791_new/, qr/SubfileType/, sub { 1 }, 'ExifTool looks for TIFF data in a RAF that it cannot read'],
);

# $both: is the tag in both directories?
sub justified
{
	my ($file, $field, $ours, $theirs, $both) = @_;
	$file =~ s{.*/}{};
	for my $j (@justified) {
		return $j->[3] if $file =~ $j->[0] && $field =~ $j->[1] && $j->[2]->(flat($ours), flat($theirs), $both);
	}
	return undef;
}

# --- the files

# Exiv2's own files of metadata are among its samples, under the names of pictures.
sub is_picture
{
	open my $in, '<:raw', shift or return 0;
	my $start = '';
	return read($in, $start, 7) && $start !~ /^\xff\x01Exiv2/;
}

my @files;
find({ no_chdir => 1, follow_fast => 1, follow_skip => 2, wanted => sub {
	push @files, $_ if -f $_ && is_picture($_) && /\.(jpe?g|jp[es]|thm|tiff?|btf|png|webp|hei[cf]|hif|avif|jxl|jp2|jpx|cr[23w]|mrw|x3f|nef|nrw|arw|sr2|dng|orf|rw[2l]|pef|srw|raf|iiq|3fr|erf|kdc|dcr|mos|raw|gif|bmp|jpeg|fff)$/i && $_ !~ /["\\]/;
} }, @ARGV);
@files = sort @files;
die "no pictures in @ARGV\n" if !@files;

my %ours;
open my $dump, '-|', "$top/build/exif_dump", @files or die "exif_dump: $!\n";
while (<$dump>) {
	my $line = $json->decode($_);
	$ours{ $line->{file} } = $line;
}
close $dump;

my (%theirs, %their_description, %their_languages);
if ($expected) {
	open my $in, '<', $expected or die "$expected: $!\n";
	while (<$in>) {
		my $line = $json->decode($_);
		my ($file) = grep { m{/\Q$line->{name}\E$} } @files;
		$theirs{$file} = $line->{exif} if $file;
	}
} else {
	# names in a file: there may be more than a command line takes
	my ($list, $list_file) = tempfile(UNLINK => 1);
	print $list map { "$_\n" } @files;
	close $list;
	open my $tool, '-|', "exiftool -q -q -j -n -G1 -api largefilesupport -@ '$list_file' 2>/dev/null" or die "exiftool: $!\n";
	my $text = do { local $/; <$tool> };
	close $tool;
	# ExifTool lets broken UTF-8 through where it shows XML
	for my $line (@{ JSON::PP->new->decode(Encode::decode('UTF-8', $text)) }) {
		my $file = delete $line->{SourceFile};
		$their_description{$file} = { map { $described{$_} => $line->{$_} } grep { $described{$_} } sort keys %$line };
		for my $key (sort grep { /^XMP-dc:(Title|Description)-/ } keys %$line) {
			# without x-default any language will do
			my ($name) = $key =~ /^XMP-dc:(\w+)-/;
			push @{ $their_languages{$file}{"XMP:$name"} }, $line->{$key};
		}
		$theirs{$file} = { map { $_ => $line->{$_} } grep { /^(IFD0|ExifIFD|GPS):/ } keys %$line };
		if (!%{ $theirs{$file} }) {
			$theirs{$file}{ $instead{$_} } = $line->{$_} for grep { $instead{$_} } sort keys %$line;
		}
	}
}

# --- names that ExifTool has learnt since

my $newest_known = 12.57;
my %our_name;
my %learnt;
if (!$expected && `exiftool -ver` > $newest_known) {
	%our_name = map { chomp; $_ => 1 } `$top/build/exif_dump -n`;
	die "exif_dump -n failed\n" if !%our_name;
}

# Does only ExifTool know this name?
sub is_learnt
{
	my @names = @_;
	return %our_name && !grep { $our_name{$_} } @names;
}

# --- the comparison

my (%count, %agree, %reason);

sub judge
{
	my ($field, $file, $ours, $theirs, $same, $both) = @_;
	$count{$field}++;
	return $agree{$field}++ if $same;
	my $why = justified($file, $field, $ours, $theirs, $both);
	if ($why) {
		$reason{$why}++;
		return $agree{$field}++;
	}
	return if $quiet;
	s{.*/}{} for my $short = $file;
	my ($o, $t) = map { my $f = flat($_); length $f > 100 ? substr($f, 0, 100) . '...' : $f } $ours, $theirs;
	s/[\0-\x1f]/?/g for $o, $t;
	print "$short: $field: ours $o, ExifTool $t\n";
}

sub first_of
{
	my ($tags, @keys) = @_;
	for my $key (@keys) {
		return $tags->{$key} if defined $tags->{$key} && $tags->{$key} ne '';
	}
	return undef;
}

sub expected_time
{
	my $tags = shift;
	for my $which (['DateTimeOriginal', 'SubSecTimeOriginal', 'OffsetTimeOriginal'], ['CreateDate', 'SubSecTimeDigitized', 'OffsetTimeDigitized']) {
		for my $dir ('ExifIFD', 'IFD0') {
			my $text = $tags->{"$dir:$which->[0]"} // '';
			next if $text !~ m{^(\d{4})[:/-](\d\d)[:/-](\d\d)[ T](\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[-+]\d\d:\d\d)?\s*$};
			my @days = (0, 31, $1 % 4 || ($1 % 100 == 0 && $1 % 400) ? 28 : 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31);
			next if $1 < 1 || $2 < 1 || $2 > 12 || $3 < 1 || $3 > $days[$2] || $4 > 23 || $5 > 59 || $6 > 59;
			my $time = "$1-$2-$3 $4:$5:$6";
			my ($inner_fraction, $inner_offset) = (substr($7 // '.', 1), $8 // '');
			my $fraction = first_of($tags, "ExifIFD:$which->[1]", "IFD0:$which->[1]") // $inner_fraction;
			my $offset = first_of($tags, "ExifIFD:$which->[2]", "IFD0:$which->[2]") // $inner_offset;
			$time .= $fraction =~ /^(\d+)\s*$/ ? '.' . substr("${1}000000", 0, 6) : '.000000';
			$time .= '+0' if $offset =~ /^Z\s*$/;
			$time .= $2 . ($3 * 60 + $4) if $offset =~ /^(([-+])(\d\d):(\d\d))\s*$/ && $3 < 16 && $4 < 60;
			return $time;
		}
	}
	return undef;
}

sub our_time
{
	my $our = shift;
	return undef if !defined $our->{taken_at};
	return $our->{taken_at} . sprintf('.%06d', $our->{microsecond}) . (defined $our->{offset} ? sprintf '%+d', $our->{offset} : '');
}

sub expected_position
{
	my $tags = shift;
	my @value;
	for (['Latitude', 90, qr/^\s*n/i, qr/^\s*s/i], ['Longitude', 180, qr/^\s*e/i, qr/^\s*w/i]) {
		my ($axis, $limit, $plus, $minus) = @$_;
		my $v = $tags->{"GPS:GPS$axis"};
		my $ref = $tags->{"GPS:GPS${axis}Ref"} // '';
		return undef if !defined $v || $v !~ /^[-+.\de]+$/i || abs $v > $limit || ($ref !~ $plus && $ref !~ $minus);
		push @value, $ref =~ $minus ? -abs $v : abs $v;
	}
	return $value[0] == 0 && $value[1] == 0 ? undef : sprintf '%.6f %.6f', map { $_ + 0 } @value;
}

# A number of ExifTool's that is above 0 and is one number.
sub quantity
{
	my $v = shift;
	return defined $v && $v =~ /^\d+\.?\d*(e[-+]?\d+)?$/i && $v > 0 && $v <= 1e6 ? $v : undef;
}

# What the columns of facts must have, by ExifTool's tags of EXIF.
sub expected_facts
{
	my $tags = shift;
	my $either = sub { first_of($tags, map { ("ExifIFD:$_", "IFD0:$_") } @_) };
	my %fact = (
		f_number => quantity($either->('FNumber')), exposure_time => quantity($either->('ExposureTime')), focal_length => quantity($either->('FocalLength')),
		focal_length_35mm => quantity($either->('FocalLengthIn35mmFormat')), lens => trimmed($either->('LensModel')),
		exif_orientation => $tags->{'IFD0:Orientation'},
	);
	my ($iso) = split / /, $either->('ISO') // '';
	$fact{iso} = quantity($iso);
	$fact{iso} = quantity($either->('RecommendedExposureIndex')) // quantity($either->('ISOSpeed')) // quantity($either->('StandardOutputSensitivity'))
	  if !defined $iso || $iso eq '' || $iso eq '65535';
	delete $fact{exif_orientation} if ($fact{exif_orientation} // '') !~ /^[1-8]$/;
	delete $fact{lens} if ($fact{lens} // '') !~ /[a-z0-9]|[^\x00-\x7f]/i;
	my ($altitude, $reference, $direction) = @$tags{qw(GPS:GPSAltitude GPS:GPSAltitudeRef GPS:GPSImgDirection)};
	$fact{altitude} = ($reference // 0) =~ /^[13]$/ ? -$altitude : $altitude
	  if defined $altitude && $altitude =~ /^\d+\.?\d*$/ && ($reference // 0) =~ /^[0-3]$/;
	$fact{direction} = $direction if defined $direction && $direction =~ /^\d+\.?\d*$/ && $direction <= 360;
	return \%fact;
}

sub trimmed
{
	my $text = shift;
	return undef if !defined $text;
	$text =~ s/^\s+|\s+$//g;
	return $text eq '' ? undef : $text;
}

for my $file (@files) {
	my $tags = $theirs{$file} or next;
	my $our = $ours{$file} or die "exif_dump ended before $file\n";
	my $exif = $our->{exif} // {};

	for my $pair (['make', 'Make'], ['model', 'Model']) {
		my $want = trimmed(first_of($tags, "IFD0:$pair->[1]", "ExifIFD:$pair->[1]"));
		judge($pair->[0], $file, $our->{ $pair->[0] }, $want, flat($our->{ $pair->[0] }) eq flat($want)) if defined $want || defined $our->{ $pair->[0] };
	}
	my ($time, $want_time) = (our_time($our), expected_time($tags));
	judge('taken_at', $file, $time, $want_time, flat($time) eq flat($want_time)) if defined $time || defined $want_time;
	my $position = defined $our->{lat} ? sprintf '%.6f %.6f', $our->{lat}, $our->{lon} : undef;
	my $want_position = expected_position($tags);
	judge('position', $file, $position, $want_position, equal($position, $want_position)) if defined $position || defined $want_position;
	my $facts = expected_facts($tags);
	for my $fact (qw(iso f_number exposure_time focal_length focal_length_35mm lens exif_orientation altitude direction)) {
		judge($fact, $file, $our->{$fact}, $facts->{$fact}, equal($our->{$fact}, $facts->{$fact})) if defined $our->{$fact} || defined $facts->{$fact};
	}

	for my $key (sort keys %$tags) {
		my ($dir, $tag) = split /:/, $key;
		next if $not_a_value{$tag};
		my $keys = $name{$tag} // $tag;
		my ($found) = grep { exists $exif->{$_} } ref $keys ? @$keys : $keys;
		if (!defined $found && is_learnt(ref $keys ? @$keys : $keys)) {
			$learnt{$tag}++;
			next;
		}
		my $value = defined $found ? $exif->{$found} : undef;
		my $as = defined $value && $same{$tag} ? $same{$tag}->($value) : $value;
		judge("$dir:$tag", $file, defined $found ? $value : '(none)', $tags->{$key}, defined $found && equal($as, $tags->{$key}),
			exists $tags->{"IFD0:$tag"} && exists $tags->{"ExifIFD:$tag"});
	}
}

# Descriptions, in both directions: nothing may be missing and nothing invented.
for my $file (grep { $their_description{$_} } @files) {
	my $exif = $ours{$file}{exif} // {};
	my %key = map { $_ => 1 } keys %{ $their_description{$file} }, keys %{ $their_languages{$file} // {} },
	  grep { /^((XMP|IPTC):|ContentIdentifier$)/ && $_ ne 'XMP:MotionPhotoOffset' } keys %$exif;
	for my $key (sort keys %key) {
		my $our = described($key, $exif->{$key});
		my @their = map { described($key, $_) } grep { defined } $their_description{$file}{$key}, @{ $their_languages{$file}{$key} // [] };
		next if $our eq '' && !grep { $_ ne '' } @their;
		judge($key, $file, $our, $their[0] // '', !!grep { equal($our, $_) } @their);
	}
	# and what their columns have
	my $columns = $ours{$file};
	my %of = (title => $exif->{'XMP:Title'} // $exif->{'IPTC:ObjectName'}, keywords => $exif->{'XMP:Subject'} // $exif->{'IPTC:Keywords'});
	my %seen;
	my $want = join ' / ', grep { !$seen{$_}++ } map { s/\s/ /gr } @{ $of{keywords} // [] };
	my $got = join ' / ', @{ $columns->{keywords} // [] };
	judge('keywords', $file, $got, $want, $got eq $want) if $got ne '' || $want ne '';
	my ($title, $want_title) = map { ($_ // '') =~ s/\s/ /gr } $columns->{title}, $of{title};
	judge('title', $file, $title, $want_title, $title eq $want_title) if $title ne '' || $want_title ne '';
	my $stars = ($exif->{'XMP:Rating'} // '') =~ /^(?:-1|[0-5])$/ ? $exif->{'XMP:Rating'} : ($exif->{Rating} // '') =~ /^[0-5]$/ ? $exif->{Rating} : undef;
	judge('rating', $file, $columns->{rating}, $stars, equal($columns->{rating}, $stars)) if defined $columns->{rating} || defined $stars;
}

my ($all, $good, $bad) = (0, 0, 0);
my ($all_described, $good_described) = (0, 0);
for my $field (sort keys %count) {
	if ($field =~ /^(XMP|IPTC):/) {
		$all_described += $count{$field}, $good_described += $agree{$field} // 0;
		next;
	}
	$all += $count{$field}, $good += $agree{$field} // 0 if $field =~ /:/;
	my $percent = 100 * ($agree{$field} // 0) / $count{$field};
	next if $field =~ /:/;
	$bad = 1 if $percent < $need;
	printf "%-17s %6d of %6d agree: %.2f %%\n", $field, $agree{$field} // 0, $count{$field}, $percent;
}
if ($all) {
	$bad = 1 if 100 * $good / $all < $need;
	printf "%-10s %6d of %6d agree: %.2f %%\n", 'tags', $good, $all, 100 * $good / $all;
}
if ($all_described) {
	$bad = 1 if 100 * $good_described / $all_described < $need;
	printf "%-10s %6d of %6d agree: %.2f %%\n", 'XMP, IPTC', $good_described, $all_described, 100 * $good_described / $all_described;
}
print "not compared, for only ExifTool knows the name: $_\n" for sort keys %learnt;
print "$reason{$_} times: $_\n" for sort keys %reason;
exit $bad;
