// Package sip is the switchboard's end of telephones: a registrar and user agent
// for phones on the station's own network (RFC 3261), by UDP, TCP and TLS. A
// phone that is lifted is a Handset: it hears a mix of what its person may hear
// in G.711, and its own G.711 is handed on as it is. Whom it reaches is for the
// station to say.
//
// What comes from the network meets our own reader before sipgo's transactions
// (gate.go): its bounds are ours, and what sipgo's parser does not survive stays
// outside.
package sip
