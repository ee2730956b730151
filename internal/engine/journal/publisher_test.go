package journal_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/engine/journal"
)

// press is a publisher over a growing book.
type press struct {
	*journal.Publisher
	*book
	dir string
}

func newPress(t *testing.T) *press {
	t.Helper()
	p := &press{book: newBook(), dir: t.TempDir()}
	p.reopen(t)
	return p
}

func (p *press) reopen(t *testing.T) {
	t.Helper()
	signer, verifier := keys(t, origin, "golden")
	pub, err := journal.OpenPublisher(p.dir, signer, verifier, journal.NewProver())
	if err != nil {
		t.Fatal(err)
	}
	p.Publisher = pub
}

// publish publishes the book as it stands, at log index size+10.
func (p *press) publish() (journal.Signed, error) {
	return p.Publish(p.snapshot(), p.tree.Size(), p.tree.Root(), p.tree.Size()+10)
}

func TestPublisherExtends(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	_, verifier := keys(t, origin, "golden")
	if _, ok := p.Latest(); ok {
		t.Fatal("a new folder has a checkpoint")
	}
	for _, size := range []uint64{0, 1, 2, 255, 256, 600, 601} {
		p.grow(t, size)
		got, err := p.publish()
		if err != nil {
			t.Fatalf("publish at %d: %v", size, err)
		}
		if got.Size != size || got.Root != p.tree.Root() || got.Index != size+10 || got.Origin != origin {
			t.Fatalf("published %+v at size %d", got.Checkpoint, size)
		}
		onDisk, err := journal.ReadCheckpoint(p.dir, verifier)
		if err != nil || onDisk.Checkpoint != got.Checkpoint || string(onDisk.Text) != string(got.Text) {
			t.Fatalf("file holds %+v, %v", onDisk.Checkpoint, err)
		}
		if size%2 == 0 {
			p.reopen(t)
		}
		if latest, ok := p.Latest(); !ok || latest.Checkpoint != got.Checkpoint {
			t.Fatalf("Latest = %+v, %v", latest.Checkpoint, ok)
		}
	}
	files, err := os.ReadDir(p.dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("folder holds %v, %v; want only the checkpoint", files, err)
	}
}

func TestPublisherRefusesAnotherHistory(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	p.grow(t, 300)
	first, err := p.publish()
	if err != nil {
		t.Fatal(err)
	}
	other := newBook() // the same journal but for entry 100
	other.grow(t, 100)
	e := plainEntry(100)
	e.Actor = "somebody else"
	other.append(t, e)
	at := func(b *book, size uint64, index uint64) error {
		b.grow(t, size)
		_, err := p.Publish(b.snapshot(), size, b.tree.Root(), index)
		return err
	}
	for _, c := range []struct {
		name, want string
		err        error
	}{
		{"index goes back", "size 301 at index 309, published was size 300 at index 310", at(bookOf(t, 301), 301, 309)},
		{"smaller", "size 200 at index 400, published was size 300", at(bookOf(t, 200), 200, 400)},
		{"same size", "root at size 300 is", at(other, 300, 310)},
		{"larger", "from size 300 to 500", at(other, 500, 510)},
	} {
		if !errors.Is(c.err, journal.ErrNotExtending) || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, c.err)
		}
	}
	if err := p.CheckJournal(other.snapshot(), 500, other.tree.Root(), 510); !errors.Is(err, journal.ErrNotExtending) {
		t.Errorf("CheckJournal of another history: %v", err)
	}
	if err := p.CheckJournal(p.snapshot(), 300, p.tree.Root(), 310); err != nil {
		t.Errorf("CheckJournal of what was published: %v", err)
	}
	if again, err := p.Publish(p.snapshot(), 300, p.tree.Root(), 350); err != nil || string(again.Text) != string(first.Text) {
		t.Errorf("same size and root: %+v, %v; want what was published", again.Checkpoint, err)
	}
	if latest, _ := p.Latest(); latest.Checkpoint != first.Checkpoint {
		t.Errorf("a refusal changed the checkpoint to %+v", latest.Checkpoint)
	}
}

func TestPublisherKeepsTheOldFileWhenItCannotWrite(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	p.grow(t, 10)
	first, err := p.publish()
	if err != nil {
		t.Fatal(err)
	}
	moved := p.dir + "-moved"
	if err := os.Rename(p.dir, moved); err != nil {
		t.Fatal(err)
	}
	p.grow(t, 20)
	if _, err := p.publish(); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("publish without a folder: %v", err)
	}
	if latest, _ := p.Latest(); latest.Checkpoint != first.Checkpoint {
		t.Fatalf("Latest = %+v after a failure", latest.Checkpoint)
	}
	if err := os.Rename(moved, p.dir); err != nil {
		t.Fatal(err)
	}
	if second, err := p.publish(); err != nil || second.Size != 20 {
		t.Fatalf("publish when the folder is back: %+v, %v", second.Checkpoint, err)
	}
}

func TestPublisherNamesADamagedFile(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	p.grow(t, 10)
	if _, err := p.publish(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(p.dir, journal.CheckpointFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	signer, verifier := keys(t, origin, "golden")
	_, err = journal.OpenPublisher(p.dir, signer, verifier, journal.NewProver())
	if !errors.Is(err, journal.ErrCheckpoint) || !strings.Contains(err.Error(), path) {
		t.Fatalf("damaged file: %v", err)
	}
}

func TestPublisherNeedsItsOwnKey(t *testing.T) {
	t.Parallel()
	signer, _ := keys(t, origin, "golden")
	_, other := keys(t, origin, "another")
	b, dir := bookOf(t, 3), t.TempDir()
	p, err := journal.OpenPublisher(dir, signer, other, journal.NewProver())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Publish(b.snapshot(), 3, b.tree.Root(), 3); err == nil {
		t.Fatal("published what its own verifier refuses")
	}
	if _, err := os.Stat(filepath.Join(dir, journal.CheckpointFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a file was written: %v", err)
	}
}

// A published file that was altered or lost is noticed and written again as it
// was, also by a publisher that has nothing to publish.
func TestPublisherRewrites(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	if err := errors.Join(p.CheckFile(), p.Rewrite()); err != nil {
		t.Fatalf("a new folder: %v", err)
	}
	p.grow(t, 300)
	if _, err := p.publish(); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(p.Path())
	if err != nil {
		t.Fatal(err)
	}
	p.grow(t, 301)
	if _, err := p.publish(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(p.Path())
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte(nil), good...)
	flipped[len(good)/2] ^= 1
	for name, bad := range map[string][]byte{"flipped": flipped, "cut": good[:20], "older": old} {
		if err := os.WriteFile(p.Path(), bad, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := p.CheckFile(); !errors.Is(err, journal.ErrCheckpoint) {
			t.Errorf("%s: CheckFile answers %v", name, err)
		}
		if err := errors.Join(p.Rewrite(), p.CheckFile()); err != nil {
			t.Errorf("%s: after Rewrite: %v", name, err)
		}
	}
	if err := os.Remove(p.Path()); err != nil {
		t.Fatal(err)
	}
	if err := p.CheckFile(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a lost file: CheckFile answers %v", err)
	}
	if err := errors.Join(p.Rewrite(), p.CheckFile()); err != nil {
		t.Error(err)
	}
}
