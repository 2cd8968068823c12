package station

import (
	"strings"

	"parley"
	"parley/internal/pair"
	"parley/internal/store"
)

// view shows how far a pairing has come, and what to hand over now.
func (p *pairing) view() (PairingView, error) {
	st := p.state
	stage := st.Stage()
	v := PairingView{Line: p.line().String(), Stage: string(stage), Parties: p.names(st.Charter().Codes())}
	if stage == pair.Burnt {
		v.Next = "It is burnt: " + st.Burnt() + ". Tell the other side by another way, find out why, and start a new invitation."
		return v, nil
	}
	if stage != pair.Confirmed {
		v.Waiting = p.names(st.Waiting())
		v.File = st.Pairing().Armour()
	}
	v.Next = p.next(stage)
	if stage != pair.Compare && stage != pair.Confirmed {
		return v, nil
	}
	f, err := st.Complete()
	if err != nil {
		return v, err
	}
	w := f.Words()
	v.Words, v.Digits, v.Fingerprint = w[:], f.Digits(), f.Fingerprint()
	return v, nil
}

// next says what to do now, in one sentence.
func (p *pairing) next(stage pair.Stage) string {
	st := p.state
	others := strings.Join(p.names(without(st.Charter().Codes(), st.Us)), ", ")
	uncommitted := 0
	for _, c := range st.Charter().Codes() {
		if _, ok := st.File.Commitments[c]; !ok {
			uncommitted++
		}
	}
	waiting := strings.Join(p.names(without(st.Waiting(), st.Us)), ", ")
	switch {
	case stage == pair.Confirmed:
		return "The line is made. Keep a copy of its founding, and take the root key off this machine."
	case stage == pair.Compare:
		return "Compare the words with " + others + ", in person or over two unrelated channels, then confirm. Hand the file to whoever does not have the words yet."
	case uncommitted > 0:
		return "Hand the file to " + waiting + ", who must accept; then take in the file that comes back."
	case stage == pair.Revealed:
		return "Hand the file to " + waiting + ", whose keys are missing; then take in the file that comes back."
	}
	return "Hand the file to " + waiting + "; everybody has accepted, and reveals now."
}

func without(codes []parley.PartyCode, but parley.PartyCode) (out []parley.PartyCode) {
	for _, c := range codes {
		if c != but {
			out = append(out, c)
		}
	}
	return out
}

// hasAssent reports whether an assent of ours is in the log or the outbox of a
// line.
func hasAssent(l store.Line, us parley.PartyCode) (bool, error) {
	if _, ok, err := l.Latest("assent", us); ok || err != nil {
		return ok, err
	}
	waiting, err := l.FiledItems(0)
	for i := range waiting {
		if waiting[i].Form == "assent" {
			return true, nil
		}
	}
	return false, err
}
