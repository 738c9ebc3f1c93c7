# Browser: headless Chromium that opens a page, through chromedriver, which speaks WebDriver.  It is kept from everything but the page.
package Browser;

use strict;
use warnings;

use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Temp;
use HTTP::Tiny;
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use PostgreSQL::Test::Utils;
use Test::More import => [qw(is_deeply skip)];
use Time::HiRes qw(sleep time);

my $json = JSON::PP->new->utf8->allow_nonref;

# Why there can be no browser; '' if there can.
sub is_missing
{
	return join ' and ', map { "$_ is not installed" } grep { my $name = $_; !grep { -x "$_/$name" } split /:/, $ENV{PATH} } 'chromium', 'chromedriver';
}

# Browser->new: started, with an empty profile.
sub new
{
	my $class = shift;
	my $self = bless { folder => File::Temp->newdir(CLEANUP => 1), http => HTTP::Tiny->new(timeout => $PostgreSQL::Test::Utils::timeout_default) }, $class;
	my $log = "$self->{folder}/chromedriver.log";
	my @switches = ('headless=new', 'no-sandbox', 'disable-gpu', 'disable-quic', 'disable-dev-shm-usage', 'no-first-run', 'disable-background-networking',
		'disable-component-update', 'disable-sync', 'hide-scrollbars', "user-data-dir=$self->{folder}/profile");

	# what it keeps goes where it goes when it ends
	local %ENV = (%ENV, HOME => "$self->{folder}", XDG_CONFIG_HOME => "$self->{folder}", XDG_CACHE_HOME => "$self->{folder}");
	$self->{driver} = fork() // die "fork: $!";
	if ($self->{driver} == 0)
	{
		open(STDOUT, '>', $log) && open(STDERR, '>&', \*STDOUT) or die "open: $!";
		setpgrp(0, 0);
		exec 'chromedriver', '--port=0' or die "exec: $!";
	}
	my $port = $self->wait_for('chromedriver starts', sub { -e $log && slurp_file($log) =~ /started successfully on port (\d+)/ ? $1 : 0 });
	$self->{base} = "http://127.0.0.1:$port";
	my $patience = 1000 * $PostgreSQL::Test::Utils::timeout_default;
	my $session = $self->call(POST => '/session', { capabilities => { alwaysMatch => { timeouts => { script => $patience, pageLoad => $patience },
		'goog:chromeOptions' => { args => [ map { "--$_" } @switches ] }, 'goog:loggingPrefs' => { browser => 'ALL', performance => 'ALL' } } } });
	$self->{base} .= "/session/$session->{sessionId}";
	return $self;
}

sub call
{
	my ($self, $method, $path, $body) = @_;
	my $answer = $self->{http}->request($method, "$self->{base}$path",
		$body ? { content => $json->encode($body), headers => { 'Content-Type' => 'application/json' } } : {});
	my $value = eval { $json->decode($answer->{content})->{value} };

	die "$path: $answer->{status} " . (ref $value ? "$value->{error}: $value->{message}" : $answer->{content}) . "\n" unless $answer->{success};
	return $value;
}

# wait_for(WHAT, SUB): until SUB returns something true, which is returned.
sub wait_for
{
	my ($self, $what, $condition) = @_;
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;

	while (time < $deadline)
	{
		my $result = $condition->();
		return $result if $result;
		sleep(0.02);
	}
	die "gave up waiting: $what\n";
}

sub devtools
{
	my ($self, $command, %parameters) = @_;

	return $self->call(POST => '/goog/cdp/execute', { cmd => $command, params => \%parameters });
}

# The window's size in pixels, and whether the user wants dark pages; with touch as a phone.
sub look
{
	my ($self, $width, $height, $dark) = @_;

	$self->devtools('Emulation.setDeviceMetricsOverride', width => $width, height => $height, deviceScaleFactor => 1, mobile => JSON::PP::false);
	$self->devtools('Emulation.setEmulatedMedia', features => [ { name => 'prefers-color-scheme', value => $dark ? 'dark' : 'light' } ]);
	return;
}

sub open
{
	my ($self, $address) = @_;

	return $self->call(POST => '/url', { url => $address });
}

# js(TEXT, ARGUMENTS): what the body of a function returns; it may be a promise.
sub js
{
	my ($self, $text, @arguments) = @_;

	return $self->call(POST => '/execute/async', {
		script => "const done = arguments[arguments.length - 1]; const run = async (...args) => { $text }; run(...[...arguments].slice(0, -1)).then(done, error => done({ thrown: String(error) }))",
		args => \@arguments });
}

