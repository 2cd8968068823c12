// Package c2sp is what third parties read: signed notes, verifier keys, proof
// files, tiles, witness policies and the requests to witnesses, in the formats
// of C2SP signed-note, tlog-proof, tlog-tiles, tlog-policy and tlog-witness.
//
// The engine signs and verifies messages (package journal) and reads none of
// these files. Whoever reads one wrongly harms himself alone, so the room
// stands outside the trusted core (docs/decisions/0002).
//
// Everything here is a pure function of its arguments.
package c2sp
