#!/bin/sh
# fuzz.sh [TIME [PART]]: gives every fuzz target of the module and of interop
# TIME (1m), one after the other; with PART only those whose directory/name
# holds it. It goes on after a failure and exits non-zero at the end. With
# KEEP=n, up to n of the inputs that reached new code, none over 4 KiB, are
# kept in testdata/fuzz, where go test finds them.
set -eu
time="${1:-1m}" part="${2:-}" failed=""
top="$PWD"
for mod in . interop; do
	cd "$top/$mod"
	for dir in $(go list -f '{{.Dir}}' ./...); do
		for f in $(grep -ho '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go 2>/dev/null | cut -c6- | sort -u); do
			name="${dir#"$top"}/$f"
			case "$name" in *"$part"*) ;; *) continue ;; esac
			echo "== $name"
			go test -run '^$' -fuzz "^$f\$" -fuzztime "$time" -fuzzminimizetime 1x "$dir" || failed="$failed $name"
			[ -n "${KEEP:-}" ] || continue
			cache="$(go env GOCACHE)/fuzz/$(go list "$dir")/$f"
			[ -d "$cache" ] || continue
			mkdir -p "$dir/testdata/fuzz/$f"
			find "$cache" -type f -size -5 | sort | awk -v keep="$KEEP" '{ a[NR] = $0 }
				END { step = NR > keep ? NR / keep : 1; for (i = 1; i <= NR; i += step) print a[int(i)] }' |
				xargs -r -I{} cp {} "$dir/testdata/fuzz/$f/"
		done
	done
done
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }
