// Package page makes the public page of what a side has published, and checks
// one: a single HTML file without a script that carries its own proofs
// (spec/page.md). All that a page shows is made from its proof files, so that
// whoever checks them can make the page again and compare it byte for byte.
package page
