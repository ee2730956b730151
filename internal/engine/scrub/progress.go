package scrub

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

// ProgressFile is the name, in the data folder, of what the scrubber remembers
// over a restart: a line of JSON and a line with its CRC32C. When it is lost the
// scrubber begins a pass anew; nothing else depends on it.
const ProgressFile = "scrub"

const maxProgress = 16 << 10

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// progress is how far the scrubber is. Times are Unix milliseconds.
type progress struct {
	// Pass counts the passes begun.
	Pass uint64 `json:"pass"`
	// Started is when the present pass, or the last one, began.
	Started int64 `json:"started"`
	// Step and Cursor are where the present pass goes on, Step "" when it is over.
	Step   string `json:"step,omitempty"`
	Cursor uint64 `json:"cursor,omitempty"`
	// Done is when the last whole pass ended, Took how long it took and Read how
	// many bytes it read.
	Done int64  `json:"done,omitempty"`
	Took int64  `json:"took_ms,omitempty"`
	Read uint64 `json:"read,omitempty"`
	// Found counts findings since the folder was made.
	Found uint64 `json:"found,omitempty"`
}

func (p progress) encode() []byte {
	line, err := json.Marshal(p)
	if err != nil {
		panic(err) // numbers and a string
	}
	line = append(line, '\n')
	return fmt.Appendf(line, "%08x\n", crc32.Checksum(line, castagnoli))
}

func decodeProgress(b []byte) (p progress, err error) {
	line, sum, ok := strings.Cut(string(b), "\n")
	if !ok || sum != fmt.Sprintf("%08x\n", crc32.Checksum([]byte(line+"\n"), castagnoli)) {
		return progress{}, errors.New("it fails its checksum")
	}
	return p, json.Unmarshal([]byte(line), &p)
}

// loadProgress reads the file; a fresh folder has none.
func loadProgress(disk vfs.FS, path string) (progress, error) {
	b, err := diskguard.ReadFile(disk, path, maxProgress)
	if errors.Is(err, fs.ErrNotExist) {
		return progress{}, nil
	}
	if err != nil {
		return progress{}, err
	}
	return decodeProgress(b)
}
