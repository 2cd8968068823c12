package record_test

import (
	"fmt"
	"strings"

	"parley"
	"parley/internal/record"
)

func genID(in input, v any) parley.GenerationID {
	return parley.GenerationID(unhex(in.t, v.(string)))
}

// runOrder reads parties, generations as accepted, and entries.
func runOrder(in input) (object, error) {
	var parties []parley.PartyCode
	for _, p := range in.list("parties") {
		parties = append(parties, parley.PartyCode(p.(string)))
	}
	var gens []record.Generation
	nodes := map[parley.GenerationID][]record.Node{}
	for i, x := range in.list("generations") {
		o := x.(object)
		g := record.Generation{ID: genID(in, o["gen"]), Party: parley.PartyCode(o["party"].(string)), Time: uint64(i), Earlier: map[parley.GenerationID]uint64{}}
		g.Disputed = o["disputed"] == true
		if o["time"] != nil {
			g.Time = toUint(o["time"])
		}
		for _, n := range toList(o["names"]) {
			pair := toList(n)
			g.Earlier[genID(in, pair[0])] = toUint(pair[1])
		}
		gens = append(gens, g)
	}
	for _, x := range in.list("entries") {
		o := x.(object)
		n := record.Node{Ref: parley.Ref{Gen: genID(in, o["gen"]), Index: toUint(o["index"])}, Time: toUint(o["time"]), Seen: map[parley.GenerationID]uint64{}}
		for _, p := range toList(o["out"]) {
			n.Out = append(n.Out, parley.PartyCode(p.(string)))
		}
		if seen, ok := o["seen"].(object); ok {
			for g, size := range seen {
				n.Seen[genID(in, g)] = toUint(size)
			}
		}
		nodes[n.Ref.Gen] = append(nodes[n.Ref.Gen], n)
	}
	r, err := record.OrderOf(parties, gens, nodes)
	if err != nil {
		return nil, err
	}
	waiting := []string{}
	for _, p := range r.Waiting {
		waiting = append(waiting, string(p))
	}
	return object{"order": refs(r.Order), "settled": refs(r.Settled), "settled_count": len(r.Settled), "late": refs(r.Late), "waiting": waiting}, nil
}

func refs(list []parley.Ref) []string {
	out := []string{}
	for _, r := range list {
		out = append(out, r.String())
	}
	return out
}

// script makes an order vector of a text. Each line is "gen party", with
// "names gen size" for what it supersedes, "at n" for its certificate's time and
// "disputed" for a proved fork, or "gen time" with "gen size" pairs for what the
// entry newly sees and "out party" for an epoch entry that is not sealed to it.
// Generations are single letters.
func script(parties, text string) object {
	id := func(letter string) string { return strings.Repeat(fmt.Sprintf("%02x", letter[0]), 8) }
	gens, entries, count, party := []any{}, []any{}, map[string]int{}, map[string]string{}
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		if len(w) == 0 {
			continue
		}
		g := w[0]
		if party[g] == "" {
			party[g] = w[1]
			o := object{"gen": id(g), "party": w[1], "names": []any{}}
			names := []any{}
			for i := 2; i < len(w); {
				if w[i] == "disputed" {
					o["disputed"] = true
					i++
					continue
				}
				if w[i] == "at" {
					o["time"] = number(w[i+1])
					i += 2
					continue
				}
				names = append(names, []any{id(w[i+1]), number(w[i+2])})
				i += 3
			}
			o["names"] = names
			gens = append(gens, o)
			continue
		}
		seen, out := object{}, []any{}
		for i := 2; i+1 < len(w); i += 2 {
			if w[i] == "out" {
				out = append(out, w[i+1])
				continue
			}
			seen[id(w[i])] = number(w[i+1])
		}
		e := object{"gen": id(g), "party": party[g], "index": count[g], "time": number(w[1]), "seen": seen}
		if len(out) > 0 {
			e["out"] = out
		}
		entries = append(entries, e)
		count[g]++
	}
	return object{"parties": widen(strings.Fields(parties)), "generations": gens, "entries": entries}
}

func number(s string) int {
	var n int
	if _, err := fmt.Sscan(s, &n); err != nil {
		panic(s)
	}
	return n
}

