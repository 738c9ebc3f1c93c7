# lint.sh: rules that the compiler does not check.  Prints TAP; what breaks a rule is named on stderr.
number=0
check()			# TITLE COMMAND...: the command prints what breaks the rule, and nothing else
{
	local title=$1 found
	shift
	number=$((number + 1))
	found=$("$@")
	if [ -z "$found" ]; then
		echo "ok $number - $title"
	else
		echo "not ok $number - $title"
		echo "$found" >&2
		bad=yes
	fi
}

# --- who may include whom (src/README.md)

includes()		# FOLDER PATTERN: includes in src/FOLDER that do not match
{
	grep -rnE '^[[:space:]]*#[[:space:]]*include' --include='*.[ch]' "src/$1" 2>/dev/null | grep -vE "include[[:space:]]*($2)"
}
libc='<(assert|ctype|dirent|dlfcn|endian|errno|fcntl|fenv|float|inttypes|limits|link|linux/[a-z0-9]+|locale|math|poll|pthread|sched|setjmp|signal|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|strings|sys/[a-z]+|time|unistd|wchar)\.h>'
not_in()		# FOLDERS PATTERN: includes that belong into one folder only
{
	(cd src && grep -nE "include[[:space:]]*[<\"]$2" -r $1 2>/dev/null)
}

