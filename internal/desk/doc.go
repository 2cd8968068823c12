// Package desk is the web console of one station: what officers see and press.
//
// It renders on the server, runs its own few scripts and nobody else's, and
// asks the station for everything with the rights of the officer who sits
// there. It holds no state of its own but the one shared event stream: a page
// that is loaded again shows what the station says now.
package desk
