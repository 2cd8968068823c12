package said

import (
	"slices"
	"testing"
	"time"

	"parley"
)

// everyOrder folds what was played in many orders, each of which must say the same.
func (w *world) everyOrder(t *testing.T, check func(*testing.T, *Told)) {
	t.Helper()
	all := w.all()
	want := digest(w.fold(all))
	for range 20 {
		w.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if got := digest(w.fold(all)); got != want {
			t.Fatalf("in one order\n%s\nin another\n%s", want, got)
		}
	}
	check(t, w.fold(all))
}

// TestJointStatements plays how a joint statement is signed, withdrawn and refused,
// also at the same moment.
func TestJointStatements(t *testing.T) {
	offer := &Joint{Step: Offer, Statement: statement(1)}
	sign := &Joint{Step: Sign, Statement: statement(1)}
	withdraw, decline := &Joint{Step: Withdraw}, &Joint{Step: Decline}
	for name, c := range map[string]struct {
		play    func(w *world) parley.Ref
		want    JointState
		crossed bool
		late    int
	}{
		"proposed": {play: func(w *world) parley.Ref { return w.write("alder", offer, w.root) }, want: JointOpen},
		"signed, and not read yet": {play: func(w *world) parley.Ref {
			j := w.write("alder", offer, w.root)
			w.open("birch", j)
			w.write("birch", sign, w.root, j)
			return j
		}, want: JointSigned},
		"signed and read": {play: func(w *world) parley.Ref {
			j := w.write("alder", offer, w.root)
			w.open("birch", j)
			w.open("alder", w.write("birch", sign, w.root, j))
			return j
		}, want: JointStands},
		"withdrawn while the other signs": {play: func(w *world) parley.Ref {
			j := w.write("alder", offer, w.root)
			w.open("birch", j)
			w.write("birch", sign, w.root, j)
			w.write("alder", withdraw, w.root, j)
			return j
		}, want: JointWithdrawn, crossed: true},
		"withdrawn while the other signs, and read afterwards": {play: func(w *world) parley.Ref {
			j := w.write("alder", offer, w.root)
			w.open("birch", j)
			s := w.write("birch", sign, w.root, j)
			w.write("alder", withdraw, w.root, j)
			w.open("alder", s)
			return j
		}, want: JointWithdrawn, crossed: true},
		"withdrawn before anybody signs": {play: func(w *world) parley.Ref {
			j := w.write("alder", offer, w.root)
			w.write("alder", withdraw, w.root, j)
			return j
		}, want: JointWithdrawn},
		"withdrawn once it stands": {play: func(w *world) parley.Ref {
			j := w.write("alder", offer, w.root)
			w.open("birch", j)
			w.open("alder", w.write("birch", sign, w.root, j))
			w.write("alder", withdraw, w.root, j)
			w.write("birch", withdraw, w.root, j)
			return j
		}, want: JointStands, late: 2},
		"the signer withdraws without having read the proposal's receipt": {play: func(w *world) parley.Ref {
			j := w.write("alder", offer, w.root)
			w.open("birch", j)
			w.open("alder", w.write("birch", sign, w.root, j))
			w.write("birch", withdraw, w.root, j) // it had read every other signature when it signed
			return j
		}, want: JointStands, late: 1},
		"refused": {play: func(w *world) parley.Ref {
			j := w.write("alder", offer, w.root)
			w.write("birch", decline, w.root, j)
			return j
		}, want: JointRefused},
		"refused and then signed": {play: func(w *world) parley.Ref {
			j := w.write("alder", offer, w.root)
			w.write("birch", decline, w.root, j)
			w.open("birch", j)
			w.open("alder", w.write("birch", sign, w.root, j))
			return j
		}, want: JointRefused, crossed: true},
		"replaced by its writer while the other signs": {play: func(w *world) parley.Ref {
			j := w.write("alder", offer, w.root)
			w.open("birch", j)
			w.write("birch", sign, w.root, j)
			w.write("alder", &Joint{Step: Offer, Statement: statement(2)}, w.root, j)
			return j
		}, want: JointReplaced, crossed: true},
		"another text proposed once it stands": {play: func(w *world) parley.Ref {
			j := w.write("alder", offer, w.root)
			w.open("birch", j)
			w.open("alder", w.write("birch", sign, w.root, j))
			w.write("alder", &Joint{Step: Offer, Statement: statement(2)}, w.root, j)
			return j
		}, want: JointStands, late: 1},
		"signed with other words": {play: func(w *world) parley.Ref {
			j := w.write("alder", offer, w.root)
			w.open("birch", j)
			w.open("alder", w.write("birch", &Joint{Step: Sign, Statement: statement(2)}, w.root, j))
			return j
		}, want: JointOpen},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(1, 2)
			ref := c.play(w)
			w.everyOrder(t, func(t *testing.T, told *Told) {
				i := slices.IndexFunc(told.Joints, func(j *Proposal) bool { return j.Ref == ref })
				if j := told.Joints[i]; j.State != c.want || j.Crossed != c.crossed || len(j.Late) != c.late {
					t.Errorf("it is %s, crossed %v, %d late; want %s, %v, %d", j.State, j.Crossed, len(j.Late), c.want, c.crossed, c.late)
				}
			})
		})
	}
}

