# Folders of images as an administrator may set them, and pictures in them under names that mean something else.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest qw(value);

my $base = PostgreSQL::Test::Utils::tempdir();
mkdir "$base/$_" or die "mkdir $_: $!" foreach 'comma, "quote" it\'s', 'a', 'a/b', 'a/b/c';
write_file("$base/comma, \"quote\" it's/x.png", tiny_picture(make => 'Comma'));
write_file("$base/a/x.png", tiny_picture(make => 'Outer'));
write_file("$base/a/b/x.png", tiny_picture(make => 'Inner'));
my $server = new_server('places', roots => "$base/a");

sub sql { return value($server, @_) }

# look(ROOTS, PATH): the camera in a picture, or what is said
sub look
{
	my ($roots, $path) = @_;
	s/'/''/g foreach $roots, $path;
	my ($status, $out, $error) = $server->psql('postgres', "SET thumbexif.image_roots = '$roots';
		SELECT camera_make FROM thumbexif_info('$path')");
	return "$out$error";
}

# --- names that need quotes

my $comma = qq{"$base/comma, ""quote"" it's"};
is(look($comma, 'x.png'), 'Comma', 'a root with a comma, quotes and a space');
is(look("$base/a, $comma", "$base/comma, \"quote\" it's/x.png"), 'Comma', 'after another one');
like(look("$base/a", "$base/comma, \"quote\" it's/x.png"), qr/outside "thumbexif.image_roots"/, 'it is outside where it is not named');
like(look("\"$base/a, $base/a/b\"", "$base/a/b/x.png"), qr/outside "thumbexif.image_roots"|could not open image folder/, 'a quoted comma is part of a name');

# --- nested roots

my $nested = "$base/a, $base/a/b";
foreach my $roots ($nested, "$base/a/b, $base/a")
{
	is(look($roots, "$base/a/b/x.png"), 'Inner', "$roots: an image in the inner root");
	is(look($roots, "$base/a/x.png"), 'Outer', "$roots: one in the outer root");
	like(look($roots, "$base/a/b/../x.png"), qr/outside/, "$roots: an absolute path leads out of its innermost root nowhere");
}
is(look($nested, 'b/x.png'), 'Inner', 'a relative path lies beneath the first one');
is(look($nested, 'b/../x.png'), 'Outer', 'and may go up as far as that');
like(look('/', '/proc/self/environ'), qr/image is empty|not an image|could not be read/, 'with the root of everything: what is no image is none');
like(look('/', "$base/a/../../../../../../../../etc/passwd"), qr/outside/, 'and no path climbs above it');

# --- pictures under the names of files that go with pictures, and the reverse: what counts is the content

my @names = qw(a.jpg.xmp a.xmp A.XMP a.thm a.aae a.json .a.png a.png.part Thumbs.db a);
write_file("$base/a/$_", tiny_picture(make => "In $_")) foreach @names;
is(look("$base/a", $_), "In $_", "a picture called $_ is a picture") foreach @names;
write_file("$base/a/packet.jpg", '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF/></x:xmpmeta>');
like(look("$base/a", 'packet.jpg'), qr/not an image|unsupported|unknown/, 'a sidecar called .jpg is none');
sql('SELECT thumbexif_attach()');
sql("INSERT INTO image_assets (path) VALUES ('a.jpg'), " . join(', ', map { "('$_')" } @names));
sql('SET client_min_messages = error; CALL thumbexif_backfill()');
is(sql("SELECT count(*) FROM image_assets WHERE camera_make = 'In ' || path AND thumbnail_path IS NOT NULL"), scalar @names,
	'each is an asset of its own, with its own EXIF');
is(sql("SELECT status FROM thumbexif_internal.thumbexif_asset_bigint WHERE path = 'a.jpg'"), 'missing', 'and stands for no other');

# --- thumbnails among the images

my ($status, $out, $error) = $server->psql('postgres', q{SELECT thumbexif_attach('outside', create_table => true)});
unlike($error, qr/thumbnail_dir/, 'thumbnails apart from images: no warning');
foreach my $roots ("$base/a, $server->{thumbnails}", $server->basedir, '/', "$base/link")
{
	symlink($server->basedir, "$base/link") unless -l "$base/link";
	($status, $out, $error) = $server->psql('postgres', "SET thumbexif.image_roots = '$roots'; SELECT thumbexif_attach('inside', create_table => true)");
	like($error, qr/WARNING:  the folder of "thumbexif.thumbnail_dir" lies in image folder/, "thumbnails beneath $roots: attach warns");
}
($status, $out, $error) = $server->psql('postgres', "SET thumbexif.image_roots = '$server->{thumbnails}x'; SELECT thumbexif_attach('inside')");
unlike($error, qr/thumbnail_dir/, 'a folder whose name only begins alike is none');

$server->stop;
done_testing();
