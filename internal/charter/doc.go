// Package charter is what the parties of a line agreed about it: the charter
// (political), the annex (technical), the founding that binds both to
// everybody's keys, and how they are amended (spec/charter.md, spec/pairing.md).
//
// Everything here is pure: values in, values out.
package charter
