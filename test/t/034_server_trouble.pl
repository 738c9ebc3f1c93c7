# Trouble of the server's is no asset's: an ERROR after what is done is committed, and no attempt counts.
use strict;
use warnings;

use DecoderTest ();
use File::Copy;
use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;

my $root = PostgreSQL::Test::Utils::tempdir() . '/photos';
mkdir $root or die;
copy(pictures_dir() . '/photo.jpg', "$root/photo.jpg") or die;
my $assets = 24;	# more than are opened ahead
copy(pictures_dir() . '/orientation-' . ($_ % 8 + 1) . '.jpg', "$root/$_.jpg") or die foreach 1 .. $assets;
my $install = private_install('no_decoder');
my $server = new_server('trouble', preload => 0, roots => $root, install => $install);

sub sql { return $server->safe_psql('postgres', shift) }

sub fresh_assets
{
	sql("TRUNCATE shots; INSERT INTO shots (id, path) SELECT i, i || '.jpg' FROM generate_series(1, $assets) i");
	return;
}

sub states { return sql("SELECT string_agg(id || ' ' || status || ' ' || attempts, ',' ORDER BY id) FROM thumbexif_internal.thumbexif_asset_bigint") }

# The first so many are done, and no attempt of the others counts.
sub done_to { my $done = shift; return join(',', map { $_ <= $done ? "$_ done 0" : "$_ queued 0" } 1 .. $assets) }

sub count_done { return sql("SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status = 'done'") }

my $untouched = done_to(0);

# An ERROR while images are with a stopped decoder and "between" is called.
sub interrupted
{
	my ($between, $call, $claimed) = @_ > 1 ? @_ : (@_, 'CALL thumbexif_backfill()', $assets);
	my $session = TestSession->new($server);
	fresh_assets();
	my @decoders = $session->freeze;	# at the last moment: an idle decoder is ended after ten seconds

	$session->send($call);
	wait_until($server, "$claimed are claimed", "SELECT count(*) = $claimed FROM thumbexif_internal.thumbexif_asset WHERE status = 'running'");
	wait_until($server, 'the session waits for its decoder',
		"SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = $session->{pid}");
	DecoderTest::wait_until_no_opener_works($session->{pid});
	$between->();
	kill CONT => @decoders;
	is($session->wait, '', 'no closing row');
	my $errors = $session->errors;
	$session->finish;
	return $errors;
}

sql("SELECT thumbexif_attach('shots', create_table => true)");

# --- the roots are gone: what the decoder has is written, the rest given back
like(interrupted(sub { rename $root, "$root.away" or die }), qr/ERROR:  .*photos/, 'the root folder has gone');
my $done = count_done();
ok($done > 0 && $done < $assets, 'what was open already is done') or diag($done);
is(states(), done_to($done), 'the rest is as before');
like(($server->psql('postgres', 'CALL thumbexif_backfill()'))[2], qr/ERROR/, 'the next backfill says so too');
is(states(), done_to($done), 'and touches nothing');
like(($server->psql('postgres', "SELECT thumbexif_process($assets)"))[2], qr/ERROR/, 'thumbexif_process() as well');
rename "$root.away", $root or die;
mkdir "$root.empty";
rename $root, "$root.away" or die;
rename "$root.empty", $root or die;
like(($server->psql('postgres', 'CALL thumbexif_backfill(verify => true)'))[2], qr/ERROR:  .*is empty/, 'an empty folder may be a lost mount');
is(states(), done_to($done), 'nothing is missing');
rmdir $root or die;
rename "$root.away", $root or die;
is(sql('CALL thumbexif_backfill()'), join('|', $assets - $done, $assets - $done, 0, 0), 'back again: the rest is done');

# the same found while the first is being written: that is gone on with
sql("CREATE TABLE training_jobs AS SELECT 1 AS session_id, i AS asset_id FROM generate_series(1, $assets) i");
like(interrupted(sub { rename $root, "$root.away" or die }, 'CALL thumbexif_process_session(1)', 4), qr/ERROR:  .*photos/,
	'the root folder goes during a session');
$done = count_done();	# a decoder has two at a time, and two more may be open
ok($done >= 1 && $done <= 4, 'what was open already is done') or diag($done);
is(states(), done_to($done), 'the rest is as before');
rename "$root.away", $root or die;
is(sql('CALL thumbexif_process_session(1)'), join('|', $assets, $assets - $done, $done, 0), 'back again: the rest is done');

# --- the folder of thumbnails cannot be written to
my ($folder) = glob "$server->{thumbnails}/*";
my %before = map { $_ => 1 } `find $folder -name '*.jpg'`;
like(interrupted(sub { chmod 0555, glob("$folder/*"), `find $folder -type d` =~ /^(.*)$/mg }),
	qr/ERROR:  .*[Pp]ermission denied|ERROR:  .*thumbnail/, 'the thumbnail folder is read-only');
is(states(), $untouched, 'no attempt counts');
is(join('', grep { !$before{$_} } `find $folder -name '*.jpg'`), '', 'and no file is there that was not before');
chmod 0755, `find $folder -type d` =~ /^(.*)$/mg;
is(sql('CALL thumbexif_backfill()'), "$assets|$assets|0|0", 'once it is writable all are done');
sql("ALTER SYSTEM SET thumbexif.thumbnail_dir = '/nowhere/at/all'; SELECT pg_reload_conf()");
wait_until($server, 'the new folder is set', "SELECT current_setting('thumbexif.thumbnail_dir') = '/nowhere/at/all'");
fresh_assets();
like(($server->psql('postgres', 'CALL thumbexif_backfill()'))[2], qr/ERROR:  .*HINT/s, 'no such folder');
is(states(), $untouched, 'no attempt counts');
is(sql("SET client_min_messages = error; CALL thumbexif_backfill(parts => 'exif')"), "$assets|$assets|0|0", 'EXIF alone needs none');
sql('ALTER SYSTEM RESET thumbexif.thumbnail_dir; SELECT pg_reload_conf()');

# --- a trigger pretends that the server's disk is full: that is its asset's trouble, whatever the SQLSTATE
fresh_assets();
wait_until($server, 'the old folder is set again', "SELECT current_setting('thumbexif.thumbnail_dir') <> '/nowhere/at/all'");
sql(<<'EOT');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.id = 5 THEN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER full_disk BEFORE UPDATE ON shots FOR EACH ROW EXECUTE FUNCTION refuse();
EOT
is(sql('SET client_min_messages = error; CALL thumbexif_backfill(batch_size => 4)'), join('|', $assets, $assets - 1, 0, 1), 'a pretended full disk');
is(states(), join(',', map { $_ == 5 ? "$_ queued 1" : "$_ done 0" } 1 .. $assets), 'the others are done');
sql('DROP TRIGGER full_disk ON shots');

# --- no decoder can be started
fresh_assets();
unlink "$install->{pkglibdir}/thumbexif-decoder" or die;
like(($server->psql('postgres', 'CALL thumbexif_backfill()'))[2], qr/ERROR:  .*decoder/, 'no decoder');
is(states(), $untouched, 'no attempt counts');
like(($server->psql('postgres', 'SELECT thumbexif_process(1)'))[2], qr/ERROR:  .*decoder/, 'thumbexif_process() as well');

$server->stop;
done_testing();
