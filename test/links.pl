# links.pl FOLDER...: the files that the texts (*.md) in them name must be there.
use strict;
use warnings;

use File::Basename qw(dirname);
use File::Find qw(find);

my $broken = 0;

sub check
{
	my $file = $_;

	return unless /\.md$/;
	open(my $in, '<', $file) or die "$file: $!\n";
	while (my $line = <$in>)
	{
		foreach my $link (grep { !/^(?:https?:|mailto:|#)/ } $line =~ /\]\(([^)\s]+)\)/g)
		{
			my $path = dirname($file) . '/' . ($link =~ s/#.*//r);
			next if -e $path;
			print "$file:$.: there is no $link\n";
			$broken++;
		}
	}
	return;
}

find({ wanted => \&check, no_chdir => 1 }, @ARGV);
exit($broken > 0);
