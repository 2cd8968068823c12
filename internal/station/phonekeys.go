package station

import (
	"sync"
	"time"

	"parley/internal/call"
	"parley/internal/call/pace"
	"parley/internal/call/sip"
)

const (
	starFor  = 5 * time.Second // for how long a star waits for the key that it leads
	keyRate  = 4.0             // keys a second: nobody presses more
	keyBurst = 10.0            // and each is told to the other side
)

// phoneKeys is what the keys of somebody who is on a call by telephone do; each is
// answered by a tone. What comes faster than anybody presses is passed over.
//
//	0..9      hear the floor, the booth of the first, second... language of the line
//	#         mute, and be heard again
//	* 1..9    take the booth of that language; again: go on the air in it
//	* 0       leave the booth
//	* *       ask that it be said again
type phoneKeys struct {
	c  *liveCall
	id uint64

	mu   sync.Mutex // keys come with the voice and with SIP
	rate pace.Bucket
	star time.Time // when a star was pressed that leads the next key
}

// press does what a key says, and returns how it is answered.
func (k *phoneKeys) press(key byte, now time.Time) sip.Sound {
	k.mu.Lock()
	if !k.rate.Take(1, keyRate, keyBurst, now) {
		k.mu.Unlock()
		return nil
	}
	led := !k.star.IsZero() && now.Sub(k.star) <= starFor
	k.star = time.Time{}
	if key == '*' && !led {
		k.star = now
	}
	k.mu.Unlock()
	switch {
	case key == '*' && !led:
		return nil // the next key is answered
	case key == '*':
		return k.act(func(r *call.Room) (sip.Sound, error) { return sip.Done, r.Ask(k.id, call.SayAgain) })
	case key == '#' && !led:
		return k.act(k.mute)
	case key < '0' || key > '9':
		return sip.Refused
	}
	tongue, ok := k.tongue(key)
	switch {
	case !ok:
		return sip.Refused
	case led:
		return k.act(func(r *call.Room) (sip.Sound, error) { return k.booth(r, tongue) })
	}
	k.c.x.Choose(k.id, tongue)
	return sip.Done
}

// tongue is the language of a key; "" of 0.
func (k *phoneKeys) tongue(key byte) (string, bool) {
	n, all := int(key-'0'), k.c.line.tongues()
	if n == 0 {
		return "", true
	}
	if n > len(all) {
		return "", false
	}
	return all[n-1], true
}

// act does something on the call, and says how it is answered.
func (k *phoneKeys) act(do func(r *call.Room) (sip.Sound, error)) (said sip.Sound) {
	if err := k.c.x.Do(func(r *call.Room) (err error) { said, err = do(r); return err }); err != nil {
		return sip.Refused
	}
	return said
}

func (k *phoneKeys) own(r *call.Room) call.Person {
	if p := r.State().Halves[k.c.line.us].Person(k.id); p != nil {
		return *p
	}
	return call.Person{} // he has left: what is done refuses itself
}

func (k *phoneKeys) mute(r *call.Room) (sip.Sound, error) {
	if k.own(r).Muted {
		return sip.Unmuted, r.Mute(k.id, false)
	}
	return sip.Muted, r.Mute(k.id, true)
}

// booth takes the booth of a language, or goes on the air in it where he is in it
// already; "" leaves.
func (k *phoneKeys) booth(r *call.Room, tongue string) (sip.Sound, error) {
	if p := k.own(r); tongue != "" && p.Booth == tongue {
		return sip.Taken, r.GoOnAir(k.id)
	}
	if err := r.TakeBooth(k.id, tongue); err != nil || tongue == "" {
		return sip.Left, err
	}
	if !k.own(r).OnAir {
		return sip.Waiting, nil
	}
	return sip.Taken, nil
}
