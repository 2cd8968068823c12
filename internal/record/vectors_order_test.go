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
// "names gen size" for what it supersedes and "at n" for its certificate's
// time, or "gen time" with "gen size" pairs for what the entry newly sees.
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
		seen := object{}
		for i := 2; i+1 < len(w); i += 2 {
			seen[id(w[i])] = number(w[i+1])
		}
		entries = append(entries, object{"gen": id(g), "party": party[g], "index": count[g], "time": number(w[1]), "seen": seen})
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
	ok("one side is settled by the other's seen", two, head+"a 1\nb 2 a 1\na 4 b 1")
	ok("a later entry that is covered waits for an earlier one that is not", two, head+"a 1\na 5\nb 2 a 1\nb 3\na 6 b 1")
	ok("tie of a settled and an unsettled entry", two, head+"a 5\nb 5\nb 6 a 1")
	ok("three: settled only when both others have seen", three, head+"c cedar\na 1\nb 2 a 1\nc 3 a 1")
	ok("three: settled", three, head+"c cedar\na 1\nb 2 a 1\nc 3 a 1 b 1\na 4 b 1 c 1\nb 5 a 2 c 1\nc 6 a 2 b 2")
	ok("three: waiting for one", three, head+"c cedar\na 1\nb 2 a 1\na 3 b 1\nb 4 a 2")
	ok("a time far ahead holds back what follows in its own log only", two, head+"a 1000\na 1000\nb 5\nb 6\nb 1001 a 2")
	story := "o birch\na alder\ng birch names o %d\no 1\no 2 a 1\no 3\no 4\na 2\na 9 o 2 g 1\ng 5\na 12\ng 13 a 3"
	ok("a new generation follows what is on the record of the old", two, strings.ReplaceAll(fmt.Sprintf(story, 3), "o 2 a 1", "o 2"))
	ok("the cut of another party is larger than the size named", two, strings.ReplaceAll(fmt.Sprintf(story, 0), "o 2 a 1", "o 2"))
	ok("the size named is larger than the cut: a late tail beyond it", two, strings.ReplaceAll(fmt.Sprintf(story, 3), "o 2 a 1", "o 2"))
	ok("the new generation is older by its clock", two, "o birch\na alder\ng birch names o 2\no 10\no 11\na 12 o 2\ng 3\na 14 g 1\ng 15 a 2")
	ok("two lost stations: each follows its own past", two, "o birch\nx alder\ng birch names o 2\ny alder names x 2\no 1\nx 2 o 1\no 3 x 1\nx 4 o 2\ng 5 x 2\ny 6 o 2 g 1\ng 7 y 1\ny 8 g 2")
	ok("entries of the old log that follow the new one do not block it", two, "o birch\na alder\ng birch names o 2\no 1\no 8 a 1\na 5 g 1 o 1\ng 3\na 9 o 2")
	ok("two generations that wait for each other: the least is let go", two, "o birch\nx alder\ng birch names o 2\ny alder names x 2\no 1\no 2 y 1\nx 1\nx 2 g 1\ng 5\ny 6")
	ok("a third generation names both before it", two, "o birch\na alder\ng birch names o 2\nh birch names o 2 names g 1\no 1\no 2\na 3 o 2\ng 4 a 1\na 5 g 1\nh 6 a 2\na 7 h 1\nh 8 a 3")
	ok("three: the largest of all cuts counts", three, "o birch\na alder\nc cedar\ng birch names o 1\no 1\no 2\no 3\na 4 o 2\nc 5 o 3 a 1\ng 6\na 7 g 1\nc 8 g 1 a 2")
	bad := func(kind parley.Kind, name, text string) { m.bad(kind, name, script(two, text)) }
	bad(parley.Rewind, "header time goes back", head+"a 5\na 4")
	bad(parley.Rewind, "seen does not grow", head+"b 1\na 5 b 1\na 6 b 1")
	bad(parley.Rewind, "seen goes back", head+"b 1\nb 1\na 5 b 2\na 6 b 1")
	bad(parley.Rewind, "seen of nothing", head+"a 5 b 0")
	bad(parley.BadSeen, "seen more than there is", head+"b 1\na 5 b 2")
	bad(parley.BadSeen, "seen a log that nobody knows", head+"a 5 z 1")
	bad(parley.BadSeen, "seen its own party's log", "a alder\nb birch\ng alder names a 1\na 1\ng 2 a 1")
	m.bad(parley.BadSeen, "seen is not closed", script(three, head+"c cedar\nc 1\nb 2 c 1\na 3 b 1"))
	m.bad(parley.BadSeen, "seen is closed later only", script(three, head+"c cedar\nc 1\nb 2 c 1\na 3 b 1\na 4 c 1"))
	gap := script(two, head+"a 1\na 2")
	gap["entries"] = gap["entries"].([]any)[1:]
	m.bad(parley.Gap, "an index is left out", gap)
}
