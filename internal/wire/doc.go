// Package wire turns bytes into types and back: deterministic CBOR as
// spec/conventions.md wants it, and the frames of spec/frames.md. Whatever
// parses here parses in exactly one way; everything else is parley.Malformed
// or parley.Oversize, with the byte offset. It checks no signature.
package wire
