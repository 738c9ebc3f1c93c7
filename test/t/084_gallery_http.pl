# examples/gallery: the page, its functions and their rights over HTTP, with server.py in the place of PostgREST, and in a browser; 100,000 rows.
use strict;
use warnings;

use Browser;
use File::Path qw(make_path);
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP qw(decode_json encode_json);
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest qw(value);

my $missing = Browser::is_missing();
plan skip_all => $missing if $missing;
plan skip_all => 'python3 is not installed' unless grep { -x "$_/python3" } split /:/, $ENV{PATH};

my $rows = 300;
my $many = 100_000;
my $folder = PostgreSQL::Test::Utils::tempdir();
my $root = "$folder/photos";
my $out = "$ENV{TE_SCRATCH}/out/gallery";	# the screenshots
my $example = "$ENV{TE_SCRATCH}/examples/gallery";
my $hostile = '<script>document.title = "bad"</script>';

make_path("$root/uploads", $out);
foreach my $i (1 .. $rows)
{
	my ($width, $height) = ([ 60, 40 ], [ 40, 60 ], [ 90, 30 ], [ 50, 50 ])[ $i % 4 ]->@*;
	write_file("$root/$i.png", tiny_picture(width => $width, height => $height, colour => pack('C3', $i % 251, $i * 7 % 251, $i * 31 % 251), make => 'Tiny', model => 'One'));
}

# months are those of clocks on the spot, which are far from UTC
my $server = new_server('http', roots => $root, config => "timezone = 'UTC'\nthumbexif.default_timezone = 'Pacific/Auckland'\nthumbexif.upload_dir = '$root/uploads'\n");
value($server, 'CREATE TABLE photos (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, path text UNIQUE NOT NULL, filename text, thumbnail_path text, width int, height int,
	taken_at timestamptz, camera_make text, camera_model text, gps_latitude float8, gps_longitude float8, exif_metadata jsonb)');
value($server, q{SELECT thumbexif_attach('photos')});
value($server, "INSERT INTO photos (path) SELECT i || '.png' FROM generate_series(1, $rows) i");
$server->safe_psql('postgres', 'CALL thumbexif_backfill()');
(my $quoted = $hostile) =~ s/'/''/g;
$server->safe_psql('postgres', <<"EOSQL");
UPDATE photos SET taken_at = '2024-12-31 12:00+00'::timestamptz - id * interval '2 days', camera_model = (ARRAY['One', 'Two', 'Three'])[1 + id % 3],
	exif_metadata = jsonb_build_object('LensModel', 'Lens ' || id % 2, 'ExposureTime', 0.01, 'XMP:Subject', CASE WHEN id % 10 = 0 THEN '["sea", "sky"]'::jsonb ELSE '[]' END)
	WHERE id <= 290;
UPDATE photos SET gps_latitude = 48.85 + id / 1e4, gps_longitude = 2.35 WHERE id <= 40;
UPDATE photos SET gps_latitude = -33.9, gps_longitude = 151.2 WHERE id BETWEEN 41 AND 50;
UPDATE photos SET camera_make = NULL, camera_model = '$quoted' WHERE id = 7;
EOSQL
foreach my $time ('first', 'second')
{
	my ($status, undef, $said) = $server->psql('postgres', slurp_file("$example/gallery.sql"));
	is("$status $said", '0 ', "gallery.sql runs for the $time time");
}

# --- the server

