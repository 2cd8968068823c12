#!/bin/sh
# Runs every fuzz target of the module for the given time each.
set -eu
time="${1:-1m}"
for dir in $(go list -f '{{.Dir}}' ./...); do
	for f in $(grep -ho '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go 2>/dev/null | cut -c6- | sort -u); do
		echo "== $f in ${dir#"$PWD"/}"
		go test -run '^$' -fuzz "^$f\$" -fuzztime "$time" -fuzzminimizetime 1x "$dir"
	done
done
