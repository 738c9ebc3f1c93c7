# A file system that hangs holds up nothing but its own images: no session, no worker, no shutdown.
use strict;
use warnings;

use DecoderTest;
use File::Copy;
use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use TinyPicture;
use WorkerTest ();

*value = \&WorkerTest::value;

my $base = PostgreSQL::Test::Utils::tempdir();
my ($good, $dead) = map { WorkerTest::tiny_folder("$base/$_", 20) } qw(good dead);
my $install = private_install('hangs');
my $opener = "$install->{pkglibdir}/thumbexif-opener";

unlink $opener or die "unlink: $!";
copy("$ENV{TE_SCRATCH}/build/stub_opener", $opener) or die "copy: $!";
chmod 0755, $opener;

# What is wrong with the second root from now on, '' = nothing, and with the first.
sub trouble
{
	my ($word, $first) = @_;
	my $file = "$install->{pkglibdir}/stub_trouble";

	write_file("$file.new", ($word ? "$word $dead\n" : '') . ($first ? "$first $good\n" : ''));
	rename "$file.new", $file or die "rename: $!";
	return;
}

trouble('');
my $server = new_server('hangs', preload => 1, roots => "$good, $dead", install => $install,
	config => "thumbexif.decoders = 1\nthumbexif.decode_timeout = '1h'\n");
value($server, q{
	CREATE TABLE a (id int PRIMARY KEY, path text, thumbnail_path text, width int);
	CREATE TABLE b (id int PRIMARY KEY, path text, thumbnail_path text, width int);
	SELECT FROM thumbexif_attach('a');
	SELECT FROM thumbexif_attach('b');
	SELECT thumbexif_pause();
});

# The states of a table's assets: "status attempts" and how many; the rows with odd numbers are those of the good root.
sub states
{
	my ($table, $odd) = @_;

	return value($server, "SELECT string_agg(s, ', ' ORDER BY s) FROM (SELECT status || ' ' || attempts || ': ' || count(*) AS s
		FROM thumbexif_internal.thumbexif_asset_bigint s JOIN thumbexif_internal.thumbexif_attachment t USING (attachment)
		WHERE t.relation = '$table'::regclass AND id % 2 = $odd GROUP BY status, attempts) s");
}

