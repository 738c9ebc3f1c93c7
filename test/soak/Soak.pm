# Soak: a server in trouble for a while.  Each action is a sub of its own, chosen at random by a seed, and logged.
package Soak;

use strict;
use warnings;

use parent -norequire, qw(SoakFiles SoakTables SoakTrouble SoakCheck);
use File::Basename;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SoakCheck;
use SoakFiles;
use SoakProcesses;
use SoakTables;
use SoakTrouble;
use ThumbexifTest;
use Time::HiRes qw(time usleep);
use WorkerTest;

# How often, and what.
my @actions = (
	[ 12, 'insert_rows' ], [ 1, 'insert_hostile_rows' ], [ 5, 'delete_rows' ], [ 6, 'update_paths' ], [ 8, 'rewrite_file' ],
	[ 1, 'truncate_table' ], [ 1, 'change_rows_untold' ], [ 3, 'prepare' ], [ 3, 'end_prepared' ], [ 6, 'process' ], [ 4, 'backfill' ],
	[ 1, 'hold_advisory_lock' ], [ 1, 'hold_rows' ], [ 1, 'clean' ], [ 2, 'rebuild_our_tables' ],
	[ 2, 'change_table' ], [ 1, 'rename_column' ], [ 1, 'rename_table' ], [ 1, 'change_owner' ], [ 1, 'become_partition' ], [ 1, 'detach' ],
	[ 4, 'kill_decoder' ], [ 2, 'stop_decoder' ], [ 2, 'end_worker' ], [ 1, 'end_session' ], [ 1, 'cancel' ], [ 1, 'kill_process' ],
	[ 1, 'stop_server' ], [ 1, 'kill_postmaster' ], [ 2, 'watch_waiting' ],
	[ 2, 'fill_disk' ], [ 2, 'hide_root' ], [ 2, 'hide_thumbnails' ], [ 2, 'shift_clock' ], [ 2, 'set_for_database' ], [ 1, 'switch_fsync' ]);

# Soak->new(FOLDER, SEED): a server with tables of three kinds of keys, and an installation of its own
sub new
{
	my ($class, $base, $seed) = @_;
	my $self = bless { base => $base, root => "$base/images", owner => $$, children => {}, prepared => 0, undo => {},
		watched => 0, held => [], slow_stops => 0, launcher_seen => time() }, $class;

	srand($seed);
	mkdir $self->{root} or die "mkdir: $!";
	open($self->{log}, '>', "$base/actions") or die "open: $!";
	$self->{log}->autoflush(1);
	$self->prepare_files;
	$self->prepare_other_root;
	append_to_file("$base/clock", pack('q', 0));
	my $install = private_install('soak');
	($self->{install}) = $install->{bindir} =~ m{^(.*?/soak)/};
	$self->{server} = new_server('soak', preload => 1, install => $install, roots => $self->{root}, config => <<'EOF');
restart_after_crash = on
max_prepared_transactions = 20
timezone = UTC
thumbexif.decoders = 2
thumbexif.decode_timeout = 2s
thumbexif.thumbnail_size = 48
EOF
	$self->{server}->stop;
	$self->start;
	value($self->{server}, $self->make_tables);
	return $self;
}

sub start
{
	my $self = shift;
	my $deadline = time() + $PostgreSQL::Test::Utils::timeout_default;
	my $shims = "$ENV{TE_SCRATCH}/build/shim_full_disk.so $ENV{TE_SCRATCH}/build/shim_clock.so";
	local %ENV = (%ENV, LD_PRELOAD => $shims, FULL_DISK_FOLDER => "$self->{server}->{thumbnails}/",
		FULL_DISK_WHEN => "$self->{base}/full", CLOCK_SHIFT => "$self->{base}/clock");

	# processes of a killed postmaster may still be on their way out, and its postmaster.pid is there
	until ($self->{server}->start(fail_ok => 1))
	{
		# what the file names after a start that failed need not run
		undef $self->{server}->{_pid};
		die "gave up waiting: the server starts again\n" if time() > $deadline;
		usleep(200_000);
	}
	return;
}

sub note_action
{
	my ($self, $text) = @_;

	printf { $self->{log} } "%.3f %s\n", time(), $text;
	return;
}

# What a query gives; '' while the server cannot answer, and when it refuses.  It does not wait long for a lock: who
# has it may be waiting for another action.
sub try
{
	my ($self, $sql) = @_;
	local $ENV{PGOPTIONS} = '-c lock_timeout=1s';
	# a psql that is refused before it has read its query makes the caller die
	my ($status, $out, $error) = eval { $self->{server}->psql('postgres', $sql, timeout => 60, timed_out => \my $late) };

	$error = $@ if $@;
	$self->note_action("  $error") if defined $error && $error ne '';
	return defined $out ? $out : '';
}

