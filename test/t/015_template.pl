# Decoders are forked from a template: each is new, the template is replaced when it has to be, and does without when it must.
use strict;
use warnings;

use File::Copy qw(copy);
use IPC::Run;
use PostgreSQL::Test::Utils;
use Socket;
use Test::More;
use DecoderTest;
use ThumbexifTest;
use TinyPicture;

my $install = private_install('template');
my $program = "$install->{pkglibdir}/thumbexif-decoder";
my $pictures = PostgreSQL::Test::Utils::tempdir();
copy(pictures_dir() . '/photo.jpg', "$pictures/photo.jpg") or die "copy: $!";
my $secret = 'Secret of Alice';
append_to_file("$pictures/secret.png", tiny_picture(make => $secret));
my $server = new_server('template', preload => 1, install => $install, roots => $pictures,
	config => "thumbexif.max_decoders = 4\nthumbexif.decode_timeout = 1h\nmax_connections = 120\nrestart_after_crash = on\nlog_min_messages = debug1\n");
my $thumbnail = "SELECT length(thumbexif_thumbnail('photo.jpg')) > 1000";
my $template = template($server);

sub parent
{
	return (slurp_proc(shift, 'stat') // '') =~ /\) \S (\d+) / ? $1 : 0;
}

# A session whose only decoder was forked from that template.
sub forked_session
{
	my $from = shift;
	my $session = DecoderTest->session($server);

	is($session->query($thumbnail), 't', 'a thumbnail');
	is_deeply([ map { parent($_) } $session->decoders_of ], [$from], 'by a decoder that the template has forked');
	return $session;
}

# Is the text anywhere in the memory of that process?
sub has_in_memory
{
	my ($pid, $text) = @_;
	my $found = 0;

	open(my $memory, '<:raw', "/proc/$pid/mem") or die "/proc/$pid/mem: $!";
	foreach (split /\n/, slurp_proc($pid, 'maps'))
	{
		my ($from, $to) = /^([0-9a-f]+)-([0-9a-f]+) rw/ or next;
		my ($start, $length) = (hex $from, hex($to) - hex($from));
		my $bytes;

		next if $length > 64 * 1024 * 1024;
		sysseek($memory, $start, 0) or next;
		sysread($memory, $bytes, $length) or next;
		$found ||= index($bytes, $text) >= 0;
	}
	return $found;
}

# --- decoders have all threads that libraries count on, those that had work when the template was made and those that idle since

foreach my $since ('at once', 'after a second')
{
	my @sessions = map { DecoderTest->session($server) } 1 .. 4;

	$sessions[0]->query('SELECT pg_sleep(1)') if $since ne 'at once';	# libvips' threads idle in another way after half of it
	$_->send("SET thumbexif.decode_timeout = '30s'; SELECT string_agg(format, ' ') FROM unnest('{avif,png,webp,avif,jpeg}'::text[]) format
		WHERE length(thumbexif_thumbnail('photo.jpg', format => format)) > 1000") foreach @sessions;
	is_deeply([ map { $_->answer } @sessions ], [ ('avif png webp avif jpeg') x 4 ], "four at once write all formats, $since");
	is_deeply([ grep { $_ != $template } map { parent($_) } map { $_->decoders_of } @sessions ], [], 'forked by the template');
	$_->quit foreach @sessions;
}

# --- each decoder is new

$server->safe_psql('postgres', 'CREATE ROLE alice; CREATE ROLE bob; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO alice, bob');
my $session = DecoderTest->session($server);
is($session->query("SET ROLE alice; SELECT camera_make FROM thumbexif_info('secret.png')"), $secret, 'her picture');
my ($hers) = $session->decoders_of;
is($session->query("SET ROLE bob; $thumbnail"), 't', 'his, in the same session');
my ($his) = grep { $_ != $hers } $session->decoders_of;
is_deeply([ map { parent($_) } $hers, $his ], [ $template, $template ], 'each by a decoder of its own');
SKIP:
{
	skip 'no process may read the memory of another', 3 unless open(my $memory, '<', "/proc/$his/mem");
	ok(has_in_memory($hers, $secret), 'what she had is in the memory of hers');
	ok(!has_in_memory($his, $secret), 'and not in that of his');
	ok(!has_in_memory($template, $secret), 'nor in the template');
}
$session->quit;

# --- who may ask it

my $socket = $server->data_dir . '/pg_stat_tmp/thumbexif.sock';
is((stat $socket)[2] & 0777, 0600, 'its socket is for the user of the server only');
is((stat $server->data_dir)[2] & 077, 0, 'in a folder that is so, too');
chdir $server->data_dir or die "chdir: $!";
foreach my $garbage ('', 'x', 'x' x 88, 'x' x 100_000)
{
	socket(my $client, AF_UNIX, SOCK_SEQPACKET, 0) or die "socket: $!";
	connect($client, pack_sockaddr_un('pg_stat_tmp/thumbexif.sock')) or die "connect: $!";
	send($client, $garbage, 0);
}
chdir '/' or die "chdir: $!";
$session = forked_session($template);
pass('nonsense does it no harm');

# --- many sessions at once

# Decoders of the template that nobody has killed.
sub running
{
	return grep { is_living($_) } split / /, slurp_proc($template, "task/$template/children") // '';
}

my $script = PostgreSQL::Test::Utils::tempdir() . '/script';
append_to_file($script, "$thumbnail;\n");
my ($out, $most) = ('', 0);
my $pgbench = IPC::Run::start([ 'pgbench', '-n', '-c', 100, '-j', 1, '-t', 2, '-f', $script, $server->connstr('postgres') ],
	'>', \$out, '2>&1', IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
while ($pgbench->pumpable)
{
	$pgbench->pump_nb;
	my $now = () = running();
	$most = $now if $now > $most;
	select(undef, undef, undef, 0.02);
}
$pgbench->finish;
like($out, qr{processed: 200/200\n}, 'a hundred sessions at once: none fails');
cmp_ok($most, '<=', 4, 'with four decoders');
cmp_ok($most, '>', 0, 'of the template');
is(template($server), $template, 'from one template');

# --- it does not answer

$session->quit;
wait_for('no decoder is left', sub { !running() });
kill 'STOP', $template;
wait_for('it stops', sub { process_state($template) eq 'T' });
$session = DecoderTest->session($server);
like($session->query("SET statement_timeout = 200; $thumbnail"), qr/ERROR:  57014/, 'who waits for its answer can be interrupted');
unlike(slurp_file($server->logfile), qr/does not answer/, 'which is not the fault of the template');
is($session->query("RESET statement_timeout; $thumbnail"), 't', 'who gets no answer');
is_deeply([ map { parent($_) } $session->decoders_of ], [ $session->{pid} ], 'starts a decoder without the template');
$session->quit;
my $hung = $template;
$template = template($server, $hung);
isnt($template, $hung, 'another template comes');
wait_for('the one that does not answer is killed', sub { process_state($hung) eq '' });
$session = forked_session($template);

# --- its end

is($session->query($thumbnail), 't', 'an idle decoder');
my ($decoder) = $session->decoders_of;
kill 'KILL', $template;
wait_for('its decoder dies and is reaped', sub { process_state($decoder) eq '' });
is($session->query($thumbnail), 't', 'a template that was killed takes its decoders along, and who needs one has another');
my $next = template($server, $template);
isnt($next, $template, 'another template comes');
my $busy = forked_session($next);
my $stopped = $busy->send_to_stopped($server, $thumbnail);
kill 'KILL', $next;
is($busy->answer, 't', 'an image that was in the hands of a decoder then is given to another');
wait_for('nothing is left of the first', sub { process_state($stopped) eq '' });
unlike(slurp_file($server->logfile), qr/terminated by signal/, 'and the server takes nobody for crashed');

# A decoder that died may have told somebody about the memory of the template.
$template = template($server, $next);
$busy = forked_session($template);
my $other = forked_session($template);
kill 'SEGV', $other->decoders_of;
$next = template($server, $template);
isnt($next, $template, 'after the death of a decoder there is another template');
is_deeply([ map { parent($_) } $busy->decoders_of ], [$template], 'the decoders of the first live on');
$other->quit;
wait_for('the first ends', sub { process_state($template) eq '' });
pass('and it ends with them');
my ($pause) = slurp_file($server->logfile) =~ /: retired: a decoder has died \(the next in (\d+) ms\)/;
cmp_ok($pause, '>', 1500, 'after a longer pause than the first, as this is not the first that had to be replaced');

# --- another program

copy($program, "$program.new") or die "copy: $!";
chmod 0755, "$program.new";
rename "$program.new", $program or die "rename: $!";
$session->query('SELECT pg_sleep(0)');
$session->quit;
$session = DecoderTest->session($server);
is($session->query($thumbnail), 't', 'a thumbnail after the program was replaced');
is(parent(($session->decoders_of)[0]), $session->{pid}, 'by a decoder that is not of the template');
$template = template($server, $next);
is(readlink("/proc/$template/exe"), $program, 'another template runs the new program');
$session->quit;
$session = forked_session($template);

# --- the end of the server

my ($postmaster) = slurp_file($server->data_dir . '/postmaster.pid') =~ /^(\d+)/;
($decoder) = $session->decoders_of;
kill 'KILL', $postmaster;
wait_for('template and decoders end', sub { process_state($template) =~ /^Z?$/ && process_state($decoder) =~ /^Z?$/ });
pass('template and decoders die with the server');
$server->{_pid} = undef;
done_testing();