# a configuration for this test: of the example's, another database and any port
(my $settings = slurp_file("$example/postgrest.conf")) =~ s/^db-uri = .*/'db-uri = "' . $server->connstr('postgres') =~ s{'}{}gr . ' user=gallery_server"'/me;
$settings =~ s/^server-port = .*/server-port = 0/m;
$settings =~ s/^jwt-secret = .*/'jwt-secret = "' . 'secret' x 8 . '"'/me;
write_file("$folder/postgrest.conf", $settings);

# readme_commands(NAME): what its README says to type, with that configuration
sub readme_commands
{
	my $wanted = shift;
	my ($said) = slurp_file("$example/README.md") =~ /^<!-- tried by \S+: \Q$wanted\E -->\n```sh\n(.*)\n```$/m;

	return split / /, $said =~ s{\S+/postgrest\.conf}{$folder/postgrest.conf}r =~ s{examples/gallery/}{$example/}r;
}

my @command = readme_commands 'server';
my ($base, $log) = ('', '');
my $running = IPC::Run::start(\@command, '<', \undef, '>', \$base, '2>', \$log);
END { local $?; $running->kill_kill if $running }
$running->pump until $base =~ /\n/ || !$running->pumpable;
chomp $base;
my $http = HTTP::Tiny->new(timeout => $PostgreSQL::Test::Utils::timeout_default);

# a key for a role
sub key_of
{
	my $role = shift;
	my $key;

	IPC::Run::run([ @command, $role ], '>', \$key) or die 'no key';
	chomp $key;
	return $key;
}

# ask(FUNCTION, ARGUMENTS, ROLE): status and answer of a POST
sub ask
{
	my ($function, $arguments, $role) = @_;
	my $answer = $http->post("${base}rpc/$function", { content => encode_json($arguments),
			headers => { 'Content-Type' => 'application/json', $role ? (Authorization => 'Bearer ' . key_of($role)) : () } });

	return ($answer->{status}, decode_json($answer->{content}));
}

sub get
{
	my ($path, %headers) = @_;
	return $http->get("$base$path", { headers => \%headers });
}

# ask_raw(JSON): the answer to what may be no JSON
sub ask_raw
{
	return $http->post("${base}rpc/photos_search", { content => shift, headers => { 'Content-Type' => 'application/json' } });
}

# raw(REQUEST): the statuses of all answers; the server, or we, end the connection
sub raw
{
	my $request = shift;
	my ($port) = $base =~ /:(\d+)/;
	my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => $PostgreSQL::Test::Utils::timeout_default) or die "connect: $!";

	print $socket $request;
	$socket->shutdown(1);
	local $/;
	return join ' ', scalar(<$socket>) =~ m{HTTP/1\.1 (\d+) }g;
}

my $page = get('');
is("$page->{status} $page->{headers}->{'content-type'}", '200 text/html; charset=utf-8', 'the page is served');
like($page->{content}, qr/<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self' data:; connect-src 'self'; /, 'and may ask nobody but its server');

# --- thumbnails

my $file = value($server, 'SELECT thumbnail_path FROM photos WHERE id = 42');
my ($name) = $file =~ m{([^/]+)$};
my (undef, $found) = ask(photos_search => { limit => 1000 });
my ($photo) = grep { $_->{id} == 42 } @$found;
like($photo->{thumbnail}, qr{^/rpc/thumb\?id=\{id\}&v=.*/\Q$name\E$}, "a thumbnail's address has its name, which is new when the content is");
my $address = $photo->{thumbnail} =~ s{^/}{}r =~ s/\{id\}/42/r;
my $thumb = get($address, Accept => 'image/avif,image/webp,*/*;q=0.8');
is("$thumb->{status} $thumb->{headers}->{'content-type'} $thumb->{headers}->{etag} $thumb->{headers}->{'cache-control'} $thumb->{headers}->{'x-content-type-options'}",
	qq{200 image/jpeg "$name" public, max-age=31536000, immutable nosniff}, 'an <img> gets it, and caches keep it');
ok($thumb->{content} eq slurp_file($file), 'the whole of it');
is(get('rpc/thumb?id=42')->{headers}->{'cache-control'}, 'no-cache', 'but not under an address without its name');
is(get('rpc/thumb?id=42&v=' . substr($name, 1))->{headers}->{'cache-control'}, 'no-cache', 'or with another one');
my $again = get($address, 'If-None-Match' => qq{W/"none", "$name"});
is("$again->{status} $again->{headers}->{etag} [$again->{content}]", qq{304 "$name" []}, 'whoever has it is told so');
is(get('rpc/thumb?id=42', 'If-None-Match' => '"none"')->{status}, 200, 'whoever has another one gets it');
is(get('rpc/thumb?id=0')->{status}, 404, 'where there is none');
rename($file, "$file.away") or die "rename: $!";
my $lost = get('rpc/thumb?id=42');
is("$lost->{status} $lost->{headers}->{'cache-control'} [$lost->{content}]", '404 no-store []', 'or it is lost: where it was, visitors do not read');
rename("$file.away", $file) or die "rename: $!";
is(raw("HEAD /$address HTTP/1.1\r\n\r\n" x 2), '200 200', 'its head is without a body');

# --- requests that hide another one, or are too large or deep, harm no other

my $hidden = "GET /hidden HTTP/1.1\r\n\r\n";
is(raw("POST /rpc/photos_facets HTTP/1.1\r\n$_->[1]\r\n\r\n$hidden"), $_->[2], $_->[0])
  foreach [ 'chunks', "Transfer-Encoding: chunked\r\nContent-Length: 4", '413' ], [ 'two lengths', "Content-Length: 0\r\nContent-Length: 26", '413' ],
	[ 'no number', 'Content-Length: +0', '413' ], [ 'a negative length', 'Content-Length: -1', '413' ], [ 'too large a body', 'Content-Length: 99999999999', '413' ];
is(raw('POST http://[ HTTP/1.1' . "\r\nContent-Length: " . length($hidden) . "\r\n\r\n$hidden"), '400', 'a body is no request, also if the address is invalid');
is((ask_raw($_->[1]))->{status}, 400, "refused: $_->[0]") foreach [ 'half a character', '{"camera": "\ud800"}' ], [ 'deep JSON', '[' x 100_000 ], [ 'deep lists', '{"keywords": ' . '[' x 900 . ']' x 900 . '}' ];
is(value($server, q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'gallery_server' AND state <> 'idle'}), 0, 'and no session is left within a transaction');

