// Package journal is the append-only log of one party on one line: the tree,
// its checkpoints, the receipts over them, the certificate of a generation and
// the evidence of a fork. The files and messages by which third parties check
// any of it without our code are in package c2sp.
//
// Everything here is a pure function of its arguments, apart from reading tree
// hashes through the reader a Tree was given. The formats are those of
// spec/log.md and of C2SP tlog-checkpoint and tlog-cosignature.
//
// Nothing here makes anything durable. Whoever signs first makes durable what
// the signature says, and keeps spec/log.md's rule: one size has one root, for
// ever.
package journal
