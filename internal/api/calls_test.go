package api_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"

	"parley"
	"parley/internal/call"
	"parley/internal/station"
	"parley/internal/station/stationtest"
)

// call rings, declines, lifts, joins by a program's own media, is put through,
// writes down what was said, and ends.
func (g *ground) call(is tokens) {
	t, on := g.t, "/lines/"+g.line
	ctx := context.Background()
	var now station.Call
	phase := func(want call.Phase) {
		t.Helper()
		stationtest.Eventually(t, 20*time.Second, "the call is "+string(want), func() bool {
			var all []station.Call
			g.ask(is.watch, "GET", on+"/calls", nil, 200).read(t, &all)
			if len(all) > 0 {
				now = all[0]
			}
			return len(all) > 0 && now.Phase == want
		})
	}
	g.ask(is.watch, "GET", on+"/call", nil, 404)
	g.ask(is.watch, "GET", on+"/call/room", nil, 404)
	g.ask(is.watch, "POST", on+"/call/media", dict{"offer": "v=0"}, 404)
	g.refused(is.translator, on+"/call", dict{}, "may not call the other side")
	g.ask(is.watch, "POST", on+"/call", dict{"medium": "in-person"}, 400)
	var first, again struct{ Item string }
	g.ask(is.watch, "POST", on+"/call", dict{"text": "From a program"}, 200, "Idempotency-Key", "r1").read(t, &first)
	g.ask(is.watch, "POST", on+"/call", dict{"text": "From a program"}, 200, "Idempotency-Key", "r1").read(t, &again)
	if first.Item == "" || first != again {
		t.Errorf("under one key it rang as %q and %q", first.Item, again.Item)
	}
	phase(call.Ringing)
	g.ask(is.watch, "POST", on+"/call/lift", dict{}, 403) // it is ours
	g.ask(is.watch, "POST", on+"/call/hangup", dict{"call": now.ID}, 204)
	phase(call.GivenUp)
	g.ask(is.watch, "GET", on+"/calls/"+now.ID, nil, 200)
	g.ask(is.watch, "GET", on+"/calls/none", nil, 404)

	time.Sleep(1100 * time.Millisecond)
	theirs := func() {
		t.Helper()
		if _, err := g.birch.St.Ring(ctx, g.birch.Watch, g.line, station.RingText{}); err != nil {
			t.Fatal(err)
		}
		phase(call.Ringing)
	}
	theirs()
	g.ask(is.watch, "POST", on+"/call/decline", dict{"reason": "whim"}, 400)
	g.ask(is.watch, "POST", on+"/call/decline", dict{"reason": "not-now"}, 204)
	phase(call.Declined)
	time.Sleep(1100 * time.Millisecond)
	theirs()
	g.refused(is.translator, on+"/call/lift", dict{}, "may not lift")
	g.ask(is.watch, "POST", on+"/call/lift", dict{}, 204)
	phase(call.Running)

	stationtest.Eventually(t, 10*time.Second, "the call begins", func() bool { _, err := g.alder.St.CallRoom(ctx, station.CallSeat{Line: g.line}); return err == nil })
	var room station.CallRoom
	g.ask(is.watch, "GET", on+"/call/room", nil, 200).read(t, &room)
	if room.You != nil {
		t.Errorf("who has not joined has the seat %+v", room.You)
	}
	g.ask(is.envoy, "POST", on+"/call/media", dict{"offer": "v=0"}, 404) // he has not joined
	g.refused(is.translator, on+"/call/join", dict{"name": "X", "role": "principal"}, "may not join as principal")
	g.ask(is.envoy, "POST", on+"/call/join", dict{"role": "king"}, 400)
	g.ask(is.envoy, "POST", on+"/call/join", dict{"name": "Envoy", "role": "principal", "language": "en"}, 200)
	g.ask(is.envoy, "POST", on+"/call/media", dict{"offer": "no offer"}, 400)
	g.ask(is.envoy, "POST", on+"/call/media", dict{"offer": "v=0"}, 501, "Idempotency-Key", "m") // what it answers holds for one connection
	g.speaks(is.envoy)
	g.ask(is.envoy, "GET", on+"/call/room", nil, 200).read(t, &room)
	if room.You == nil || room.You.Name != "Envoy" || !room.You.Device {
		t.Errorf("who has joined and speaks has the seat %+v", room.You)
	}
	g.ask(is.envoy, "POST", on+"/call/do", dict{"do": "mute"}, 204)
	g.ask(is.envoy, "POST", on+"/call/do", dict{"do": "sing"}, 400)
	g.ask(is.watch, "POST", on+"/call/do", dict{"do": "mute"}, 404) // he has not joined
	g.refused(is.translator, on+"/call/side", dict{"do": "ready"}, "may not act for our side")
	g.ask(is.watch, "POST", on+"/call/side", dict{"do": "hold", "what": "x"}, 409)
	g.ask(is.watch, "POST", on+"/call/side", dict{"do": "ready"}, 204)
	g.ask(is.watch, "POST", on+"/call/notes", dict{"text": "Ask about the corridor"}, 204)
	g.refused(is.translator, on+"/call/guests", dict{"name": "X", "role": "listener"}, "may not make a link")
	g.ask(is.watch, "POST", on+"/call/guests", dict{"name": "", "role": "listener"}, 400)
	var link struct{ Path string }
	g.ask(is.watch, "POST", on+"/call/guests", dict{"name": "A guest", "role": "listener"}, 200).read(t, &link)
	if _, err := g.alder.St.JoinAsGuest(ctx, strings.TrimPrefix(link.Path, "/call/")); err != nil {
		t.Errorf("the link %q: %v", link.Path, err)
	}
	g.wording(is, &now)
	g.beside(is)
	g.ask(is.watch, "POST", on+"/call/hangup", dict{}, 204)
	phase(call.Over)
	taped := on + "/calls/" + now.ID + "/recordings"
	g.ask(is.watch, "GET", taped, nil, 200)
	g.ask(is.watch, "GET", on+"/calls/none/recordings", nil, 404)
	g.ask(is.watch, "GET", taped+"/1", nil, 403)
	g.ask(is.envoy, "GET", taped+"/1", nil, 404)
	g.ask(is.envoy, "GET", taped+"/x", nil, 404)
	g.refused(is.envoy, taped+"/1/delete", dict{}, "may not delete a recording")
	g.ask(is.admin, "POST", taped+"/1/delete", dict{}, 404)
	g.recordings(is, on+"/calls/taped/recordings/")
	g.ask(is.watch, "GET", on+"/call/room", nil, 404)
}

