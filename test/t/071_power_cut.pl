# After a power cut each row that is there names a whole file: whenever it comes, and whatever of what was not synced is lost.
use strict;
use warnings;

use File::Basename;
use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

# A library records what the server's processes do with files of thumbnails and with the WAL (shim/record.c).  The
# power may go after each line of that record.  Then what was not synced may be lost, and what was written may be
# there all the same: each commit is there if its WAL was synced, and may be if it was written; a new file or folder is there
# for sure only when itself and its name are synced; a file that was about to be unlinked may be gone.
#
# That is asked for each line and each commit that may be the last.  To see that it is what really happens, each round ends with a
# cut: the processes end at once, what was not synced is taken from the folder, and the server starts again.

my $base = PostgreSQL::Test::Utils::tempdir();
my $assets = 30;
my $rounds = 2 + int(($ENV{TE_SOAK_SECONDS} || 0) / 60);
my $segment = 1 << 24;	# bytes of a file of the WAL
my $root = tiny_folder("$base/images", $assets);
my $log = "$base/record";
my $server = new_server('cut', preload => 1, roots => $root,
	config => "fsync = on\nwal_sync_method = fdatasync\nwal_writer_delay = 10s\nautovacuum = off\nmax_wal_size = 4GB\nthumbexif.decoders = 2\n");
my $folder = $server->{thumbnails};

append_to_file($log, '');
value($server, <<'EOSQL');
SELECT thumbexif_attach('image_assets');
ALTER TABLE image_assets DROP CONSTRAINT image_assets_path_key;
CREATE TABLE history (id bigint, file text, xid bigint DEFAULT pg_current_xact_id()::text::bigint);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN INSERT INTO public.history VALUES (NEW.id, NEW.thumbnail_path); RETURN NULL; END';
CREATE TRIGGER note AFTER UPDATE OF thumbnail_path ON image_assets FOR EACH ROW EXECUTE FUNCTION note();
EOSQL
$server->stop;
local %ENV = (%ENV, RECORD_LOG => $log, RECORD_FOLDER => $folder, RECORD_WAL => $server->data_dir . '/pg_wal');

sub start
{
	local $ENV{LD_PRELOAD} = "$ENV{TE_SCRATCH}/build/shim_record.so";

	$server->start;
	return;
}

sub renames { return scalar(() = slurp_file($log) =~ /^rename\t/mg) }

# --- what of the folder is safe

# A folder as a power cut may leave it: contents and names (by their folder) that are not synced, and files that are gone.
sub new_state { return { unsynced => {}, pending => {}, gone => {} } }

# apply(STATE, OPERATION, PATH, OTHER)
sub apply
{
	my ($state, $operation, $path, $to) = @_;
	my ($unsynced, $pending) = @$state{ 'unsynced', 'pending' };

	if ($operation eq 'write')
	{
		$unsynced->{$path} = $pending->{ dirname($path) }->{$path} = 1;
	}
	elsif ($operation eq 'mkdir')
	{
		$pending->{ dirname($path) }->{$path} = 1;
	}
	elsif ($operation eq 'fsync')
	{
		delete $unsynced->{$path};
		delete $pending->{$path};
	}
	elsif ($operation eq 'unlink')
	{
		$state->{gone}->{$path} = 1;
	}
	elsif ($operation eq 'rename' || $operation eq 'link')
	{
		delete $pending->{ dirname($path) }->{$path};
		$unsynced->{$to} = 1 if delete $unsynced->{$path};
		$pending->{ dirname($to) }->{$to} = 1;
	}
	return;
}

# Why a file may not be there, or not be whole; '' if it is safe.
sub danger
{
	my ($state, $file) = @_;

	return 'unlinked' if $state->{gone}->{$file};
	return 'its content is not synced' if $state->{unsynced}->{$file};
	for (my $path = $file; $path ne $folder; $path = dirname($path))
	{
		return "the name of $path is not synced" if $state->{pending}->{ dirname($path) }->{$path};
	}
	return '';
}

# --- which commits are safe

# Where the records of commits end, by transaction; what follows a position in the WAL.
sub commits
{
	my $from = shift;
	my ($out) = run_command([ 'pg_waldump', '-p', $server->data_dir . '/pg_wal', '-s', $from ]);
	my (%end, $xid);

	foreach my $line (split /\n/, $out)
	{
		my ($tx, $high, $low, $what) = $line =~ m{tx:\s+(\d+), lsn: (\w+)/(\w+), .* desc: (\w+)} or next;

		$end{$xid} = (hex($high) << 32) + hex($low) if defined $xid;
		$xid = $what eq 'COMMIT' ? $tx : undef;
	}
	return \%end;
}

# A place in a file of the WAL as a position in the WAL
sub position
{
	my ($path, $offset) = @_;
	my ($high, $low) = basename($path) =~ /^[0-9A-F]{8}([0-9A-F]{8})([0-9A-F]{8})/;

	return (hex($high) << 32) + hex($low) * $segment + $offset;
}

# The files that rows named before, and each change with the end of its commit, in that order.
sub history
{
	my $ends = shift;
	my (%file, @changes);

	foreach my $row (split /\n/, value($server, 'SELECT id, xid, file FROM history ORDER BY xid'))
	{
		my ($id, $xid, $file) = split /\|/, $row;

		if (defined $ends->{$xid})
		{
			push @changes, { end => $ends->{$xid}, id => $id, file => $file };
		}
		else
		{
			$file{$id} = $file;
		}
	}
	return (\%file, [ sort { $a->{end} <=> $b->{end} } @changes ]);
}