// TestUnread: what cannot be read yet may take a signature back, and nobody says
// before it can that the statement stands.
func TestUnread(t *testing.T) {
	offer, sign := &Joint{Step: Offer, Statement: statement(1)}, &Joint{Step: Sign, Statement: statement(1)}
	withdraw, decline := &Joint{Step: Withdraw}, &Joint{Step: Decline}
	for name, c := range map[string]struct {
		play       func(w *world) parley.Ref // which one is read late
		then, late JointState
	}{
		"a withdrawal before the receipt": {func(w *world) parley.Ref {
			j := w.write("alder", offer, w.root)
			w.open("birch", j)
			s := w.write("birch", sign, w.root, j)
			x := w.write("alder", withdraw, w.root, j)
			w.open("alder", s)
			return x
		}, JointSigned, JointWithdrawn},
		"another text in its place, before the receipt": {func(w *world) parley.Ref {
			j := w.write("alder", offer, w.root)
			w.open("birch", j)
			s := w.write("birch", sign, w.root, j)
			x := w.write("alder", offer, w.root, j)
			w.open("alder", s)
			return x
		}, JointSigned, JointReplaced},
		"a refusal before the signature": {func(w *world) parley.Ref {
			j := w.write("alder", offer, w.root)
			w.open("birch", j)
			x := w.write("birch", decline, w.root, j)
			w.open("alder", w.write("birch", sign, w.root, j))
			return x
		}, JointSigned, JointRefused},
		"something else": {func(w *world) parley.Ref {
			x := w.write("alder", &Embargo{Until: 60}, w.root)
			j := w.write("alder", offer, w.root)
			w.open("birch", j)
			w.open("alder", w.write("birch", sign, w.root, j))
			return x
		}, JointSigned, JointStands},
		"a withdrawal once it stands": {func(w *world) parley.Ref {
			j := w.write("alder", offer, w.root)
			w.open("birch", j)
			w.open("alder", w.write("birch", sign, w.root, j))
			return w.write("alder", withdraw, w.root, j)
		}, JointStands, JointStands},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(1, 2)
			ref := c.play(w)
			p := w.codes[ref.Gen[0]-'a']
			read := w.logs[p][ref.Index]
			w.logs[p][ref.Index].Form, w.logs[p][ref.Index].Refs = nil, nil
			w.everyOrder(t, func(t *testing.T, told *Told) {
				j := told.Joints[0]
				if j.State != c.then || (len(j.Unread) == 1) != (c.then == JointSigned) {
					t.Errorf("it is %s before the entry is read, %d unread; want %s", j.State, len(j.Unread), c.then)
				}
			})
			if e := Fold(w.all(), w.of).UnreadOf(w.codes); len(e) != 1 || e[0].Ref != ref {
				t.Errorf("unread: %v", e)
			}
			w.logs[p][ref.Index] = read
			w.everyOrder(t, func(t *testing.T, told *Told) {
				if s := told.Joints[0].State; s != c.late {
					t.Errorf("it is %s when the entry is read, want %s", s, c.late)
				}
			})
		})
	}
}

// TestThreeSign: a statement of three stands when each has read both others.
func TestThreeSign(t *testing.T) {
	w := newWorld(1, 3)
	j := w.write("alder", &Joint{Step: Offer, Statement: statement(1)}, w.root)
	w.open("birch", j)
	b := w.write("birch", &Joint{Step: Sign, Statement: statement(1)}, w.root, j)
	w.open("cedar", j)
	w.open("cedar", b)
	c := w.write("cedar", &Joint{Step: Sign, Statement: statement(1)}, w.root, j)
	w.open("alder", b)
	w.open("alder", c)
	w.everyOrder(t, func(t *testing.T, told *Told) {
		if s := told.Joints[0].State; s != JointSigned {
			t.Errorf("birch has not read cedar's signature, and it is %s", s)
		}
	})
	w.open("birch", c)
	w.everyOrder(t, func(t *testing.T, told *Told) {
		if s := told.Joints[0].State; s != JointStands {
			t.Errorf("all have read all, and it is %s", s)
		}
	})
}

