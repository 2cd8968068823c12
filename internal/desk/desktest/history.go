package desktest

import (
	"context"
	"strings"
	"time"

	"parley/internal/station"
)

// parts is a text cut where what stands in braces is lit.
func parts(lang, text string) station.LitText {
	t := station.LitText{Language: lang}
	for n, p := range strings.FieldsFunc(strings.ReplaceAll(text, "{", "|{"), func(r rune) bool { return r == '|' || r == '}' }) {
		lit := strings.HasPrefix(p, "{")
		if p = strings.TrimPrefix(p, "{"); p != "" || n == 0 {
			t.Parts = append(t.Parts, station.LitPart{Text: p, Lit: lit})
		}
		if lit {
			t.Lit++
		}
	}
	return t
}

// OurLastReadout is the newest of ours that speaks of the rescue corridor.
const OurLastReadout = ourGen + ":95"

// TopicHistory is what was said in public of the rescue corridor, and notes who
// read it.
func (s *Station) TopicHistory(_ context.Context, by station.Officer, line, topic string) ([]station.PublicStatement, error) {
	s.Lock()
	l, err := s.line(line)
	now := s.Now()
	s.Unlock()
	if err != nil || l.Key != Birch || topic != "Rescue corridor" {
		return nil, err
	}
	if _, err := s.arrange("TopicHistory", by, line, topic); err != nil {
		return nil, err
	}
	both := []string{"alder", "birch"}
	const first = ourGen + ":93"
	return []station.PublicStatement{
		{ID: ourGen + ":81", By: []string{"birch"}, Kind: "clarification", At: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Texts: []station.LitText{parts("", "通道将关闭"+s.nasty(" <i>"))}, Where: "新华社", Waits: []string{"birch"}},
		{ID: ourGen + ":92", Contact: OurCounter, By: both, Ours: true, Kind: "announcement", At: now.Add(-19 * day), Texts: []station.LitText{parts("", "The two leaders will speak this week.")}},
		{ID: first, Contact: OurCounter, By: []string{"alder"}, Ours: true, Kind: "readout", At: now.Add(-12 * day), Where: "https://press.alder.example/214",
			Texts: []station.LitText{parts("en", "The corridor is open to all ships, and neither side will attack the energy and infrastructure along it."), parts("zh", "通道向所有船只开放，任何一方均不攻击沿线的能源和基础设施。")}},
		{ID: theirGen + ":94", Contact: OurCounter, By: []string{"birch"}, Kind: "readout", At: now.Add(-12*day - 2*time.Hour), Early: true,
			Texts: []station.LitText{parts("zh", "双方就救援通道交换意见。通道自2027年1月15日起开放，宽12海里。"+s.nasty("\u202e<b>"))}},
		{ID: OurLastReadout, Contact: AskedOfUs, By: []string{"alder"}, Ours: true, Kind: "readout", At: now.Add(-2 * day), Where: "https://press.alder.example/231",
			Texts:  []station.LitText{parts("en", "The corridor is open to {rescue} ships, and neither side will attack the energy infrastructure along it."), parts("zh", "通道向{救援}船只开放，任何一方均不攻击沿线的能源基础设施。")},
			Before: first, Was: []station.LitText{parts("en", "The corridor is open to {all} ships, and neither side will attack the energy {and} infrastructure along it."), parts("zh", "通道向{所有}船只开放，任何一方均不攻击沿线的能源{和}基础设施。")}},
		{ID: theirGen + ":96", Contact: AskedOfUs, By: both, Ours: true, Kind: "joint", At: now.Add(-day),
			Texts: []station.LitText{parts("en", "The corridor opens on 15 January 2027."), parts("zh", "通道于2027年1月15日开放。")}},
	}, nil
}