// tapes is a station that has recorded a call, though none was: of its files 1 is
// whole, and 2 is not what the record says.
type tapes struct{ *station.Station }

const tapedVoice = "OggS, as it was said"

func (s tapes) PlayRecording(ctx context.Context, by station.Officer, line, id string, file uint64, to func(station.CallVoice, string) io.Writer) error {
	if id != "taped" {
		return s.Station.PlayRecording(ctx, by, line, id, file, to)
	}
	w := to(station.CallVoice{File: file, Media: "audio/ogg", Bytes: uint64(len(tapedVoice)) * file, Sum: fmt.Sprintf("%x", sha256.Sum256([]byte(tapedVoice)))}, ".opus")
	if _, err := io.WriteString(w, tapedVoice); err != nil || file == 1 {
		return err
	}
	return parley.Errorf(parley.Corrupt, "file %d is not what was recorded", file)
}

func (s tapes) DeleteRecording(ctx context.Context, by station.Officer, line, id string, file uint64) error {
	if id != "taped" {
		return s.Station.DeleteRecording(ctx, by, line, id, file)
	}
	return nil
}

// recordings fetches one with the hash that the record has, finds another cut off, and
// deletes it.
func (g *ground) recordings(is tokens, at string) {
	t := g.t
	got := g.ask(is.envoy, "GET", at+"1", nil, 200)
	sum := sha256.Sum256([]byte(tapedVoice))
	if string(got.body) != tapedVoice || got.Header.Get("Content-Type") != "audio/ogg" || got.Header.Get("Repr-Digest") != "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":" {
		t.Errorf("a recording comes as %q with %v", got.body, got.Header)
	}
	r, err := http.NewRequest("GET", g.srv.URL+"/api/v1"+at+"2", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+is.envoy)
	res, err := http.DefaultClient.Do(r)
	if err == nil {
		var b []byte
		b, err = io.ReadAll(res.Body)
		res.Body.Close()
		if err == nil {
			t.Errorf("what is not the recording comes whole: %q", b)
		}
	}
	g.ask(is.admin, "POST", at+"2/delete", dict{}, 204)
}