// TestDraftsAreBound: what is shown is what its writer was bound to before it saw
// another's.
func TestDraftsAreBound(t *testing.T) {
	open := func(w *world, r parley.Ref, p parley.PartyCode) *Draft {
		for _, e := range w.logs[p] {
			if e.Ref == r {
				return w.nonces[e.Form.(*Ready).Commitment]
			}
		}
		return nil
	}
	type side struct {
		shown, owes bool
		faults      []Fault
	}
	for name, c := range map[string]struct {
		play         func(w *world)
		alder, birch side
	}{
		"both ready, nobody has shown": {func(w *world) { w.ready("alder", 1); w.ready("birch", 2) }, side{}, side{}},
		"one has shown": {func(w *world) {
			a, b := w.ready("alder", 1), w.ready("birch", 2)
			w.write("alder", open(w, a, "alder"), w.root, a, b)
		}, side{shown: true, faults: []Fault{NoFault}}, side{owes: true}},
		"both have shown": {func(w *world) {
			a, b := w.ready("alder", 1), w.ready("birch", 2)
			w.write("alder", open(w, a, "alder"), w.root, a, b)
			w.write("birch", open(w, b, "birch"), w.root, b, a)
		}, side{shown: true, faults: []Fault{NoFault}}, side{shown: true, faults: []Fault{NoFault}}},
		"one binds itself anew after it has read": {func(w *world) {
			a, b := w.ready("alder", 1), w.ready("birch", 2)
			w.write("alder", open(w, a, "alder"), w.root, a, b)
			late := w.ready("birch", 1)
			w.write("birch", open(w, late, "birch"), w.root, late, a)
		}, side{shown: true, faults: []Fault{NoFault}}, side{owes: true, faults: []Fault{OtherBond}}},
		"bound anew before, crossed, and the one that was named is opened too": {func(w *world) {
			a, b := w.ready("alder", 1), w.ready("birch", 2)
			c := w.ready("birch", 1)
			w.write("alder", open(w, a, "alder"), w.root, a, b)
			w.write("birch", open(w, c, "birch"), w.root, c, a)
			w.write("birch", open(w, b, "birch"), w.root, b, a)
		}, side{shown: true, faults: []Fault{NoFault}}, side{shown: true, faults: []Fault{OtherBond, NoFault}}},
		"another text than the one that it was bound to": {func(w *world) {
			a, b := w.ready("alder", 1), w.ready("birch", 2)
			w.write("alder", open(w, a, "alder"), w.root, a, b)
			d := *open(w, b, "birch")
			d.Statement = *statement(1)
			w.write("birch", &d, w.root, b, a)
		}, side{shown: true, faults: []Fault{NoFault}}, side{owes: true, faults: []Fault{NotBound}}},
		"a copy of the other's commitment opens nothing": {func(w *world) {
			a := w.ready("alder", 1)
			d := open(w, a, "alder")
			b := w.write("birch", &Ready{Commitment: Commitment("alder", d.Nonce, &d.Statement)}, w.root)
			w.write("alder", d, w.root, a, b)
			w.write("birch", d, w.root, b, a)
		}, side{shown: true, faults: []Fault{NoFault}}, side{owes: true, faults: []Fault{NotBound}}},
		"shown before the other is bound": {func(w *world) {
			a := w.ready("alder", 1)
			w.write("alder", open(w, a, "alder"), w.root, a)
		}, side{}, side{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(1, 2)
			c.play(w)
			w.everyOrder(t, func(t *testing.T, told *Told) {
				for p, want := range map[parley.PartyCode]side{"alder": c.alder, "birch": c.birch} {
					s := told.Side(p)
					got := side{shown: s.Shown != nil, owes: s.Owes != nil}
					for _, v := range s.Drafts {
						got.faults = append(got.faults, v.Fault)
					}
					if got.shown != want.shown || got.owes != want.owes || !slices.Equal(got.faults, want.faults) {
						t.Errorf("%s: %+v, want %+v", p, got, want)
					}
				}
			})
		})
	}
}