# --- rights

is((ask('upload', {}))[0], 404, 'an upload has no arguments');
my $picture = tiny_picture(width => 80, height => 50, make => 'Posted', model => 'By hand', taken => '2024:11:05 10:00:00', offset => '+00:00');

# post(KEY, NAME): upload the picture
sub post
{
	my ($key, $file_name) = @_;

	return $http->post("${base}rpc/upload", { content => $picture, headers => { 'Content-Type' => 'application/octet-stream', 'X-File-Name' => $file_name, $key ? (Authorization => "Bearer $key") : () } });
}

is(post('', 'a.png')->{status}, 401, 'a visitor may not upload');
is(post(key_of('gallery_uploader') . 'x', 'a.png')->{status}, 401, 'nor somebody with a wrong key');
is(post(key_of('postgres'), 'a.png')->{status}, 403, 'a key for a role that the server may not take is worth nothing');
my $posted = post(key_of('gallery_uploader'), '100%25%20%C3%A4%E2%82%AC.png');
is($posted->{status}, 200, 'who has a key may') or diag($posted->{content});
is(decode_json($posted->{content})->{camera}, 'Posted By hand', 'and is told what is in the picture');
is(value($server, q{SELECT filename FROM photos WHERE camera_make = 'Posted'}), "100% \xc3\xa4\xe2\x82\xac.png", "with the file's name");
value($server, q{DELETE FROM photos WHERE camera_make = 'Posted'});
is((ask('photo_upload', { image => '\x00' }))[0], 401, 'nor by the function beneath');
is(value($server, q{SELECT string_agg(p.oid::regprocedure::text, ' ') FROM pg_proc p, aclexplode(COALESCE(proacl, acldefault('f', proowner))) a WHERE pronamespace = 'photos_api'::regnamespace AND grantee = 0}),
	'', 'PUBLIC may call nothing');
