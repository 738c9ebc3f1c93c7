# What EXIF says becomes values of the database: in its encoding whatever the bytes are, in the right time zone.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;

my $images = PostgreSQL::Test::Utils::tempdir();
my $phone = "\xF0\x9F\x93\xB7";			# a camera, U+1F4F7, which only UTF-8 has

write_file("$images/unicode.png",
	tiny_picture(make => "Gr\xC3\xB6\xC3\x9Fe", model => "\xE6\x97\xA5\xE6\x9C\xAC $phone!"));
write_file("$images/latin1.png", tiny_picture(make => "Gr\xF6\xDFe", model => "\x01\xFE\xFFx\xE9"));
write_file("$images/bytes.png", tiny_picture(make => join('', map { chr } 1 .. 255)));

my $server = new_server('values', roots => $images, extension => 0);
my %encoding = (
	UTF8 => [ "Gr\xC3\xB6\xC3\x9Fe", "\xE6\x97\xA5\xE6\x9C\xAC $phone!" ],
	LATIN1 => [ "Gr\xF6\xDFe", '?? ?!' ],
	SQL_ASCII => [ "Gr\xC3\xB6\xC3\x9Fe", "\xE6\x97\xA5\xE6\x9C\xAC $phone!" ],
	EUC_JP => [ "Gr\x8F\xAB\xD3\x8F\xA9\xCEe", "\xC6\xFC\xCB\xDC ?!" ],
	EUC_TW => [ 'Gr??e', undef ],
	MULE_INTERNAL => [ 'Gr??e', '?? ?!' ]);		# to which there is no conversion

foreach my $name (sort keys %encoding)
{
	my ($make, $model) = @{ $encoding{$name} };
	my $database = lc $name;
	my $hex = sub { unpack('H*', shift) };

	$server->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE template0 ENCODING '$name' LC_COLLATE 'C' LC_CTYPE 'C'");
	$server->safe_psql($database, 'CREATE EXTENSION thumbexif');

	# as bytes: what the terminal makes of them is not asked
	my $as_bytes = $name eq 'SQL_ASCII' ? "convert_to(%s, 'SQL_ASCII')" : "convert_to(%s, '$name')";
	my $ask = sub {
		my ($column, $file) = @_;
		return $server->safe_psql($database,
			'SELECT encode(' . sprintf($as_bytes, $column) . ", 'hex') FROM thumbexif_info('$file.png')");
	};

	is($ask->('camera_make', 'unicode'), $hex->($make), "$name: make");
	is($ask->("exif_metadata->>'Make'", 'unicode'), $hex->($make), "$name: make in the JSON");
	if (defined $model)
	{
		is($ask->('camera_model', 'unicode'), $hex->($model), "$name: model");
		is($ask->("exif_metadata->>'Model'", 'unicode'), $hex->($model), "$name: model in the JSON");
	}
	is($ask->('camera_make', 'latin1'), $hex->($make), "$name: bytes that are not UTF-8 count as Latin-1");
	is( $server->safe_psql($database,
			"SELECT count(camera_model) + count(exif_metadata) FROM thumbexif_info('latin1.png')"),
		'2', "$name: odd bytes");
	is( $server->safe_psql($database, "SELECT camera_make IS NOT NULL, exif_metadata ? 'Make' FROM thumbexif_info('bytes.png')"),
		't|t', "$name: every byte there is");
}

# A path's bytes are those that the database has: names are not converted on the way to the file system.
write_file("$images/caf\xE9.png", tiny_picture(make => 'one byte'));
write_file("$images/caf\xC3\xA9.png", tiny_picture(make => 'two bytes'));
my %bytes = (UTF8 => 'two bytes', LATIN1 => 'one byte', SQL_ASCII => 'one byte');
foreach my $name (sort keys %bytes)
{
	is( $server->safe_psql(lc $name, q{SELECT camera_make FROM thumbexif_info('caf' || chr(233) || '.png')}),
		$bytes{$name}, "$name: a path beyond ASCII");
}

# --- when a photo was taken

# taken(FILE OPTIONS, ZONE): taken_at in UTC
my $number = 0;
sub taken
{
	my ($wish, $zone) = @_;
	my $file = 'taken' . ++$number . '.png';

	write_file("$images/$file", tiny_picture(%$wish));
	return $server->safe_psql('utf8',
		"SET thumbexif.default_timezone = '$zone'; SELECT taken_at AT TIME ZONE 'UTC' FROM thumbexif_info('$file')");
}

is(taken({ taken => '2024:07:01 12:00:00' }, 'UTC'), '2024-07-01 12:00:00', 'UTC');
is(taken({ taken => '2024:07:01 12:00:00' }, 'Europe/Berlin'), '2024-07-01 10:00:00', 'summer in Berlin');
is(taken({ taken => '2024:01:01 12:00:00' }, 'Europe/Berlin'), '2024-01-01 11:00:00', 'winter in Berlin');
is(taken({ taken => '2024:03:31 02:30:00' }, 'Europe/Berlin'), '2024-03-31 01:30:00', 'an hour that there was not');
is(taken({ taken => '1889:01:01 12:00:00' }, 'Europe/Berlin'), '1889-01-01 11:06:32', 'before there were zones');
is(taken({ taken => '2024:07:01 12:00:00' }, 'Asia/Kathmandu'), '2024-07-01 06:15:00', 'a quarter of an hour');
is( taken({ taken => '2024:07:01 12:00:00', offset => '-03:30' }, 'Europe/Berlin'),
	'2024-07-01 15:30:00', 'an offset of its own counts');
is( taken({ taken => '2024:07:01 12:00:00', offset => '+14:00', subsec => '123456' }, 'UTC'),
	'2024-06-30 22:00:00.123456', 'microseconds');
is( taken({ taken => '2024:07:01 12:00:00', subsec => '25' }, 'Europe/Berlin'),
	'2024-07-01 10:00:00.25', 'part of a second in a named zone');
is(taken({ taken => '0001:01:01 00:00:00', offset => '+14:00' }, 'UTC'), '0001-12-31 10:00:00 BC', 'the first year');
is(taken({ taken => '9999:12:31 23:59:59', offset => '-12:00' }, 'UTC'), '10000-01-01 11:59:59', 'the last year');
is(taken({ taken => '2024:02:30 12:00:00' }, 'UTC'), '', 'no such day');
is(taken({ taken => '0000:00:00 00:00:00' }, 'UTC'), '', 'all zeros');

$server->stop;
done_testing();
