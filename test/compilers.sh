# compilers.sh: everything compiles without a warning with gcc and with clang.
echo 1..2
number=0
for compiler in gcc clang; do
	number=$((number + 1))
	copy=$TE_SCRATCH/out/$compiler
	mkdir "$copy"
	tar -c --exclude=./out --exclude=./pg --exclude=./build --exclude='*.o' --exclude=./thumbexif.so --exclude=./thumbexif-decoder --exclude=./thumbexif-opener . |
		tar -C "$copy" -x
	if ! command -v "$compiler" >/dev/null; then
		echo "ok $number - $compiler # SKIP $compiler is not installed"
	elif make -s -C "$copy" CC="$compiler" with_llvm=no TE_CFLAGS=-Werror all > "$copy.log" 2>&1; then
		echo "ok $number - $compiler builds without a warning"
	else
		echo "not ok $number - $compiler builds without a warning"
		grep -E 'error|warning' "$copy.log" | head -50 >&2
		bad=yes
	fi
	rm -rf "$copy"
done
[ -z "$bad" ]
