# A call says what types its arguments have, and PostgreSQL believes it: an aggregate over a domain calls its
# final function with a bigint and says it is the domain.  Our functions take what they were declared with.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 1);
my $server = new_server('types', roots => $root);

$server->safe_psql('postgres', <<'EOSQL');
CREATE ROLE hostile LOGIN;
GRANT CREATE ON SCHEMA public TO hostile;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA public TO hostile;
SET ROLE hostile;
SELECT thumbexif_attach();
INSERT INTO image_assets (path) VALUES ('1.png');
CREATE DOMAIN number AS bigint;
CREATE FUNCTION same(number, regclass) RETURNS number LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE AGGREGATE confused_enqueue(regclass) (SFUNC = same, STYPE = number, INITCOND = '1', FINALFUNC = thumbexif_enqueue, FINALFUNC_EXTRA);
CREATE AGGREGATE confused_retry(regclass) (SFUNC = same, STYPE = number, INITCOND = '1', FINALFUNC = thumbexif_retry, FINALFUNC_EXTRA);
CREATE DOMAIN words AS text;
CREATE FUNCTION same(words, regclass) RETURNS words LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE AGGREGATE confused_text(regclass) (SFUNC = same, STYPE = words, INITCOND = '1', FINALFUNC = thumbexif_retry, FINALFUNC_EXTRA);
EOSQL

sub call
{
	my $sql = shift;
	my ($status, $out, $error) = $server->psql('postgres', "SET ROLE hostile; $sql");
	return "$out$error";
}

is(call(q{SELECT confused_enqueue('image_assets')}), '', 'a bigint that is called a domain is a bigint');
is($server->safe_psql('postgres', 'SELECT id, status FROM thumbexif_internal.thumbexif_asset_bigint'), '1|queued', 'of the row that is meant');
is(call(q{SELECT confused_retry('image_assets')}), 'f', 'for thumbexif_retry() too');
is(call(q{SELECT confused_text('image_assets')}), 'f', 'and so is text');
is(call(q{SELECT status FROM thumbexif_process(1::number)}), 'done', 'a domain as an argument is fine');
unlike(slurp_file($server->logfile), qr/terminated by signal/, 'no server process crashed');

$server->stop;
done_testing();
