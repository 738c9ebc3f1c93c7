# pg_dump and restore carry attachments and states; DROP EXTENSION leaves tables and thumbnails alone.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;

my $base = PostgreSQL::Test::Utils::tempdir();
mkdir "$base/images" or die "mkdir: $!";
write_file("$base/images/$_.png", tiny_picture()) foreach 1 .. 3;
write_file("$base/images/4.png", 'not a picture');
my $server = new_server('dump', roots => "$base/images", config => "autovacuum = off\n");

sub sql
{
	my ($database, @sql) = @_;
	return $server->safe_psql($database, join(";\n", @sql));
}

# What is to come through: attachments by name, states, numbers, and what the triggers hang on.
sub contents
{
	my $database = shift;
	return sql($database,
		'SELECT * FROM thumbexif_internal.thumbexif_attachment ORDER BY attachment',
		'SELECT * FROM thumbexif_internal.thumbexif_asset_bigint ORDER BY attachment, id',
		'SELECT * FROM thumbexif_internal.thumbexif_asset_uuid ORDER BY attachment, id',
		'SELECT * FROM thumbexif_internal.thumbexif_inserted_range ORDER BY number',
		'SELECT last_value, is_called FROM thumbexif_internal.thumbexif_attachment_seq',
		'SELECT last_value, is_called FROM thumbexif_internal.thumbexif_claim_seq',
		q{SELECT grantee::regrole, privilege_type, count(*) FROM (SELECT (aclexplode(proacl)).* FROM pg_proc WHERE proname LIKE 'thumbexif%'
			UNION ALL SELECT (aclexplode(relacl)).* FROM pg_class WHERE relname LIKE 'thumbexif%' OR relname = 'photos') a
			WHERE grantee::regrole::text = 'photographer' GROUP BY 1, 2 ORDER BY 2},
		q{SELECT tgrelid::regclass, tgname, deptype FROM pg_trigger t JOIN pg_depend d ON d.classid = 'pg_trigger'::regclass
			AND d.objid = t.oid AND d.refclassid = 'pg_extension'::regclass ORDER BY tgrelid::regclass::text, tgname});
}

sub restore
{
	my ($database, @files) = @_;
	sql('postgres', "CREATE DATABASE $database TEMPLATE template0");
	$server->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $database, map { ('-f', $_) } @files ],
		"$database is restored without an error");
	return;
}

sql('postgres', 'CREATE SCHEMA app', q{CREATE TABLE app.photos (id serial PRIMARY KEY, file text, thumbnail_path text)},
	q{SELECT thumbexif_attach('app.photos', path => 'file')},
	q{SELECT thumbexif_attach('"By uuid"', exif_metadata => 'exif', create_table => true)},
	'DROP TABLE "By uuid"', 'CREATE TABLE "By uuid" (id uuid PRIMARY KEY, path text, exif jsonb)',
	q{SELECT thumbexif_attach('"By uuid"', exif_metadata => 'exif')},
	q{SELECT thumbexif_attach('gone', create_table => true)},
	'CREATE ROLE photographer', q{SELECT thumbexif_grant('photographer', 'app.photos', 'process')},
	q{INSERT INTO app.photos (file) SELECT g || '.png' FROM generate_series(1, 5) g},
	q{INSERT INTO "By uuid" SELECT gen_random_uuid(), '1.png' FROM generate_series(1, 3)},
	q{INSERT INTO gone (path) VALUES ('1.png')},
	'CREATE TABLE app.many (id integer PRIMARY KEY, path text)', q{SELECT thumbexif_attach('app.many')},
	q{INSERT INTO app.many SELECT g, 'absent' FROM generate_series(1, 5000) g},
	q{SELECT thumbexif_process(id, 'app.photos') FROM app.photos WHERE id < 6},
	q{SELECT thumbexif_process(2, 'app.photos', true)},
	# behind our back, so that its attachment stays; a dump of it could not be restored
	'ALTER EVENT TRIGGER thumbexif_drop DISABLE', 'DROP TABLE gone', 'ALTER EVENT TRIGGER thumbexif_drop ENABLE');

$server->command_ok([ 'pg_dump', '-f', "$base/all.sql", 'postgres' ], 'a database is dumped');
$server->command_ok([ 'pg_dump', '--schema-only', '-f', "$base/schema.sql", 'postgres' ], 'its schema alone');
$server->command_ok([ 'pg_dump', '--data-only', '--disable-triggers', '-f', "$base/data.sql", 'postgres' ], 'and its data alone');
sql('postgres', 'SELECT thumbexif_clean()', 'SELECT thumbexif_clean()');

my $expected = contents('postgres');
my $statuses = join("\n", 'app.photos|done|3', 'app.photos|missing|1', 'app.photos|unsupported|1', '"By uuid"|queued|3', 'app.many|new|5000');
is(sql('postgres', 'SELECT relation, status, assets FROM thumbexif_status'), $statuses, 'there is something to carry');

