#!/bin/sh
# Runs the Go tests under the race detector.
#
# Many of them start real processes, browsers and disks and wait for what must
# come within seconds; a machine of two cores that does something else at that
# moment can make one late. So packages run one after the other, but for those of
# the station and of the command, which mostly wait: they run beside those that need
# little. A package that fails is run again, by itself, once, and named.
set -u
flags="-race -p 1 -parallel 4 -timeout 20m"
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

waits="parley/internal/station parley/cmd/parley"
large=parley/internal/desk
small=$(go list ./... | grep -vxF "$(printf '%s\n' $waits $large)")

# shellcheck disable=SC2086
some waits $waits >"$dir/later" &
# shellcheck disable=SC2086
some small $small
wait
cat "$dir/later"
some large $large
[ -e "$dir/failed" ] || exit 0
failed=$(sed -n 's/^FAIL[[:space:]]\{1,\}\([^[:space:]]\{1,\}\).*/\1/p' "$dir"/small "$dir"/waits "$dir"/large | sort -u)
[ -n "$failed" ] || exit 1
echo "failed, and run again:" $failed
# shellcheck disable=SC2086
go test $flags -count=1 $failed
