# TinyPicture: a PNG of one pixel (or a few) with the EXIF a test asks for, so that a test can say what is in it.
package TinyPicture;

use strict;
use warnings;

use Compress::Zlib ();
use Exporter 'import';

our @EXPORT = qw(tiny_picture tiny_png write_file);

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
# image, photo, gps => [ [ TAG, TYPE, COUNT, BYTES ], ... ]: more entries, in the byte order of Intel, of IFD0, the Exif and the GPS directory.
# width => 1, height => 1, colour => "\xff\0\0": what is to be seen.
sub tiny_picture
{
	my %wish = @_;
	my $exif = defined $wish{exif} ? $wish{exif} : '';
	my ($width, $height) = ($wish{width} || 1, $wish{height} || 1);
	my $line = "\0" . (defined $wish{colour} ? $wish{colour} : "\xff\0\0") x $width;
	my @image = @{ $wish{image} || [] };
	my @photo = @{ $wish{photo} || [] };
	my @gps = @{ $wish{gps} || [] };

	push @image, ascii(0x0132, $wish{changed}) if defined $wish{changed};
	push @image, ascii(0x010F, $wish{make}) if defined $wish{make};
	push @image, ascii(0x0110, $wish{model}) if defined $wish{model};
	push @photo, ascii(0x9003, $wish{taken}) if defined $wish{taken};
	push @photo, ascii(0x9291, $wish{subsec}) if defined $wish{subsec};
	push @photo, ascii(0x9011, $wish{offset}) if defined $wish{offset};
	if (@image || @photo || @gps)
	{
		# the pointers have their places before the directories they point to are laid out
		my @pointers = ((@photo ? [ 0x8769, 4, 1, "\0\0\0\0" ] : ()), (@gps ? [ 0x8825, 4, 1, "\0\0\0\0" ] : ()));
		my $photo_at = 8 + length(directory(8, @image, @pointers));
		my $photo = @photo ? directory($photo_at, @photo) : '';
		my $gps_at = $photo_at + length($photo);

		$_->[3] = pack('V', $_->[0] == 0x8769 ? $photo_at : $gps_at) foreach @pointers;
		$exif = pack('A2vV', 'II', 42, 8) . directory(8, @image, @pointers) . $photo . (@gps ? directory($gps_at, @gps) : '');
	}
	return tiny_png($width, $height, 2, $line x $height, $exif eq '' ? '' : chunk('eXIf', $exif));
}

# tiny_png(WIDTH, HEIGHT, COLOUR TYPE, ROWS, CHUNKS): rows of 8-bit samples, each with a filter byte in front; chunks before the data
sub tiny_png
{
	my ($width, $height, $type, $rows, $chunks) = @_;

	return "\x89PNG\r\n\x1a\n"
	  . chunk('IHDR', pack('NNCCCCC', $width, $height, 8, $type, 0, 0, 0))
	  . $chunks
	  . chunk('IDAT', Compress::Zlib::compress($rows))
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
