// Package desktest is a station in memory for the tests of the desk: two lines,
// a busy watch, and the text that a hostile peer would send.
package desktest
