# Who may create in the extension's schema plants functions, operators and types that fit the names in the
# extension's SQL better than PostgreSQL's own: none of them is ever called, and nothing depends on them.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;

my $install = private_install('planted');
my $share = `$install->{bindir}/pg_config --sharedir`;
chomp $share;
my $scripts = "$share/extension";
system_or_bail('cp', "$ENV{TE_SCRATCH}/test/upgrade/thumbexif--1.0.sql", $scripts);
my $server = new_server('planted', install => $install, extension => 0);
my $argument_types = "'{text,regclass,integer,bigint,oid,interval,timestamptz,numeric,anyelement,anyenum}'::regtype[]";

# The names that may stand for a function, an operator or a type in a script, qualified there or not.
sub names_in
{
	my $text = join '', map { slurp_file("$scripts/$_") } @_;
	my (%function, %operator, %type);

	$text =~ s/--[^\n]*//g;
	$text =~ s/^\\.*//mg;
	$function{ lc $1 } = 1 while $text =~ /\b([A-Za-z_]\w*)\s*\(/g;
	delete @function{ grep { /^thumbexif_/ } keys %function };
	$operator{$1} = 1 while $text =~ m{(?<![\w'\@])([-+*/<>=~!\@#%^&|`?]+)(?=[\s)])}g;
	$operator{$_} = 1 foreach qw(= <>);    # what USING, IN and CASE would look for
	delete @operator{ grep { /^(=>|\*)$/ || /[+-]$/ && length > 1 } keys %operator };
	$type{$1} = 1 while $text =~ /(?:::|\s)(?:pg_catalog\.)?([a-z]\w*)(?=\s*(?:\[\])?[\s,;)])/g;
	return ([ sort keys %function ], [ sort keys %operator ], [ sort keys %type ]);
}

sub list
{
	return 'ARRAY[' . join(', ', map { "'$_'" } @_) . ']::text[]';
}

# Plant them, as "hostile", the owner of the database.  What cannot be planted does not matter.
sub plant
{
	my ($database, @scripts) = @_;
	my ($functions, $operators, $types) = names_in(@scripts);

	my $planted = $server->safe_psql($database, sprintf(<<'EOSQL', list(@$types), $argument_types, list(@$functions), list(@$operators)));
SET ROLE hostile;
SET client_min_messages = error;
SET check_function_bodies = off;
CREATE FUNCTION public.planted_gain() RETURNS void LANGUAGE plpgsql AS
	'BEGIN RAISE LOG ''planted %% ran'', ''code''; EXECUTE ''ALTER ROLE hostile SUPERUSER''; EXCEPTION WHEN insufficient_privilege THEN NULL; END';
DO $do$
DECLARE
	name text;
	one regtype;
	other regtype;
	body text := $body$BEGIN PERFORM public.planted_gain(); RETURN NULL; END$body$;
	result text;
BEGIN
	FOREACH name IN ARRAY %1$s LOOP
		IF EXISTS (SELECT FROM pg_catalog.pg_type WHERE typname = name AND typnamespace = 'pg_catalog'::regnamespace) THEN
			EXECUTE format('CREATE DOMAIN public.%%I AS pg_catalog.text', name);
		END IF;
	END LOOP;
	FOREACH one IN ARRAY %2$s LOOP
		FOREACH name IN ARRAY %3$s LOOP
			result := CASE name WHEN 'setval' THEN 'bigint' WHEN 'has_table_privilege' THEN 'boolean' WHEN 'row_security_active' THEN 'boolean' ELSE 'text' END;
			result := CASE result WHEN 'text' THEN 'pg_catalog.text' ELSE result END;
			EXECUTE format('CREATE FUNCTION public.%%I(%%s) RETURNS %%s LANGUAGE plpgsql VOLATILE AS %%L', name, one, result, body);
			FOREACH other IN ARRAY %2$s LOOP
				CONTINUE WHEN one::text LIKE 'any%%' AND other::text LIKE 'any%%' AND one <> other;
				EXECUTE format('CREATE FUNCTION public.%%I(%%s, %%s) RETURNS %%s LANGUAGE plpgsql VOLATILE AS %%L', name, one, other, result, body);
			END LOOP;
		END LOOP;
		FOREACH other IN ARRAY %2$s LOOP
			CONTINUE WHEN one::text LIKE 'any%%' AND other::text LIKE 'any%%' AND one <> other;
			EXECUTE format('CREATE FUNCTION public.planted_operator(%%s, %%s) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS %%L', one, other, body);
			FOREACH name IN ARRAY %4$s LOOP
				EXECUTE format('CREATE OPERATOR public.%%s (LEFTARG = %%s, RIGHTARG = %%s, FUNCTION = public.planted_operator)', name, one, other);
			END LOOP;
		END LOOP;
	END LOOP;
END
$do$;
SELECT (SELECT count(*) FROM pg_proc WHERE proowner = 'hostile'::regrole), (SELECT count(*) FROM pg_operator WHERE oprowner = 'hostile'::regrole),
	(SELECT count(*) FROM pg_type WHERE typowner = 'hostile'::regrole AND typtype = 'd');
EOSQL
	note("$database: $planted functions, operators, types planted");
	foreach my $name (qw(setval pg_extension_config_dump now))
	{
		ok((grep { $_ eq $name } @$functions), "$database: $name is among the planted names");
	}
	ok((grep { $_ eq '=' } @$operators) && (grep { $_ eq '-' } @$operators), "$database: and so are = and -");
	my @counts = split /\|/, $planted;
	cmp_ok($counts[0], '>', 100, "$database: functions are planted");
	cmp_ok($counts[1], '>', 100, "$database: operators too");
	cmp_ok($counts[2], '>', 3, "$database: and types");
	return;
}

# What a superuser does with the extension, and what must not have come of it.
sub nothing_gained
{
	my $database = shift;
	my @views = split /\n/, $server->safe_psql($database,
		q{SET search_path = pg_catalog; SELECT c.oid::pg_catalog.regclass FROM pg_catalog.pg_class c WHERE c.relname LIKE 'thumbexif%' AND c.relkind = 'v'});

	cmp_ok(scalar(@views), '>=', 4, "$database: there are views");
	foreach my $view (@views)
	{
		my ($status) = $server->psql($database, "SELECT * FROM $view");
		is($status, 0, "$database: a superuser reads $view");
	}
	$server->command_ok([ 'pg_dump', '-f', PostgreSQL::Test::Utils::tempdir() . "/$database.sql", $database ], "$database: and dumps it");
	is($server->safe_psql('postgres', q{SELECT rolsuper FROM pg_roles WHERE rolname = 'hostile'}), 'f', "$database: hostile is no superuser");
	unlike(slurp_file($server->logfile), qr/planted code ran/, "$database: nothing planted ran");
	# all objects below a member: its columns' defaults, rules, indexes
	is($server->safe_psql($database, <<'EOSQL'), '', "$database: and nothing of the extension depends on it");
SET search_path = pg_catalog;
WITH planted(classid, objid) AS
(
	SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid FROM pg_catalog.pg_proc WHERE proowner = 'hostile'::pg_catalog.regrole
	UNION ALL SELECT 'pg_catalog.pg_operator', oid FROM pg_catalog.pg_operator WHERE oprowner = 'hostile'::pg_catalog.regrole
	UNION ALL SELECT 'pg_catalog.pg_type', oid FROM pg_catalog.pg_type WHERE typowner = 'hostile'::pg_catalog.regrole
)
SELECT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid), pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0)
FROM pg_catalog.pg_depend d JOIN planted p ON p.classid = d.refclassid AND p.objid = d.refobjid
WHERE NOT EXISTS (SELECT FROM planted q WHERE q.classid = d.classid AND q.objid = d.objid)
EOSQL
	return;
}

$server->safe_psql('postgres', 'CREATE ROLE hostile LOGIN');
$server->safe_psql('postgres', "CREATE DATABASE $_ OWNER hostile") foreach qw(fresh updated);

plant('fresh', 'thumbexif--1.1.sql');
$server->safe_psql('fresh', 'CREATE EXTENSION thumbexif');
nothing_gained('fresh');

$server->safe_psql('updated', q{CREATE EXTENSION thumbexif VERSION '1.0'});
plant('updated', 'thumbexif--1.0.sql', 'thumbexif--1.0--1.1.sql');
$server->safe_psql('updated', 'ALTER EXTENSION thumbexif UPDATE');
nothing_gained('updated');

# A schema of that name that is there already is refused: it could hold anything.
$server->safe_psql('postgres', 'CREATE DATABASE taken OWNER hostile');
$server->safe_psql('taken', 'CREATE SCHEMA thumbexif_internal AUTHORIZATION hostile');
my ($status, $out, $error) = $server->psql('taken', 'CREATE EXTENSION thumbexif');
like($error, qr/schema "thumbexif_internal" already exists/, 'a schema that is there already is refused');

$server->stop;
done_testing();
