// Package link is a cable one can pull: a proxy in user space for one UDP or
// TCP address that delays, loses, shapes, and on demand swallows everything
// without a word, as a cut does. Tests and the demonstration put it between
// stations; nothing in it is part of a station.
package link
