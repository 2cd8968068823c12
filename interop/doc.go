// Package interop compares Parley's formats with other people's code: the
// C2SP formats, torchwood and an unmodified litewitness, an independent Merkle
// verifier and an independent ML-DSA.
//
// It is a Go module of its own, so that none of that code is in the product's
// module list. It holds tests only; run them with "go test ./..." in this
// directory. They need the module proxy the first time, and build litewitness
// (skipped with -short). Where the fuzz targets let two readers differ, the comment
// of the target says in what, and why.
package interop
