package tls_test

import (
	stdtls "crypto/tls"
	"testing"

	"parley/internal/bearer"
	"parley/internal/bearer/bearertest"
	"parley/internal/bearer/tls"
)

func kit() bearertest.Kit {
	return bearertest.Kit{
		New:     func(_ testing.TB, o bearer.Options) bearer.Bearer { return tls.New(o) },
		Listen:  "127.0.0.1:0",
		Network: "tcp",
		Raw: func(t testing.TB, id bearer.Identity, addr string) func(byte, []byte) error {
			c, err := stdtls.Dial("tcp", addr, bearer.Config(id, func([32]byte) bool { return true }))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			return func(_ byte, b []byte) error {
				_, err := c.Write(b)
				return err
			}
		},
	}
}

func TestSuite(t *testing.T)      { bearertest.Run(t, kit()) }
func BenchmarkSuite(b *testing.B) { bearertest.Bench(b, kit()) }
