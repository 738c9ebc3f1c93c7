# A kernel or a container that lacks what thumbexif needs: the view, the log and the first call say so; no asset is to blame.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $install = private_install('kernel');
my $server = new_server('kernel', preload => 1, install => $install, config => "thumbexif.decoders = 1\n");
my $postgres = "$install->{bindir}/postgres";

value($server, "SELECT thumbexif_attach('image_assets')");
value($server, 'SELECT thumbexif_pause()');
value($server, "INSERT INTO image_assets (path) VALUES ('photo.jpg')");
value($server, 'UPDATE thumbexif_internal.thumbexif_attachment SET paused = false');
$server->stop;
rename $postgres, "$postgres.real" or die "rename: $!";

# The server starts where the system call fails with that error.
sub start_without
{
	my ($call, $error) = @_;

	unlink $postgres;
	append_to_file($postgres, <<"EOF");
#!/bin/sh
case \$1 in -V | --version) exec "$postgres.real" "\$@" ;; esac
exec "$ENV{TE_SCRATCH}/build/deny" $error $call "$postgres.real" "\$@"
EOF
	chmod 0755, $postgres;
	$server->start;
	return;
}

foreach my $lack ([ 'openat2', 'ENOSYS', 'The kernel lacks the system call openat2' ], [ 'openat2', 'EPERM', 'does not permit the system call openat2' ],
	[ 'seccomp', 'EPERM', 'does not permit the system call seccomp' ])
{
	my ($call, $error, $words) = @$lack;
	my $log = -s $server->logfile;

	start_without($call, $error);
	like((($server->psql('postgres', "SELECT thumbexif_info('photo.jpg')"))[2]), qr/ERROR:  .*HINT:.*$words/s, "$call, $error: the first call says so");
	wait_for($server, "$call, $error: thumbexif_workers too", "SELECT count(*) = 1 FROM thumbexif_workers WHERE kind = 'launcher' AND note LIKE '%$words%'");
	ok($server->wait_for_log(qr/WARNING: .*thumbexif cannot process images on this system\n.*HINT:  .*$words/, $log), "$call, $error: and the log");
	wait_for($server, "$call, $error: the worker waits", "SELECT count(*) > 0 FROM thumbexif_workers WHERE kind = 'worker' AND last_error IS NOT NULL");
	wait_for($server, "$call, $error: no attempt counts", "SELECT string_agg(status || ' ' || attempts, ',') FROM thumbexif_internal.thumbexif_asset", 'queued 0');
	$server->stop;
}
# a filter for other calls, under which nobody gains privileges, as containers have it
start_without('kexec_load', 'EPERM');
my $postmaster = value($server, q{SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)});
like(slurp_file("/proc/$postmaster/status"), qr/^NoNewPrivs:\t1\nSeccomp:\t2\n/m, 'a server in such a container');
wait_done($server, 'has all that is needed, and it is done', 1);

$server->stop;
done_testing();
