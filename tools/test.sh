#!/bin/sh
# Runs the Go tests under the race detector, and what is tried by other means beside
# them: the second reader, third-party code, and the drills.
#
# Many of them start real processes, browsers and disks and wait for what must
# come within seconds; a machine of two cores that does something else at that
# moment can make one late. So packages run one after the other, but for those of
# the station and of the command, which mostly wait: they run beside those that need
# little, and so does what follows them. A package that fails is run again, by itself,
# once, and named.
#
# vet has looked at all before (Makefile). A program under the race detector sleeps for
# a second before it ends, in case another goroutine still does something; the tests
# start hundreds of programs, and each sleeps for a tenth.
set -u
here=$(dirname "$0")
flags="-race -vet=off -p 1 -parallel 4 -timeout 20m"
export GORACE="atexit_sleep_ms=100"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# some runs the tests of packages and keeps what they say in a file of a name; that
# they failed is noted in another.
some() {
	name=$1
	shift
	# shellcheck disable=SC2086
	{ go test $flags "$@" 2>&1 || touch "$dir/failed"; } | tee "$dir/$name"
}

# others makes targets of the Makefile, each once more where it fails.
others() {
	for what in "$@"; do
		sh "$here/again.sh" make "$what" 2>&1 || echo "$what" >>"$dir/broken"
	done
}

waits="parley/internal/station parley/cmd/parley"
large=parley/internal/desk
small=$(go list ./... | grep -vxF "$(printf '%s\n' $waits $large)")

# shellcheck disable=SC2086
{ some waits $waits; others reader interop drill-short; } >"$dir/later" &
# shellcheck disable=SC2086
some small $small
wait
cat "$dir/later"
some large $large
if [ -e "$dir/failed" ]; then
	failed=$(sed -n 's/^FAIL[[:space:]]\{1,\}\([^[:space:]]\{1,\}\).*/\1/p' "$dir"/small "$dir"/waits "$dir"/large | sort -u)
	[ -n "$failed" ] || exit 1
	echo "failed, and run again:" $failed
	# shellcheck disable=SC2086
	go test $flags -count=1 $failed || exit 1
fi
[ ! -e "$dir/broken" ] || { echo "failed twice:" $(cat "$dir/broken"); exit 1; }