// TestNamedTwice: on a line of three the two others name two readys of one side. Who
// opens the first of them, whose text was chosen before any draft was there, owes
// nothing more; who opens the second alone owes the first.
func TestNamedTwice(t *testing.T) {
	for name, x := range map[string]struct {
		opens, owes []int // numbers of cedar's readys
	}{
		"none": {owes: []int{0}}, "the first": {opens: []int{0}}, "the second": {opens: []int{1}, owes: []int{0}}, "both": {opens: []int{1, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(1, 3)
			draft := func(p parley.PartyCode, r parley.Ref) *Draft {
				return w.nonces[w.logs[p][r.Index].Form.(*Ready).Commitment]
			}
			a, b := w.ready("alder", 1), w.ready("birch", 1)
			c := []parley.Ref{w.ready("cedar", 1), w.ready("cedar", 2)}
			w.write("alder", draft("alder", a), w.root, a, b, c[0])
			w.write("birch", draft("birch", b), w.root, b, a, c[1])
			for _, i := range x.opens {
				w.write("cedar", draft("cedar", c[i]), w.root, c[i], a, b)
			}
			w.everyOrder(t, func(t *testing.T, told *Told) {
				s := told.Side("cedar")
				if (s.Shown != nil) != (len(x.opens) > 0) || (s.Owes != nil) != (len(x.owes) > 0) || s.Owes != nil && s.Owes.Ref != c[x.owes[0]] {
					t.Errorf("shown %v, owes %+v", s.Shown != nil, s.Owes)
				}
			})
		})
	}
}

// TestLaterVersionsAndRemarks: a later version follows an own draft, a remark is on
// an item that is there.
func TestLaterVersionsAndRemarks(t *testing.T) {
	w := newWorld(1, 2)
	a, b := w.ready("alder", 1), w.ready("birch", 2)
	first := w.write("alder", w.nonces[w.logs["alder"][0].Form.(*Ready).Commitment], w.root, a, b)
	later := w.write("alder", &Draft{Statement: *statement(2)}, w.root, first)
	w.write("birch", &Remark{Item: 2, Text: "we said energy"}, w.root, first)
	w.write("birch", &Remark{Item: 3, Text: "there is none"}, w.root, first)
	w.write("birch", &Draft{Statement: *statement(2)}, w.root, first) // not its own
	w.write("birch", &Draft{Statement: *statement(2)}, w.root, later) // neither
	w.everyOrder(t, func(t *testing.T, told *Told) {
		s := told.Side("alder")
		if len(s.Drafts) != 2 || s.Current.Number != 2 || s.Current.Ref != later || s.Shown.Ref != first {
			t.Errorf("alder's drafts: %+v", s)
		}
		if r := s.Drafts[0].Remarks; len(r) != 1 || r[0].Remark.Item != 2 {
			t.Errorf("remarks %+v", r)
		}
		if n := len(told.Side("birch").Drafts); n != 0 {
			t.Errorf("birch has %d drafts", n)
		}
	})
}

