// Package rtc is the station's end of the WebRTC connections of its own desks:
// one UDP port, one connection for each browser, a microphone and a camera from
// it, and a fixed number of slots to it. What is played in a slot is a packet of
// any source, rewritten so that the browser hears one smooth stream; nothing is
// decoded, mixed or kept here, and who hears whom is decided elsewhere.
//
// The station is an ICE lite agent: it answers checks and sends to nobody who did
// not make one. It asks no STUN or TURN server and no name service, and takes no
// address out of an offer.
package rtc
