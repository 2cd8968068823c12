// Package public keeps published pages in a folder, and serves such a folder to
// everybody: what verifies as a page, its proof files and an index, and nothing
// else that lies there (spec/page.md).
package public
