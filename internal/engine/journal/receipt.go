package journal

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/holdfast-pay/holdfast/internal/base/commitment"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Reasons why a receipt is refused; ErrCheckpoint is the fourth.
var (
	// ErrProof: the entry is not in the journal that the checkpoint signs.
	ErrProof = errors.New("proof does not lead to the checkpoint")
	// ErrEntry: the entry cannot be read, or is not the one it says it is.
	ErrEntry = errors.New("entry is not valid")
	// ErrOpening: a field shown is not what the entry committed to.
	ErrOpening = errors.New("opening does not match the entry")
)

// maxSalt bounds a salt's bytes in a receipt.
const maxSalt = 64

// BuildReceipt makes the receipt of entry seq under a published checkpoint
// that covers it, showing the given openings. The result has been verified.
// When seq is not yet covered the error is ErrNotCovered: publish first.
func (p *Prover) BuildReceipt(r table.Reader, cp Signed, seq uint64, openings []*pb.Opening) (*pb.Receipt, error) {
	if seq >= cp.Size {
		return nil, fmt.Errorf("receipt of entry %d: %w; the last one covers the first %d", seq, ErrNotCovered, cp.Size)
	}
	rec := &pb.Receipt{LeafIndex: seq, Checkpoint: string(cp.Text), Openings: openings}
	err := table.Read(r, func(r table.Reader) error {
		var ok bool
		if rec.Entry, ok = Entry(r, seq); !ok {
			return &Fault{Seq: seq, What: "is missing"}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if rec.Proof, err = p.Prove(r, cp.Size, seq); err != nil {
		return nil, err
	}
	if _, err = checkReceipt(rec, cp.Checkpoint); err != nil {
		return nil, fmt.Errorf("receipt of entry %d: %w", seq, err)
	}
	return rec, nil
}

// ErrNotCovered says that no published checkpoint covers an entry yet.
var ErrNotCovered = errors.New("no published checkpoint covers the entry yet")

// BuildReceipt is Prover.BuildReceipt without a memory.
func BuildReceipt(r table.Reader, cp Signed, seq uint64, openings []*pb.Opening) (*pb.Receipt, error) {
	return NewProver().BuildReceipt(r, cp, seq, openings)
}

// VerifyReceipt checks a receipt with the journal's public key alone and
// returns the entry it proves and the checkpoint it leads to. Refusals are
// ErrCheckpoint, ErrProof, ErrEntry or ErrOpening, checked in this order.
func VerifyReceipt(receipt *pb.Receipt, verifier note.Verifier) (*pb.Entry, Checkpoint, error) {
	cp, err := OpenCheckpoint([]byte(receipt.GetCheckpoint()), verifier)
	if err != nil {
		return nil, Checkpoint{}, err
	}
	e, err := checkReceipt(receipt, cp)
	if err != nil {
		return nil, Checkpoint{}, err
	}
	return e, cp, nil
}

// Opening shows the value of a field that was committed with commitment.Field:
// number is the commitment's place in the entry, from 0.
func Opening(number uint32, recordSalt []byte, field, value string) *pb.Opening {
	return &pb.Opening{Commitment: number, Field: field, Value: value, Salt: commitment.FieldSalt(recordSalt, field)}
}

// checkReceipt checks everything below the signature.
func checkReceipt(receipt *pb.Receipt, cp Checkpoint) (*pb.Entry, error) {
	if len(receipt.Entry) == 0 || len(receipt.Entry) > MaxEntry {
		return nil, fmt.Errorf("%w: it has %d bytes", ErrEntry, len(receipt.Entry))
	}
	if receipt.LeafIndex >= cp.Size {
		return nil, fmt.Errorf("%w: leaf %d in a journal of size %d", ErrProof, receipt.LeafIndex, cp.Size)
	}
	proof, err := proofHashes(receipt.Proof)
	if err != nil {
		return nil, err
	}
	leaf := tlog.RecordHash(receipt.Entry)
	if err := tlog.CheckRecord(proof, int64(cp.Size), cp.Root, int64(receipt.LeafIndex), leaf); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProof, err)
	}
	e := new(pb.Entry)
	if err := e.UnmarshalVT(receipt.Entry); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEntry, err)
	}
	if e.Seq != receipt.LeafIndex {
		return nil, fmt.Errorf("%w: entry %d stands at leaf %d", ErrEntry, e.Seq, receipt.LeafIndex)
	}
	return e, checkOpenings(e, receipt.Openings)
}

// checkOpenings compares each shown field with the commitment it names.
func checkOpenings(e *pb.Entry, openings []*pb.Opening) error {
	if len(openings) > len(e.Commitments) {
		return fmt.Errorf("%w: %d fields shown, %d committed", ErrOpening, len(openings), len(e.Commitments))
	}
	seen := make([]bool, len(e.Commitments))
	for _, o := range openings {
		i := uint64(o.GetCommitment())
		if i >= uint64(len(e.Commitments)) || seen[i] {
			return fmt.Errorf("%w: commitment %d is shown twice or does not exist", ErrOpening, i)
		}
		seen[i] = true
		if len(o.Salt) < commitment.SaltSize || len(o.Salt) > maxSalt {
			return fmt.Errorf("%w: field %q has a salt of %d bytes", ErrOpening, o.Field, len(o.Salt))
		}
		if !commitment.Opens(e.Commitments[i], o.Salt, o.Field, o.Value) {
			return fmt.Errorf("%w: field %q is not what commitment %d hides", ErrOpening, o.Field, i)
		}
	}
	return nil
}

// proofHashes reads a proof's hashes; more than 64 prove nothing.
func proofHashes(proof [][]byte) ([]tlog.Hash, error) {
	if len(proof) > 64 {
		return nil, fmt.Errorf("%w: it has %d hashes", ErrProof, len(proof))
	}
	hashes := make([]tlog.Hash, len(proof))
	for i, b := range proof {
		if len(b) != tlog.HashSize {
			return nil, fmt.Errorf("%w: hash %d has %d bytes", ErrProof, i, len(b))
		}
		hashes[i] = tlog.Hash(b)
	}
	return hashes, nil
}
