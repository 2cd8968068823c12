package contact

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/form"
)

// whole says all that a value holds, and which of what it points to is the same; not
// what a book reads itself by.
func whole(v any) string {
	d := dumper{ids: map[uintptr]int{}}
	d.dump(reflect.ValueOf(v))
	return d.out.String()
}

type dumper struct {
	out strings.Builder
	ids map[uintptr]int
}

func (d *dumper) dump(v reflect.Value) {
	switch {
	case v.Kind() == reflect.Pointer && (v.IsNil() || v.Type() == reflect.TypeFor[*folding]()):
		d.out.WriteString("-")
	case v.Kind() == reflect.Interface:
		d.dump(v.Elem())
	case v.Kind() == reflect.Pointer:
		id, had := d.ids[v.Pointer()]
		if !had {
			id = len(d.ids)
			d.ids[v.Pointer()] = id
		}
		fmt.Fprintf(&d.out, "#%d", id)
		if !had {
			d.dump(v.Elem())
		}
	case v.Type() == reflect.TypeFor[time.Time]():
		fmt.Fprintf(&d.out, "%v", v)
	case v.Kind() == reflect.Struct:
		d.out.WriteString("{")
		for i := range v.NumField() {
			fmt.Fprintf(&d.out, "\n%s:", v.Type().Field(i).Name)
			d.dump(v.Field(i))
		}
		d.out.WriteString("}")
	case v.Kind() == reflect.Slice:
		fmt.Fprintf(&d.out, "[%d", v.Len())
		for i := range v.Len() {
			d.out.WriteString(" ")
			d.dump(v.Index(i))
		}
		d.out.WriteString("]")
	case v.Kind() == reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		for _, k := range keys {
			fmt.Fprintf(&d.out, "\n%v=", k)
			d.dump(v.MapIndex(k))
		}
	default:
		fmt.Fprintf(&d.out, "%v", v)
	}
}

// also lets a party do what act does not: enter, dispute, take back, take a stance,
// ask and answer, and refer to what nobody may.
func (w *world) also(p string, r *rand.Rand) {
	by := w.codes[slices.Index([]string{"alder", "birch", "cedar"}, p)]
	all := w.all()
	if len(all) == 0 {
		return
	}
	some := all[r.IntN(len(all))]
	topic := fmt.Sprint("topic ", r.IntN(3))
	switch r.IntN(9) {
	case 0:
		w.write(by, &Register{Phase: Enter, Rows: []Row{row(1 + r.IntN(28)), row(1 + r.IntN(28))}}, some.Ref)
	case 1:
		w.write(by, &Register{Phase: Enter, Rows: []Row{row(1 + r.IntN(28))}})
	case 2:
		w.write(by, &Register{Phase: Confirm + uint64(r.IntN(2))*2}, some.Ref)
	case 3:
		w.write(by, &Stance{Topic: topic, Stand: Stand(r.IntN(3))})
	case 4:
		w.write(by, &Ask{Sort: 1, Topic: topic, Text: "why"})
	case 5:
		w.write(by, &Answer{Outcome: Answered, Text: "so"}, some.Ref)
	case 6:
		w.write(by, &form.Opened{Wording: parley.ReceiptWording, Time: 60}, some.Ref, all[r.IntN(len(all))].Ref)
	case 7:
		w.write(by, &Point{Kind: Agenda, Step: Propose, Text: "x"}, some.Ref, all[r.IntN(len(all))].Ref)
	case 8:
		f := w.request()
		f.Topics = []string{topic, "strait"}
		w.write(by, f)
		if e := &w.logs[by][len(w.logs[by])-1]; r.IntN(3) == 0 {
			e.Exercise = "an exercise"
		}
	}
}

func row(day int) Row {
	return Row{Date: fmt.Sprintf("2026-10-%02d", day), Level: Leader, Ours: "a", Theirs: "b", Source: "the record"}
}

// TestGrowingIsTheWholeFold adds the entries of sides that act at random one by one:
// in any order, and log by log as they come over a line. What the growing book says
// is at every moment what folding all says, and what it said before does not change.
func TestGrowingIsTheWholeFold(t *testing.T) {
	pairs, parted, merged := 0, 0, 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 9))
		w := newWorld(seed, 2+int(seed%2))
		for range 40 {
			w.run(2)
			w.also(string(w.codes[r.IntN(len(w.codes))]), r)
		}
		all := w.all()
		if seed%4 != 0 {
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		} else { // each log in its order
			slices.SortStableFunc(all, func(a, b Entry) int { return a.Time.Compare(b.Time) })
		}
		var g Growing
		var old *Book
		oldText, paired := "", map[string]bool{}
		for i, e := range all {
			g.Add(e)
			if r.IntN(4) == 0 {
				g.Add(all[r.IntN(i+1)]) // again
			}
			if r.IntN(6) > 0 && i+1 < len(all) {
				continue
			}
			b := g.Book()
			got, want := whole(b), whole(Fold(all[:i+1]))
			if got != want {
				t.Fatalf("seed %d: after %d entries it says\n%s\nand folding them\n%s", seed, i+1, digest(b), digest(Fold(all[:i+1])))
			}
			if old == nil || r.IntN(4) == 0 {
				if old != nil && whole(old) != oldText {
					t.Fatalf("seed %d: a book changed after it was given", seed)
				}
				old, oldText = b, got
			}
			for _, c := range b.Contacts {
				switch was := paired[short(c.Ref())]; {
				case c.Other != nil && !was:
					paired[short(c.Ref())] = true
					pairs++
				case c.Other == nil && was:
					paired[short(c.Ref())] = false
					parted++
				}
			}
		}
		if len(g.groups) > 0 && len(g.Book().Contacts) > 1 {
			merged++
		}
	}
	if pairs < 50 || parted < 4 || merged < 30 {
		t.Errorf("%d crossings, %d that came to nothing, %d books of several contacts: the test does not reach them", pairs, parted, merged)
	}
	t.Logf("%d crossings, %d that came to nothing", pairs, parted)
}
