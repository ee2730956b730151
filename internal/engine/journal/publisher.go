package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// CheckpointFile is the name of the published checkpoint in the data folder.
const CheckpointFile = "checkpoint"

// Signed is a checkpoint with the signed note it was read from.
type Signed struct {
	Checkpoint
	// Text is the signed note.
	Text []byte
}

// Publisher signs checkpoints and keeps the newest in a file. It never
// publishes one that does not extend the one before. It is safe for
// concurrent use.
type Publisher struct {
	path     string
	signer   note.Signer
	verifier note.Verifier
	prover   *Prover

	mu     sync.Mutex
	latest *Signed
}

// OpenPublisher reads the checkpoint published last in folder dir, if any. A
// file that verifier does not open is an error: it was damaged or belongs to
// another journal. prover may be shared with others.
func OpenPublisher(dir string, signer note.Signer, verifier note.Verifier, prover *Prover) (*Publisher, error) {
	p := &Publisher{path: filepath.Join(dir, CheckpointFile), signer: signer, verifier: verifier, prover: prover}
	latest, err := ReadCheckpoint(dir, verifier)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	p.latest = &latest
	return p, nil
}

// ReadCheckpoint reads the checkpoint published in folder dir. When there is
// none the error is an fs.ErrNotExist.
func ReadCheckpoint(dir string, verifier note.Verifier) (Signed, error) {
	path := filepath.Join(dir, CheckpointFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return Signed{}, fmt.Errorf("read published checkpoint: %w", err)
	}
	c, err := OpenCheckpoint(text, verifier)
	if err != nil {
		return Signed{}, fmt.Errorf("published checkpoint %s: %w; put the file back from a copy", path, err)
	}
	return Signed{Checkpoint: c, Text: text}, nil
}

// Latest returns the checkpoint published last.
func (p *Publisher) Latest() (Signed, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.latest == nil {
		return Signed{}, false
	}
	return *p.latest, true
}

// ErrNotExtending marks a journal that does not continue what was published.
var ErrNotExtending = errors.New("journal does not extend its published checkpoint")

// Publish signs the journal at size and root, as of the log's index, and
// replaces the published file when that is durable. r must hold that many
// entries. At the published size it publishes nothing and returns what is
// there. A smaller journal, another root at the same size, an index that goes
// back, or a larger journal that does not begin with the published one is an
// ErrNotExtending: history was rewritten, and the node should stop. Call it
// from one goroutine with snapshots in the order they were taken, or an older
// one will look like that.
func (p *Publisher) Publish(r table.Reader, size uint64, root tlog.Hash, index uint64) (Signed, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := Checkpoint{Origin: p.signer.Name(), Size: size, Root: root, Index: index}
	if p.latest != nil {
		if err := p.prover.extends(r, p.latest.Checkpoint, c); err != nil {
			return Signed{}, err
		}
		if p.latest.Size == size {
			return *p.latest, nil
		}
	}
	text, err := SignCheckpoint(p.signer, c)
	if err != nil {
		return Signed{}, err
	}
	if _, err := OpenCheckpoint(text, p.verifier); err != nil {
		return Signed{}, fmt.Errorf("signer and verifier don't belong together: %w", err)
	}
	if err := replaceFile(p.path, text); err != nil {
		return Signed{}, fmt.Errorf("publish checkpoint at size %d: %w", size, err)
	}
	p.latest = &Signed{Checkpoint: c, Text: text}
	return *p.latest, nil
}

// CheckFile reads the published file again: an ErrCheckpoint, or an fs error, when
// it is not the one published last.
func (p *Publisher) CheckFile() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.latest == nil {
		return nil
	}
	now, err := ReadCheckpoint(filepath.Dir(p.path), p.verifier)
	if err != nil {
		return err
	}
	if !bytes.Equal(now.Text, p.latest.Text) {
		return fmt.Errorf("published checkpoint %s: %w: it is of size %d, published was size %d", p.path, ErrCheckpoint, now.Size, p.latest.Size)
	}
	return nil
}

// Rewrite writes the published file again as it was published last.
func (p *Publisher) Rewrite() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.latest == nil {
		return nil
	}
	if err := replaceFile(p.path, p.latest.Text); err != nil {
		return fmt.Errorf("rewrite checkpoint at size %d: %w", p.latest.Size, err)
	}
	return nil
}

// Path is the published checkpoint's file.
func (p *Publisher) Path() string { return p.path }

// CheckJournal refuses a journal that does not extend the published
// checkpoint. Call it at start, when the log has been replayed.
func (p *Publisher) CheckJournal(r table.Reader, size uint64, root tlog.Hash, index uint64) error {
	last, ok := p.Latest()
	if !ok {
		return nil
	}
	return p.prover.extends(r, last.Checkpoint, Checkpoint{Origin: last.Origin, Size: size, Root: root, Index: index})
}

// extends proves to itself that the journal at next begins with that at last.
func (p *Prover) extends(r table.Reader, last, next Checkpoint) error {
	switch {
	case next.Origin != last.Origin:
		return fmt.Errorf("%w: it is %q, published was %q", ErrNotExtending, next.Origin, last.Origin)
	case next.Size < last.Size || next.Index < last.Index:
		return fmt.Errorf("%w: size %d at index %d, published was size %d at index %d",
			ErrNotExtending, next.Size, next.Index, last.Size, last.Index)
	case next.Size == last.Size && next.Root != last.Root:
		return fmt.Errorf("%w: root at size %d is %v, published was %v", ErrNotExtending, next.Size, next.Root, last.Root)
	case next.Size == last.Size || last.Size == 0:
		return nil
	}
	proof, err := p.ProveConsistency(r, last.Size, next.Size)
	if err != nil {
		return err
	}
	if err := CheckConsistency(proof, last, next); err != nil {
		return fmt.Errorf("%w: from size %d to %d: %w", ErrNotExtending, last.Size, next.Size, err)
	}
	return nil
}

// CheckConsistency verifies an RFC 6962 consistency proof between two
// checkpoints, as a witness does.
func CheckConsistency(proof [][]byte, last, next Checkpoint) error {
	if last.Size == 0 || last.Size > next.Size || next.Size > maxSize {
		return fmt.Errorf("%w: no proof leads from size %d to %d", ErrProof, last.Size, next.Size)
	}
	hashes, err := proofHashes(proof)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(hashes, int64(next.Size), next.Root, int64(last.Size), last.Root); err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	return nil
}
