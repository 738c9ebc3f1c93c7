# The extension is created, used and dropped, in a schema of the user's choice and twice in a row.
use strict;
use warnings;

use Test::More;
use ThumbexifTest;

my $server = new_server('install', extension => 0);

$server->safe_psql('postgres', 'CREATE SCHEMA "Photo s"');
foreach my $schema ('public', '"Photo s"')
{
	$server->safe_psql('postgres', "CREATE EXTENSION thumbexif SCHEMA $schema");
	is($server->safe_psql('postgres', "SELECT count(*) FROM thumbexif_internal.thumbexif_attachment"),
		'0', "created in $schema");
	$server->safe_psql('postgres', 'DROP EXTENSION thumbexif');
	is( $server->safe_psql('postgres',
			"SELECT count(*) FROM pg_depend d JOIN pg_namespace n ON d.refobjid = n.oid
			WHERE n.nspname IN ('public', 'Photo s') AND d.refclassid = 'pg_namespace'::regclass"),
		'0',
		"nothing is left in $schema");
}

my ($status, $out, $error) = $server->psql('postgres', 'CREATE EXTENSION thumbexif VERSION \'0.1\'');
isnt($status, 0, 'there is no other version');

$server->stop;
done_testing();
