# After a power cut each row that is there names a whole file: what was not synced is lost, files and names of files.
use strict;
use warnings;

use File::Basename;
use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

# The server's processes end at once, with nothing written that they had not written, and then what a library saw
# them do in the folder of thumbnails is undone as far as it was not synced.  Nothing that they wrote to the WAL is
# lost in this, so rows are there whose commit was just under way: for these, too, the file must have come first.
# A commit that is still in memory is lost: with synchronous_commit off that is the common case.

my $base = PostgreSQL::Test::Utils::tempdir();
my $assets = 60;
my $rounds = 4;
my $root = tiny_folder("$base/images", $assets * $rounds);
my $log = "$base/record";
my $server = new_server('cut', preload => 1, roots => $root,
	config => "fsync = on\nwal_writer_delay = 10s\nthumbexif.decoders = 2\n");

append_to_file($log, '');
value($server, "SELECT thumbexif_attach('image_assets')");
$server->stop;
local %ENV = (%ENV, RECORD_LOG => $log, RECORD_FOLDER => $server->{thumbnails});

sub start
{
	local $ENV{LD_PRELOAD} = "$ENV{TE_SCRATCH}/build/shim_record.so";

	$server->start;
	return;
}

sub renames { return scalar(() = slurp_file($log) =~ /^rename\t/mg) }

# lost(): take from the folder what a power cut would have taken; how many files and names that were.
sub lost
{
	my (%unsynced, %pending);

	foreach my $line (split /\n/, slurp_file($log))
	{
		my ($operation, $path, $to) = split /\t/, $line, 3;

		if ($operation eq 'write')
		{
			$unsynced{$path} = $pending{ dirname($path) }{$path} = 1;
		}
		elsif ($operation eq 'mkdir')
		{
			$pending{ dirname($path) }{$path} = 1;
		}
		elsif ($operation eq 'fsync')
		{
			delete $unsynced{$path};
			delete $pending{$path};
		}
		else
		{
			my $dirty = delete $unsynced{$path};

			delete $pending{ dirname($path) }{$path};
			next if $operation eq 'unlink';
			$unsynced{$to} = 1 if $dirty;
			$pending{ dirname($to) }{$to} = 1;
		}
	}
	my @names = grep { -e $_ } map { keys %$_ } values %pending;
	my @files = grep { -s $_ } keys %unsynced;
	truncate $_, 0 foreach @files;
	system_or_bail('rm', '-rf', @names) if @names;
	unlink $log;
	append_to_file($log, '');
	return @names + @files;
}

sub is_whole
{
	my $file = shift;

	return -s $file && substr(slurp_file($file), -2) eq "\xff\xd9";
}

start();
my $was_lost = 0;
for my $round (1 .. $rounds)
{
	my $first = ($round - 1) * $assets + 1;
	my $last = $round * $assets;
	my $delay = $round % 2 ? 'on' : 'off';
	# the first picture of all is cut after few files, so that its folders are new
	my $goal = $round == 1 ? 5 : 20 + int(rand(2 * $assets));

	$server->append_conf('postgresql.conf', "synchronous_commit = $delay\n");
	$server->reload;
	wait_until($server, 'synchronous_commit is set', "SELECT current_setting('synchronous_commit') = '$delay'");
	value($server, "INSERT INTO image_assets (path) SELECT i || '.png' FROM generate_series($first, $last) i; CHECKPOINT");
	my $session = TestSession->new($server);
	# files of the rounds before are replaced
	$session->send("SET thumbexif.thumbnail_quality = $_; CALL thumbexif_backfill(batch_size => 10)") foreach 40 + $round, 50 + $round;
	TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub { renames() >= $goal })
	  or die "gave up waiting: $goal files are written\n";
	$server->stop('immediate');
	$session->finish;
	$was_lost += lost();
	start();
	my @named = split /\n/, value($server, 'SELECT thumbnail_path FROM image_assets WHERE thumbnail_path IS NOT NULL');
	is_deeply([ grep { !is_whole($_) } @named ], [], "cut $round, synchronous_commit $delay: each of " . @named . ' rows has its file');
}
note("$was_lost files and names were lost");
value($server, 'SELECT thumbexif_resume()');
wait_done($server, 'all is done in the end', $assets * $rounds);
check_store($server, 'in the end');
$server->stop;
done_testing();
