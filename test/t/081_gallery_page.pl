# The page of thumbexif_gallery() in a browser: all photos are there, filters, map and keys do what they should, nothing is asked for
# elsewhere, and axe finds nothing serious.  What is in the page: 080_gallery.pl.
use strict;
use warnings;

use Browser;
use File::Copy qw(copy);
use File::Path qw(make_path);
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest qw(value);

my $missing = Browser::is_missing();
plan skip_all => $missing if $missing;

my $rows = 500;
my $folder = PostgreSQL::Test::Utils::tempdir();
my $root = "$folder/photos";
my $out = "$ENV{TE_SCRATCH}/out/gallery";	# the screenshots
my $hostile = '<script>document.title = "bad"</script><img src=x onerror="document.title = 1">';

make_path($root, $out);
foreach my $i (1 .. $rows - 2)
{
	my ($width, $height) = ([ 60, 40 ], [ 40, 60 ], [ 90, 30 ], [ 50, 50 ])[ $i % 4 ]->@*;
	write_file("$root/$i.png", tiny_picture(width => $width, height => $height, colour => pack('C3', $i % 251, $i * 7 % 251, $i * 31 % 251), make => 'Tiny', model => 'One'));
}
write_file("$root/bad.png", 'no picture');

my $server = new_server('page', roots => $root, config => "timezone = 'UTC'\n");
value($server, 'CREATE TABLE photos (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, path text, thumbnail_path text, width int, height int, taken_at timestamptz, camera_make text, camera_model text, gps_latitude float8, gps_longitude float8, exif_metadata jsonb); ' . q{SELECT thumbexif_attach('photos')});
value($server, "INSERT INTO photos (path) SELECT i || '.png' FROM generate_series(1, $rows - 2) i");
value($server, q{INSERT INTO photos (path) VALUES ('bad.png'), ('gone.png')});
$server->safe_psql('postgres', 'CALL thumbexif_backfill()');
$server->safe_psql('postgres', <<'EOSQL');
UPDATE photos SET taken_at = '2024-12-31 12:00+00'::timestamptz - id * interval '2 days',
	camera_model = (ARRAY['One', 'Two', 'Three'])[1 + id % 3],
	exif_metadata = jsonb_build_object('LensModel', 'Lens ' || id % 2, 'ExposureTime', 0.01, 'XMP:Subject', CASE WHEN id % 10 = 0 THEN '["sea", "sky"]'::jsonb ELSE '[]' END)
	WHERE id <= 490;
UPDATE photos SET gps_latitude = 48.85 + id / 1e4, gps_longitude = 2.35 WHERE id <= 40;
UPDATE photos SET gps_latitude = -33.9, gps_longitude = 151.2 WHERE id BETWEEN 41 AND 50;
UPDATE photos SET gps_latitude = 0, gps_longitude = 0 WHERE id = 51;
EOSQL
(my $quoted = $hostile) =~ s/'/''/g;
value($server, "UPDATE photos SET camera_make = NULL, camera_model = '$quoted', path = '$quoted' WHERE id = 7");

sub count { return value($server, 'SELECT count(*) FROM photos WHERE ' . shift) }

# make the page anew, in a file
sub page_of
{
	my ($name, $arguments) = @_;

	write_file("$folder/$name.html", value($server, "SELECT thumbexif_gallery($arguments)"));
	return "$folder/$name.html";
}

# --- npm's packages: axe, and what the page is made with

my $packages = Browser::packages("$folder/packages");
SKIP:
{
	skip "npm's packages cannot be had", 2 unless $packages;
	my $made = slurp_file("$ENV{TE_SCRATCH}/src/gallery/gallery.html");
	make_path("$folder/again/examples/gallery");
	copy($_, "$folder/again/") or die "copy: $!" foreach grep { !/gallery\.html$/ } glob "$ENV{TE_SCRATCH}/src/gallery/*";
	system_or_bail('node', "$folder/again/bundle.mjs", $packages, "$folder/again");
	ok(slurp_file("$folder/again/gallery.html") eq $made, 'the page is what its sources give');
	my $example = 'examples/gallery/index.html';
	ok(slurp_file("$folder/again/$example") eq slurp_file("$ENV{TE_SCRATCH}/$example"), 'so is the one of the example');
}
my $axe = $packages ? slurp_file("$packages/node_modules/axe-core/axe.min.js") : '';

