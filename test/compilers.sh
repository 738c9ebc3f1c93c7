# compilers.sh: clang, too, finds nothing to warn of in any C file.  What the tests use was built by the other compiler, with -Werror (run).
echo 1..1
if ! command -v clang > /dev/null; then
	echo "ok 1 - clang # SKIP clang is not installed"
elif make -s -k -j2 CC=clang with_llvm=no TE_CFLAGS=-Werror clang-warnings > out/clang.log 2>&1; then
	echo "ok 1 - clang has no warning"
else
	echo "not ok 1 - clang has no warning"
	grep -E 'error|warning' out/clang.log | head -50 >&2
	exit 1
fi
