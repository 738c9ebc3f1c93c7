#!/bin/bash
# mutate.sh [WORD...]: break the code as each file in test/mutations says, in a copy, and see that the named test fails.
#
# Such a file is shell: TEST, which test; FILE, what is changed; CHANGE, a program for perl -0pi; a comment says
# what is lost.  PART is the kind of test, if it is not tap.  With words, only those whose names contain one.  Takes a
# minute or more for each.  With "--fit" nothing is run: changes that do not fit the code any more are named.
set -euo pipefail
cd "$(dirname "$0")/.."

# it may be relative to this tree
[ -z "${THEXIF_PHOTOS:-}" ] || THEXIF_PHOTOS=$(realpath "$THEXIF_PHOTOS")

if [ "${1:-}" = --fit ]; then
	for file in test/mutations/*; do
		(
			. "$file"
			perl -0pe "$CHANGE" "$FILE" | cmp -s - "$FILE" && echo "test/mutations/$(basename "$file") does not fit $FILE any more"
		) || true
	done
	exit
fi
scratch=$(mktemp -d "${TMPDIR:-/tmp}/thumbexif-mutate.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

wanted()		# NAME WORD...
{
	local name=$1 word
	shift
	[ $# -gt 0 ] || return 0
	for word; do
		case $name in *"$word"*) return 0 ;; esac
	done
	return 1
}

# Breaks the copy, runs the test and says how it went; fails unless the test did, by itself.
try()			# NAME
{
	local copy=$scratch/$1 log=$scratch/$1.log last PART=tap
	. "test/mutations/$1"
	mkdir "$copy"
	tar -c --exclude=./.git --exclude=./build/samples --exclude=./build/fuzz --exclude=./.db --exclude=./demo . | tar -C "$copy" -x
	perl -0pi -e "$CHANGE" "$copy/$FILE"
	if cmp -s "$FILE" "$copy/$FILE"; then
		echo "$1: the change does not fit $FILE any more"
		return 1
	fi
	# what is waited for in vain should not take minutes
	TE_ONLY=$TEST PG_TEST_TIMEOUT_DEFAULT=${PG_TEST_TIMEOUT_DEFAULT:-20} make -C "$copy" "check-$PART" \
		${THEXIF_PHOTOS:+THEXIF_PHOTOS="$THEXIF_PHOTOS"} > "$log" 2>&1 || true
	sed -n 's/^output is kept in \(\/.*\/thumbexif-test\.[A-Za-z0-9]*\)\/out$/\1/p' "$log" | xargs -d '\n' -r rm -rf
	last=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -1)
	if grep -q 'Bail out!' "$log"; then
		echo "$1: $TEST gives up, as it should: the server is beyond repair"
		rm -rf "$copy"
		return 0
	fi
	if grep -q 'the tests could not be run' "$log" || [ -z "$last" ]; then
		echo "$1: the changed code cannot be tested:"
		tail -20 "$log"
		return 1
	fi
	case $last in
		*" 0 failed"*)
			echo "$1: $TEST does not see it"
			return 1 ;;
	esac
	echo "$1: $TEST fails, as it should ($last)"
	rm -rf "$copy"
}

missed=0
for file in test/mutations/*; do
	name=$(basename "$file")
	wanted "$name" "$@" || continue
	(try "$name") || missed=$((missed + 1))
done
echo "$missed not seen"
[ "$missed" = 0 ]
