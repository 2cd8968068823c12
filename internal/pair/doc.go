// Package pair is how a line comes to be founded: the file that goes from hand
// to hand, what a station has seen of the others and shown of itself, and what
// it must never do twice (spec/pairing.md). What a founding is stands in charter.
//
// Everything here is pure: values in, values out. Whoever runs a pairing makes
// its State durable before anything of it leaves the station.
package pair
