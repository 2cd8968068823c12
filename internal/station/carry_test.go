package station

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/internal/form"
	"parley/internal/line"
	"parley/internal/wire"
)

func bytesOut(p *party, line string) map[string]uint64 {
	out := map[string]uint64{}
	for _, x := range p.line(line).Paths {
		out[x.Name] = x.BytesOut
	}
	return out
}

// cutUpload has take read a file that is sent over HTTP, of which half comes before the
// connection ends.
func cutUpload(t *testing.T, take func(io.Reader) error) error {
	t.Helper()
	got := make(chan error, 1)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- take(r.Body) }))
	defer s.Close()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"+strings.Repeat("x", 500))
	c.Close()
	return <-got
}

// TestFlashGoesOnEveryPath sends texts that do not compress, and looks where
// they went.
func TestFlashGoesOnEveryPath(t *testing.T) {
	t.Parallel()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	eventually(t, 10*time.Second, "two paths", func() bool { return len(a.line(line).Paths) == 2 })
	rng := rand.New(rand.NewPCG(1, 1))
	noise := func() string {
		var s strings.Builder
		for range 30000 {
			s.WriteByte(byte('!' + rng.IntN(90)))
		}
		return s.String()
	}
	for _, c := range []struct {
		precedence string
		paths      int
	}{{"FLASH", 2}, {"IMMEDIATE", 2}, {"ROUTINE", 1}} {
		before := bytesOut(a, line)
		d, err := a.st.SaveDraft(context.Background(), a.envoy, Draft{Line: line, To: []string{"birch/envoy"}, Subject: c.precedence, Text: noise(), Precedence: c.precedence, Marker: "WARNING", Reason: "test"})
		if err != nil {
			t.Fatal(err)
		}
		if d, err = a.st.Submit(context.Background(), a.envoy, d.ID); err != nil {
			t.Fatal(err)
		}
		id, err := a.st.Release(context.Background(), a.chief, d.ID, d.Version, c.precedence)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, 10*time.Second, "stored", func() bool { return !a.step(line, id, parley.Stored).At.IsZero() })
		time.Sleep(300 * time.Millisecond)
		carried := 0
		for name, n := range bytesOut(a, line) {
			if n-before[name] > 20000 {
				carried++
			}
		}
		if carried != c.paths {
			t.Errorf("%s went on %d paths, want %d", c.precedence, carried, c.paths)
		}
	}
}