sub insert
{
	my ($table, $first, $last) = @_;

	value($server, "INSERT INTO $table SELECT i, CASE WHEN i % 2 = 1 THEN '$good/' ELSE '$dead/' END || (i % 20 + 1) || '.png'
		FROM generate_series($first, $last) i");
	return;
}

sub count_openers { return scalar(my @found = openers(shift)) }

# --- a session

my $session = DecoderTest->session($server);
like($session->query("SELECT width FROM thumbexif_info('$dead/1.png')"), qr/^1$/, 'all is well');
trouble('hang');

$session->query("SET statement_timeout = '500ms'");
like($session->query("SELECT thumbexif_info('$dead/1.png')"), qr/ERROR:  57014: canceling statement due to statement timeout/, 'statement_timeout ends a call');
like($session->query("SELECT thumbexif_process(0); SELECT thumbexif_info('$dead/1.png')"), qr/ERROR:  57014: canceling statement due to statement timeout/, 'and the next one');
like($session->query("CALL thumbexif_scan('$dead', 'a')"), qr/ERROR:  57014: canceling statement due to statement timeout/, 'thumbexif_scan() of such a folder is cancelled as well');
$session->query('SET statement_timeout = 0');
like($session->query("SELECT width FROM thumbexif_info('$good/1.png')"), qr/^1$/, 'the other root can be read');
wait_for('those that were killed are gone', sub { count_openers($session->{pid}) == 1 });
$session->query("SET thumbexif.decode_timeout = '4s'");

like($session->query("SELECT thumbexif_info('$dead/1.png')"),
	qr/ERROR:  58030: image folder "\Q$dead\E" does not answer.*HINT: .*soft/s, 'what takes too long is an ERROR about the root');
wait_for('the opener is gone', sub { count_openers($session->{pid}) == 0 });
like($session->query("SELECT thumbexif_info('$dead/$_.png')"), qr/ERROR:  58030: image folder/, 'and for a while it is not tried again') foreach 1 .. 3;
like($session->query("CALL thumbexif_scan('$dead', 'a')"), qr/ERROR:  58030: image folder "\Q$dead\E" does not answer/, 'nor listed');
is(count_openers($session->{pid}), 0, 'by nobody');
$session->query("SET thumbexif.decode_timeout = '1h'");	# a busy machine may take long for what does answer
like($session->query("SELECT width FROM thumbexif_info('$good/1.png')"), qr/^1$/, 'the other root can still be read');
like($session->query("CALL thumbexif_scan('$good', 'a', dry_run => true)"), qr/^20\|20\|0\|0$/m, 'and listed');
trouble('hang', 'twice');
like($session->query("CALL thumbexif_scan('$good', 'a', dry_run => true)"), qr/^40\|20\|20\|0$/m, 'a file that is listed twice is added once');
trouble('hang');
insert('a', 1, 20);
like($session->query("SELECT status FROM thumbexif_process(1, 'a')"), qr/^done$/, 'thumbexif_process() of another root');
$session->query("SET thumbexif.decode_timeout = '4s'");
like($session->query("SELECT status FROM thumbexif_process(2, 'a')"), qr/ERROR:  58030: image folder "\Q$dead\E" does not answer/, 'thumbexif_process() of this one');
is(states('a', 0), 'queued 0: 10', 'no attempt counts');

# it is tried again after a pause, and is back
trouble('');
wait_for('it is back', sub { $session->query("SELECT width FROM thumbexif_info('$dead/1.png')") =~ /^1$/ });

# --- the session is ended while it waits

trouble('hang');
$session->query("SET thumbexif.decode_timeout = '1h'");
my ($hanging) = openers($session->{pid});
$session->send("SELECT thumbexif_info('$dead/1.png')");
$session->wait_until_waiting($server);
value($server, "SELECT pg_terminate_backend($session->{pid})");
wait_for('the session ends', sub { !-d "/proc/$session->{pid}" });
pass('pg_terminate_backend ends a session that waits');
wait_for('so does its opener', sub { process_state($hanging) eq '' });

# --- a backfill

my ($out, $err);
sub backfill
{
	my $options = @_ ? shift : '';

	(undef, $out, $err) = $server->psql('postgres', "SET thumbexif.decode_timeout = '10s'; CALL thumbexif_backfill(relation => 'a'$options)");
	return;
}

# nothing waits for the kernel to take what is to be read ahead
trouble('ahead');
value($server, 'TRUNCATE a');
insert('a', 1, 20);
backfill();
is($err =~ /ERROR/ ? $err : '', '', 'a root where reading ahead hangs ends no backfill');
is(states('a', 0) . ', ' . states('a', 1), 'done 0: 10, done 0: 10', 'all images are done');
trouble('hang');

value($server, 'TRUNCATE a');
insert('a', 1, 20);
backfill(', batch_size => 3');
like($err, qr/ERROR:  image folder "\Q$dead\E" does not answer/, 'a backfill ends with an ERROR');
is($out, '', 'and no closing row');
is(states('a', 1), 'done 0: 10', 'the images of the other root are done');
is(states('a', 0), 'queued 0: 10', 'the others are as they were');
backfill(', verify => true');
like($err, qr/ERROR:  image folder "\Q$dead\E" does not answer/, 'so does one that looks at all files');
is(states('a', 1), 'done 0: 10', 'and changes nothing');

# --- the worker

my $log = -s $server->logfile;
value($server, "ALTER SYSTEM SET thumbexif.decode_timeout = '4s'; SELECT pg_reload_conf()");
insert('b', 1, 20);
value($server, 'UPDATE a SET path = path || \'\'; SELECT thumbexif_resume()');
my %left = (a => 10, b => 10);
foreach my $table (qw(b a))
{
	WorkerTest::wait_for($server, "the worker does the images of the other root in $table",
		"SELECT count(*) FROM $table WHERE id % 2 = 1 AND width IS NULL", 0);
}
WorkerTest::wait_for($server, 'it waits and says why', "SELECT count(*) FROM thumbexif_workers WHERE state = 'waiting'
	AND last_error = 'image folder \"$dead\" does not answer'", 1);
insert('b', 21, 30);
WorkerTest::wait_for($server, 'what comes meanwhile is done', 'SELECT count(*) FROM b WHERE id % 2 = 1 AND width IS NULL', 0);
ok(TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub { states('a', 0) eq 'queued 0: 10' && states('b', 0) eq 'queued 0: 15' }), 'no attempt counts in a, nor in b');
my $worker = WorkerTest::worker_pid($server);
my $said = qr/WARNING:  image folder "\Q$dead\E" does not answer/;
my @warnings = slurp_file($server->logfile, $log) =~ /$said/g;
is(scalar @warnings, 1, 'it is said once');
wait_for('no heap of processes', sub { count_openers($worker) <= 1 });
pass('no heap of processes');

trouble('');
WorkerTest::wait_for($server, "it is back: all of $_ is done", "SELECT count(*) FROM $_ WHERE width IS NULL", 0) foreach qw(a b);
is(states($_, 0) . ' ' . states($_, 1), $_ eq 'a' ? 'done 0: 10 done 0: 10' : 'done 0: 15 done 0: 15', "and counts no attempt in $_") foreach qw(a b);
ok($server->wait_for_log(qr/LOG:  image folder "\Q$dead\E" can be used again/, $log), 'which is said');
WorkerTest::wait_for($server, 'the error is shown no more', 'SELECT count(*) FROM thumbexif_workers WHERE last_error IS NOT NULL', 0);
is(WorkerTest::worker_pid($server), $worker, 'it was one worker all the time');

# --- an opener that ends or lies is the server's trouble

value($server, "SELECT thumbexif_pause(); ALTER SYSTEM SET thumbexif.decode_timeout = '1h'; SELECT pg_reload_conf()");
wait_until($server, 'enough time for what does answer', "SELECT current_setting('thumbexif.decode_timeout') = '1h'");
foreach my $word (qw(exit lie))
{
	trouble($word);
	like(($server->psql('postgres', "SELECT thumbexif_info('$dead/1.png')"))[2],
		qr/ERROR:  image opener ".*thumbexif-opener" does not work.*HINT/s, "an opener that does \"$word\"");
}
trouble('');
is(value($server, "SELECT width FROM thumbexif_info('$dead/1.png')"), 1, 'all is well again');
rename $opener, "$opener.away" or die "rename: $!";
like(($server->psql('postgres', "SELECT thumbexif_info('$dead/1.png')"))[2],
	qr/ERROR:  could not start image opener ".*thumbexif-opener": No such file.*HINT/s, 'there is none');
rename "$opener.away", $opener or die "rename: $!";

# --- a shutdown while worker and session wait

trouble('hang');
value($server, 'SELECT thumbexif_resume()');
insert('b', 40, 40);
$session = DecoderTest->session($server);
$session->send("SELECT thumbexif_info('$dead/1.png')");
$session->wait_until_waiting($server);
WorkerTest::wait_for($server, 'the worker waits for its opener', "SELECT count(*) FROM pg_stat_activity
	WHERE backend_type = 'thumbexif worker' AND wait_event_type = 'Extension' AND query LIKE '%b'", 1);
my @hanging = map { openers($_) } $session->{pid}, WorkerTest::worker_pid($server);
is(scalar @hanging, 2, 'both have an opener');
$server->stop('fast');
pass('a fast shutdown');
is(join(' ', grep { process_state($_) ne '' } @hanging), '', 'no opener is left');

done_testing();
