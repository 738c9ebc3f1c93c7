# pg_upgrade: attached tables, states and thumbnails are there afterwards, and the worker goes on.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

# From a version to itself: what pg_upgrade does to the extension is the same, and a second version need not be there.

my $base = PostgreSQL::Test::Utils::tempdir();
my $root = tiny_folder("$base/images", 12);
my $old = new_server('old', preload => 1, roots => $root);
my $new = PostgreSQL::Test::Cluster->new('new');

$new->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$new->{thumbnails} = $old->{thumbnails};
$new->append_conf('postgresql.conf', <<"EOF");
shared_preload_libraries = 'thumbexif'
thumbexif.image_roots = '$root'
thumbexif.thumbnail_dir = '$old->{thumbnails}'
EOF

value($old, <<'EOSQL');
SELECT thumbexif_attach('image_assets');
CREATE TABLE cards (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, file text, thumbnail_path text);
SELECT thumbexif_attach('cards', path => 'file');
INSERT INTO image_assets (path) SELECT i || '.png' FROM generate_series(1, 8) i;
INSERT INTO cards (file) SELECT i || '.png' FROM generate_series(1, 5) i;
INSERT INTO image_assets (path) VALUES ('absent.png');
EOSQL
wait_done($old, 'all is done', 13);
# one that waits, and one whose file was replaced
value($old, 'SELECT thumbexif_pause()');
value($old, "INSERT INTO image_assets (path) VALUES ('9.png')");
value($old, 'SELECT thumbexif_process(1, $$image_assets$$, force => true)');

my $what = 'SELECT id, thumbnail_path, width, taken_at FROM image_assets UNION ALL SELECT NULL, thumbnail_path, NULL, NULL FROM cards ORDER BY 1, 2';
my $states = 'SELECT status, attempts, path_hash, source_size, file, error, version FROM thumbexif_internal.thumbexif_asset ORDER BY path_hash, file';
my $attached = 'SELECT attachment, relation, id_column, path_column, paused FROM thumbexif_internal.thumbexif_attachment ORDER BY 1';
my @before = map { value($old, $_) } $what, $states, $attached;
my @files = split /\n/, value($old, 'SELECT thumbnail_path FROM image_assets WHERE thumbnail_path IS NOT NULL UNION ALL SELECT thumbnail_path FROM cards ORDER BY 1');
is(scalar @files, 13, 'each has a thumbnail');
$old->stop;

# it leaves its files where it is run
chdir $base or die "chdir: $!";
command_ok(
	[ 'pg_upgrade', '-d', $old->data_dir, '-D', $new->data_dir, '-b', $ENV{TE_BINDIR}, '-B', $ENV{TE_BINDIR},
		'-s', $new->host, '-p', $old->port, '-P', $new->port ],
	'pg_upgrade');

$new->start;
is(value($new, $what), $before[0], 'rows are as they were');
is(value($new, $states), $before[1], 'so are states');
is(value($new, $attached), $before[2], 'and attachments');
is(join("\n", grep { !-s $_ } @files), '', 'files that rows name are there');

# --- it goes on

value($new, 'SELECT thumbexif_resume()');
value($new, "INSERT INTO image_assets (path) VALUES ('10.png'); INSERT INTO cards (file) VALUES ('6.png')");
wait_done($new, 'what waited and what is new is done', 16);
is( value($new, 'SELECT thumbnail_path FROM image_assets WHERE id <= 8 UNION ALL SELECT thumbnail_path FROM cards WHERE file < $$6$$ ORDER BY 1'),
	join("\n", @files), 'rows keep their thumbnails');
# the folder of thumbnails is still marked as the old server's, which is not used any more
value($new, 'SELECT thumbexif_claim_folder()');
value($new, 'CALL thumbexif_backfill(verify => true, relation => $$image_assets$$)');
value($new, 'SELECT thumbexif_clean()');
my @named = grep { $_ ne '' } split /\n/, value($new, 'SELECT thumbnail_path FROM image_assets UNION ALL SELECT thumbnail_path FROM cards');
is(scalar @named, 16, 'new ones have theirs');
is(join("\n", grep { !-s $_ } @named), '', 'and each file that a row names is there, after a clean-up too');

$new->stop;
unlike(slurp_file($new->logfile), qr/WARNING:  (?!no thumbnail files were removed)|PANIC/, 'nothing went wrong');
done_testing();
