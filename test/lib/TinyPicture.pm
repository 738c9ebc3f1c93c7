# TinyPicture: a PNG of one pixel (or a few) with the EXIF a test asks for, so that a test can say what is in it.
package TinyPicture;

use strict;
use warnings;

use Compress::Zlib ();
use Exporter 'import';

our @EXPORT = qw(tiny_picture write_file);

# A directory in a little-endian TIFF block.  Entries are [tag, type, count, bytes]; what does
# not fit into an entry follows the directory, which begins at $offset.
sub directory
{
	my ($offset, @entries) = @_;
	my $data_at = $offset + 2 + 12 * @entries + 4;
	my ($table, $data) = ('', '');

	foreach my $entry (sort { $a->[0] <=> $b->[0] } @entries)
	{
		my ($tag, $type, $count, $bytes) = @$entry;
		my $value = $bytes . "\0" x (length($bytes) < 4 ? 4 - length($bytes) : 0);

		if (length($bytes) > 4)
		{
			$value = pack('V', $data_at + length($data));
			$data .= $bytes . (length($bytes) % 2 ? "\0" : '');
		}
		$table .= pack('vvV', $tag, $type, $count) . $value;
	}
	return pack('v', scalar @entries) . $table . pack('V', 0) . $data;
}

sub ascii
{
	my ($tag, $text) = @_;
	return [ $tag, 2, length($text) + 1, "$text\0" ];
}

sub chunk
{
	my ($type, $data) = @_;
	return pack('N', length($data)) . $type . $data . pack('N', Compress::Zlib::crc32($type . $data));
}

# tiny_picture(make => BYTES, model => BYTES, taken => '2024:07:01 12:00:00', subsec => '25', offset => '+02:00')
# Without any of these it has no EXIF.  changed => TIME is DateTime; exif => BYTES stands for the whole block.
# width => 1, height => 1, colour => "\xff\0\0": what is to be seen.
sub tiny_picture
{
	my %wish = @_;
	my $exif = defined $wish{exif} ? $wish{exif} : '';
	my ($width, $height) = ($wish{width} || 1, $wish{height} || 1);
	my $line = "\0" . (defined $wish{colour} ? $wish{colour} : "\xff\0\0") x $width;
	my (@image, @photo);

	push @image, ascii(0x0132, $wish{changed}) if defined $wish{changed};
	push @image, ascii(0x010F, $wish{make}) if defined $wish{make};
	push @image, ascii(0x0110, $wish{model}) if defined $wish{model};
	push @photo, ascii(0x9003, $wish{taken}) if defined $wish{taken};
	push @photo, ascii(0x9291, $wish{subsec}) if defined $wish{subsec};
	push @photo, ascii(0x9011, $wish{offset}) if defined $wish{offset};
	if (@photo)
	{
		# the pointer has its place before the directory it points to is laid out
		my $size = length(directory(8, @image, [ 0x8769, 4, 1, pack('V', 0) ]));
		push @image, [ 0x8769, 4, 1, pack('V', 8 + $size) ];
		$exif = pack('A2vV', 'II', 42, 8) . directory(8, @image) . directory(8 + $size, @photo);
	}
	elsif (@image)
	{
		$exif = pack('A2vV', 'II', 42, 8) . directory(8, @image);
	}
	return "\x89PNG\r\n\x1a\n"
	  . chunk('IHDR', pack('NNCCCCC', $width, $height, 8, 2, 0, 0, 0))
	  . ($exif eq '' ? '' : chunk('eXIf', $exif))
	  . chunk('IDAT', Compress::Zlib::compress($line x $height))
	  . chunk('IEND', '');
}

sub write_file
{
	my ($path, $bytes) = @_;

	open(my $file, '>:raw', $path) or die "open $path: $!";
	print $file $bytes;
	close($file) or die "close $path: $!";
}

1;
