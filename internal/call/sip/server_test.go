package sip

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"

	"parley/internal/call/sip/siptest"
)

func eventually(t testing.TB, d time.Duration, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if f() {
			return
		}
	}
	t.Fatalf("not within %s: %s", d, what)
}

// echo is a station whose calls are an echo.
type echo struct {
	*Server
	at      string
	mu      sync.Mutex
	keys    string
	refused []string
	up      int
	levels  map[uint8]int
}

func newEcho(t *testing.T, phones ...Phone) *echo {
	t.Helper()
	cert := selfSigned(t)
	e := &echo{at: fmt.Sprintf("127.0.0.1:%d", siptest.Port(t, 74)), levels: map[uint8]int{}}
	var err error
	e.Server, err = Listen(Options{Addr: e.at, TLS: &tls.Config{Certificates: []tls.Certificate{cert}}, Phones: phones, Lifted: e.lifted, Changed: func() {}, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
		Refused: func(p string, from netip.Addr) {
			e.mu.Lock()
			e.refused = append(e.refused, p+"@"+from.String())
			e.mu.Unlock()
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func selfSigned(t testing.TB) tls.Certificate {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "station"}, NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k}
}

func (e *echo) lifted(ctx context.Context, h *Handset) error {
	e.mu.Lock()
	e.up++
	e.mu.Unlock()
	h.Ringing()
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(time.Second):
	}
	h.Serve(func(p *rtp.Packet, level uint8) {
		h.Play(0, p)
		e.mu.Lock()
		e.levels[level]++
		e.mu.Unlock()
	}, func(k byte) {
		e.mu.Lock()
		e.keys += string(k)
		e.mu.Unlock()
	}, func() [Slots]float32 { return [Slots]float32{0: Full} })
	h.Answer()
	<-ctx.Done()
	return nil
}

func (e *echo) pressed() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.keys
}

func (e *echo) isUp(phone string) bool {
	for _, r := range e.Phones() {
		if r.Phone == phone {
			return r.Up
		}
	}
	return false
}

// TestRealPhone: baresip registers, hears the ringing tone and then itself, presses
// keys, and hangs up.
func TestRealPhone(t *testing.T) {
	for _, c := range []struct {
		transport, codec string
		info, secure     bool
	}{{"udp", "pcmu", false, false}, {"tcp", "pcma", true, false}, {"tls", "pcmu", false, true}, {"tls", "pcma", false, false}} {
		t.Run(fmt.Sprint(c.transport, " ", c.codec, " ", c.secure), func(t *testing.T) {
			e := newEcho(t, Phone{Name: "red", Password: "secret-enough", Role: "watch", Line: "x", MD5: true})
			p := siptest.Start(t, siptest.Options{Name: "red", Password: "secret-enough", Server: e.at, Transport: c.transport, Tone: 1000, Codec: c.codec, Info: c.info, Secure: c.secure})
			eventually(t, 10*time.Second, "it registers", func() bool { return len(e.Phones()) == 1 })
			p.Dial("hotline")
			eventually(t, 5*time.Second, "it is lifted", func() bool { return e.isUp("red") })
			e.Server.mu.Lock()
			if h := e.Server.lifted["red"]; (h.key != nil) != c.secure {
				t.Errorf("encrypted: %v", h.key != nil)
			}
			e.Server.mu.Unlock()
			time.Sleep(3 * time.Second)
			p.Press('7')
			eventually(t, 3*time.Second, "the key comes", func() bool { return e.pressed() == "7" })
			time.Sleep(300 * time.Millisecond)
			p.HangUp()
			eventually(t, 5*time.Second, "it is put down", func() bool { return !e.isUp("red") })
			var pcm []float64
			eventually(t, 3*time.Second, "what it heard is there", func() bool { pcm = p.Heard(); return len(pcm) > 8000 })
			good := 0
			for i := 0; i+2000 <= len(pcm); i += 2000 {
				if siptest.Level(pcm[i:i+2000], 1000) > -8 && siptest.Level(pcm[i:i+2000], 425) < -50 {
					good++
				}
			}
			t.Logf("%d quarters of a second; the ringing tone at %.1f dB", good, siptest.Level(pcm[:4000], 425))
			if l := siptest.Level(pcm[:4000], 425); good < 4 || l < -25 || l > -15 {
				t.Errorf("it heard itself for %d quarters of a second, and the ringing tone at %.1f dB", good, l)
			}
			if e.pressed() != "7" {
				t.Errorf("keys %q", e.pressed())
			}
		})
	}
}

// TestWrongPassword: it is refused, counted and told of, and so is a phone that is
// none.
func TestWrongPassword(t *testing.T) {
	e := newEcho(t, Phone{Name: "red", Password: "secret-enough", Role: "watch", Line: "x", MD5: true}, Phone{Name: "blue", Password: "secret-enough", Role: "watch", Line: "x", MD5: true})
	siptest.Start(t, siptest.Options{Name: "red", Password: "another-secret", Server: e.at, Tone: 1000})
	siptest.Start(t, siptest.Options{Name: "blue", Password: "secret-enough.", Server: e.at, Tone: 1000})
	eventually(t, 10*time.Second, "both are refused", func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return slices.Contains(e.refused, "red@127.0.0.1") && slices.Contains(e.refused, "blue@127.0.0.1")
	})
	if got := e.Phones(); len(got) != 0 || e.Server.refused.Load() < 2 {
		t.Errorf("registered %v, refused %d", got, e.Server.refused.Load())
	}
}
