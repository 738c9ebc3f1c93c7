#!/usr/bin/perl
# every_tag.pl FROM TO: write every EXIF tag that ExifTool can write into a copy of a JPEG, so that all names are compared.
use strict;
use warnings;
use Image::ExifTool;
use Image::ExifTool::Exif;
use Image::ExifTool::GPS;

my ($from, $to) = @ARGV;
my $tool = Image::ExifTool->new;
$tool->Options(PrintConv => 0, IgnoreMinorErrors => 1);
$tool->SetNewValue('*');

# A value that suits the type; what the tag's own conversion does not take is left out.
sub value
{
	my ($tag, $count) = @_;
	my $type = $tag->{Writable};
	return '2024:05:06 07:08:09' if $tag->{Name} =~ /^(Modify|Create|PrepDate|.*DateTime(Original|Digitized)$)/;
	return '+02:00' if $tag->{Name} =~ /^OffsetTime/;
	return 'abc def' if $type =~ /string/;
	return join ' ', map { $_ % 3 + 1 } 1 .. $count if $type =~ /int/;
	return join ' ', map { $_ + 0.5 } 1 .. $count;
}

sub write_tags
{
	my ($table, $group) = @_;
	for my $id (sort { $a <=> $b } grep { /^\d+$/ } keys %$table) {
		my $entry = $table->{$id};
		for my $tag (ref $entry eq 'ARRAY' ? @$entry : $entry) {
			next if ref $tag ne 'HASH' || !$tag->{Writable} || $tag->{SubDirectory} || $tag->{Writable} eq 'undef';
			my $where = $group // $tag->{WriteGroup} // 'ExifIFD';
			$where = 'IFD0' if $where eq 'SubIFD';
			next if $where !~ /^(IFD0|ExifIFD|GPS)$/ || $tag->{Name} =~ /^(PreviewDateTime|TimeCodes|GPS.*Ref|GPS(Time|Date)Stamp)$/;
			my $count = ($tag->{Count} // 1) > 0 ? $tag->{Count} // 1 : 4;
			# in list context it keeps its complaints about values that do not suit to itself
			my ($written, $complaint) = $tool->SetNewValue("$where:$tag->{Name}", value($tag, $count), Protected => 1);
		}
	}
}

write_tags(\%Image::ExifTool::Exif::Main);
write_tags(\%Image::ExifTool::GPS::Main, 'GPS');
unlink $to;
$tool->WriteInfo($from, $to) == 1 or die "$to: ", $tool->GetValue('Error') // 'not written', "\n";
