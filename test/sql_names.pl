# sql_names.pl FILE...: names in the extension's SQL that are left to the search_path, which is that of whoever
# creates the extension.  Prints them; what is found is "FILE:LINE: why: text".
use strict;
use warnings;

# What the grammar itself binds to pg_catalog, or what is no call: words that may stand before "(".
my $before_bracket = join '|', qw(
	KEY UNIQUE CHECK ENUM AS WITH RESET AND OR NOT WHERE FILTER OVER LATERAL EXISTS INHERITS WHEN ON IS
	UPDATE VALUES coalesce greatest least extract OPERATOR FROM JOIN RETURN);
# Types that are names and not words of the grammar.
my $types = join '|', qw(
	text name regclass regtype regproc timestamptz timestamp date interval numeric bytea jsonb json uuid void trigger
	event_trigger record oid xid xid8 inet float8 float4 int2 int4 int8 bool);

sub names_of
{
	my ($file, $sql, $first_line) = @_;
	my $say = sub {
		my ($at, $why) = @_;
		my $line = $first_line + (substr($sql, 0, $at) =~ tr/\n//);
		print "$file:$line: $why: ", substr($sql, $at, 50) =~ s/\n.*//sr, "\n";
	};
	my $hide = sub { my $text = shift; return $text =~ s/[^\n]/ /gr };

	$sql =~ s/^\\.*//mg;
	# comments, and what follows IS in COMMENT ON and AS in CREATE FUNCTION, are no expressions
	$sql =~ s/('(?:[^']|'')*')|(--[^\n]*)/defined $1 ? $1 : $hide->($2)/ge;
	$sql =~ s/(\bIS\s+)('(?:[^']|'')*')(?=;)/$1 . $hide->($2)/ge;
	$sql =~ s/(\bAS )('MODULE_PATHNAME', '\w+')/$1 . $hide->($2)/ge;
	$sql =~ s/(AS ENUM\s*\()([^)]*)/$1 . $hide->($2)/ge;
	# the default of a parameter takes the parameter's type
	$sql =~ s/(pg_catalog\.text\s+DEFAULT )('(?:[^']|'')*')/$1 . $hide->($2)/ge;

	# literals have a type, and those that are SQL are looked at themselves
	while ($sql =~ /((?:'(?:[^']|'')*+'(?:\s*\n\s*(?='))?)++)(::(?:pg_catalog|thumbexif_internal)\.)?/g)
	{
		$say->($-[1], 'literal without a type of pg_catalog') unless $2;
	}
	while ($sql =~ /'(WHERE (?:[^']|'')*)'/g)
	{
		names_of($file, $1, $first_line + (substr($sql, 0, $-[0]) =~ tr/\n//));
	}
	$sql =~ s/('(?:[^']|'')*')/$hide->($1)/ge;

	while ($sql =~ /(?<![\w.\@"])((?!(?:$before_bracket)\b)[A-Za-z_]\w*)\s*\(/g)
	{
		my $at = $-[1];
		my $before = substr($sql, 0, $at);
		next if $before =~ /WITH \w+ AS MATERIALIZED\s*$/ || $1 eq 'MATERIALIZED';
		$say->($at, 'function by its name alone');
	}
	# operators, but those of the grammar: options, parameters by name, casts, count(*)
	(my $bare = $sql) =~ s/(OPERATOR\(pg_catalog\.[^)]+\)|=>|::|count\(\*\))/$hide->($1)/ge;
	$bare =~ s/(WITH \([\w\s=.,]*\)|\bSET \w+ = \w+)/$hide->($1)/ge;
	while ($bare =~ /([-+*\/<>=~!@#%^&|`?]+)/g)
	{
		my $at = $-[1];
		next if substr($bare, $at, 11) =~ /^\@extschema/ || substr($bare, 0, $at) =~ /\@extschema$/;
		$say->($at, 'operator without OPERATOR(pg_catalog. )');
	}
	while ($sql =~ /\b(USING|IN\s*\(|BETWEEN|I?LIKE|SIMILAR|NULLIF|DISTINCT FROM|OVERLAPS|SYMMETRIC|CASE\s++(?!WHEN)|ANY|ALL\s*\()/g)
	{
		$say->($-[1], 'looks up an operator by its name');
	}
	while ($sql =~ /(?<![\w."])($types)(?![\w(])(?=\s*(?:\[\])?\s*(?:[,);]|$|DEFAULT|NOT|PRIMARY|UNIQUE|\n))/gm)
	{
		my $at = $-[1];
		# a column of that name in a list of columns is none
		next if substr($sql, 0, $at) =~ /(?:SELECT|GROUP BY|ORDER BY)[^;()]*$/ && substr($sql, 0, $at) !~ /::\s*$/;
		$say->($at, 'type by its name alone');
	}
	while ($sql =~ /::\s*(?!pg_catalog\.|thumbexif_internal\.|bigint\b|integer\b|smallint\b|boolean\b|double precision\b)/g)
	{
		$say->($-[0], 'cast to a type by its name alone');
	}
	while ($sql =~ /(?<!\@extschema\@\.)(?<!thumbexif_internal\.)\b(thumbexif_(?!internal\b)\w+)(?!\.)/g)
	{
		my $at = $-[1];
		# what cannot be qualified: a new index, a trigger, an event trigger, a column of the row at hand
		next if substr($sql, 0, $at) =~ /(?:CREATE INDEX|CREATE TRIGGER|(?:EVENT|ALWAYS) TRIGGER)\s+$/;
		next if substr($sql, $at) =~ /^thumbexif_asset_\w+\./;
		$say->($at, 'object of ours by its name alone');
	}
	return;
}

foreach my $file (@ARGV)
{
	open my $handle, '<', $file or die "$file: $!";
	local $/;
	names_of($file, scalar <$handle>, 1);
}
