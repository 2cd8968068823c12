// Package loop carries frames inside one process, for tests. There are no
// sockets and no cryptography in it, only the promises of a bearer, and faults
// on demand from a seed.
package loop