# cut_everywhere(RECORD, FROM): each line of the record, each commit that may have been the last: what rows name is safe.
# Returns complaints, how many moments that were, changes of rows, and how many of them were safe in the end.
sub cut_everywhere
{
	my ($record, $from) = @_;
	my ($file, $changes) = history(commits($from));
	my $state = new_state();
	my ($written, $synced, $states, $known) = (0, 0, 0, 0);
	my (%written, @complaints);
	my $complain = sub {
		my ($line, $named) = @_;

		foreach my $id (sort keys %$named)
		{
			my $why = danger($state, $named->{$id});

			push @complaints, "after $line: row $id names $named->{$id}: $why" if $why ne '';
		}
	};

	foreach my $line (split /\n/, $record)
	{
		my ($operation, $path, $other) = split /\t/, $line, 3;

		if ($operation eq 'wal')
		{
			my $end = position($path, $other);

			$written{$path} = $end if $end > ($written{$path} || 0);
			$written = $end if $end > $written;
		}
		elsif ($operation eq 'walsync')
		{
			$synced = $written{$path} if ($written{$path} || 0) > $synced;
		}
		else
		{
			apply($state, $operation, $path, $other);
		}

		# what is committed for sure; a record ends with zeroes, up to a multiple of eight
		while ($known < @$changes && $changes->[$known]->{end} <= $synced + 8)
		{
			$file->{ $changes->[$known]->{id} } = $changes->[$known]->{file};
			$known++;
		}
		my %perhaps = %$file;
		my $last = $known;
		while (1)
		{
			$states++;
			$complain->($line, \%perhaps);
			last if $last == @$changes || $changes->[$last]->{end} > $written + 8;
			my $end = $changes->[$last]->{end};
			for (; $last < @$changes && $changes->[$last]->{end} == $end; $last++)
			{
				$perhaps{ $changes->[$last]->{id} } = $changes->[$last]->{file};
			}
		}
		last if @complaints > 5;
	}
	return (\@complaints, $states, scalar @$changes, $known);
}

# lost(RECORD): take from the folder what a power cut would have taken; how many files and names that were.
sub lost
{
	my $record = shift;
	my $state = new_state();

	apply($state, split /\t/, $_, 3) foreach split /\n/, $record;
	my @names = grep { -e $_ } map { keys %$_ } values %{ $state->{pending} };
	my @files = grep { -s $_ } keys %{ $state->{unsynced} };
	truncate $_, 0 foreach @files;
	system_or_bail('rm', '-rf', @names) if @names;
	return @names + @files;
}

sub is_whole
{
	my $file = shift;

	return -s $file && substr(slurp_file($file), -2) eq "\xff\xd9";
}

start();
my ($was_lost, $all_states, $all_changes) = (0, 0, 0);
for my $round (1 .. $rounds)
{
	my $delay = $round % 2 ? 'on' : 'off';

	$server->append_conf('postgresql.conf', "synchronous_commit = $delay\n");
	$server->reload;
	wait_until($server, 'synchronous_commit is set', "SELECT current_setting('synchronous_commit') = '$delay'");
	# keys so far from those before that their folders are new
	value($server, 'TRUNCATE image_assets, history');
	value($server, "INSERT INTO image_assets (id, path) OVERRIDING SYSTEM VALUE SELECT $round * 1000 + i, i || '.png' FROM generate_series(1, $assets) i");
	value($server, 'CHECKPOINT');
	my $from = value($server, 'SELECT pg_current_wal_insert_lsn()');
	unlink $log;
	append_to_file($log, '');

	# new files, some of them by hand and some by the worker, then others that replace them, again and again until the cut; a backfill
	# leaves out what the worker has in hand
	my $session = TestSession->new($server);
	$session->send("SET client_min_messages = error; SELECT count(thumbexif_process(id)) FROM image_assets WHERE id > $round * 1000 AND id % 5 = 0");
	$session->send("SET thumbexif.thumbnail_quality = $_; CALL thumbexif_backfill(batch_size => 10)") foreach 40 + 2 * $round % 50, 41 + 2 * $round % 50, 20 .. 39;
	my $goal = 2 * $assets + 10 + int(rand($assets - 10));
	TestSession::until_true($PostgreSQL::Test::Utils::timeout_default, sub { renames() >= $goal })
	  or die "gave up waiting: $goal files are written\n";
	$server->stop('immediate');
	$session->finish;
	my $record = slurp_file($log);
	$was_lost += lost($record);
	start();
	my ($complaints, $states, $changes, $sure) = cut_everywhere($record, $from);
	is(join("\n", @$complaints), '', "synchronous_commit $delay: a power cut at any of $states moments leaves each row its file ($changes writes)");
	cmp_ok($changes, '>', 4, 'writes were seen');
	$all_states += $states;
	$all_changes += $sure;
	my @named = split /\n/, value($server, 'SELECT thumbnail_path FROM image_assets WHERE thumbnail_path IS NOT NULL');
	# the worker, which is back, may have replaced one meanwhile
	my @missing = grep { !is_whole($_) && value($server, "SELECT count(*) FROM image_assets WHERE thumbnail_path = '$_'") } @named;
	is_deeply(\@missing, [], 'after the one that came each of ' . @named . ' rows has its file');
}
cmp_ok($all_changes, '>', 0, 'commits were seen to be synced');
note("$was_lost files and names were lost; $all_states moments");
value($server, 'SELECT thumbexif_resume()');
wait_done($server, 'all is done in the end', $assets);
check_store($server, 'in the end');
$server->stop;
done_testing();
