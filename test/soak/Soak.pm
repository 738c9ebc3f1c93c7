# Soak: a server in trouble for a while.  Each action is a sub of its own, chosen at random by a seed, and logged.
package Soak;

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use POSIX ();
use ThumbexifTest;
use Time::HiRes qw(time usleep);
use TinyPicture;
use WorkerTest;

my $names = 200;	# of files

# How often, and what.
my @actions = (
	[ 12, \&insert_rows ], [ 5, \&delete_rows ], [ 6, \&update_paths ], [ 8, \&rewrite_file ], [ 1, \&truncate_table ],
	[ 2, \&change_table ], [ 3, \&prepare ], [ 3, \&end_prepared ], [ 6, \&process ], [ 4, \&backfill ],
	[ 4, \&kill_decoder ], [ 2, \&stop_decoder ], [ 2, \&end_worker ], [ 1, \&kill_process ], [ 1, \&stop_server ],
	[ 1, \&kill_postmaster ], [ 2, \&fill_disk ], [ 2, \&hide_root ], [ 2, \&hide_thumbnails ]);

# Soak->new(FOLDER, SEED): a server with two tables, keys bigint and uuid
sub new
{
	my ($class, $base, $seed) = @_;
	my $self = bless { base => $base, root => "$base/images", children => {}, prepared => 0, undo => {} }, $class;

	srand($seed);
	mkdir $self->{root} or die "mkdir: $!";
	open($self->{log}, '>', "$base/actions") or die "open: $!";
	$self->{log}->autoflush(1);
	$self->{ok} = tiny_picture(make => 'Tiny', taken => '2024:07:01 12:00:00');
	$self->{photo} = slurp_file(pictures_dir() . '/photo.jpg');
	$self->{bomb} = slurp_file(pictures_dir() . '/bomb.png');
	$self->write_some_file($_) foreach 1 .. $names;
	$self->{server} = new_server('soak', preload => 1, roots => $self->{root}, config => <<'EOF');
restart_after_crash = on
max_prepared_transactions = 20
thumbexif.decoders = 2
thumbexif.decode_timeout = 2s
EOF
	$self->{server}->stop;
	$self->start;
	value($self->{server}, <<'EOSQL');
CREATE TABLE shots (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, path text, width integer, thumbnail_path text, taken_at timestamptz);
CREATE TABLE cards (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, path text, width integer, thumbnail_path text, taken_at timestamptz);
SELECT thumbexif_attach('shots'), thumbexif_attach('cards');
EOSQL
	return $self;
}

