#!/bin/sh
# race.sh SUBCOMMAND ARGS...: go build, vet or test under the race detector.
#
# It watches all but two things, which took a third of the time of a station's tests.
# In SQLite as it is translated from C, the arithmetic of pointers is not looked at
# (checkptr): it is C's, into memory that is not Go's; its accesses are watched for
# races like all others. And the inner loop of scrypt, which works on buffers that it
# made itself, is compiled without the detector.
set -eu
sub=$1
shift
exec go "$sub" -race "-gcflags=modernc.org/...=-d=checkptr=0" "-gcflags=golang.org/x/crypto/scrypt=-race=false" "$@"
