use strict; use warnings;
use PostgreSQL::Test::Utils; use Test::More; use DecoderTest; use ThumbexifTest; use Time::HiRes qw(time);
my $root = PostgreSQL::Test::Utils::tempdir() . '/photos'; mkdir $root;
my $n = 5000;
system("cp", pictures_dir() . '/photo.jpg', "$root/1.jpg");
link "$root/1.jpg", "$root/$_.jpg" foreach 2 .. $n;
my $server = new_server('measure', roots => $root, config => "autovacuum = off\nthumbexif.decoders = 2\n");
my $s = DecoderTest->session($server);
$s->query("SELECT thumbexif_attach('shots', create_table => true); INSERT INTO shots (path) SELECT g || '.jpg' FROM generate_series(1, $n) g");
sub cpu { my $sum = 0; my %seen;
  foreach my $pid ($s->{pid}, decoders($s->{pid}), openers($s->{pid})) { my $st = slurp_proc($pid, 'stat') or next; my @f = split / /, ($st =~ /\) (.*)/)[0]; $sum += $f[11] + $f[12]; }
  return $sum / 100; }
my %t; my %c;
my @zones = ('UTC', 'Europe/Berlin');
$s->query("SET client_min_messages = error");
for my $i (0 .. 15) {
  my $on = ($i % 4 == 0 || $i % 4 == 3) ? 'on' : 'off';
  $s->query("SET thumbexif.default_timezone = '$zones[$i % 2]'; SET thumbexif.sidecars = $on");
  my ($c, $t) = (cpu(), time);
  my $r = $s->query("CALL thumbexif_backfill(parts => 'exif')");
  next if $i < 2;
  push @{ $t{$on} }, time - $t; push @{ $c{$on} }, cpu() - $c;
}
foreach my $on ('on', 'off') { my @a = sort { $a <=> $b } @{ $t{$on} }; my @b = sort { $a <=> $b } @{ $c{$on} }; diag("$on: wall median $a[@a/2] min $a[0]; cpu median $b[@b/2] min $b[0]"); }
ok(1); $server->stop; done_testing();