my $browser = Browser->new;

sub quiet
{
	my $what = shift;

	is_deeply([ $browser->console ], [], "nothing is said on the console: $what");
	is_deeply([ grep { !m{^file://\Q$folder\E/\w+\.html$} } $browser->requests ], [], 'and nothing is asked for but the page');
	return;
}

# The number of photos that is told, once the page has shown them.
sub told
{
	return $browser->js('return document.querySelector("#count").textContent');
}

sub choose
{
	my ($name, $value) = @_;

	$browser->js('const [name, value] = args; const field = document.querySelector(`[name=${name}]`); field.value = value;
		field.dispatchEvent(new Event("input", { bubbles: true }))', $name, $value);
	return told();
}

my $page = page_of('gallery', q{'photos'});
$browser->console;
$browser->requests;
foreach my $size ([ 1440, 900 ], [ 390, 844 ])
{
	my ($width, $height) = @$size;

	$browser->look($width, $height);
	$browser->open("file://$page");
	is(told(), "$rows photos", "$width wide: as many photos as rows");
	my $seen = $browser->look_through;
	is("$seen->{all} $seen->{broken} $seen->{none}", "$rows 0 2", 'all are shown, none is broken, and two have none');
	cmp_ok($seen->{most}, '<', $rows, 'never all of them at once');
	$browser->screenshot("$out/$width.png");
	$browser->accessible($axe, "$width wide");
	cmp_ok($browser->js('return document.documentElement.scrollWidth'), '<=', $width, 'nothing is wider than the window');
	$browser->look($width, $height, 1);
	$browser->screenshot("$out/$width-dark.png");
	$browser->accessible($axe, "$width wide, dark");
	$browser->look($width, $height);
	foreach my $what ('filters', 'map')
	{
		my $button = "#$what-button";

		is($browser->js('return document.querySelector(args[0]).ariaExpanded', $button), $width > 900 ? 'true' : 'false', "the $what are open where there is room");
		$browser->click($button) if $width < 900;
	}
	cmp_ok($browser->js('return document.documentElement.scrollWidth'), '<=', $width, 'nothing is wider than the window with them');
	$browser->screenshot("$out/$width-open.png");

	# --- filters

	is(choose(camera => 'Tiny Two'), count(q{camera_model = 'Two'}) . " of $rows photos", 'by camera');
	is($browser->look_through->{all}, count(q{camera_model = 'Two'}), 'and these are shown');
	is(choose(lens => 'Lens 1'), count(q{camera_model = 'Two' AND exif_metadata->>'LensModel' = 'Lens 1'}) . " of $rows photos", 'and by lens');
	choose($_ => '') foreach 'camera', 'lens';
	is(choose(keyword => 'sea'), count('id % 10 = 0 AND id <= 490') . " of $rows photos", 'by keyword');
	choose(keyword => '');
	choose(from => '2024-01-01');
	is(choose(to => '2024-01-31'), count(q{taken_at >= '2024-01-01' AND taken_at < '2024-02-01'}) . " of $rows photos", 'by date, both days included');
	is(choose(from => '2030-01-01'), "0 of $rows photos", 'none, if none passes');
	is($browser->js('return document.querySelector("#empty").innerText'), "No photo passes these filters.\n\nClear all filters", 'which is said');
	$browser->accessible($axe, "$width wide, empty");
	$browser->click('#empty button');
	$browser->wait_for('the filters are cleared', sub { told() eq "$rows photos" });

	# --- the map

	my $markers = 'return [...document.querySelectorAll(".marker")].map(marker => marker.ariaLabel)';
	is_deeply([ sort { $a <=> $b } map { /^(\d+) photos? near/ } @{ $browser->js($markers) } ], [ 1, 10, 40 ], 'clusters on the map');
	$browser->click('.marker[aria-label^="10 "]');
	is(told(), "10 of $rows photos", 'one is chosen');
	is($browser->js('return document.querySelector("#area").innerText'), "10 photos near 33.9\x{b0} S, 151.2\x{b0} E \x{d7}", 'and told');
	is($browser->look_through->{all}, 10, 'its photos are shown');
	is(choose(keyword => 'sea'), count('id % 10 = 0 AND id <= 490') . " of $rows photos", 'another filter begins anew');
	choose(keyword => '');
	$browser->click('.marker[aria-label^="40 "]');
	$browser->screenshot("$out/$width-area.png");
	$browser->click('#area button');
	is(told(), "$rows photos", 'and all are shown again');
	my $before = $browser->js($markers);
	$browser->js('document.querySelector("#map").focus()');
	$browser->press('+', '+', '+', 'Left', 'Up');
	isnt("@{ $browser->js($markers) }", "@$before", 'keys zoom and move it');
	$browser->click('[data-zoom="0"]');
	is_deeply($browser->js($markers), $before, 'and a button shows all of it');

	# --- one photo, by keys

	my $focused = 'return document.activeElement.closest("li")?.dataset.number ?? document.activeElement.className';
	$browser->js('document.querySelector("#photos li button").focus()');
	$browser->press('Right', 'Right', 'Left');
	is($browser->js($focused), 1, 'arrow keys go from photo to photo');
	$browser->press('Down');
	cmp_ok($browser->js($focused), '>', 1, 'and to the next row');
	$browser->press('Up');
	is($browser->js($focused), 1, 'and back');
	$browser->press('End');
	is($browser->js($focused), $rows - 1, 'or to the end');
	$browser->press('Home', 'Enter');
	is($browser->js('return [document.querySelector("dialog").open, document.querySelector("dialog h2").textContent].join(" ")'), 'true 1.png', 'Enter opens one');
	is($browser->js($focused), 'close', 'and the focus goes there');
	like($browser->js('return document.querySelector("dialog .facts").innerText'), qr/^Taken\s+Sunday, 29 December 2024, 12:00 UTC\s+Camera\s+Tiny Two\s+Lens\s+Lens 1\s+Exposure\s+1\/100.s\s.*EXIF.*ExposureTime\s+1\/100 s/ms, 'it tells what is known');
	$browser->js('await document.querySelector("dialog img").decode()');
	$browser->screenshot("$out/$width-details.png");
	$browser->accessible($axe, "$width wide, one photo");
	cmp_ok($browser->js('return document.documentElement.scrollWidth'), '<=', $width, 'nothing of it is wider than the window');
	$browser->press(('Right') x 6);
	is($browser->js('return document.querySelector("dialog h2").textContent'), $hostile =~ s{.*/}{}r, 'arrow keys show the next one, whose name is text');
	like($browser->js('return document.querySelector("dialog .main-facts").textContent'), qr/Camera\Q$hostile\E/, 'as is its camera');
	$browser->press('Escape');
	is($browser->js('return document.querySelector("dialog").open'), JSON::PP::false, 'Escape closes it');
	is($browser->js($focused), 6, 'and the focus is on the photo that was shown');

	# --- months

	$browser->js('document.querySelector("#timeline input").focus()');
	$browser->press(('Down') x 12);
	is($browser->js('return document.querySelector("#timeline input").ariaValueText'), 'December 2023', 'a year down the months');
	like($browser->wait_for('the page is there', sub { $browser->js('const below = [...document.querySelectorAll("#photos section")].find(section => section.getBoundingClientRect().bottom > 120); return scrollY > 0 && below.innerText') }),
		qr/^December 2023/, 'and the page has followed');

	$browser->press('End');
	$browser->js('await new Promise(requestAnimationFrame); await new Promise(requestAnimationFrame)');
	is($browser->js('return document.querySelector("#timeline input").ariaValueText'), 'Without a date', 'the last months can be chosen, too');

	is($browser->js('return document.title'), 'Photos in photos', 'no text of a row was run');
	quiet("$width wide");
}

# --- small pages

foreach my $case ([ none => q{'photos', "limit" => 0}, '0 photos' ], [ one => q{'photos', "limit" => 1}, '1 photo' ], [ undated => q{'photos', camera => 'One', "limit" => 3}, '3 photos' ])
{
	my ($name, $arguments, $told) = @$case;

	$browser->open('file://' . page_of($name, $arguments));
	is(told(), $told, "a page of $told");
	is($browser->js('return document.querySelector("#filters-button").hidden'), $name eq 'none' ? JSON::PP::true : JSON::PP::false, 'which can be filtered if there are any');
	$browser->accessible($axe, $told);
	quiet($told);
}
is($browser->js('return document.querySelector("#made").textContent.includes("these are the newest 3")'), JSON::PP::true, 'that there are more is said');
$server->stop;
done_testing();
