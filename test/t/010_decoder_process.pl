# What a decoder is as a process: what it holds, what it may do, and when it ends.
use strict;
use warnings;

use Test::More;
use DecoderTest;
use ThumbexifTest;

# The same for a decoder that its session has started, and for one that the template has forked.
sub examine
{
	my ($name, $preload) = @_;
	my $server = new_server($name, preload => $preload, config => "restart_after_crash = on\n");
	my $template = $preload ? template($server) : 0;
	my $session = DecoderTest->session($server);
	my $thumbnail = "SELECT length(thumbexif_thumbnail('photo.jpg')) > 1000";
	my $postmaster = $server->safe_psql('postgres', "SELECT pg_read_file('postmaster.pid')") =~ /^(\d+)/ ? $1 : 0;

	is_deeply([ $session->decoders_of ], [], 'no decoder before the first picture');
	is($session->query($thumbnail), 't', 'a thumbnail');
	my ($decoder, @more) = $session->decoders_of;
	ok($decoder && !@more, 'one decoder after it');

	# --- what it holds

	# those of the request are closed once the reply is sent
	my %fds;
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;
	do
	{
		%fds = map { /(\d+)$/ => readlink($_) } glob "/proc/$decoder/fd/*";
	} while (%fds > 4 && time < $deadline);
	is_deeply([ sort keys %fds ], [ 0, 1, 2, 3 ], 'four descriptors');
	is($fds{0}, '/dev/null', 'descriptor 0');
	is($fds{1}, '/dev/null', 'descriptor 1');
	like($fds{2}, qr/^pipe:/, 'descriptor 2');
	like($fds{3}, qr/^socket:/, 'descriptor 3');
	is(slurp_proc($decoder, 'environ') =~ s/\0/ /gr, 'LC_ALL=C ', 'an empty environment');
	unlike(slurp_proc($decoder, 'maps'), qr/SYSV|PostgreSQL|dev.zero/, 'none of the shared memory');

	my $status = slurp_proc($decoder, 'status');
	like($status, qr/^Seccomp:\s+2$/m, 'behind a system call filter');
	like($status, qr/^NoNewPrivs:\s+1$/m, 'no new privileges');
	like($status, qr/^SigBlk:\s+0+$/m, 'no signal blocked');
	# above 31 are signals of the C library's own
	is(hex(($status =~ /^SigIgn:\s+[0-9a-f]{8}([0-9a-f]{8})$/m)[0]) & 0x7fffffff, 2, 'SIGINT ignored and no other');
	like(slurp_proc($decoder, 'oom_score_adj'), qr/^[1-9]/, 'first to go when the kernel lacks memory');

	my $limits = slurp_proc($decoder, 'limits');
	like($limits, qr/^Max core file size\s+0\s+0\s/m, 'no core file');
	like($limits, qr/^Max file size\s+67108864\s+67108864\s/m, 'output of one thumbnail');
	like($limits, qr/^Max open files\s+46\s+46\s/m, 'few descriptors');
	like($limits, qr/^Max cpu time\s+\d+\s+\d+\s/m, 'processor time');
	my ($space) = $limits =~ /^Max address space\s+(\d+)\s/m;
	cmp_ok($space, '>=', (1024 + 512) * 1024 * 1024, 'address space of decoder_memory and max_file_size');
	cmp_ok($space, '<', 3 * 1024 * 1024 * 1024, 'and not much more');
	like(slurp_proc($decoder, 'stat'), $preload ? qr/\) . $template / : qr/\) . $session->{pid} $session->{pid} /,
		$preload ? 'child of the template' : 'child and process group of the session');

	# --- when it ends

	is($session->query($thumbnail), 't', 'another thumbnail');
	is_deeply([ $session->decoders_of ], [$decoder], 'by the same decoder');
	is($session->query("SELECT thumbexif_exif('photo.png')->>'Make'"), 'Fictor', 'EXIF');
	is_deeply([ $session->decoders_of ], [$decoder], 'by the same decoder');

	$server->safe_psql('postgres', "SELECT pg_cancel_backend($session->{pid})");
	is($session->query($thumbnail), 't', 'after a cancel that met an idle session');
	is_deeply([ $session->decoders_of ], [$decoder], 'the decoder is still there');

	is($session->query("SET thumbexif.decoder_memory = '512MB'; $thumbnail"), 't', 'with another limit');
	my ($second) = $session->decoders_of;
	isnt($second, $decoder, 'by another decoder');
	ok(wait_for('the first goes', sub { process_state($decoder) eq '' }), 'the first is gone and reaped');
	cmp_ok((slurp_proc($second, 'limits') =~ /^Max address space\s+(\d+)\s/m)[0], '<', $space, 'the limit is lower');

	kill 'KILL', $second;
	# all its threads: the first may be a zombie while others still hold the socket
	wait_for('idle decoder dies', sub { process_state($second) =~ /^Z?$/ && (() = glob "/proc/$second/task/*") <= 1 });
	is($session->query($thumbnail), 't', 'an idle decoder that was killed is replaced without a word');
	ok(wait_for('it is reaped', sub { process_state($second) eq '' }), 'and reaped');

	my ($third) = $session->decoders_of;
	$session->quit;
	wait_for('decoder ends with its session', sub { process_state($third) eq '' });
	pass('a decoder ends with its session');

	# A server process that cannot clean up: the kernel does it.
	$session = DecoderTest->session($server);
	$session->query($thumbnail);
	($decoder) = $session->decoders_of;
	kill 'STOP', $decoder;
	kill 'KILL', $session->{pid};
	wait_for('decoder ends with its killed session', sub { process_state($decoder) =~ /^Z?$/ });
	pass('a decoder dies with its killed session, even if it is stopped');
	wait_until($server, 'the killed session is gone', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $session->{pid})");

	is($server->safe_psql('postgres', "SELECT pg_read_file('postmaster.pid')") =~ /^(\d+)/ ? $1 : 0,
		$postmaster, 'the server is the same');
	$server->stop;
	return;
}

examine('process', 0);
examine('forked', 1);
done_testing();
