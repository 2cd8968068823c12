// Package tape records the voices of a call: one file a voice, sealed under the
// storage key as it is written. No audio in plain text ever reaches a disk.
//
// A voice that comes as Opus is an Ogg Opus stream (RFC 7845). One that comes by
// telephone as PCMU stays what it is, in a WAVE file of format 7 (G.711 mu-law).
// All files of one taping begin at the same moment, and time in which nothing came
// is kept in them, so that the voices line up.
//
// A file is a row of chunks: the length in four bytes, big endian, then what the
// storage key sealed for this call, this file and this place in it. So nothing can
// be exchanged, left out or moved; and what was written before a crash is readable. A long
// silence of PCMU is one chunk that says how long it is.
package tape
