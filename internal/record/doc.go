// Package record says what the logs of a line mean together: the one merged
// order and how much of it is settled, the ladder of receipts under a
// dispatch, and what a third party can verify of an exported record, a proof
// file or a proof of silence.
package record
