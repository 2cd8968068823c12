package journal

import (
	"fmt"

	"parley"
	"parley/internal/key"
	"parley/internal/wire"
)

// Sign makes both log signatures of c (spec/log.md, Checkpoint), one after the
// other. A caller in a hurry signs LogMessages by itself.
func Sign(s key.Signer, c Checkpoint) (wire.Head, error) {
	ed, ml, err := signBoth(s, LogMessages, c)
	if err != nil {
		return wire.Head{}, fmt.Errorf("signing checkpoint %d of %s: %w", c.Size, c.Origin, err)
	}
	return wire.Head{Size: c.Size, Root: c.Root, Ed: ed, ML: ml}, nil
}

// Verify checks both log signatures of head over c. The error is BadSignature
// and names the half; a head of another size or root is BadSignature too. A
// missing ML-DSA half does not verify: spec/thin.md's provisional state is the
// caller's to tell apart.
func Verify(v *key.Verifier, c Checkpoint, head wire.Head) error {
	if head.Size != c.Size || head.Root != c.Root {
		return parley.Errorf(parley.BadSignature, "checkpoint %d of %s: the signatures are over another size or root", c.Size, c.Origin)
	}
	if err := checkNames(c.Origin, c.Origin); err != nil {
		return err
	}
	ed, ml := LogMessages(c)
	return verifyBoth(v, halves{ed, ml, &head.Ed, head.ML}, fmt.Sprintf("checkpoint %d of %s", c.Size, c.Origin))
}

// Cosign makes both halves of a receipt: the cosignature of c under the name
// holder at UTC second t. The error is Malformed for t = 0, which is the log's
// own.
func Cosign(s key.Signer, holder string, c Checkpoint, t uint64) (ed [64]byte, ml []byte, err error) {
	if err := checkCosigned(holder, c, t); err != nil {
		return ed, nil, err
	}
	messages := func(c Checkpoint) (ed, ml []byte) { return CosignMessages(holder, c, t) }
	if ed, ml, err = signBoth(s, messages, c); err != nil {
		return ed, nil, fmt.Errorf("cosigning checkpoint %d of %s: %w", c.Size, c.Origin, err)
	}
	return ed, ml, nil
}

// VerifyCosignature checks both halves of a receipt. The error is BadSignature
// and names the half, or Malformed for t = 0 and for names that cannot be.
func VerifyCosignature(v *key.Verifier, holder string, c Checkpoint, t uint64, ed [64]byte, ml []byte) error {
	if err := checkCosigned(holder, c, t); err != nil {
		return err
	}
	me, mm := CosignMessages(holder, c, t)
	return verifyBoth(v, halves{me, mm, &ed, ml}, fmt.Sprintf("receipt of %s for checkpoint %d of %s", holder, c.Size, c.Origin))
}

func signBoth(s key.Signer, messages func(Checkpoint) (ed, ml []byte), c Checkpoint) (ed [64]byte, ml []byte, err error) {
	if err := checkNames(c.Origin, c.Origin); err != nil {
		return ed, nil, err
	}
	me, mm := messages(c)
	if ed, err = s.SignEd(me); err != nil {
		return ed, nil, err
	}
	if ml, err = s.SignML(mm); err != nil {
		return ed, nil, err
	}
	if len(ml) != key.MLSignatureSize {
		return ed, nil, parley.Errorf(parley.Internal, "the signer gave an ml-dsa signature of %d bytes", len(ml))
	}
	return ed, ml, nil
}

// halves are the two messages of one signature and the signatures over them.
type halves struct {
	edMessage, mlMessage []byte
	ed                   *[64]byte
	ml                   []byte
}

func verifyBoth(v *key.Verifier, h halves, what string) error {
	if !v.VerifyEd(h.edMessage, h.ed) {
		return parley.Errorf(parley.BadSignature, "%s: the ed25519 half of the signature does not verify", what)
	}
	if len(h.ml) == 0 {
		return parley.Errorf(parley.BadSignature, "%s: the ml-dsa half of the signature is missing", what)
	}
	if !v.VerifyML(h.mlMessage, h.ml) {
		return parley.Errorf(parley.BadSignature, "%s: the ml-dsa half of the signature does not verify", what)
	}
	return nil
}

func checkCosigned(holder string, c Checkpoint, t uint64) error {
	if t == 0 {
		return parley.Errorf(parley.Malformed, "a cosignature of %s at time 0", parley.Clip(c.Origin))
	}
	if holder == c.Origin {
		return parley.Errorf(parley.Malformed, "a cosignature by %s of itself", parley.Clip(c.Origin))
	}
	return checkNames(holder, c.Origin)
}

func checkNames(names ...string) error {
	for _, n := range names {
		if !ValidName(n) {
			return parley.Errorf(parley.Malformed, "note key name %q", parley.Clip(n))
		}
	}
	return nil
}