// TestEmbargoes plays how an embargo is agreed, broken, and gone round.
func TestEmbargoes(t *testing.T) {
	at := func(minutes int) uint64 { return uint64(epoch.Add(time.Duration(minutes) * time.Minute).Unix()) }
	until := func(minutes int) *Embargo { return &Embargo{Until: at(minutes)} }
	agree, refuse := &Embargo{Step: Agree}, &Embargo{Step: Refuse}
	publish := func(minutes int) *Published { return &Published{Statement: statement(1), At: at(minutes)} }
	for name, c := range map[string]struct {
		play           func(w *world)
		stands         int // minutes; 0: none
		open           int
		early, crossed bool
	}{
		"proposed":             {play: func(w *world) { w.write("alder", until(60), w.root) }, open: 1},
		"agreed":               {play: func(w *world) { w.write("birch", agree, w.root, w.write("alder", until(60), w.root)) }, stands: 60},
		"refused":              {play: func(w *world) { w.write("birch", refuse, w.root, w.write("alder", until(60), w.root)) }},
		"agreed by its writer": {play: func(w *world) { w.write("alder", agree, w.root, w.write("alder", until(60), w.root)) }, open: 1},
		"taken back, and the agreement crossed": {play: func(w *world) {
			x := w.write("alder", until(60), w.root)
			w.write("birch", agree, w.root, x)
			w.write("alder", refuse, w.root, x)
		}},
		"taken back by one who had read that it was agreed": {play: func(w *world) {
			x := w.write("alder", until(60), w.root)
			w.open("alder", w.write("birch", agree, w.root, x))
			w.write("alder", refuse, w.root, x)
		}, stands: 60},
		"refused by one who had agreed": {play: func(w *world) {
			x := w.write("alder", until(60), w.root)
			w.write("birch", agree, w.root, x)
			w.write("birch", refuse, w.root, x)
		}, stands: 60},
		"moved by both": {play: func(w *world) {
			x := w.write("alder", until(60), w.root)
			w.write("birch", agree, w.root, x)
			w.write("alder", agree, w.root, w.write("birch", until(90), w.root, x))
		}, stands: 90},
		"published early by one who agreed": {play: func(w *world) {
			w.write("birch", agree, w.root, w.write("alder", until(60), w.root))
			w.write("birch", publish(10), w.root)
		}, stands: 60, early: true},
		"published early by one who had read the agreement": {play: func(w *world) {
			w.open("alder", w.write("birch", agree, w.root, w.write("alder", until(60), w.root)))
			w.write("alder", publish(10), w.root)
		}, stands: 60, early: true},
		"published by one who did not know that it was agreed": {play: func(w *world) {
			w.write("birch", agree, w.root, w.write("alder", until(60), w.root))
			w.write("alder", publish(10), w.root)
		}, stands: 60, crossed: true},
		"published afterwards": {play: func(w *world) {
			w.write("birch", agree, w.root, w.write("alder", until(60), w.root))
			w.now = w.now.Add(2 * time.Hour)
			w.write("birch", publish(100), w.root)
		}, stands: 60},
		"said to have been published afterwards, and written before": {play: func(w *world) {
			w.write("birch", agree, w.root, w.write("alder", until(60), w.root))
			w.write("birch", publish(100), w.root)
		}, stands: 60, early: true},
		"published when it was over, and prolonged after that": {play: func(w *world) {
			x := w.write("alder", until(60), w.root)
			w.write("birch", agree, w.root, x)
			w.now = w.now.Add(2 * time.Hour)
			w.write("birch", publish(100), w.root)
			w.now = w.now.Add(time.Hour)
			w.write("alder", agree, w.root, w.write("birch", until(600), w.root, x))
		}, stands: 600},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(1, 2)
			c.play(w)
			w.everyOrder(t, func(t *testing.T, told *Told) {
				l := told.Embargo
				if (l.Standing != nil) != (c.stands > 0) || l.Standing != nil && l.Standing.Embargo.Until != at(c.stands) || len(l.Open) != c.open {
					t.Errorf("standing %+v, %d open", l.Standing, len(l.Open))
				}
				for _, p := range told.Published {
					if (p.Early != nil) != c.early || (p.Crossed != nil) != c.crossed {
						t.Errorf("early %v, crossed %v", p.Early != nil, p.Crossed != nil)
					}
				}
				if (c.early || c.crossed) && len(told.Published) == 0 {
					t.Error("nothing was published")
				}
			})
		})
	}
}

// TestLeavingAnEmbargo: who has not said that it read the agreement may leave alone.
// It is seen beforehand, and afterwards.
func TestLeavingAnEmbargo(t *testing.T) {
	w := newWorld(1, 2)
	at := func(minutes int) uint64 { return uint64(epoch.Add(time.Duration(minutes) * time.Minute).Unix()) }
	x := w.write("alder", &Embargo{Until: at(60)}, w.root)
	w.write("birch", &Embargo{Step: Refuse}, w.root, w.write("alder", &Embargo{Until: at(30)}, w.root))
	agreed := w.write("birch", &Embargo{Step: Agree}, w.root, x)
	w.everyOrder(t, func(t *testing.T, told *Told) {
		if s := told.Embargo.Standing; s == nil || !slices.Equal(s.Loose, []parley.PartyCode{"alder"}) {
			t.Errorf("standing %+v", s)
		}
	})
	kept := len(w.logs["alder"])
	w.open("alder", agreed)
	w.everyOrder(t, func(t *testing.T, told *Told) {
		if s := told.Embargo.Standing; s == nil || len(s.Loose) != 0 {
			t.Errorf("read, and standing is %+v", s)
		}
	})
	w.logs["alder"] = w.logs["alder"][:kept]
	off := w.write("alder", &Embargo{Step: Refuse}, w.root, x)
	w.write("alder", &Published{Statement: statement(1), At: at(10)}, w.root)
	w.write("birch", &Published{Statement: statement(2), At: at(10)}, w.root)
	w.now = w.now.Add(2 * time.Hour)
	w.write("alder", &Published{Statement: statement(3), At: at(100)}, w.root)
	w.everyOrder(t, func(t *testing.T, told *Told) {
		if told.Embargo.Standing != nil {
			t.Error("what was taken back stands")
		}
		for _, x := range told.Embargo.Terms {
			if want := x.Embargo.Until == at(60); (len(x.Left) == 1) != want || want && x.Left[0].Ref != off {
				t.Errorf("until %s: left %+v", x.Until(), x.Left)
			}
		}
		for _, p := range told.Published {
			if want := p.Statement.Equal(statement(1)); (p.Left != nil) != want || p.Early != nil || p.Crossed != nil {
				t.Errorf("%s published at %s: left %v, early %v, crossed %v", p.Party, p.When(), p.Left != nil, p.Early != nil, p.Crossed != nil)
			}
		}
	})
}

