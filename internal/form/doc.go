// Package form is what entries say: the header every entry has, and one file
// per form with its fields, its checks, the rules that bind it to other
// entries, and its deadlines (spec/entry.md, spec/forms.md). Each form is
// defined once; the desk, the command line and the documents are made from
// Definitions.
//
// Parsing keeps what it does not know: a form or a field of a newer peer is
// kept, shown as unknown, and breaks nothing.
package form
