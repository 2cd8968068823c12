#!/bin/sh
# Runs the Go tests under the race detector, one package after the other.
#
# Many of them start real processes, browsers and disks and wait for what must
# come within seconds; a machine of two cores that does something else at that
# moment can make one late. A package that fails is therefore run again, by
# itself, once, and named.
set -u
out=$(mktemp)
trap 'rm -f "$out" "$out.code"' EXIT
{ go test -race -p 1 -parallel 4 -timeout 20m ./... 2>&1; echo $? >"$out.code"; } | tee "$out"
[ "$(cat "$out.code")" != 0 ] || exit 0
failed=$(sed -n 's/^FAIL[[:space:]]\{1,\}\([^[:space:]]\{1,\}\).*/\1/p' "$out" | sort -u)
[ -n "$failed" ] || exit 1
echo "failed, and run again:" $failed
# shellcheck disable=SC2086
exec go test -race -p 1 -parallel 4 -count=1 -timeout 20m $failed