// TestTwoLeave: of an embargo that two took back, though all others had agreed, what
// either publishes is shown as that (simulator, seed 500105).
func TestTwoLeave(t *testing.T) {
	w := newWorld(1, 3)
	at := func(minutes int) uint64 { return uint64(epoch.Add(time.Duration(minutes) * time.Minute).Unix()) }
	x := w.write("alder", &Embargo{Until: at(600)}, w.root)
	w.write("birch", &Embargo{Step: Agree}, w.root, x)
	w.write("cedar", &Embargo{Step: Agree}, w.root, x)
	w.write("birch", &Embargo{Step: Refuse}, w.root, x)
	w.write("cedar", &Embargo{Step: Refuse}, w.root, x)
	for i, p := range w.codes {
		w.write(p, &Published{Statement: statement(i), At: at(10)}, w.root)
	}
	w.everyOrder(t, func(t *testing.T, told *Told) {
		if len(told.Embargo.Terms[0].Left) != 2 {
			t.Errorf("it was left by %v", told.Embargo.Terms[0].Left)
		}
		for _, p := range told.Published {
			if (p.Left != nil) != (p.Party != "alder") {
				t.Errorf("%s published: left %t", p.Party, p.Left != nil)
			}
		}
	})
}

// TestHostileReferences: references in circles, forward and to nowhere break
// nothing and count for nothing.
func TestHostileReferences(t *testing.T) {
	w := newWorld(1, 2)
	at := func(n uint64) parley.Ref { return parley.Ref{Gen: parley.GenerationID{'a'}, Index: n} }
	w.write("alder", &Embargo{Until: 60}, w.root, at(1))
	w.write("alder", &Embargo{Until: 60}, w.root, at(0))
	w.write("alder", &Joint{Statement: statement(1)}, w.root, at(3))
	w.write("alder", &Joint{Statement: statement(1)}, w.root, at(2))
	w.write("alder", &Draft{Statement: *statement(1)}, w.root, at(5))
	w.write("alder", &Draft{Statement: *statement(1)}, w.root, at(4))
	w.write("alder", &Draft{Statement: *statement(1)}, w.root, at(6))
	w.write("alder", &Published{Statement: statement(1), At: 60}, w.root, at(7))
	w.write("alder", &Published{Kind: JointStatement, At: 60}, w.root, at(99))
	w.write("alder", &Remark{Text: "x"}, w.root, at(99))
	w.write("alder", &Ready{Commitment: [32]byte{1}}, at(99))
	w.write("birch", &Embargo{Until: 60}, at(0))
	w.everyOrder(t, func(t *testing.T, told *Told) {
		if len(told.Embargo.Terms) != 0 || len(told.Side("alder").Drafts) != 0 || len(told.Published) != 1 || told.Published[0].Corrects != nil {
			t.Errorf("%+v", told)
		}
		for _, j := range told.Joints {
			if j.State == JointStands {
				t.Error("a circle stands")
			}
		}
	})
	foreign := Entry{Ref: at(100), Party: "cedar", Refs: []parley.Ref{w.root}, Form: &Ready{Commitment: [32]byte{1}}}
	drill := Entry{Ref: at(101), Party: "alder", Refs: []parley.Ref{w.root}, Exercise: "DRILL", Form: &Ready{Commitment: [32]byte{1}}}
	if b := Fold([]Entry{foreign, drill}, w.of); len(b.Contacts) != 0 {
		t.Error("what is of no party of the contact, or of an exercise, counts")
	}
}