// beside keeps what stands beside interpreters: terms, and a script.
func (g *ground) beside(is tokens) {
	t, on := g.t, "/lines/"+g.line
	l, err := g.alder.St.Line(t.Context(), g.line)
	if err != nil {
		t.Fatal(err)
	}
	tongue := l.Us.Languages[0]
	words := func(text string) (out []dict) {
		for _, p := range append(l.Them, l.Us) {
			if x := p.Languages[0]; len(out) == 0 || out[0]["language"] != x {
				out = append(out, dict{"language": x, "text": text})
			}
		}
		return out
	}
	g.refused(is.principal, on+"/glossary", dict{"words": words("barge")}, "may not add to the glossary")
	g.ask(is.translator, "POST", on+"/glossary", dict{"words": []dict{}}, 400)
	g.ask(is.watch, "POST", on+"/glossary", dict{"words": words("barge"), "note": "flat"}, 204)
	g.ask(is.translator, "POST", on+"/glossary", dict{"words": words("barge")}, 409)
	var terms []station.GlossaryTerm
	g.ask(is.watch, "GET", on+"/glossary", nil, 200).read(t, &terms)
	if len(terms) != 1 || terms[0].Note != "flat" || terms[0].Checker != "" {
		t.Fatalf("the glossary is %+v", terms)
	}
	at := fmt.Sprintf("%s/glossary/%d", on, terms[0].ID)
	g.refused(is.watch, at+"/check", nil, "may not check a term")
	g.ask(is.translator, "POST", at+"/check", nil, 204)
	var added struct{ Added int }
	table := tongue + "\nbarge\nferry\n"
	for _, x := range words("") {
		if x["language"] != tongue {
			table = fmt.Sprintf("%s,%s\nbarge,barge\nferry,ferry\n", tongue, x["language"])
		}
	}
	g.ask(is.translator, "POST", on+"/glossary/import", dict{"table": "colour\nred\n"}, 400)
	g.ask(is.translator, "POST", on+"/glossary/import", dict{"table": table}, 200).read(t, &added)
	if added.Added != 1 {
		t.Errorf("%d terms were added", added.Added)
	}
	g.refused(is.translator, fmt.Sprintf("%s/glossary/%d/check", on, terms[0].ID+1), nil, "another than who wrote a term")
	if csv := string(g.ask(is.watch, "GET", on+"/glossary.csv", nil, 200).body); !strings.Contains(csv, "written by,checked by,checked on") || !strings.Contains(csv, "ferry") {
		t.Errorf("the table is %q", csv)
	}
	g.ask(is.translator, "POST", at+"/remove", nil, 204)
	g.ask(is.translator, "POST", at+"/remove", nil, 404)
	g.refused(is.admin, on+"/script", dict{"text": "First the corridor."}, "may not pass a script")
	g.ask(is.envoy, "POST", on+"/script", dict{"text": ""}, 400)
	g.ask(is.envoy, "POST", on+"/script", dict{"text": "First the corridor."}, 204)
	var script []station.CallScript
	g.ask(is.translator, "GET", on+"/script", nil, 200).read(t, &script)
	if len(script) != 1 || script[0].Text != "First the corridor." {
		t.Errorf("the script is %+v", script)
	}
	g.ask(is.admin, "GET", on+"/script", nil, 403)
	g.ask(is.envoy, "POST", on+"/script/0/remove", nil, 204)
	g.ask(is.envoy, "POST", on+"/script/0/remove", nil, 404)
}

// wording writes down what was said, and confirms what the other side writes.
func (g *ground) wording(is tokens, now *station.Call) {
	t, on := g.t, "/lines/"+g.line
	l, err := g.alder.St.Line(t.Context(), g.line)
	if err != nil {
		t.Fatal(err)
	}
	var texts []station.SaidText
	for _, p := range append(l.Them, l.Us) {
		if x := p.Languages[0]; len(texts) == 0 || texts[0].Language != x {
			texts = append(texts, station.SaidText{Language: x, Text: "The line stays open."})
		}
	}
	g.ask(is.envoy, "POST", on+"/wordings", dict{"texts": []dict{}}, 400)
	g.ask(is.envoy, "POST", on+"/wordings", dict{"texts": texts}, 200)
	if _, err := g.birch.St.WriteWording(t.Context(), g.birch.Envoy, g.line, "", texts, ""); err != nil {
		t.Fatal(err)
	}
	var theirs string
	stationtest.Eventually(t, 20*time.Second, "both wordings are here", func() bool {
		g.ask(is.watch, "GET", on+"/call", nil, 200).read(t, now)
		for _, w := range now.Wordings {
			if w.By == "birch" {
				theirs = w.ID
			}
		}
		return len(now.Wordings) == 2 && theirs != ""
	})
	g.refused(is.watch, on+"/wordings/"+theirs, dict{"step": "confirm"}, "may not confirm a wording")
	g.ask(is.envoy, "POST", on+"/wordings/"+theirs, dict{"step": "like"}, 400)
	g.ask(is.envoy, "POST", on+"/wordings/"+theirs, dict{"step": "confirm"}, 204)
	g.ask(is.envoy, "POST", on+"/call/disputes", dict{"language": "en", "heard": "We will stop", "meant": "We may stop"}, 200)
	g.ask(is.envoy, "POST", on+"/call/disputes", dict{"language": "en", "heard": ""}, 400)
}

// speaks connects a program that has a microphone and an ear, until the media of
// the station answer it.
func (g *ground) speaks(token string) {
	g.t.Helper()
	var e webrtc.SettingEngine
	e.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(e)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { pc.GracefulClose() })
	up := make(chan struct{})
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			close(up)
		}
	})
	mic, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "mic", "mine")
	if err == nil {
		_, err = pc.AddTransceiverFromTrack(mic)
	}
	if err != nil {
		g.t.Fatal(err)
	}
	o, err := pc.CreateOffer(nil)
	if err == nil {
		gathered := webrtc.GatheringCompletePromise(pc)
		err = pc.SetLocalDescription(o)
		<-gathered
	}
	if err != nil {
		g.t.Fatal(err)
	}
	var sdp struct{ Answer string }
	g.ask(token, http.MethodPost, "/lines/"+g.line+"/call/media", dict{"offer": pc.LocalDescription().SDP}, 200).read(g.t, &sdp)
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp.Answer}); err != nil {
		g.t.Fatal(err)
	}
	select {
	case <-up:
	case <-time.After(20 * time.Second):
		g.t.Fatal("the program is not connected")
	}
}