check "wire includes wire and libc" includes wire "$libc|\"wire/"
check "container includes container, libc and libexif" includes container "$libc|\"container/|<libexif/[a-z-]+\.h>"
check "exif includes exif, container, wire, libexif, expat and what unpacks" includes exif "$libc|\"(wire|container|exif)/|<libexif/[a-z-]+\.h>|<expat\.h>|<brotli/decode\.h>|<zlib\.h>"
check "image includes image, exif, container, wire, libvips and what decodes" includes image "$libc|\"(wire|container|exif|image)/|<(vips|glib|gmodule|lcms2|jpeglib|jerror|libheif|isa-l)[/._a-z0-9-]*>"
check "decoder includes decoder, image, wire and what the sandbox needs" includes decoder "$libc|\"(wire|image|decoder)/|\"[a-z_]+\.h\"|<seccomp\.h>|<malloc\.h>"
check "opener includes opener, wire and libc" includes opener "$libc|\"(wire|opener)/|\"[a-z_]+\.h\""
# The rooms of src/pg, from the ground up: each may include those before it.
upwards()
{
	local room allowed='compat\.h'

	for room in base catalog shared pool files pipeline worker sql; do
		allowed="$allowed|$room/"
		grep -nE '^[[:space:]]*#[[:space:]]*include "pg/' "src/pg/$room"/*.[ch] | grep -vE "\"pg/($allowed)"
	done
}

check "rooms of pg include only those below" upwards
check "files are removed and renamed in pg/files only, but for sockets" \
	bash -c 'grep -rnE "\b(unlink|unlinkat|rmdir|remove|rename|renameat2?|durable_rename|durable_unlink)[[:space:]]*\(" src --include="*.[ch]" | grep -vE "^src/pg/files/|^src/(decoder/template|pg/shared/handover)\.c:.*unlink\((address|name)\.sun_path\)"'
check "pg includes no folder of the decoder's or the opener's" not_in pg '(container|exif|image|decoder|opener)/'
check "no image library in pg, wire or decoder" not_in "pg wire decoder" '(vips|libexif|glib)'
check "no PostgreSQL in the decoder's and the opener's folders" not_in "container exif image wire decoder opener" '(postgres|fmgr|c)\.h'
check "differences between PostgreSQL versions are in pg/compat.h" \
	bash -c 'grep -rn PG_VERSION_NUM src | grep -v "^src/pg/compat\.h:"'

# --- what was built

check "thumbexif.so links no image library" \
	bash -c 'ldd "$TE_PKGLIBDIR/thumbexif.so" | grep -Ei "vips|exif|glib|gobject|jpeg|png|tiff|webp|heif|jxl|seccomp"'
check "thumbexif-opener links libc only" \
	bash -c 'ldd "$TE_PKGLIBDIR/thumbexif-opener" | grep -vE "linux-vdso|libc\.so|/ld-linux"'
check "thumbexif.so exports entry points only" \
	bash -c 'nm -D --defined-only "$TE_PKGLIBDIR/thumbexif.so" | grep -vE " (thumbexif_[a-z_0-9]+|pg_finfo_thumbexif_[a-z_0-9]+|Pg_magic_func|_PG_init)$"'

# --- form

lengths()		# LIMIT-OF-A-FILE LIMIT-OF-A-FUNCTION: what is longer
{
	find src test bench -name '*.[ch]' -exec awk -v most_file="$1" -v most_function="$2" '
		function close_file() { if (lines > most_file) print name ": " lines " lines" }
		FNR == 1 { close_file(); name = FILENAME; lines = 0; start = 0 }
		{ lines = FNR }
		/^[A-Za-z_].*\(/ { title = $0 }
		/^\{/ { start = FNR }
		/^\}[^;A-Za-z]*$/ && start { if (FNR - start > most_function) print name ":" start ": " FNR - start " lines: " title; start = 0 }
		END { close_file() }' {} +
}

check "no file above 450 lines, no function above 60" lengths 450 60
lengths 400 60 | sed 's/^/# long: /'
check "no white space at the ends of lines" \
	grep -rnE '[[:space:]]+$' --include='*.[ch]' --include='*.sql' --include='*.pl' --include='*.sh' --include='*.md' --include='*.spec' src sql test bench examples README.md CHANGELOG.md
# Nothing runs the bench, the demo and so on but a person: see at least that they can be read.
parse_scripts()
{
	local script
	for script in $(find tools bench test .ci -type f -exec awk '/^#!.*sh$/ { print FILENAME } { nextfile }' {} +) bench/lib/*.sh bench/figures/*.sh tools/*.sh test/*.sh; do
		bash -n "$script" 2>&1
	done
	for script in bench/lib/*.pl; do
		perl -c "$script" 2>&1 | grep -v 'syntax OK$'
	done
}
check "scripts that no test runs can be parsed" parse_scripts
check "SQL leaves no name to the search_path" perl test/sql_names.pl sql/[0-9]*.sql sql/upgrade/*.sql
# The pages are committed as they were made: "make gallery" makes them anew.
gallery_sources()
{
	local hash page
	hash=$(cd src/gallery && ls | grep -E '\.(css|js|json|mjs)$|^page\.html$' | LC_ALL=C sort | xargs cat | sha256sum)
	for page in src/gallery/gallery.html examples/gallery/index.html; do
		grep -q "SHA-256 ${hash%% *}\." $page || echo "$page is not made of src/gallery: make gallery"
		LC_ALL=C grep -n '[^ -~]' $page
	done
	[ "$(cat src/gallery/*.js | wc -l)" -le 800 ] || echo "src/gallery has more than 800 lines of JavaScript"
	grep -l '"resolved"' src/gallery/package-lock.json
	[ "$(wc -l < examples/gallery/server.py)" -le 150 ] || echo "examples/gallery/server.py has more than 150 lines"
}
check "the pages of the gallery are those of their sources" gallery_sources
# The packages say the same as the Makefile, of the version and of the libraries.
packages_agree()
{
	local version libraries library file
	version=$(sed -n 's/^EXTVERSION *= *//p' Makefile)
	grep -q "^default_version = '$version'$" thumbexif.control || echo "thumbexif.control has another version"
	head -1 debian/changelog | grep -q "($version-" || echo "debian/changelog has another version"
	perl -MJSON::PP -0e 'my $meta = decode_json(<>);
		print "META.json lacks $_\n" foreach grep { !exists $meta->{$_} } qw(name abstract version maintainer license provides meta-spec);
		print "META.json has another version\n" if grep { $_ ne "'"$version"'.0" } $meta->{version}, map { $_->{version} } values %{ $meta->{provides} };
		print "META.json: there is no $_\n" foreach grep { !-e } map { @$_{qw(file docfile)} } values %{ $meta->{provides} };' META.json 2>&1
	cmp -s <(sed '/^$/q' debian/control) <(sed '/^$/q' debian/control.in) || echo "debian/control is not made of debian/control.in"
	libraries=$(grep -oE ':[a-z0-9]+-dev\b' tools/deps | sort -u)
	for library in $libraries; do
		for file in debian/control.in Dockerfile; do
			grep -qE "[[:space:]]${library#:}\b" "$file" || echo "$file lacks ${library#:}"
		done
	done
	[ "$(echo "$libraries" | wc -w)" = "$(sed -n 's/^PKGS *= *//p' Makefile | wc -w)" ] || echo "tools/deps does not have one package for each of PKGS in the Makefile"
}
check "Debian's package, PGXN's archive and the Dockerfile have the version and the libraries of the Makefile" packages_agree
check "nothing left to do is marked in the code" \
	grep -rnwE 'TODO|FIXME|XXX|HACK' src sql test --include='*.[ch]' --include='*.sql' --include='*.pl'
check "the changes of test/mutations fit the code" test/mutate.sh --fit

echo "1..$number"
[ -z "$bad" ]
