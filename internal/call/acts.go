package call

import (
	"slices"
	"time"

	"parley"
	"parley/internal/contact"
	"parley/internal/form"
)

// Acts of our own side. Each makes the next half; errors leave it as it was.

// Enter puts somebody on the call: at the watch's end, or where the floor is once
// our side is put through, and the lobby before. It returns his number.
func (r *Room) Enter(p Person) (uint64, error) {
	if len(r.own.People) >= MaxPeople {
		return 0, parley.Errorf(parley.Quota, "there are %d people of our side on the call, and no more can be", MaxPeople)
	}
	if err := p.CheckNames(); err != nil {
		return 0, err
	}
	r.nextID++
	p.ID, p.Booth, p.OnAir = r.nextID, "", false
	if p.Place != Watch {
		p.Place = Floor
	}
	if err := r.try(func() {
		p.Since = r.own.Number
		r.own.People = append(r.own.People, p)
	}); err != nil {
		return 0, err
	}
	return p.ID, nil
}

// CheckNames refuses a name, a title or a language that none can have.
func (p *Person) CheckNames() error {
	if err := firstError(form.CheckLine("the name", p.Name, maxName), form.CheckOptionalLine("the title", p.Title, maxName)); err != nil || p.Tongue == "" {
		return err
	}
	return form.CheckLanguage("the language", p.Tongue)
}

// try does one change of our own half, unless the half would be one that others
// refuse.
func (r *Room) try(f func()) error {
	was := r.own.clone()
	r.change(f)
	err := r.own.check()
	if n := len(r.own.Encode()); err == nil && n > maxHalf-roomForSeen {
		err = parley.Errorf(parley.Quota, "our half of the call would have %d bytes, and at most %d are allowed", n, maxHalf-roomForSeen).WithHint("shorter names and titles, or fewer people")
	}
	if err != nil {
		r.own, r.state = was, nil
	}
	return err
}

// roomForSeen is what Say adds at most, in bytes.
const roomForSeen = 1 << 10

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Leave takes somebody off the call.
func (r *Room) Leave(id uint64) error {
	return r.with(id, func(p *Person) {
		r.relieve(p)
		r.own.People = slices.DeleteFunc(r.own.People, func(p Person) bool { return p.ID == id })
		r.own.Signals = slices.DeleteFunc(r.own.Signals, func(s Signal) bool { return s.Person == id })
	})
}

func (r *Room) with(id uint64, f func(*Person)) error {
	if r.own.Person(id) == nil {
		return parley.Errorf(parley.NotFound, "nobody of that number is on the call")
	}
	return r.try(func() { f(r.own.Person(id)) })
}

// Wire gives somebody the voice and the picture of his desk or telephone, or says
// that he has none now (away). An interpreter who is away is relieved in his booth.
func (r *Room) Wire(id, voice, picture uint64, phone, away bool) error {
	return r.with(id, func(p *Person) {
		p.Voice, p.Picture, p.Phone, p.Away = voice, picture, phone, away
		if away {
			r.relieve(p)
		}
	})
}

// relieve puts a partner of ours on the air where an interpreter goes in
// mid-sentence, if one sits in the booth.
func (r *Room) relieve(gone *Person) {
	if !gone.OnAir {
		return
	}
	for i := range r.own.People {
		if q := &r.own.People[i]; q.ID != gone.ID && q.Booth == gone.Booth && !q.Away && q.Voice != 0 {
			q.OnAir, gone.OnAir = true, false
			return
		}
	}
}

// Mute mutes somebody, or lets him be heard.
func (r *Room) Mute(id uint64, muted bool) error {
	return r.with(id, func(p *Person) { p.Muted = muted })
}

// Cast gives somebody another role. Anybody can become interpreter in a running
// call. Who becomes something else leaves his booth.
func (r *Room) Cast(id uint64, role contact.Role, tongue string) error {
	if role > contact.Listener {
		return refuse("there is no role %d", role)
	}
	if tongue != "" {
		if err := form.CheckLanguage("the language", tongue); err != nil {
			return err
		}
	}
	return r.with(id, func(p *Person) {
		p.Role = role
		if tongue != "" {
			p.Tongue = tongue
		}
		if role != contact.Interpreter {
			p.Booth, p.OnAir = "", false
		}
	})
}

// StepAside takes somebody to our side room, or back.
func (r *Room) StepAside(id uint64, aside bool) error {
	p := r.own.Person(id)
	switch {
	case p == nil:
	case p.Place == Watch:
		return parley.Errorf(parley.NotAllowed, "the watch stays at its end of the call")
	case !r.own.Through:
		return parley.Errorf(parley.Conflict, "nobody is put through yet: our side is among itself").WithHint("the side room is for a call that runs")
	}
	return r.with(id, func(p *Person) {
		p.Place = Floor
		if aside {
			p.Place = Aside
		}
	})
}

