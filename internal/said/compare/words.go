package compare

// A Span is a part of a text: bytes From to To, which lie between characters as
// people see them. From equals To where words of the other text are missing.
type Span struct {
	Item int `json:"item"` // of the statement; 0 where there is but one text
	From int `json:"from"`
	To   int `json:"to"`
}

// Empty reports whether the span is a place between words.
func (s Span) Empty() bool { return s.From == s.To }

// Words lights the words in which two wordings of one text differ: those of
// before that are not in after, and those of after that are not in before.
// Capital and small letters, the width and shape of punctuation, spaces and what
// shows nothing do not differ; letters of another script that look the same do.
// In scripts without spaces it is characters that are lit, and a single one that
// stands between two differences with them. The spans are in order and touch
// nowhere; none is empty.
func Words(lang, before, after string) (a, b []Span) {
	before, after = clip(before), clip(after)
	x, y := tokens(lang, before), tokens(lang, after)
	for _, e := range edits(x, y) {
		a = append(a, lit(x, e.a0, e.a1)...)
		b = append(b, lit(y, e.b0, e.b1)...)
	}
	return a, b
}

// edits are the stretches in which two texts differ.
func edits(x, y []token) []edit {
	n := numbering{}
	return absorb(diff(n.of(keysOf(x)), n.of(keysOf(y))), x)
}

func keysOf(ts []token) []string {
	out := make([]string, len(ts))
	for i, t := range ts {
		out[i] = t.key
	}
	return out
}

// absorb makes one of two edits between which a single character of a script
// without spaces, or punctuation, is the same: it is so by chance.
func absorb(in []edit, x []token) (out []edit) {
	for _, e := range in {
		if n := len(out); n > 0 && e.a0-out[n-1].a1 == 1 && x[out[n-1].a1].kind == wide && both(out[n-1]) && both(e) {
			out[n-1].a1, out[n-1].b1 = e.a1, e.b1
			continue
		}
		out = append(out, e)
	}
	return out
}

func both(e edit) bool { return e.a0 < e.a1 && e.b0 < e.b1 }

// lit are the tokens of an edit as a span; a line end parts it.
func lit(ts []token, from, to int) (out []Span) {
	for i := from; i < to; i++ {
		if n := len(out); n > 0 && !ts[i].line {
			out[n-1].To = ts[i].to
			continue
		}
		out = append(out, Span{From: ts[i].from, To: ts[i].to})
	}
	return out
}

// clip cuts a text at the bound, between two characters.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	n := maxText
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}