# Statements that run beside all else.
sub beside
{
	my ($self, @sql) = @_;
	my $pid;

	return if keys %{ $self->{children} } >= 3;
	$pid = fork;
	die "fork: $!" unless defined $pid;
	if ($pid == 0)
	{
		open STDOUT, '>>', "$self->{base}/beside";
		open STDERR, '>&', \*STDOUT;
		exec 'psql', '-XAtq', '-d', $self->{server}->connstr('postgres'), map { ('-c', $_) } @sql or POSIX::_exit(1);
	}
	$self->{children}->{$pid} = 1;
	return;
}

sub reap
{
	my $self = shift;

	foreach my $pid (keys %{ $self->{children} })
	{
		delete $self->{children}->{$pid} if waitpid($pid, POSIX::WNOHANG()) != 0;
	}
	return scalar keys %{ $self->{children} };
}

# later(NAME, SUB): trouble that ends by itself; SUB returns false if it must be called again
sub later
{
	my ($self, $name, $undo) = @_;

	$self->{undo}->{$name} = [ time() + rand(3), $undo ];
	return;
}

sub undo_due
{
	my ($self, $now) = @_;

	foreach my $name (keys %{ $self->{undo} })
	{
		my ($due, $undo) = @{ $self->{undo}->{$name} };

		next if $due > $now;
		$self->note_action("over: $name");
		delete $self->{undo}->{$name} if $undo->();
	}
	return;
}

# run(SECONDS): trouble; how many actions
sub run
{
	my ($self, $seconds) = @_;
	my $end = time() + $seconds;
	my $total = 0;
	my $count = 0;

	$total += $_->[0] foreach @actions;
	while (time() < $end)
	{
		my $dice = rand($total);
		my ($chosen) = grep { ($dice -= $_->[0]) < 0 } @actions;
		my $action = $chosen->[1];

		$self->note_action($action);
		$self->$action;
		$count++;
		$self->undo_due(time());
		$self->reap;
		usleep(int(rand(100_000)));
	}
	return $count;
}

# until_so(WHAT, SUB): false if it never is
sub until_so
{
	my ($self, $what, $condition) = @_;
	my $deadline = time() + $PostgreSQL::Test::Utils::timeout_default;

	until ($condition->())
	{
		if (time() > $deadline)
		{
			$self->note_action("gave up waiting: $what");
			$self->{never} = $what;
			return 0;
		}
		usleep(200_000);
	}
	return 1;
}

# PostgreSQL itself starts a launcher that has ended after ten seconds by the clock, which may have been set back.
sub see_launcher
{
	my $self = shift;

	$self->{launcher_seen} = time() if $self->try("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'thumbexif launcher'") ne '0';
	return if time() < $self->{launcher_seen} + 15;
	$self->note_action('the launcher is not started again: the server is');
	$self->{server}->stop('fast', fail_ok => 1);
	$self->start;
	$self->{launcher_seen} = time();
	return;
}

# idle(): nothing is queued or running.  Nobody waits for pauses between attempts.
sub idle
{
	my $self = shift;

	$self->see_launcher;
	$self->try("UPDATE thumbexif_internal.thumbexif_asset SET next_try = now() WHERE status = 'queued' AND next_try > now()");
	$self->try("SELECT thumbexif_resume('$_')") foreach @SoakTables::tables;
	return $self->try("SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status IN ('queued', 'running')") eq '0';
}

# settle(): no more trouble, and what is to be done is done: the second time with all that was given up.  False if it never is.
sub settle
{
	my $self = shift;

	$self->note_action('trouble ends');
	$self->{launcher_seen} = time();
	$self->set_clock(0);
	kill 'CONT', $self->decoders;
	# prepared transactions hold locks that the rest would wait for
	$self->until_so('no transaction is prepared', sub { $self->end_prepared; return $self->try('SELECT count(*) FROM pg_prepared_xacts') eq '0' }) or return 0;
	$self->until_so('trouble is over', sub { $self->wake_sleepers; $self->undo_due(time() + 3600); return !keys %{ $self->{undo} } }) or return 0;
	$self->until_so('tables are right', sub { $self->put_right }) or return 0;
	$self->until_so('settings are reset',
		sub { $self->try('ALTER DATABASE postgres RESET ALL; ALTER SYSTEM RESET fsync; SELECT pg_reload_conf()') eq 't' }) or return 0;
	$self->until_so('what ran beside has ended', sub { $self->wake_sleepers; return $self->reap == 0 }) or return 0;
	$self->until_so('nothing is queued or running', sub { $self->idle }) or return 0;
	foreach my $table (@SoakTables::tables)
	{
		$self->try("SELECT thumbexif_retry_all(NULL, '$table')");
		$self->try("CALL thumbexif_backfill(verify => true, relation => '$table')");
	}
	$self->until_so('what was given up is done', sub { $self->idle }) or return 0;
	# states without rows, whose files it lists; then these files
	return $self->until_so('it is clean', sub { $self->try('SELECT thumbexif_clean(); SELECT thumbexif_clean(); SELECT 1') =~ /1$/ });
}

1;
