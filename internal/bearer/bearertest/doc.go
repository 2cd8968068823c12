// Package bearertest is the suite every bearer passes: what bearer.Conn
// promises, asked of real connections, and of peers that keep no promise.
package bearertest