// TestAttachmentIsCarriedThroughOutages attaches a file, pulls the cables while
// it is on its way, and reads it at the other side, bit for bit.
func TestAttachmentIsCarriedThroughOutages(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	file := make([]byte, 9<<20+17)
	rng := rand.New(rand.NewPCG(2, 2))
	for i := range file {
		file[i] = byte(rng.Uint32())
	}
	d, err := a.st.SaveDraft(ctx, a.envoy, Draft{Line: line, To: []string{"birch/envoy"}, Subject: "chart", Text: "see the chart", Precedence: "PRIORITY", Marker: "INFORMATION"})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"../chart.png", "", "a/b"} {
		if _, err := a.st.Attach(ctx, a.envoy, d.ID, bad, "image/png", bytes.NewReader(nil)); err == nil {
			t.Errorf("a file named %q was taken", bad)
		}
	}
	if d, err = a.st.Attach(ctx, a.envoy, d.ID, "chart.png", "image/png", bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	if _, err := a.st.Attach(ctx, a.envoy, d.ID, "big.bin", "application/octet-stream", io.LimitReader(zeros{}, maxAttachment+1)); parley.KindOf(err) != parley.Oversize {
		t.Errorf("one byte over the bound: %v", err)
	}
	if err := cutUpload(t, func(r io.Reader) error {
		_, err := a.st.Attach(ctx, a.envoy, d.ID, "half.bin", "application/octet-stream", r)
		return err
	}); parley.KindOf(err) != parley.Malformed || err == nil {
		t.Errorf("half of a file, whose sender was cut off: %v", err)
	}
	if now, err := a.st.Draft(ctx, a.envoy, d.ID); err != nil || len(now.Attachments) != 1 {
		t.Errorf("the draft has %v, %v; want the chart alone", now.Attachments, err)
	}
	id, err := a.st.Release(ctx, a.chief, d.ID, d.Version, "PRIORITY")
	if parley.KindOf(err) == parley.NotFound { // not submitted: only its drafter sees it
		if d, err = a.st.Submit(ctx, a.envoy, d.ID); err != nil {
			t.Fatal(err)
		}
		id, err = a.st.Release(ctx, a.chief, d.ID, d.Version, "PRIORITY")
	}
	if err != nil {
		t.Fatal(err)
	}
	b.waitFor(line, "chart")
	for range 3 {
		time.Sleep(50 * time.Millisecond)
		cut(true, a, b)
		time.Sleep(300 * time.Millisecond)
		cut(false, a, b)
	}
	b.halt() // and a restart in the middle
	b.start()
	it := b.waitFor(line, "chart")
	eventually(t, 60*time.Second, "the attachment is whole", func() bool {
		it, _ = b.got(line, "chart")
		return len(it.Attachments) == 1 && it.Attachments[0].Held
	})
	name, mt, r, err := b.st.Attachment(ctx, b.watch, line, it.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, file) || name != "chart.png" || mt != "image/png" {
		t.Errorf("got %d bytes of %q (%s), %v", len(got), name, mt, err)
	}
	eventually(t, 20*time.Second, "alder knows that it is there", func() bool {
		x, err := a.st.Item(ctx, line, id)
		return err == nil && len(x.Attachments) == 1 && x.Attachments[0].Theirs
	})
	a.halt() // what was said on record holds over a restart
	a.start()
	eventually(t, 20*time.Second, "alder knows it after a restart", func() bool {
		x, err := a.st.Item(ctx, line, id)
		return err == nil && x.Attachments[0].Theirs
	})

	// Birch was killed after the last byte and before it looked at them.
	b.halt()
	whole := filepath.Join(b.dir, blobsDir, line, it.Attachments[0].Hash)
	if err := os.Rename(whole, whole+".part"); err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(whole + ".part")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(whole+".size", []byte(strconv.FormatInt(fi.Size(), 10)), 0o600); err != nil {
		t.Fatal(err)
	}
	b.start()
	eventually(t, 20*time.Second, "the attachment is whole again", func() bool {
		it, _ = b.got(line, "chart")
		return it.Attachments[0].Held
	})
	time.Sleep(500 * time.Millisecond)
	pg, err := b.st.Record(ctx, line, Filter{Form: "attachments"})
	if n := len(pg.Settled) + len(pg.Unsettled); err != nil || n != 1 {
		t.Errorf("birch has said %d times that it holds the attachment, %v", n, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestFormOfANewerPeerIsKept sends a form that this version does not know.
func TestFormOfANewerPeerIsKept(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	l, err := a.st.lineOf(id)
	if err != nil {
		t.Fatal(err)
	}
	h := &form.Header{Form: "callrequest2", From: parley.Envoy, To: []parley.Address{{Party: "birch", Office: parley.Envoy}}, Language: "en"}
	fields := wire.Encode(map[uint64]any{1: "a leaders' call", 2: []any{uint64(1), "two"}})
	if _, err := l.runner.File(ctx, line.Filed{At: time.Now().UnixMilli(), Header: form.EncodeHeader(h), Fields: fields}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "birch shows it as unknown", func() bool {
		pg, err := b.st.Record(ctx, id, Filter{Form: "callrequest2"})
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range append(pg.Settled, pg.Unsettled...) {
			if !it.Known && !it.Unreadable && len(it.Fields) > 0 {
				return true
			}
		}
		return false
	})
	a.send(id, "birch", "and the line goes on", "ROUTINE", "INFORMATION")
	b.waitFor(id, "and the line goes on")
}

// TestLeavingIsOnTheRecord lets alder leave: the other side reads it.
func TestLeavingIsOnTheRecord(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	id := pairAll(t, a, b)
	if err := a.st.Leave(ctx, a.watch, id, "no"); parley.KindOf(err) != parley.NotAllowed {
		t.Errorf("a watch officer left the line: %v", err)
	}
	if err := a.st.Leave(ctx, Officer{}, id, "the treaty has ended"); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "birch reads it", func() bool {
		pg, err := b.st.Record(ctx, id, Filter{Form: "leave"})
		return err == nil && len(pg.Settled)+len(pg.Unsettled) == 1
	})
}

// TestAnnexInForceBoundsAttachments: what may be attached follows the annex as it
// was amended, not the one that the line was founded on.
func TestAnnexInForceBoundsAttachments(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, b := newParty(t, "alder"), newParty(t, "birch")
	line := pairAll(t, a, b)
	d, err := a.st.Propose(ctx, Officer{ID: 1, Name: "adam", Offices: []parley.Office{parley.Administrator}, Active: true}, line, Proposal{Annex: &AnnexText{Quotas: map[string]uint64{"6": 5000, "7": 1000}}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := b.st.lineOf(line)
	if err != nil {
		t.Fatal(err)
	}
	if day, one := b.st.blobsPerDay(l.id, "alder"), l.blobs.Most(); day != 1<<30 || one != 64<<20 {
		t.Errorf("before it is agreed %d bytes a day are taken, %d of one", day, one)
	}
	eventually(t, 20*time.Second, "birch assents", func() bool {
		_, err := b.st.Assent(ctx, Officer{ID: 1, Name: "adam", Offices: []parley.Office{parley.Administrator}, Active: true}, line, d.Hash)
		return err == nil
	})
	eventually(t, 20*time.Second, "the annex is in force", func() bool { return l.annex().Version == 2 })
	if day, one := b.st.blobsPerDay(l.id, "alder"), l.blobs.Most(); day != 5000 || one != 1000 {
		t.Errorf("%d bytes a day are taken, %d of one; the annex in force says 5000 and 1000", day, one)
	}
}