is(value($server, q{SELECT has_schema_privilege('public', 'photos_api', 'USAGE')}), 'f', 'and use nothing');
value($server, q{CREATE FUNCTION photos_api.settings() RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT jsonb_build_array(current_user, current_setting('statement_timeout'), current_setting('transaction_read_only')) $$});
is_deeply((ask('settings', {}))[1], [ 'gallery_anon', '5s', 'on' ], 'a visitor has little time, and writes nothing');
is_deeply((ask('settings', {}, 'gallery_uploader'))[1], [ 'gallery_uploader', '30s', 'on' ], 'a role with a key has its own settings');
# a busy machine may take longer
value($server, "ALTER ROLE gallery_anon SET statement_timeout = '10min'; ALTER ROLE gallery_uploader SET statement_timeout = '10min'");
is_deeply((ask('photos_search', { camera => q{' OR true --} }))[1], [], 'a text is a text');
is_deeply((ask('photos_search', { keywords => [ 'sea', 'a"b\\', '{' ] }))[1], [], 'also in a list');
is((ask($_->[0], $_->[1]))[0], $_->[2], "refused: $_->[0] " . encode_json($_->[1]))
  foreach [ 'pg_sleep', {}, 404 ], [ 'photos_search%22', {}, 404 ], [ 'photos_search', { 'camera" => (SELECT 1), "x' => 1 }, 404 ], [ 'photos_search', { from => 'x' }, 400 ];

# --- in a browser

my $packages = Browser::packages("$folder/packages");
my $axe = $packages ? slurp_file("$packages/node_modules/axe-core/axe.min.js") : '';
my $browser = Browser->new;

sub count { return value($server, 'SELECT count(*) FROM photos WHERE ' . shift) }

# until a piece of JavaScript gives what is expected
sub shows
{
	my ($js, $expected, $what) = @_;
	my $got;

	eval { $browser->wait_for($what, sub { $got = $browser->js("return String($js)"); $got eq $expected }) };
	return is($got, $expected, $what);
}

sub told
{
	my ($expected, $what) = @_;
	return shows('document.querySelector("#count").textContent', $expected, $what);
}

sub choose
{
	my ($name, $value) = @_;

	$browser->js('const [name, value] = args; const field = document.querySelector(`[name=${name}]`); field.value = value;
		field.dispatchEvent(new Event("input", { bubbles: true }))', $name, $value);
	return;
}

sub quiet
{
	my $what = shift;
	my @requests = $browser->requests;

	is_deeply([ $browser->console ], [], "nothing is said on the console: $what");
	is_deeply([ grep { !/^\Q$base\E/ } @requests ], [], 'and nothing is asked for elsewhere');
	return scalar grep { m{/rpc/photos_search$} } @requests;
}

# of a map that asks for no more
my $markers = 'document.querySelector("#map").ariaBusy === "true" ? "" : [...document.querySelectorAll(".marker")].map(marker => parseInt(marker.ariaLabel)).sort((a, b) => a - b).join(" ")';
$browser->console;
$browser->requests;
foreach my $size ([ 1440, 900 ], [ 390, 844 ])
{
	my ($width, $height) = @$size;

	$browser->look($width, $height);
	$browser->open('about:blank');
	$browser->open($base);
	told("$rows photos", "$width wide: as many photos as rows");
	my $seen = $browser->look_through;
	is("$seen->{all} $seen->{broken} $seen->{none}", "$rows 0 0", 'all are shown, and none is broken');
	cmp_ok($seen->{most}, '<', $rows, 'never all of them at once');
	$browser->screenshot("$out/http-$width.png");
	$browser->click("#$_-button") foreach $width < 900 ? ('filters', 'map') : ();
	shows($markers, '10 40', 'clusters on the map');
	$browser->accessible($axe, "$width wide");
	cmp_ok($browser->js('return document.documentElement.scrollWidth'), '<=', $width, 'nothing is wider than the window');
	choose(camera => 'Tiny Two');
	told(count(q{camera_model = 'Two'}) . " of $rows photos", 'by camera');
	is($browser->look_through->{all}, count(q{camera_model = 'Two'}), 'and these are shown');
	shows($markers, count(q{camera_model = 'Two' AND id BETWEEN 41 AND 50}) . ' ' . count(q{camera_model = 'Two' AND id <= 40}), 'on the map, too');
	choose(keyword => 'sea');
	told(count(q{camera_model = 'Two' AND id % 10 = 0 AND id <= 290}) . " of $rows photos", 'and by keyword');
	choose(camera => '');
	choose(keyword => '');
	choose(from => '2024-01-01');
	choose(to => '2024-01-31');
	told(count(q{taken_at >= '2024-01-01' AND taken_at < '2024-02-01'}) . " of $rows photos", 'by date, both days included');
	choose($_ => '') foreach 'from', 'to';
	told("$rows photos", 'and all again');
	shows($markers, '10 40', 'on the map, too');
	$browser->click('.marker[aria-label^="10 "]');
	told("10 of $rows photos", 'a cluster is chosen');
	is($browser->look_through->{all}, 10, 'and its photos are shown');
	$browser->screenshot("$out/http-$width-area.png");
	$browser->click('#area button');
	told("$rows photos", 'and all are shown again');
	$browser->js('document.querySelector("#map").focus()');
	$browser->press('+', '+', '+', '+');
	shows('document.querySelectorAll(".marker").length < 2', 'true', 'keys zoom the map, which asks for what is there');

	# --- one photo, by keys

	my $focused = 'return document.activeElement.closest("li")?.dataset.number ?? document.activeElement.className';
	$browser->js('document.querySelector("#photos li button").focus()');
	$browser->press('Right', 'Right', 'Left');
	is($browser->js($focused), 1, 'arrow keys go from photo to photo');
	$browser->press('End');
	shows($focused =~ s/return //r, $rows - 1, 'or to the end, once it is there');
	$browser->press('Home');
	shows($focused =~ s/return //r, 0, 'and back');
	$browser->press('Enter', ('Right') x 6);
	shows('document.querySelector("dialog h2").textContent', '7.png', 'Enter opens one, and arrow keys the next one');
	shows('/Camera(.*?)Lens/.exec(document.querySelector("dialog .main-facts").textContent)[1]', $hostile, 'texts are texts');
	shows('document.querySelector("dialog .exif").textContent.includes("LensModelLens 1")', 'true', 'with its EXIF, which is asked for');
	$browser->js('await document.querySelector("dialog img").decode()');
	$browser->accessible($axe, "$width wide, one photo");
	$browser->screenshot("$out/http-$width-details.png");
	$browser->press('Escape');
	shows($focused =~ s/return //r, 6, 'Escape closes it, and the focus is on the photo');
	is($browser->js('return document.title'), 'Photos', 'no text of a row was run');
	quiet("$width wide");
}

# --- upload

is($browser->js('return document.querySelector("#upload-button").hidden'), JSON::PP::true, 'without a key nothing is offered');
write_file("$folder/posted.png", $picture);
write_file("$folder/none.png", 'no picture');
$browser->look(1440, 900);
$browser->open('about:blank');
$browser->open("$base#key=" . key_of('gallery_uploader'));
told("$rows photos", 'with a key');
$browser->accessible($axe, 'with a key');
$browser->give('#upload', "$folder/posted.png");
shows('document.querySelector("dialog").open && document.querySelector("dialog h2").textContent.length > 0', 'true', 'a picture posted');
shows('/Camera(.*?)Size/.exec(document.querySelector("dialog .main-facts").textContent)?.[1]', 'Posted By hand', 'is a picture seen');
$browser->js('await document.querySelector("dialog img").decode()');
$browser->screenshot("$out/http-upload.png");
$browser->press('Escape');
told($rows + 1 . ' photos', 'it is among the photos');
shows('[...document.querySelectorAll("[name=camera] option")].some(option => option.value === "Posted By hand")', 'true', 'and its camera among the cameras');
quiet('an upload');
my $trouble = 'document.querySelector("#trouble").innerText.trim().replace(/\s+/g, " ")';
$picture = tiny_picture(width => 70, height => 50, make => 'Posted', model => 'Again', taken => '2024:11:06 10:00:00', offset => '+00:00');
write_file("$folder/again.png", $picture);
$browser->give('#upload', join "\n", map { "$folder/$_.png" } 'none', 'again');
$browser->wait_for('both have been sent', sub { $browser->js("return $trouble") });
like($browser->js("return $trouble"), qr/^1 of 2 files uploaded\. none\.png: .+\. Close$/, 'what is no picture is refused, and that is said; another one is not');
told($rows + 2 . ' photos', 'and is among the photos');
$browser->accessible($axe, 'with trouble');
$browser->click('#dismiss');
shows('document.querySelector("#trouble").hidden', 'true', 'what was said can be put away');
is(scalar(grep { !m{rpc/upload .*400} } $browser->console), 0, 'the browser tells of the answer, and of nothing else');
value($server, q{DELETE FROM photos WHERE camera_model = 'Again'});

# a key that is larger than a number of JavaScript, and a thumbnail that is lost
write_file("$root/$_.png", tiny_picture(width => 60, height => 40, colour => 'abc', taken => '2025:01:02 03:04:05', offset => '+00:00', model => $_)) foreach 'large', 'lost';
value($server, "INSERT INTO photos (id, path) OVERRIDING SYSTEM VALUE VALUES (9007199254740993, 'large.png'), (9007199254740995, 'lost.png')");
$server->safe_psql('postgres', 'CALL thumbexif_backfill()');
unlink value($server, q{SELECT thumbnail_path FROM photos WHERE path = 'lost.png'}) or die "unlink: $!";
$browser->open($base);
told($rows + 3 . ' photos', 'with two more');
shows('document.querySelectorAll("#photos li")[1].querySelector("img").naturalWidth > 0', 'true', 'a key may be larger than a number of JavaScript');
shows('document.querySelector("#photos li").textContent', 'the thumbnail cannot be loadedlost.png', 'a picture that cannot be loaded has words in its place');

# a server that is gone for a while
my %network = (latency => 0, downloadThroughput => -1, uploadThroughput => -1);
$browser->devtools('Network.emulateNetworkConditions', %network, offline => JSON::PP::true);
choose(keyword => 'sea');
shows($trouble, 'Trouble: the server does not answer. Try again', 'that the server does not answer is said');
$browser->devtools('Network.emulateNetworkConditions', %network, offline => JSON::PP::false);
$browser->click('#dismiss');
told(count(q{id % 10 = 0 AND id <= 290}) . ' of ' . ($rows + 3) . ' photos', 'when it is back, one tries again');
shows('document.querySelector("#trouble").hidden', 'true', 'and nothing is said any more');

# back, in the browser's history
$browser->js('document.querySelector("#photos li button").click()');
shows('document.querySelector("dialog").open && history.state', 'photo', 'a photo is open');
$browser->js('history.back()');
shows('document.querySelector("dialog").open || history.state', 'null', 'going back closes it');
told(count(q{id % 10 = 0 AND id <= 290}) . ' of ' . ($rows + 3) . ' photos', 'and shows what was there');
$browser->console;
$browser->requests;

# --- very many rows

value($server, <<"EOSQL");
DELETE FROM photos WHERE path IN ('large.png', 'lost.png');
INSERT INTO photos (path, width, height, taken_at, camera_make, camera_model, gps_latitude, gps_longitude)
	SELECT 'many/' || i, 4000, CASE WHEN i % 3 = 0 THEN 6000 ELSE 3000 END, '2023-12-31'::timestamptz - i * interval '50 minutes', 'Many', 'M' || i % 5, i % 50, i % 100 FROM generate_series(1, $many) i;
INSERT INTO photos (path) SELECT 'undated/' || i FROM generate_series(1, 450) i;
SET client_min_messages = warning;
SELECT thumbexif_api('photos', 'photos_api', base => '/rpc/thumb?id={id}&v=', create_indexes => true);
ANALYZE photos;
EOSQL
my $all = count('true');
my $dated = count('taken_at IS NOT NULL');
$browser->open('about:blank');
$browser->open($base);
told('at least ' . ($dated + 201) =~ s/(\d)(?=\d{3}$)/$1,/r . ' photos', "$all rows, of which those without a date are not counted");
my $scrolled = $browser->js(<<'EOS');
const frame = () => new Promise(requestAnimationFrame);
const long = [];
const times = [];
new PerformanceObserver(list => long.push(...list.getEntries().map(entry => entry.duration))).observe({ type: 'longtask' });
let nodes = 0, last = await frame();
for (let i = 0; i < 300; i++) {
  scrollBy(0, 300);
  const now = await frame();
  times.push(now - last);
  last = now;
  nodes = Math.max(nodes, document.querySelectorAll('*').length);
}
times.sort((a, b) => a - b);
return { nodes, height: document.documentElement.scrollHeight, long: long.length, longest: Math.max(0, ...long), median: times[150], p95: times[285], worst: times.at(-1) };
EOS
note(sprintf 'scrolled by 90,000 pixels in 300 frames: at most %d nodes; frames of %.0f ms, 95 of 100 below %.0f, the longest %.0f; %d long tasks, the longest of %.0f ms',
	@$scrolled{qw(nodes median p95 worst long longest)});
cmp_ok($scrolled->{nodes}, '<', 2500, 'only what is near the window is in the document');
cmp_ok($scrolled->{height}, '>', 1_000_000, 'though the page is as high as all of it');
my $pages = quiet('many rows');
cmp_ok($pages, '<', $many / 200 / 4, 'the pages between have been asked for, and no others');
$browser->js('const slider = document.querySelector("#timeline input"); slider.value = 80; slider.dispatchEvent(new Event("input", { bubbles: true }))');
my $month = $browser->js('return document.querySelector("#timeline input").ariaValueText');
my $top = 'document.elementsFromPoint(300, 250).find(at => at.closest("li"))?.closest("section").querySelector("h2").firstChild.textContent';
shows($top, $month, 'the months lead to photos of a month years before');
$browser->screenshot("$out/http-many.png");
cmp_ok(quiet('a jump'), '<', 10, 'without those between');
cmp_ok($browser->js('return document.querySelectorAll("*").length'), '<', 2500, 'and the document is as small as before');
$browser->look(390, 844);
shows($top =~ s/300, 250/150, 250/r, $month, 'and a window of another width shows the same month');
$browser->look(1440, 900);
shows($top, $month, 'also when it is as wide as before');
$browser->requests;

$browser->js('document.querySelector("#photos li button").focus()');
$browser->wait_for('the last photo', sub { $browser->press('End'); $browser->js('return document.activeElement.closest("li")?.dataset.number') == $all - 1 });
pass('those without a date come page by page');
shows('document.querySelector("#photos section:last-child h2").textContent', 'Without a date', 'at the end');
cmp_ok(quiet('the end'), '<', 10, 'and no others');

undef $browser;
$running->kill_kill;
undef $running;
is($log, '', 'the server has nothing to complain about');
$server->stop;
done_testing();
