#!/bin/sh
# race.sh SUBCOMMAND ARGS...: go build, vet or test under the race detector.
#
# Two packages that are not ours are compiled without its calls, which took half of the
# time of a station's tests and could find little in them: SQLite as it is translated
# from C, whose memory lies outside of what the detector watches, but for its variables
# of Go (its mutexes, in modernc.org/libc, are watched, for they order our own
# goroutines; look for false reports when that module is renewed), and the inner loop of scrypt, which works on buffers that it made
# itself. Nor is the arithmetic of SQLite's pointers into that memory looked at,
# which is C. All else, ours and others', is watched as ever.
set -eu
sub=$1
shift
exec go "$sub" -race \
	"-gcflags=modernc.org/...=-d=checkptr=0" \
	"-gcflags=modernc.org/sqlite/lib=-d=checkptr=0 -race=false" \
	"-gcflags=golang.org/x/crypto/scrypt=-race=false" \
	"$@"
