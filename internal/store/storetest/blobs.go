package storetest

import (
	"bytes"
	"crypto/sha256"
	"io"
	"testing"

	"parley"
	"parley/internal/form"
	"parley/internal/seal"
	"parley/internal/store"
)

// RunBlobs runs the suite for attachments. open opens dir with a bound of
// 10,000 bytes a day; with durable, opening again finds what was written.
func RunBlobs(t *testing.T, durable bool, open func(dir string) (store.Blobs, error)) {
	dir := t.TempDir()
	b, err := open(dir)
	check(t, err)
	reopen := func() {
		if durable {
			b, err = open(dir)
			check(t, err)
		}
	}
	body := bytes.Repeat([]byte("sealed bytes "), 500)
	id := store.BlobID{Line: LineID(1), Hash: sha256.Sum256(body)}
	_, _, err = b.Size(id)
	wantKind(t, err, parley.NotFound)
	wantKind(t, b.WriteAt(id, body, 0), parley.NotFound)
	wantKind(t, b.Complete(id), parley.NotFound)
	check(t, b.Create(id, "birch", int64(len(body))))
	check(t, b.Create(id, "birch", int64(len(body))))
	check(t, b.WriteAt(id, body[:1000], 0))
	reopen()
	if n, whole, err := b.Size(id); n != 1000 || whole || err != nil {
		t.Errorf("size %d, %v, %v", n, whole, err)
	}
	wantKind(t, b.WriteAt(id, body[:10], 0), parley.Conflict)
	wantKind(t, b.WriteAt(id, body[:10], 1001), parley.Conflict)
	wantKind(t, b.Complete(id), parley.Gap)
	wantKind(t, b.WriteAt(id, append(bytes.Clone(body[1000:]), 0), 1000), parley.Oversize)
	_, err = b.Open(id)
	wantKind(t, err, parley.NotFound)
	check(t, b.WriteAt(id, body[1000:], 1000))
	check(t, b.Complete(id))
	check(t, b.Complete(id))
	reopen()
	r, err := b.Open(id)
	check(t, err)
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, body) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	check(t, r.Close())
	wantKind(t, b.WriteAt(id, body, int64(len(body))), parley.Conflict)

	wrong := store.BlobID{Line: LineID(1), Hash: [32]byte{1}}
	check(t, b.Create(wrong, "birch", 2000))
	check(t, b.WriteAt(wrong, make([]byte, 2000), 0))
	if bs, err := b.List(LineID(1)); err != nil || len(bs) != 2 || bs[0].ID != wrong && bs[1].ID != wrong {
		t.Errorf("list %v, %v", bs, err)
	}
	wantKind(t, b.Complete(wrong), parley.BadProof)
	_, _, err = b.Size(wrong)
	wantKind(t, err, parley.NotFound)

	reopen()
	more := store.BlobID{Line: LineID(1), Hash: [32]byte{2}}
	wantKind(t, b.Create(more, "birch", 1501), parley.Quota)
	check(t, b.Create(more, "cedar", 1501))
	most := seal.SealedBlobSize(form.MaxAttachment) // what may be written may be kept
	wantKind(t, b.Create(store.BlobID{Line: LineID(1), Hash: [32]byte{3}}, "cedar", most), parley.Quota)
	wantKind(t, b.Create(store.BlobID{Line: LineID(1), Hash: [32]byte{3}}, "cedar", most+1), parley.Oversize)
	wantKind(t, b.Create(store.BlobID{Line: LineID(1), Hash: [32]byte{3}}, "cedar", -1), parley.Oversize)
	check(t, b.Delete(id))
	check(t, b.Delete(id))
	bs, err := b.List(LineID(1))
	check(t, err)
	if len(bs) != 1 || bs[0] != (store.BlobInfo{ID: more, Size: 1501}) {
		t.Errorf("list %+v", bs)
	}
	if bs, err := b.List(LineID(2)); err != nil || len(bs) != 0 {
		t.Errorf("another line: %v, %v", bs, err)
	}
}
