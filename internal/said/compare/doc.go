// Package compare lays two statements of one contact side by side and marks
// where they say different things, before they are printed: figures, dates,
// names, who initiated, topics that only one mentions, confirmed wording that is
// missing or reworded. It lights the words that differ from one wording to the
// next, and finds what a statement quotes of texts that are not released.
//
// Texts are compared within one language, never across. English and Chinese are
// read with their own numerals, dates, titles and units; French, Spanish,
// Russian, Arabic and others by the general rules: figures in digits, months,
// words. A side that simply does not give a figure contradicts nobody.
//
// Nothing here knows what is true. A mark says: look here. It is pure, keeps
// nothing, and takes bounded time whatever the texts are (bounds.go).
package compare
