// Package control is the station's local socket: JSON over HTTP on a Unix
// socket in the data directory, for the command line of the same machine.
//
// The socket has mode 0600, and the kernel's word on who is at the other end
// (SO_PEERCRED) is checked on top: only the station's own user and root are
// heard. There is no password, because whoever is that user can read the
// station's files anyway. Every act is a POST to /v1/NAME with one JSON object;
// errors come back as {"kind", "what", "hint"}. Acts are done as the operating
// administrator, or as the officer named in the header Parley-As, and the
// officer's name carries "local socket" into the audit.
package control