sub start
{
	my $self = shift;
	my $deadline = time() + $PostgreSQL::Test::Utils::timeout_default;
	local %ENV = (%ENV, LD_PRELOAD => "$ENV{TE_SCRATCH}/build/shim_full_disk.so",
		FULL_DISK_FOLDER => "$self->{server}->{thumbnails}/", FULL_DISK_WHEN => "$self->{base}/full");

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

# What a query gives; '' while the server cannot answer, and when it refuses.
sub try
{
	my ($self, $sql) = @_;
	my ($status, $out, $error) = $self->{server}->psql('postgres', $sql, timeout => 60, timed_out => \my $late);

	$self->note_action("  $error") if defined $error && $error ne '';
	return defined $out ? $out : '';
}

# A statement that runs beside all else.
sub beside
{
	my ($self, $sql) = @_;
	my $pid;

	return if keys %{ $self->{children} } >= 3;
	$pid = fork;
	die "fork: $!" unless defined $pid;
	if ($pid == 0)
	{
		open STDOUT, '>>', "$self->{base}/beside";
		open STDERR, '>&', \*STDOUT;
		exec 'psql', '-XAtq', '-d', $self->{server}->connstr('postgres'), '-c', $sql or POSIX::_exit(1);
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

sub table { return rand() < 0.6 ? 'shots' : 'cards' }
sub some_file { return 1 + int(rand($names)) }

# --- actions

sub write_some_file
{
	my ($self, $name) = @_;
	my $dice = rand();
	my $bytes =
		$dice < 0.70 ? $self->{ok}
	  : $dice < 0.80 ? $self->{photo}
	  : $dice < 0.86 ? substr($self->{photo}, 0, int(rand(length $self->{photo})))
	  : $dice < 0.92 ? join('', map { chr(int(rand(256))) } 1 .. 500)
	  : $dice < 0.95 ? ''
	  :                $self->{bomb};

	# while it is away, its place stays empty
	write_file("$self->{root}/$name", $bytes) if -d $self->{root};
	return;
}

sub insert_rows
{
	my $self = shift;
	my $rows = 1 + int(rand(60));

	$self->try('INSERT INTO ' . table() . " (path) SELECT (1 + floor(random() * ($names + 5)))::int FROM generate_series(1, $rows)");
	return;
}

sub delete_rows { $_[0]->try('DELETE FROM ' . table() . ' WHERE random() < 0.05'); return }
sub update_paths { my $n = some_file(); $_[0]->try('UPDATE ' . table() . " SET path = '$n' WHERE random() < 0.05"); return }
sub rewrite_file { $_[0]->write_some_file(some_file()); return }
sub truncate_table { $_[0]->try('SET lock_timeout = 500; TRUNCATE ' . table()); return }

sub change_table
{
	my $self = shift;
	my $table = table();

	$self->try("SET lock_timeout = 500; ALTER TABLE $table ADD COLUMN IF NOT EXISTS note text; CREATE INDEX ON $table (path)");
	$self->try("SET lock_timeout = 500; ALTER TABLE $table DROP COLUMN note; DROP INDEX ${table}_path_idx");
	return;
}

sub prepare
{
	my $self = shift;
	my $name = 'p' . ++$self->{prepared};

	$self->try('SET lock_timeout = 500; BEGIN; INSERT INTO ' . table() . " (path) VALUES ('" . some_file() . "'); UPDATE " . table()
		  . " SET path = '" . some_file() . "' WHERE random() < 0.01; PREPARE TRANSACTION '$name'");
	return;
}

sub end_prepared
{
	my $self = shift;

	$self->try((rand() < 0.5 ? 'COMMIT' : 'ROLLBACK') . " PREPARED '$_'")
	  foreach split /\n/, $self->try('SELECT gid FROM pg_prepared_xacts');
	return;
}

sub process
{
	my $self = shift;
	my $table = table();

	$self->beside("SET statement_timeout = '20s'; SELECT thumbexif_process(id::text, '$table', random() < 0.5) FROM (SELECT id FROM $table ORDER BY random() LIMIT 5) s");
	return;
}

sub backfill
{
	my $self = shift;
	my $size = 1 + int(rand(50));

	$self->beside("CALL thumbexif_backfill(batch_size => $size, verify => " . (rand() < 0.5 ? 'true' : 'false') . ", relation => '" . table() . "')");
	return;
}

# The processes of this server, by what they are.
sub processes
{
	my ($self, $where) = @_;

	return split /\n/, $self->try("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND $where");
}

sub some_decoder
{
	my $self = shift;
	my @found = decoder_pids($self->processes("backend_type = 'thumbexif worker' OR backend_type = 'client backend'"));

	return @found ? $found[ rand @found ] : ();
}

sub kill_decoder { kill 'KILL', $_[0]->some_decoder; return }
sub stop_decoder { kill 'STOP', $_[0]->some_decoder; return }
sub end_worker { $_[0]->try("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type LIKE 'thumbexif%' AND random() < 0.6"); return }

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

	$self->{server}->stop('immediate', fail_ok => 1);
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

# later(NAME, SUB): trouble that ends by itself
sub later
{
	my ($self, $name, $undo) = @_;

	$self->{undo}->{$name} = [ time() + rand(3), $undo ];
	return;
}

sub fill_disk
{
	my $self = shift;

	append_to_file("$self->{base}/full", '');
	$self->later('full', sub { unlink "$self->{base}/full" });
	return;
}

sub hide
{
	my ($self, $folder) = @_;

	return if $self->{undo}->{$folder};
	rename $folder, "$folder.away" or die "rename $folder: $!";
	$self->later($folder, sub { rename "$folder.away", $folder or die "rename $folder: $!" });
	return;
}

sub hide_root { $_[0]->hide($_[0]->{root}); return }
sub hide_thumbnails { $_[0]->hide($_[0]->{server}->{thumbnails}); return }

# --- all of it

sub undo_due
{
	my ($self, $now) = @_;

	foreach my $name (keys %{ $self->{undo} })
	{
		my ($due, $undo) = @{ $self->{undo}->{$name} };

		next if $due > $now;
		$self->note_action("over: $name");
		$undo->();
		delete $self->{undo}->{$name};
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

		$self->note_action(name_of($chosen->[1]));
		$chosen->[1]->($self);
		$count++;
		$self->undo_due(time());
		$self->reap;
		usleep(int(rand(100_000)));
	}
	return $count;
}

sub name_of
{
	my $code = shift;
	no strict 'refs';
	my ($name) = grep { defined &{"Soak::$_"} && \&{"Soak::$_"} == $code } keys %Soak::;

	return $name;
}

# settle(): no more trouble, and what is to be done is done.  False if it never is.
sub settle
{
	my $self = shift;
	my $deadline = time() + $PostgreSQL::Test::Utils::timeout_default;
	my $left = '?';

	$self->note_action('trouble ends');
	$self->undo_due(time() + 3600);
	$self->end_prepared;
	while ($self->reap && time() < $deadline) { usleep(100_000) }
	while (time() < $deadline)
	{
		# nobody waits for pauses between attempts
		$self->try("UPDATE thumbexif_internal.thumbexif_asset SET next_try = now() WHERE status = 'queued' AND next_try > now();
			SELECT thumbexif_resume('shots'), thumbexif_resume('cards')");
		$left = $self->try("SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status IN ('queued', 'running')");
		return 1 if $left eq '0';
		usleep(300_000);
	}
	$self->note_action("gave up waiting: nothing is queued or running, but $left are");
	return 0;
}

1;
