// Package charter is what the parties of a line agreed about it, and how they
// came to: the charter (political), the annex (technical), the founding that
// binds both to everybody's keys, and the pairing that leads there
// (spec/charter.md, spec/pairing.md).
//
// Everything here is pure: values in, values out. Whoever runs a pairing makes
// its State durable before anything of it leaves the station.
package charter
