// Package pair is how one party comes to a founding: what its station has
// seen of the others, what it has shown, and what it must never do twice
// (spec/pairing.md). What a pairing file means stands in charter.
//
// Everything here is pure: values in, values out. Whoever runs a pairing makes
// its State durable before anything of it leaves the station.
package pair
