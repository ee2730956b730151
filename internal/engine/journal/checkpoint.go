package journal

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// maxCheckpoint bounds a signed checkpoint's bytes: a note may carry the
// signatures of several witnesses, but not without end.
const maxCheckpoint = 16 << 10

// Checkpoint is what the journal's key signs: the journal named Origin had
// Root when it held Size entries.
type Checkpoint struct {
	// Origin names the journal; it equals the signing key's name.
	Origin string
	Size   uint64
	Root   tlog.Hash
	// Index is the index in the replicated log of the frame that made the
	// journal this size: a log that ends before it has lost history.
	Index uint64
}

// indexLine is the extension line that carries Checkpoint.Index.
const indexLine = "index "

// body is the text that is signed: C2SP tlog-checkpoint with one extension.
func (c Checkpoint) body() string {
	head := log.Checkpoint{Origin: c.Origin, Size: c.Size, Hash: c.Root[:]}.Marshal()
	return string(head) + indexLine + strconv.FormatUint(c.Index, 10) + "\n"
}

// SignCheckpoint writes c as a signed note. signer's name must be c.Origin, so
// that a key can speak for its own journal only.
func SignCheckpoint(signer note.Signer, c Checkpoint) ([]byte, error) {
	if signer.Name() != c.Origin {
		return nil, fmt.Errorf("checkpoint of %q cannot be signed by the key of %q", c.Origin, signer.Name())
	}
	text, err := note.Sign(&note.Note{Text: c.body()}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint of %q at size %d: %w", c.Origin, c.Size, err)
	}
	return text, nil
}

// ErrCheckpoint marks a checkpoint that is not what it should be.
var ErrCheckpoint = errors.New("checkpoint is not valid")

// OpenCheckpoint checks the signature and reads the checkpoint. Signatures by
// other keys (witnesses) and unknown extension lines are let pass.
// Every refusal is an ErrCheckpoint.
func OpenCheckpoint(text []byte, verifier note.Verifier) (Checkpoint, error) {
	if len(text) > maxCheckpoint {
		return Checkpoint{}, fmt.Errorf("%w: it has %d bytes; at most %d are allowed", ErrCheckpoint, len(text), maxCheckpoint)
	}
	n, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: signature of %s: %w", ErrCheckpoint, verifier.Name(), err)
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	if c.Origin != verifier.Name() {
		return Checkpoint{}, fmt.Errorf("%w: it is of journal %q, the key is of %q", ErrCheckpoint, c.Origin, verifier.Name())
	}
	return c, nil
}

// parseCheckpoint reads the signed text; only one spelling of it is accepted.
func parseCheckpoint(text string) (Checkpoint, error) {
	var head log.Checkpoint
	rest, err := head.Unmarshal([]byte(text))
	if err != nil {
		return Checkpoint{}, err
	}
	if !bytes.HasPrefix([]byte(text), head.Marshal()) {
		return Checkpoint{}, errors.New("size or root are not in their plain spelling")
	}
	if len(head.Hash) != tlog.HashSize || head.Size > maxSize {
		return Checkpoint{}, fmt.Errorf("a root of %d bytes at size %d", len(head.Hash), head.Size)
	}
	c := Checkpoint{Origin: head.Origin, Size: head.Size, Root: tlog.Hash(head.Hash)}
	c.Index, err = parseIndex(string(rest))
	return c, err
}

// parseIndex finds the index among the extension lines.
func parseIndex(extensions string) (uint64, error) {
	found, index := false, uint64(0)
	for line := range strings.Lines(extensions) {
		digits, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), indexLine)
		if line == "\n" {
			return 0, errors.New("an extension line is empty")
		}
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 64)
		if err != nil || strconv.FormatUint(n, 10) != digits || found {
			return 0, fmt.Errorf("extension line %q is malformed or repeated", line)
		}
		found, index = true, n
	}
	if !found {
		return 0, errors.New("the extension line with the log index is missing")
	}
	return index, nil
}

// CheckLog refuses a replicated log that ends before the checkpoint: what was
// published as history is not in it.
func (c Checkpoint) CheckLog(lastIndex uint64) error {
	if lastIndex >= c.Index {
		return nil
	}
	return fmt.Errorf("the log ends at index %d, before the published checkpoint (journal size %d at index %d): "+
		"acknowledged history is missing; restore the log folder, don't start without it", lastIndex, c.Size, c.Index)
}
