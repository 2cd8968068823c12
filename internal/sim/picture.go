package sim

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/template"
)

//go:embed page
var page embed.FS

// pageEvent is an event as the page plays it.
type pageEvent struct {
	At   int64             `json:"at"` // milliseconds
	What string            `json:"what"`
	Who  string            `json:"who,omitempty"`
	Whom string            `json:"whom,omitempty"`
	Kind string            `json:"kind,omitempty"`
	Code string            `json:"code,omitempty"`
	Ref  string            `json:"ref,omitempty"`
	Text string            `json:"text"`
	Size map[string]uint64 `json:"size,omitempty"`
}

// WritePicture writes one page that plays a run, which must have kept its story.
// It needs nothing but itself, and its policy lets it load nothing else.
func WritePicture(w io.Writer, r *Result) error {
	var d struct {
		Parties []string    `json:"parties"`
		Cables  int         `json:"cables"`
		Most    uint64      `json:"most"` // the longest log
		Events  []pageEvent `json:"events"`
	}
	parties := r.Plan.Parties
	if r.Counts.Joined > 0 {
		parties++
	}
	for _, c := range codes[:parties] {
		d.Parties = append(d.Parties, string(c))
	}
	d.Cables, d.Most = r.Plan.Cables, 1
	for _, e := range r.Story {
		x := pageEvent{At: e.At.Milliseconds(), What: e.What, Who: string(e.Who), Whom: string(e.Whom), Kind: e.Kind, Text: strings.TrimSpace(e.Text), Size: e.Size}
		if e.What == "alarm" {
			x.Code, x.Ref = e.Kind, e.Log
		}
		for _, n := range e.Size {
			d.Most = max(d.Most, n)
		}
		if e.What != "state" && e.What != "refusal" {
			d.Events = append(d.Events, x)
		}
	}
	data, err := json.Marshal(&d) // escapes <, > and &, so that it cannot end its element
	if err != nil {
		return err
	}
	read := func(name string) string { b := check(page.ReadFile("page/" + name)); return string(b) }
	style, script := read("player.css"), read("player.js")
	t, err := template.New("page").Parse(read("page.html"))
	if err != nil {
		return err
	}
	end := "Every promise was kept."
	if r.Broken != nil {
		end = "BROKEN: " + r.Broken.Error()
	}
	return t.Execute(w, map[string]string{
		"Title":  fmt.Sprintf("A simulated line, seed %d", r.Plan.Seed),
		"Sub":    escape(fmt.Sprintf("%d stations, %d faults in %.0f hours of virtual time. %s", r.Plan.Parties, faultsIn(r.Plan), r.Counts.Hours, end)),
		"Style":  style,
		"Script": script, "Data": string(data),
		"StyleHash": policyHash(style), "ScriptHash": policyHash(script),
	})
}

func faultsIn(p *Plan) (n int) {
	for _, a := range p.Acts {
		if a.Kind.Fault() {
			n++
		}
	}
	return n
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func policyHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
