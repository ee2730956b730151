package scrub

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
)

// Kind says what is damaged.
type Kind uint8

// The kinds of damage.
const (
	// StateFile is a file of the state's store.
	StateFile Kind = iota + 1
	// StateRow is a row of the state, or an entry or a tile of the journal, that
	// cannot be read back as it was written.
	StateRow
	// StateTable is a table that is whole row by row and not as a whole: rows have
	// vanished, come from nowhere, or been replaced by older ones.
	StateTable
	// LogFile is a file of the raft log.
	LogFile
	// LogEntry is an entry of the raft log.
	LogEntry
	// AckedFile is the file beside the log that says how far it must reach.
	AckedFile
	// KeystoreFile is the sealed keystore or one of its copies.
	KeystoreFile
	// MasterKey is the key that seals the keystore.
	MasterKey
	// CheckpointFile is the published checkpoint.
	CheckpointFile
)

var kindNames = map[Kind]string{
	StateFile: "state_file", StateRow: "state_row", StateTable: "state_table", LogFile: "log_file", LogEntry: "log_entry",
	AckedFile: "acked_file", KeystoreFile: "keystore_file", MasterKey: "master_key", CheckpointFile: "checkpoint_file",
}

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{StateFile, StateRow, StateTable, LogFile, LogEntry, AckedFile, KeystoreFile, MasterKey, CheckpointFile}
}

func (k Kind) String() string { return kindNames[k] }

// Finding is one thing that is not as it was written.
type Finding struct {
	Kind Kind
	// Where names it: a file's path, "orders row 38...", "entry 12". Two findings
	// of one kind and place are one.
	Where string
	// Table and Key name a row; Key is nil for a whole table.
	Table table.ID
	Key   []byte
	// Last is the newest log index of which the damaged file or entry may hold a
	// part, 0 when that is not known.
	Last uint64
	// Cause says what was wrong with it.
	Cause error
	// At is when it was found, Unix milliseconds.
	At int64
}

func (f Finding) String() string { return fmt.Sprintf("%s: %s: %v", f.Kind, f.Where, f.Cause) }

// same says whether both are about one thing.
func (f Finding) same(o Finding) bool { return f.Kind == o.Kind && f.Where == o.Where }

// FromState says what an error that a reader of the state met is: damage of a
// row, a file or the journal. ok is false for any other error.
func FromState(err error) (f Finding, ok bool) {
	var row *table.Damage
	var fault *journal.Fault
	switch {
	case err == nil:
		return Finding{}, false
	case errors.As(err, &row) && len(row.Key) > 0:
		id := table.ID(row.Key[0])
		return Finding{Kind: StateRow, Where: rowName(row.Key), Table: id, Key: row.Key, Cause: row.Cause}, true
	case errors.As(err, &fault) && fault.IsTile:
		return Finding{Kind: StateRow, Where: fmt.Sprintf("journal tile %d of level %d", fault.Tile, fault.Level), Table: table.Tiles, Cause: err}, true
	case errors.As(err, &fault):
		return Finding{Kind: StateRow, Where: fmt.Sprintf("journal entry %d", fault.Seq), Table: table.Journal, Cause: err}, true
	}
	if where, ok := fileOf(err); ok {
		return Finding{Kind: StateFile, Where: where, Cause: err}, true
	}
	if diskguard.Corrupt(err) {
		return Finding{Kind: StateFile, Where: "state", Cause: err}, true
	}
	return Finding{}, false
}

// FromLog says what an error that a reader of the raft log met is.
func FromLog(err error) (f Finding, ok bool) {
	var entry *raftlog.EntryError
	var file *diskguard.FileError
	switch {
	case err == nil:
		return Finding{}, false
	case errors.As(err, &entry):
		return Finding{Kind: LogEntry, Where: fmt.Sprintf("entry %d", entry.Index), Last: entry.Index, Cause: entry.Cause}, true
	case errors.As(err, &file):
		last, _ := raftlog.LastIn(file)
		return Finding{Kind: LogFile, Where: file.File, Last: last, Cause: err}, true
	}
	if where, ok := fileOf(err); ok {
		return Finding{Kind: LogFile, Where: where, Cause: err}, true
	}
	if diskguard.Corrupt(err) {
		return Finding{Kind: LogFile, Where: "log", Cause: err}, true
	}
	return Finding{}, false
}

// FromKeys says what an error of keystore.Check is.
func FromKeys(err error, masterKey string) (f Finding, ok bool) {
	var d *keystore.Damage
	if !errors.As(err, &d) {
		return Finding{}, false
	}
	f = Finding{Kind: KeystoreFile, Where: d.File, Cause: err}
	if d.File == masterKey {
		f.Kind = MasterKey
	}
	return f, true
}

func fileOf(err error) (string, bool) {
	var file *diskguard.FileError
	var manifest *diskguard.ManifestError
	switch {
	case errors.As(err, &file):
		return file.File, true
	case errors.As(err, &manifest):
		return manifest.File, true
	}
	return "", false
}

func rowName(key []byte) string {
	return fmt.Sprintf("%s row %s", table.ID(key[0]), hex.EncodeToString(key))
}