# a worker may list a file before the list of the dump comes, which has some, too
write_file("$base/meanwhile.sql", q{INSERT INTO thumbexif_internal.thumbexif_removal (attachment, file) VALUES (1, 'meanwhile')});
foreach my $way ([ 'restored', "$base/all.sql" ], [ 'by_parts', "$base/schema.sql", "$base/meanwhile.sql", "$base/data.sql" ])
{
	my ($database, @files) = @$way;
	restore($database, @files);
	is(sql($database, q{DELETE FROM thumbexif_internal.thumbexif_removal WHERE file = 'meanwhile' RETURNING file}), $database eq 'by_parts' ? 'meanwhile' : '', "$database: with what was listed meanwhile");
	is(contents($database), $expected, "$database: attachments, states and triggers are the same");
	is(sql($database, 'SELECT count(*) FROM thumbexif_internal.thumbexif_removal'), 1, "$database: a file to be removed too");
	is(sql($database, q{SELECT nextval('thumbexif_internal.thumbexif_attachment_seq') > max(attachment) FROM thumbexif_internal.thumbexif_attachment}), 't',
		"$database: no number will be used again");
	is(sql($database, q{SELECT nextval('thumbexif_internal.thumbexif_removal_removal_seq') > (SELECT max(removal) FROM thumbexif_internal.thumbexif_removal)}), 't',
		"$database: nor one of a removal");
	is(sql($database, q{SELECT nextval('thumbexif_internal.thumbexif_inserted_range_number_seq') > (SELECT max(number) FROM thumbexif_internal.thumbexif_inserted_range)}), 't',
		"$database: nor one of a range");

	# the numbers that the views show are not dumped
	sql($database, 'SELECT thumbexif_clean()') if $database eq 'by_parts';
	is(sql($database, 'SELECT relation, status, assets FROM thumbexif_status'), $statuses, "$database: the views show the same numbers");

	# it goes on where it was
	sql($database, q{INSERT INTO app.photos (file) VALUES ('3.png')}, 'DELETE FROM app.photos WHERE id = 1');
	is(sql($database, q{SELECT id, status FROM thumbexif_internal.thumbexif_asset_bigint WHERE id IN (1, 6)}), '6|queued', "$database: the triggers work");
	like(sql($database, q{SELECT thumbnail_path FROM thumbexif_process(6, 'app.photos')}),
		qr{^\Q$server->{thumbnails}\E/} , "$database: and so does the work");
	is(sql($database, q{SELECT count(*) FROM app.photos WHERE id = 6 AND thumbnail_path LIKE '%/'
		|| (SELECT oid FROM pg_database WHERE datname = current_database()) || '/%'}), 1, "$database: in a folder of its own");
	sql($database, 'SELECT thumbexif_clean()');
	is(scalar(grep { !-s } split /\n/, sql('postgres', 'SELECT thumbnail_path FROM app.photos WHERE thumbnail_path IS NOT NULL')), 0,
		"$database: cleaning it leaves the other database's files alone");
}

# --- DROP EXTENSION, and a new life

my @kept = split /\n/, sql('postgres', 'SELECT thumbnail_path FROM app.photos WHERE thumbnail_path IS NOT NULL');
my $number = sql('postgres', q{SELECT attachment FROM thumbexif_internal.thumbexif_attachment WHERE relation = 'app.photos'::regclass});
sql('postgres', 'DROP EXTENSION thumbexif');
is(sql('postgres', 'SELECT count(*) FROM app.photos'), 5, 'a plain DROP EXTENSION leaves the tables alone');
is(sql('postgres', q{SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'thumbexif%'}), 0, 'but for the triggers');
sql('postgres', 'DROP TABLE "By uuid"', 'CREATE SCHEMA elsewhere', 'CREATE EXTENSION thumbexif SCHEMA elsewhere');
# as if more tables had been attached than seconds have passed
sql('postgres', "SELECT setval('thumbexif_internal.thumbexif_attachment_seq', $number, false)");
is(sql('postgres', q{SELECT elsewhere.thumbexif_attach('app.photos', path => 'file')}), 'app.photos', 'it is attached again, to an extension in another schema');
is(sql('postgres', 'SELECT attachment FROM thumbexif_internal.thumbexif_attachment'), $number + 1, 'under a number that has no folder');
is(sql('postgres', 'SELECT elsewhere.thumbexif_clean()'), 0, 'clean finds nothing');
is(scalar(grep { !-s } @kept), 0, 'and leaves the thumbnails that the rows name');
sql('postgres', q{INSERT INTO app.photos (file) VALUES ('1.png')}, 'UPDATE app.photos SET file = file', 'TRUNCATE app.photos');

# one session, in which the extension goes and comes back in another schema
is(sql('postgres', q{INSERT INTO app.photos (file) VALUES ('1.png')}, 'DROP EXTENSION thumbexif', 'CREATE EXTENSION thumbexif',
	q{SELECT thumbexif_attach('app.photos', path => 'file')}, q{INSERT INTO app.photos (file) VALUES ('2.png')},
	'SELECT status FROM thumbexif_internal.thumbexif_asset'), "app.photos\nqueued", 'also within one session');

done_testing();
