package compare

// The bounds under which time stays in proportion to the length of the texts.
// A text within said's own bound of 48,000 bytes is read whole; one of 200 pages
// (600,000 bytes) a side is compared in less than ten seconds on one processor, of
// which BenchmarkTwoHundredPages says more.
const (
	maxText     = 1 << 20 // bytes of one side in one language; what is beyond is not read, and Report.Cut says so
	maxSentence = 240     // tokens; a longer one is cut
	maxCells    = 250_000 // of one block of a word diff; a larger one without a word to hold on to counts as wholly different
	maxDepth    = 24      // how often a word diff looks within a stretch for something to hold on to
	maxNear     = 24      // sentences of the other side that one is laid beside
	maxPosting  = 64      // a word in more sentences, or about more claims, leads to no further ones
	maxClaims   = 25_000  // of one topic of one side, which is more than 48,000 bytes can hold; Report.Cut says where there are more
	maxPartners = 16      // claims of the other side that one is laid beside
	maxReach    = 24      // tokens before and after a claim that count as standing about it
	maxMarks    = 500     // of all languages
	maxPublic   = 200     // statements of the history of one topic
	maxKept     = 400_000 // spans that Kept holds, each finding counted as some
)
