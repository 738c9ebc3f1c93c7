# The pictures of a soak: what is in each file now, and what a row that names it must come to.
package SoakFiles;

use strict;
use warnings;

use POSIX ();
use PostgreSQL::Test::Utils;
use ThumbexifTest;
use TinyPicture;

our $names = 200;	# of files, 1 to 200; paths of rows go some beyond

# A name ending in 0 has only the time at which it was changed, one in 1 a broken EXIF block, all others a date.
our $dated = '[2-9]$';
our $outside = 77;	# pixels: the width of the picture that lies outside the root, and of no other

# Each picture is known by its size, its colour and its date.
sub content
{
	my ($name, $number) = @_;
	my $kind = $name =~ /0$/ ? 'old' : $name =~ /1$/ ? 'broken' : 'dated';
	my %content = (kind => $kind, width => 8 + $number % 56, height => 8 + int($number / 56) % 56);
	my %picture = (width => $content{width}, height => $content{height}, make => 'Tiny',
		colour => pack('CCC', $number * 7 % 256, $number % 251, $number / 16 % 256));

	$content{taken} = POSIX::strftime('%Y-%m-%d %H:%M:%S', gmtime(1_000_000_000 + 3601 * ($number % 100_000)));
	($picture{taken} = $content{taken}) =~ tr/-/:/;
	if ($kind ne 'dated')
	{
		delete $content{taken};
		delete $picture{taken};
		$picture{changed} = '1999:01:01 12:00:00';
	}
	$picture{exif} = 'MM rubbish that is no directory' if $kind eq 'broken';
	delete @picture{ 'make', 'changed' } if $kind eq 'broken';
	$content{bytes} = tiny_picture(%picture);
	return \%content;
}

sub prepare_files
{
	my $self = shift;

	$self->{photo} = slurp_file(pictures_dir() . '/photo.jpg');
	$self->{bomb} = slurp_file(pictures_dir() . '/bomb.png');
	$self->{written} = 0;
	$self->write_some_file($_) foreach 1 .. $names;

	# what must neither be read nor unlinked, and ways to get there
	mkdir "$self->{base}/canary" or die "mkdir: $!";
	write_file("$self->{base}/canary/$_.png", tiny_picture(width => $outside)) foreach 1 .. 5;
	symlink "$self->{base}/canary/1.png", "$self->{root}/absolute" or die "symlink: $!";
	symlink '../canary/1.png', "$self->{root}/relative" or die "symlink: $!";
	symlink "$self->{base}/canary", "$self->{root}/folder" or die "symlink: $!";
	POSIX::mkfifo("$self->{root}/pipe", 0666) or die "mkfifo: $!";
	$self->{hostile} = [ 'absolute', 'relative', 'folder/1.png', 'pipe', '../canary/1.png', "$self->{base}/canary/1.png",
		"$self->{root}/../canary/1.png", '', '.', '/proc/self/environ', 'x' x 5000 ];
	return;
}

# write_some_file(NAME, GOOD): new bytes for it, not always good ones.  What names that have thumbnails from elsewhere
# (SoakTables) is good: of a bad one it may still be told how large it is, and nothing else is asked for.
sub write_some_file
{
	my ($self, $name, $good) = @_;
	my $dice = $good || $name == 2 || $name == 3 ? 0 : rand();
	my $content = content($name, ++$self->{written});
	my $place = $self->{root_away} || $self->{root};

	$content =
		$dice < 0.80 ? $content
	  : $dice < 0.86 ? { kind => 'bad', bytes => substr($self->{photo}, 0, int(rand(length $self->{photo}))) }
	  : $dice < 0.92 ? { kind => 'bad', bytes => join('', map { chr(int(rand(256))) } 1 .. 500) }
	  : $dice < 0.95 ? { kind => 'bad', bytes => '' }
	  : $dice < 0.97 ? { kind => 'absent' }
	  :                { kind => 'bad', bytes => $self->{bomb} };
	$self->{content}->{$name} = $content;
	if ($content->{kind} eq 'absent')
	{
		unlink "$place/$name";
		return;
	}
	# a whole one or none, as by whoever copies photos with care
	write_file("$place/.new", delete $content->{bytes});
	rename "$place/.new", "$place/$name" or die "rename: $!";
	return;
}

sub some_file { return 1 + int(rand($names)) }

# What rows come to, as SQL: a VALUES list of path, kind, width, height, taken_at.
sub expected_rows
{
	my $self = shift;
	my @rows;

	foreach my $name (sort keys %{ $self->{content} })
	{
		my $content = $self->{content}->{$name};

		push @rows, "('$name', '$content->{kind}', "
		  . (defined $content->{width} ? "$content->{width}, $content->{height}" : 'NULL, NULL') . ', '
		  . (defined $content->{taken} ? "'$content->{taken}+00'::timestamptz" : 'NULL') . ')';
	}
	return join(",\n", @rows);
}

1;
