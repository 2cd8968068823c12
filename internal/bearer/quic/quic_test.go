package quic_test

import (
	"context"
	"testing"

	quicgo "github.com/quic-go/quic-go"

	"parley/internal/bearer"
	"parley/internal/bearer/bearertest"
	"parley/internal/bearer/quic"
)

func kit() bearertest.Kit {
	return bearertest.Kit{
		Datagrams: true,
		New:       func(_ testing.TB, o bearer.Options) bearer.Bearer { return quic.New(o) },
		Listen:    "127.0.0.1:0",
		Network:   "udp",
		Raw: func(t testing.TB, id bearer.Identity, addr string) func(byte, []byte) error {
			c := dialRaw(t, id, addr)
			streams := map[byte]*quicgo.SendStream{}
			return func(class byte, b []byte) error {
				s := streams[class]
				if s == nil {
					var err error
					if s, err = c.OpenUniStream(); err != nil {
						return err
					}
					streams[class] = s
					b = append([]byte{class}, b...)
				}
				_, err := s.Write(b)
				return err
			}
		},
	}
}

func dialRaw(t testing.TB, id bearer.Identity, addr string) *quicgo.Conn {
	t.Helper()
	c, err := quicgo.DialAddr(context.Background(), addr, bearer.Config(id, func([32]byte) bool { return true }), &quicgo.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseWithError(0, "") })
	return c
}

func TestSuite(t *testing.T)      { bearertest.Run(t, kit()) }
func BenchmarkSuite(b *testing.B) { bearertest.Bench(b, kit()) }
