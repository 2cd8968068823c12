package sqlite

import (
	"testing"

	"parley/internal/store"
	"parley/internal/store/storetest"
)

func open(dir string, s store.Sealer) (store.Store, error) { return Open(dir, s, Options{}) }

func TestSuite(t *testing.T) {
	storetest.Run(t, storetest.Engine{Open: open, Durable: true})
}
