// Package tls carries frames over TLS 1.3 on TCP.
//
// One connection carries all classes, so the order in which frames are written
// is all the precedence there is: one goroutine writes, always the lowest class
// first, and as little as possible is left with the kernel, where nothing can
// be overtaken any more.
package tls
