// Package trunk carries the media of one call between our station and one
// other, over all live paths of the line at once (spec/calls.md, 4).
//
// Each RTP packet goes on every path, and the receiver takes the first copy: a
// path that is cut loses nothing. Against loss on all of them, packets of
// speech carry some of the packets before them (RFC 2198), as many as the other
// side's reports ask for; a picture that breaks is asked for anew.
//
// The other side is not trusted: only the sources it declared are taken, each
// at a bounded rate, and memory is bounded whatever comes. The package starts
// no goroutine and knows no network.
package trunk
