package station
import ("testing";"fmt";"parley/internal/line")
func dump(t testing.TB, h *hand, what string) {
	s := h.e.Status()
	fmt.Printf("== %s %s doubt=%q outbox=%d epoch=%d own=%s\n", what, h.cfg.Party, s.Doubt, s.Outbox, s.Epoch, s.Own)
	for _, l := range s.Logs { fmt.Printf("   %s %s size=%d cur=%v unread=%v seen=%v limit=%d stored=%v\n", l.Party, l.Gen, l.Size, l.Current, l.Unread, l.Seen, l.Limit, l.Stored)
		es,_ := h.l.Entries(l.Gen,0,100); for _,e := range es { fmt.Printf("      %d key=%v faulty=%v %v\n", e.Index, e.Key!=nil, e.Faulty, e.Fault) } }
	_ = line.Tick{}
}
