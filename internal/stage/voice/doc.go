// Package voice is a scripted caller of the demonstration: somebody without an
// account who joins a call by his link as a browser does, over the desk's HTTP and
// WebRTC, speaks what a file holds, and counts whom he hears. What is spoken
// reaches every listener unchanged, packet by packet, and so whom somebody hears
// is measured by the packets themselves.
package voice
