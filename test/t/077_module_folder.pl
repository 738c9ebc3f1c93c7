# Module, decoder and opener in a folder of their own, found by dynamic_library_path, as where an extension is mounted into a
# container; since PostgreSQL 18 the extension's scripts too.
use strict;
use warnings;

use DecoderTest;
use File::Copy qw(copy);
use File::Path qw(make_path);
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;

my $prefix = PostgreSQL::Test::Utils::tempdir() . '/prefix';
my $install = private_install('elsewhere');
my ($libraries) = `ldd $install->{pkglibdir}/thumbexif-decoder` =~ /=> (\S+\/libexif\.so\S*)/;
my $share = `$install->{bindir}/pg_config --sharedir`;
chomp $share;

make_path("$prefix/lib", "$prefix/share/extension");
rename "$install->{pkglibdir}/$_", "$prefix/lib/$_" or die "rename $_: $!" foreach qw(thumbexif.so thumbexif-decoder thumbexif-opener);
copy($libraries, "$prefix/lib/") or die "copy $libraries: $!";
my $server = PostgreSQL::Test::Cluster->new('version', install_path => $install->{bindir} =~ s{/[^/]+$}{}r);
my $has_control_path = $server->pg_version >= 18;
if ($has_control_path)
{
	rename $_, "$prefix/share/extension/" . s{.*/}{}r or die "rename $_: $!" foreach glob "$share/extension/thumbexif*";
}
$server = new_server('elsewhere', install => $install, preload => 1, config => "dynamic_library_path = '$prefix/lib:\$libdir'\n"
	  . ($has_control_path ? "extension_control_path = '$prefix/share:\$system'\n" : ''));

is($server->safe_psql('postgres', 'SELECT self_test FROM thumbexif_version()'), 'ok', 'the decoder is found beside the module');
my $session = DecoderTest->session($server);
my $picture = $session->query("SELECT 'HEIC' = ANY (regexp_split_to_array(upper(formats_read::text), '\\W+')) FROM thumbexif_version()") eq 't' ? 'photo.heic' : 'photo.jpg';
is($session->query("SELECT length(thumbexif_thumbnail('$picture')) > 1000"), 't', "a thumbnail of $picture");
my ($decoder) = $session->decoders_of;
is(readlink "/proc/$decoder/exe", "$prefix/lib/thumbexif-decoder", 'by that decoder');
like(slurp_proc($decoder, 'maps'), qr{ \Q$prefix\E/lib/libexif\.so}, 'with libraries that lie beside it');
$server->safe_psql('postgres', "SELECT thumbexif_attach('image_assets'); INSERT INTO image_assets (path) VALUES ('$picture')");
wait_until($server, 'the worker has done it', 'SELECT count(thumbnail_path) = 1 FROM image_assets');
pass('the worker too');
$session->quit;

$server->stop;
done_testing();
