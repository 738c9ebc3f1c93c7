# examples/gallery/gallery.sql with other tables than the one it is written for: keys of any type, and thumbnails in files or in rows; and who may see what.
use strict;
use warnings;

use JSON::PP qw(decode_json encode_json);
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest qw(value);

my $root = PostgreSQL::Test::Utils::tempdir() . '/photos';
mkdir $root or die "mkdir: $!";
write_file("$root/$_.png", tiny_picture(width => 60, height => 40, colour => chr(40 * $_) . "\x80\x30")) foreach 1 .. 2;
my $server = new_server('tables', roots => $root);
my $script = slurp_file("$ENV{TE_SCRATCH}/examples/gallery/gallery.sql");

# thumb(TABLE, KEY, NAME, TAG): what a visitor gets: status, headers, bytes
sub thumb
{
	my ($table, $key, $name, $tag) = @_;
	my $v = defined $name ? "'$name'" : 'NULL';
	my $headers = encode_json({ 'if-none-match' => $tag // '' });
	my $given = value($server, "BEGIN READ ONLY; SET LOCAL ROLE gallery_anon; SET LOCAL \"request.headers\" = '$headers';
		SELECT encode(${table}_api.thumb('$key', $v), 'hex') AS bytes \\gset
		SELECT COALESCE(NULLIF(current_setting('response.status', true), ''), '200'), current_setting('response.headers'), :'bytes'; ROLLBACK");
	my ($status, $sent, $bytes) = split /\|/, $given;

	return ($status, { map { %$_ } @{ decode_json($sent) } }, $bytes // '');
}

foreach my $case ([ 'uuids', 'uuid', 'thumbnail_path text', '00000000-0000-0000-0000-00000000000' ], [ 'numbers', 'integer', 'thumbnail bytea', '' ], [ 'texts', 'text', 'thumbnail bytea', 'a/b&{id}?#' ])
{
	my ($table, $type, $column, $prefix) = @$case;

	value($server, "CREATE TABLE $table (id $type PRIMARY KEY, path text, $column); SELECT thumbexif_attach('$table'" . ($column =~ /bytea/ ? ", thumbnail => 'thumbnail')" : ')'));
	value($server, "INSERT INTO $table SELECT CAST('$prefix' || i AS $type), i || '.png' FROM generate_series(1, 2) i");
	$server->safe_psql('postgres', "CALL thumbexif_backfill(relation => '$table')");
	my ($status, undef, $said) = $server->psql('postgres', $script =~ s/public\.photos/public.$table/gr =~ s/photos_api/${table}_api/gr);
	is("$status $said", '0 ', "$table: gallery.sql runs");

	my $address = value($server, "SELECT thumbnail FROM ${table}_api.photos WHERE path = '1.png'");
	my ($name) = $address =~ /&v=(.*)$/;
	unlike($name, qr/[&#?]/, "$table: the address is one");
	my ($answer, $headers, $bytes) = thumb($table, "${prefix}1", $name);
	is("$answer $headers->{'Content-Type'} $headers->{'Cache-Control'}", '200 image/jpeg ' . ($column =~ /bytea/ ? 'no-cache' : 'public, max-age=31536000, immutable'), "$table: a thumbnail");
	is($bytes, value($server, "SELECT encode(thumbexif_file('${prefix}1'" . ($type eq 'integer' ? '::int' : "::$type") . ", '$table'), 'hex')"), 'the whole of it');
	is(join(' ', (thumb($table, "${prefix}1", $name, $headers->{ETag}))[0, 2]), '304 ', 'or none for who has it');
	is((thumb($table, "${prefix}2", undef, $headers->{ETag}))[0], 200, 'but not of another photo');

	# replaced by another picture
	$server->safe_psql('postgres', "UPDATE $table SET path = '2.png' WHERE path = '1.png'; CALL thumbexif_backfill(relation => '$table')");
	my ($status2, $headers2) = thumb($table, "${prefix}1", $name, $headers->{ETag});
	is("$status2 $headers2->{'Cache-Control'}", '200 no-cache', 'a new one is sent, and not kept under the address of the old one');
	isnt($headers2->{ETag}, $headers->{ETag}, 'with another tag');

	# a row that its reader does not see
	value($server, "ALTER TABLE $table ENABLE ROW LEVEL SECURITY; CREATE POLICY seen ON $table TO gallery_anon USING (id = CAST('${prefix}2' AS $type))");
	is(join(' ', map { (thumb($table, "${prefix}1", undef, $_))[0] } '', $headers2->{ETag}), '404 404', 'row security hides it, also from those who know it');
	is((thumb($table, "${prefix}2"))[0], 200, 'and no other');
}
$server->stop;
done_testing();
