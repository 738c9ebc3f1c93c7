# A row may name any file as its thumbnail: nothing is unlinked, read or written because of that.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $base = PostgreSQL::Test::Utils::tempdir();
my $root = tiny_folder("$base/images", 3);
my $server = new_server('names', roots => $root);

sub sql { return value($server, shift) }
sub thumbnail { return sql('SELECT thumbnail_path FROM image_assets WHERE id = ' . shift) }

sql("SELECT thumbexif_attach('image_assets')");
sql("INSERT INTO image_assets (path) SELECT i || '.png' FROM generate_series(1, 3) i");
sql('SET client_min_messages = error; CALL thumbexif_backfill()');
my @own = map { thumbnail($_) } 1 .. 3;
write_file("$base/outside.jpg", 'mine');
my ($folder) = $own[0] =~ m{^(.*)/[0-9a-f]{2}/[0-9a-f]{2}/[^/]*$};

# --- the row names another's file; then it is done anew, then it goes

foreach my $other ($own[1], "$base/outside.jpg", "$folder/../../../outside.jpg", "../../$base/outside.jpg", '', "\t", 'x' x 3000)
{
	sql("UPDATE image_assets SET thumbnail_path = '$other' WHERE id = 1");
	is(sql('SELECT status FROM thumbexif_process(1, force => true)'), 'done', 'a row that named something else is done anew');
	my $new = thumbnail(1);
	sql('SELECT thumbexif_clean()');
	ok(-s $new && -s $own[1] && -s $own[2], 'files of all rows are there');
	is(slurp_file("$base/outside.jpg"), 'mine', 'and what is outside');
	is(scalar files_below($server->{thumbnails}), 3, 'and no other');
}
sql("UPDATE image_assets SET thumbnail_path = '$own[1]' WHERE id = 1; DELETE FROM image_assets WHERE id = 1; SELECT thumbexif_clean()");
is(join(' ', sort(files_below($server->{thumbnails}))), join(' ', sort @own[ 1, 2 ]), 'a deleted row takes its own file, and not the one it named');
sql("UPDATE image_assets SET thumbnail_path = NULL WHERE id = 2; DELETE FROM image_assets WHERE id = 2; SELECT thumbexif_clean()");
is(join(' ', files_below($server->{thumbnails})), $own[2], 'nor less');

$server->stop;
done_testing();
