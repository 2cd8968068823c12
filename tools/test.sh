#!/bin/sh
# Runs the Go tests under the race detector, and what is tried by other means beside
# them: the second reader, third-party code, and the drills.
#
# Many of them start real processes, browsers and disks and wait for what must
# come within seconds; a machine of two cores that does something else at that
# moment can make one late. So packages run in three rows, one after the other, and
# the desk by itself at the end. A package that fails is run again, by itself, once,
# and named.
#
# vet has looked at all before (Makefile); race.sh says what the detector watches. A
# program under it sleeps for a second before it ends, in case another goroutine still
# does something; the tests start hundreds of programs, and each sleeps for a tenth.
set -u
here=$(dirname "$0")
flags="-vet=off -p 1 -parallel 4 -timeout 20m"
export GORACE="atexit_sleep_ms=100"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# some runs the tests of packages and keeps what they say in a file of a name; that
# they failed is noted in another.
some() {
	name=$1
	shift
	# shellcheck disable=SC2086
	{ sh "$here/race.sh" test $flags "$@" 2>&1 || touch "$dir/failed"; } | tee "$dir/$name"
}

# others makes targets of the Makefile, each once more where it fails.
others() {
	for what in "$@"; do
		sh "$here/again.sh" make "$what" 2>&1 || echo "$what" >>"$dir/broken"
	done
}

# Three rows, about equally long, of which none keeps a core busy by itself; what
# listens to calls is in the last, whose packages are small.
first="parley/internal/station parley/internal/store/sqlite parley/internal/sim/simdisk parley/internal/hostile"
second="parley/cmd/parley parley/internal/sim parley/internal/record"
last=parley/internal/desk
third=$(go list ./... | grep -vxF "$(printf '%s\n' $first $second $last)")

# shellcheck disable=SC2086
some first $first >/dev/null &
# shellcheck disable=SC2086
{ some second $second; others reader interop drill-short; } >"$dir/rest" &
# shellcheck disable=SC2086
some third $third
wait
cat "$dir/first" "$dir/rest"
some last $last
if [ -e "$dir/failed" ]; then
	failed=$(sed -n 's/^FAIL[[:space:]]\{1,\}\([^[:space:]]\{1,\}\).*/\1/p' "$dir"/first "$dir"/second "$dir"/third "$dir"/last | sort -u)
	[ -n "$failed" ] || exit 1
	echo "failed, and run again:" $failed
	# shellcheck disable=SC2086
	sh "$here/race.sh" test $flags -count=1 $failed || exit 1
fi
[ ! -e "$dir/broken" ] || { echo "failed twice:" $(cat "$dir/broken"); exit 1; }
