# What goes wrong with the server during a soak: processes, folders, the disk, the clock, settings.
package SoakTrouble;

use strict;
use warnings;

use File::Path ();
use SoakProcesses;
use ThumbexifTest qw(decoder_pids);
use Time::HiRes qw(time usleep);
use WorkerTest;

# --- processes

# The processes of this server, by what they are.
sub processes
{
	my ($self, $where) = @_;

	return split /\n/, $self->try("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND $where");
}

sub decoders { return decoder_pids($_[0]->processes("backend_type = 'thumbexif worker' OR backend_type = 'client backend'")) }

sub some_decoder
{
	my $self = shift;
	my @found = $self->decoders;

	return @found ? $found[ rand @found ] : ();
}

sub kill_decoder { kill 'KILL', $_[0]->some_decoder; return }
sub stop_decoder { kill 'STOP', $_[0]->some_decoder; return }
sub end_worker { $_[0]->try("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type LIKE 'thumbexif%' AND random() < 0.6"); return }
sub end_session { $_[0]->try("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND random() < 0.6"); return }
sub cancel { $_[0]->try("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE backend_type IN ('client backend', 'thumbexif worker') AND pid <> pg_backend_pid()"); return }

# A worker, the launcher or a backend: all others are sent home by the postmaster.
sub kill_process
{
	my $self = shift;
	my @found = $self->processes("(backend_type LIKE 'thumbexif%' OR backend_type = 'client backend')");

	kill 'KILL', $found[ rand @found ] if @found;
	return;
}

sub stop_server
{
	my $self = shift;

	# PostgreSQL may not end a fast stop that begins while it recovers from a crash
	my $fast = rand() < 0.3 && $self->try('SELECT 1') eq '1';

	unless ($self->{server}->stop($fast ? 'fast' : 'immediate', fail_ok => 1))
	{
		$self->{slow_stops}++ if $fast;
		$self->{server}->stop('immediate', fail_ok => 1);
	}
	$self->start;
	return;
}

sub kill_postmaster
{
	my $self = shift;

	$self->{server}->kill9;
	$self->start;
	return;
}

# Invariant 8: decoders are stopped, so whoever waits for one goes on waiting, and what it holds all the time it holds
# while a decoder works.  Locks on our own tables are no user's; thumbexif_process() is in its caller's transaction and may.
sub watch_waiting
{
	my $self = shift;
	my @waiting = $self->processes("(backend_type = 'thumbexif worker' OR query LIKE 'CALL thumbexif_backfill%')");
	my @stopped = decoder_pids(@waiting);
	my (%held, %seen);
	my $samples = 5;

	kill 'STOP', @stopped;
	foreach (1 .. $samples)
	{
		my $rows = $self->try("SELECT pid, concat_ws(' ', 'xmin ' || backend_xmin, 'xid ' || backend_xid,
				(SELECT string_agg(concat_ws(' ', locktype, relation::regclass, mode), ', ' ORDER BY relation, mode) FROM pg_locks l
					WHERE l.pid = a.pid AND l.locktype NOT IN ('virtualxid', 'object')
						AND NOT EXISTS (SELECT FROM pg_class WHERE oid = l.relation AND relnamespace IN ('pg_catalog'::regnamespace, 'thumbexif_internal'::regnamespace))))
			FROM pg_stat_activity a WHERE wait_event_type = 'Extension' AND pid IN (" . join(', ', 0, @waiting) . ')');

		foreach my $row (split /\n/, $rows)
		{
			my ($pid, $what) = split /\|/, $row, 2;

			$held{"$pid holds $what"}++ if $what ne '';
			$seen{$pid}++;
		}
		usleep(60_000);
	}
	kill 'CONT', @stopped;
	$self->{watched} += grep { $_ == $samples } values %seen;
	push @{ $self->{held} }, grep { $held{$_} == $samples } keys %held;
	return;
}

# --- folders and the disk

sub fill_disk
{
	my $self = shift;

	PostgreSQL::Test::Utils::append_to_file("$self->{base}/full", '');
	$self->later('full', sub { unlink "$self->{base}/full"; return 1 });
	return;
}

# A folder goes, and comes again; meanwhile, there may be an empty one in its place, as below a lost mount, or
# another one, on another device if the machine has two.
sub hide
{
	my ($self, $folder, $instead) = @_;

	return 0 if $self->{undo}->{$folder};
	rename $folder, "$folder.away" or die "rename $folder: $!";
	if ($instead eq 'empty')
	{
		mkdir $folder or die "mkdir $folder: $!";
	}
	elsif ($instead eq 'other')
	{
		symlink $self->{other}, $folder or die "symlink $folder: $!";
	}
	$self->later(
		$folder,
		sub {
			if (-l $folder) { unlink $folder or die "unlink $folder: $!" }
			elsif (-d $folder) { rmdir $folder or die "rmdir $folder: $!" }
			rename "$folder.away", $folder or die "rename $folder: $!";
			$self->{root_away} = undef if $folder eq $self->{root};
			return 1;
		});
	return 1;
}

sub hide_root
{
	my $self = shift;

	$self->{root_away} = "$self->{root}.away" if $self->hide($self->{root}, (qw(nothing empty other))[ rand 3 ]);
	return;
}

sub hide_thumbnails { $_[0]->hide($_[0]->{server}->{thumbnails}, 'nothing'); return }

# A folder with a picture under a name that rows have, where files are on another device than images are.
sub prepare_other_root
{
	my $self = shift;

	$self->{other} = -w '/dev/shm' ? "/dev/shm/thumbexif-soak-$$" : "$self->{base}/other";
	mkdir $self->{other} or die "mkdir $self->{other}: $!";
	TinyPicture::write_file("$self->{other}/other", TinyPicture::tiny_picture());
	return;
}

sub DESTROY
{
	my $self = shift;

	File::Path::remove_tree($self->{other}) if $self->{other} && $self->{owner} == $$;
	return;
}

# --- the clock (shim/clock.c) and settings

sub set_clock
{
	my ($self, $seconds) = @_;

	open(my $file, '+<:raw', "$self->{base}/clock") or die "open: $!";
	syswrite $file, pack('q', $seconds);
	$self->note_action("  the clock is wrong by $seconds s");
	return 1;
}

sub shift_clock { $_[0]->set_clock(int(rand(2 * 8 * 3600)) - 8 * 3600); $_[0]->wake_sleepers; return }

# PostgreSQL counts how long pg_sleep() takes by the time of day: it may take hours now.
sub wake_sleepers { $_[0]->try("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"); return }

my @settings = (
	"thumbexif.thumbnail_size = '24'", "thumbexif.thumbnail_size = '40'", "thumbexif.thumbnail_format = 'png'",
	"thumbexif.thumbnail_format = 'webp'", "thumbexif.thumbnail_quality = '60'", "thumbexif.exif_gps = 'off'",
	"thumbexif.default_timezone = 'Asia/Tokyo'", "thumbexif.decoders = '1'", "thumbexif.max_attempts = '1'");

sub set_for_database
{
	my $self = shift;

	$self->try('ALTER DATABASE postgres ' . (rand() < 0.4 ? 'RESET ALL' : "SET $settings[ rand @settings ]"));
	return;
}

sub switch_fsync
{
	my $self = shift;
	my $value = (qw(off on))[ rand 2 ];

	$self->try("ALTER SYSTEM SET fsync = $value");
	$self->try('SELECT pg_reload_conf()');
	return;
}

1;