func makeOrder(m *maker) {
	two, three := "alder birch", "alder birch cedar"
	head := "a alder\nb birch\n"
	ok := func(name, parties, text string) { m.ok(name, script(parties, text)) }
	ok("nothing", two, head)
	ok("by header time", two, head+"a 5\nb 4\na 6\nb 7")
	ok("equal times: by party code", two, head+"b 5\na 5\nb 5\na 5")
	ok("equal times and parties: by generation id", "alder birch", "c alder\nb birch\nd alder names c 0\nc 5\nd 5\nb 5 c 1 d 1")
	ok("what was seen comes first, whatever its time", two, head+"a 9\nb 3 a 1")
	ok("seen through another entry of the same log", two, head+"a 9\nb 3 a 1\nb 4\na 9 b 2")
	ok("held by the other, who has said nothing after it that we hold: not settled", two, head+"a 1\nb 2 a 1")
	ok("held by both, with a later entry of each: settled", two, head+"a 1\nb 2 a 1\na 4 b 1")
	ok("a word counts only once it is held by others: our own last one does not", two, head+"a 1\na 2\nb 2 a 1\nb 3\na 6 b 2")
	ok("a quiet line: two entries of each settle what was said", two, head+"a 1\nb 2 a 1\na 3 b 1\nb 4 a 2\na 5 b 2")
	ok("tie of a settled and an unsettled entry", two, head+"a 5\nb 5\nb 6 a 1\na 7 b 2\nb 8 a 2")
	ok("three: all hold it, not all are known to", three, head+"c cedar\na 1\nb 2 a 1\nc 3 a 1")
	ok("three: settled", three, head+"c cedar\na 1\nb 2 a 1\nc 3 a 1 b 1\na 4 b 1 c 1\nb 5 a 2 c 1\nc 6 a 2 b 2")
	ok("three: waiting for one", three, head+"c cedar\na 1\nb 2 a 1\na 3 b 1\nb 4 a 2")
	ok("a time far ahead holds back what follows in its own log only", two, head+"a 1000\na 1000\nb 5\nb 6\nb 1001 a 2\na 1001 b 3\nb 1002 a 3")
	story := "o birch\na alder\ng birch names o %d\no 1\no 2 a 1\no 3\no 4\na 2\na 9 o 2 g 1\ng 5\na 12\ng 13 a 3\na 14 g 2\ng 15 a 4"
	ok("a new generation comes into force with the last word that turns to it", two, strings.ReplaceAll(fmt.Sprintf(story, 3), "o 2 a 1", "o 2"))
	ok("what the certificate names is not on the record by that alone", two, fmt.Sprintf(story, 4))
	ok("a new generation nobody has turned to yet", two, "o birch\na alder\ng birch names o 2\no 1\no 2\na 2 o 2\ng 5 a 1\ng 6")
	ok("the new generation is older by its clock", two, "o birch\na alder\ng birch names o 2\no 10\no 11\na 12 o 2\ng 3\na 14 g 1\ng 15 a 2\na 16 g 2\ng 17 a 3")
	ok("a late tail that turns up later stays late", two, "o birch\na alder\ng birch names o 1\no 1\na 2 o 1\ng 3\na 4 g 1\ng 5 a 2\na 6 g 2 o 3\no 1\no 1\ng 7 a 3")
	ok("two stations lost at the same time", two, "o birch\nx alder\ng birch names o 2\ny alder names x 2\no 1\nx 2 o 1\no 3 x 1\nx 4 o 2\ng 5 x 2\ny 6 o 2 g 1\ng 7 y 1\ny 8 g 2\ng 9 y 2")
	ok("entries of the old log that have seen the new one do not block it", two, "o birch\na alder\ng birch names o 2\no 1\no 8 a 1\na 5 g 1 o 1\ng 3\na 9 o 2")
	ok("two stations of each party, crossed", two, "o birch\nx alder\ng birch names o 2\ny alder names x 2\no 1\no 2 y 1\nx 1\nx 2 g 1\ng 5\ny 6")
	ok("a third generation", two, "o birch\na alder\ng birch names o 2\nh birch names o 2 names g 1\no 1\no 2\na 3 o 2\ng 4 a 1\na 5 g 1\nh 6 a 2\na 7 h 1\nh 8 a 3\na 9 h 2\nh 10 a 4")
	ok("a generation that another overtook never comes into force", two, "o birch\na alder\ng birch names o 1 at 9\nh birch names o 1 at 5\no 1\na 3 o 1\ng 4\na 5 g 1\nh 6\na 7 h 1\ng 8 a 3\na 9 g 2\ng 10 a 4")
	ok("two generations of one party at the same second: the greater id", two, "o birch\na alder\ng birch names o 1 at 5\nh birch names o 1 at 5\no 1\na 3 o 1\nh 4\ng 4\na 5 g 1 h 1\nh 6 a 2\na 7 h 2\nh 8 a 3")
	ok("three: what any of them held is on the record", three, "o birch\na alder\nc cedar\ng birch names o 1\no 1\no 2\no 3\na 4 o 2\nc 5 o 3 a 1\ng 6\na 7 g 1\nc 8 g 1 a 2\ng 9 a 2 c 2\na 10 g 2 c 2 o 3\nc 10 g 2 a 3\ng 11 a 3 c 3")
	ok("three: two lost at the same time, what the third held stays", three, "o birch\na alder\nx cedar\ng birch names o 0\ny cedar names x 0\no 1\nx 1\na 2 o 1 x 1\no 3 a 1 x 1\nx 3 a 1 o 2\na 4\ng 5\ny 6 g 1\na 7 g 1 y 1\ng 8 a 3 y 1 x 1\ny 9 a 3 g 2 o 1\na 10 g 2 y 2\ng 11 a 4 y 2\ny 12 a 4 g 3\na 13 g 3 y 3")
	ok("a disputed generation confirms nothing", two, "a alder\nb birch disputed\na 1\nb 2 a 1\na 3 b 1\nb 4 a 2\na 5 b 2")
	ok("a disputed generation ends where all have turned from it", two, "a alder\nb birch disputed\ng birch names b 2\na 1\nb 2 a 1\na 3 b 1\nb 4 a 2\na 5 b 2\ng 6 a 3\na 7 g 1\ng 8 a 4\na 9 g 2\ng 10 a 5")
	left := "a alder\nb birch\nc cedar\na 1\nb 2 a 1\nc 3 a 1 b 1\na 4 b 1 c 1 out cedar\nb 5 c 1%s\na 6 b 2\nb 7 a 3\na 8 b 3\nb 9 a 4\na 10 b 4"
	ok("three: one has left, and the others leave it out", three, fmt.Sprintf(left, " a 2 out cedar"))
	ok("three: one alone cannot put another out", three, fmt.Sprintf(left, " a 2"))
	ok("three: what one that is out writes after that is late", three, strings.NewReplacer("a 6 b 2", "a 6 b 2 c 3\nc 4\nc 4", "b 7 a 3", "b 7 a 3 c 3").Replace(fmt.Sprintf(left, " a 2 out cedar")))
	ok("three: of the two that are left neither can put out the other", three, fmt.Sprintf(left, " a 2 out cedar")+"\na 11 out birch\nb 12 a 6\na 13 b 5\nb 14 a 7\na 15 b 6")
	bad := func(kind parley.Kind, name, text string) { m.bad(kind, name, script(two, text)) }
	bad(parley.Rewind, "header time goes back", head+"a 5\na 4")
	bad(parley.Rewind, "seen does not grow", head+"b 1\na 5 b 1\na 6 b 1")
	bad(parley.Rewind, "seen goes back", head+"b 1\nb 1\na 5 b 2\na 6 b 1")
	bad(parley.Rewind, "seen of nothing", head+"a 5 b 0")
	bad(parley.BadSeen, "seen more than there is", head+"b 1\na 5 b 2")
	bad(parley.BadSeen, "seen a log that nobody knows", head+"a 5 z 1")
	bad(parley.BadSeen, "seen its own party's log", "a alder\nb birch\ng alder names a 1\na 1\ng 2 a 1")
	bad(parley.BadSeen, "two entries that have seen each other", head+"a 1 b 1\nb 1 a 1")
	m.bad(parley.BadSeen, "seen is not closed", script(three, head+"c cedar\nc 1\nb 2 c 1\na 3 b 1"))
	m.bad(parley.BadSeen, "seen is closed later only", script(three, head+"c cedar\nc 1\nb 2 c 1\na 3 b 1\na 4 c 1"))
	gap := script(two, head+"a 1\na 2")
	gap["entries"] = gap["entries"].([]any)[1:]
	m.bad(parley.Gap, "an index is left out", gap)
}
