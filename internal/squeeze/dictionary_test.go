package squeeze

import (
	"bytes"
	"os"
	"testing"
)

func TestDictionaryIsTheSpecs(t *testing.T) {
	want, err := os.ReadFile("../../spec/dictionary.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(Dictionary, want) {
		t.Error("internal/squeeze/dictionary.txt is not spec/dictionary.txt")
	}
}