# Keys as WebDriver knows them, to what has the focus.
my %keys = (Enter => "\x{E007}", Escape => "\x{E00C}", Tab => "\x{E004}", Home => "\x{E011}", End => "\x{E010}",
	Left => "\x{E012}", Up => "\x{E013}", Right => "\x{E014}", Down => "\x{E015}");

sub press
{
	my ($self, @names) = @_;

	$self->call(POST => '/actions', { actions => [ { type => 'key', id => 'keyboard',
		actions => [ map { my $key = $keys{$_} // $_; ({ type => 'keyDown', value => $key }, { type => 'keyUp', value => $key }) } @names ] } ] });
	return;
}

# Click, as a mouse does, into the middle of what a selector finds.
sub click
{
	my ($self, $selector) = @_;
	my $element = $self->call(POST => '/element', { using => 'css selector', value => $selector });

	return $self->call(POST => "/element/$element->{'element-6066-11e4-a52e-4f735466cecf'}/click", {});
}

# Give text to what a selector finds: names of files to a field that takes them.
sub give
{
	my ($self, $selector, $text) = @_;
	my $element = $self->call(POST => '/element', { using => 'css selector', value => $selector });

	return $self->call(POST => "/element/$element->{'element-6066-11e4-a52e-4f735466cecf'}/value", { text => $text });
}

# What the console said since the last time, violations of the page's policy among it.
sub console
{
	my $self = shift;

	return map { $_->{message} } @{ $self->call(POST => '/se/log', { type => 'browser' }) };
}

# The addresses that were asked for since the last time, data: in the page left out.
sub requests
{
	my $self = shift;
	my @messages = map { $json->decode($_->{message})->{message} } @{ $self->call(POST => '/se/log', { type => 'performance' }) };

	# chrome: is the browser's own, as on the page it starts with
	return grep { !/^(data|chrome):/ } map { $_->{method} eq 'Network.requestWillBeSent' ? $_->{params}->{request}->{url} : () } @messages;
}

# Scroll through all of a gallery and look at each photo: how many there were, broken pictures, those without one, and the most at a time.
sub look_through
{
	my $self = shift;

	return $self->js(<<'EOS');
const frame = () => new Promise(requestAnimationFrame);
const seen = new Map();
let most = 0;
scrollTo(0, 0);
for (;;) {
  do await frame(); while (await frame(), document.querySelector('#photos [aria-busy="true"]'));
  for (const item of document.querySelectorAll('#photos li')) {
    const picture = item.querySelector('img');
    if (picture && !seen.has(item.dataset.number)) await picture.decode().catch(() => {});
    seen.set(item.dataset.number, picture ? (picture.naturalWidth > 0 ? 'whole' : 'broken') : 'none');
  }
  most = Math.max(most, document.querySelectorAll('#photos li').length);
  if (scrollY + innerHeight >= document.documentElement.scrollHeight - 1) break;
  scrollBy(0, innerHeight);
}
scrollTo(0, 0);
await frame();
await frame();
const all = [...seen.values()];
return { all: all.length, broken: all.filter(is => is === 'broken').length, none: all.filter(is => is === 'none').length, most };
EOS
}

# packages(FOLDER): install what the gallery is made and tested with from npm's registry; FOLDER, or '' if they cannot be had.
sub packages
{
	my $folder = shift;

	make_path($folder);
	copy("$ENV{TE_SCRATCH}/src/gallery/$_", "$folder/$_") or die "copy: $!" foreach 'package.json', 'package-lock.json';
	return system("cd '$folder' && HOME='$folder' npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=60000 > npm.log 2>&1") == 0 ? $folder : '';
}

# accessible(AXE, WHAT): a test that axe, whose text is given, finds nothing serious on the page; skipped without it.
sub accessible
{
	my ($self, $axe, $what) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	SKIP:
	{
		skip "npm's packages cannot be had", 1 unless $axe;
		# rule and places
		my $serious = $self->js("$axe; const { violations } = await axe.run(document, { resultTypes: ['violations'] });
			return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 200)).join(' | '))");
		is_deeply($serious, [], "axe finds nothing serious: $what");
	}
	return;
}

sub screenshot
{
	my ($self, $file) = @_;

	CORE::open(my $out, '>:raw', $file) or die "$file: $!";
	print $out decode_base64($self->call(GET => '/screenshot'));
	close $out;
	return;
}

# kill it, and what it has started
sub DESTROY
{
	my $self = shift;

	return unless $self->{driver};
	local ($?, $@, $!);
	eval { $self->call(DELETE => '') };
	kill 'KILL', -$self->{driver};
	waitpid $self->{driver}, 0;
	return;
}

1;