// TakeBooth takes an interpreter into the booth of a language; "" takes him out of
// it. Who finds nobody of our side on the air there is on the air.
func (r *Room) TakeBooth(id uint64, tongue string) error {
	p := r.own.Person(id)
	if p != nil && tongue != "" {
		if p.Role != contact.Interpreter {
			return parley.Errorf(parley.NotAllowed, "only an interpreter takes a booth").WithHint("become interpreter first")
		}
		if r.own.Mode != contact.Simultaneous {
			return parley.Errorf(parley.Conflict, "the call is not interpreted simultaneously").WithHint("change the way of interpreting first")
		}
		if err := form.CheckLanguage("the booth's language", tongue); err != nil {
			return err
		}
	}
	return r.with(id, func(p *Person) {
		p.Booth, p.OnAir = tongue, tongue != "" && !r.onAir(tongue, id)
	})
}

func (r *Room) onAir(tongue string, but uint64) bool {
	return slices.ContainsFunc(r.own.People, func(p Person) bool { return p.ID != but && p.Booth == tongue && p.OnAir })
}

// GoOnAir hands a booth over to somebody who is in it: from one half to the next
// one voice takes the place of the other, without a gap.
func (r *Room) GoOnAir(id uint64) error {
	if p := r.own.Person(id); p != nil && p.Booth == "" {
		return parley.Errorf(parley.Conflict, "you are in no booth").WithHint("take a booth first")
	}
	return r.with(id, func(p *Person) {
		for i := range r.own.People {
			if q := &r.own.People[i]; q.Booth == p.Booth {
				q.OnAir = q.ID == id
			}
		}
	})
}

// Interpret changes how the call is interpreted on our side.
func (r *Room) Interpret(mode contact.Interpreting) error {
	if mode > contact.Simultaneous {
		return refuse("there is no way of interpreting %d", mode)
	}
	r.change(func() {
		r.own.Mode = mode
		for i := range r.own.People {
			if mode != contact.Simultaneous {
				r.own.People[i].Booth, r.own.People[i].OnAir = "", false
			}
		}
	})
	return nil
}

// SetReady says that our side is ready to be put through, or is not yet.
func (r *Room) SetReady(ready bool) error {
	if r.own.Through {
		return parley.Errorf(parley.Conflict, "both sides are put through already")
	}
	if ready && !slices.ContainsFunc(r.own.People, func(p Person) bool { return p.Place == Floor && Speaks(p.Role) && !p.Away }) {
		return parley.Errorf(parley.Conflict, "nobody of our side who speaks is in the lobby").WithHint("the principal, or somebody in his place, joins first")
	}
	r.change(func() { r.own.Ready = ready })
	return nil
}

// Consult puts our side on hold: its people hear one another and nobody else, and
// nobody else hears them. An empty reason ends it.
func (r *Room) Consult(reason string) error {
	if !r.own.Through {
		return parley.Errorf(parley.Conflict, "nobody is put through yet: our side is among itself")
	}
	if err := form.CheckOptionalLine("the reason", reason, maxReason); err != nil {
		return err
	}
	r.change(func() { r.own.Hold = reason })
	return nil
}

// TakeTurn gives the floor to somebody of our side; 0 gives it up. Somebody of
// another side loses it with that: the light shows whose turn it is, it does not
// silence anybody.
func (r *Room) TakeTurn(id uint64, now time.Time) error {
	p := r.own.Person(id)
	if id != 0 && (p == nil || !Speaks(p.Role) || p.Place == Watch) {
		return parley.Errorf(parley.NotAllowed, "the floor is for who speaks on the call")
	}
	n, _ := r.State().claims()
	r.change(func() {
		r.own.Turn = Turn{Number: n + 1, Person: id, At: millis(r.at(now))}
		r.own.Signals = slices.DeleteFunc(r.own.Signals, func(s Signal) bool { return s.Kind == AskFloor && s.Person == id })
	})
	return nil
}

// Ask asks something of everybody: that it be said again, or slower, that the
// sound is too poor, or for the floor.
func (r *Room) Ask(id, kind uint64) error {
	if kind > AskFloor {
		return refuse("there is no signal %d", kind)
	}
	return r.with(id, func(p *Person) {
		r.own.Signals = slices.DeleteFunc(r.own.Signals, func(s Signal) bool { return s.Kind == kind && s.Person == id })
		r.own.Signals = append(r.own.Signals, Signal{Number: r.own.Number, Kind: kind, Person: id})
		if n := len(r.own.Signals) + 1; n > MaxSignals { // with the one that names the call
			r.own.Signals = slices.Delete(r.own.Signals, 0, n-MaxSignals)
		}
	})
}

// Spoke counts for how long a person of our side has spoken.
func (r *Room) Spoke(id uint64, d time.Duration) {
	p := r.own.Person(id)
	if p == nil || p.Tongue == "" || d <= 0 {
		return
	}
	r.state = nil
	tongue := p.Tongue
	if p.Booth != "" {
		tongue = p.Booth
	}
	for i := range r.own.Talk {
		if r.own.Talk[i].Tongue == tongue {
			r.own.Talk[i].Millis += uint64(d.Milliseconds())
			return
		}
	}
	if len(r.own.Talk) < MaxTalk {
		r.own.Talk = append(r.own.Talk, Talk{Tongue: tongue, Millis: uint64(d.Milliseconds())})
	}
}
