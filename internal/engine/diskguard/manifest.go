package diskguard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Pebble reads its MANIFEST (the list of its files) up to the first record that
// is not whole and takes that for the end, so a flipped bit in the middle would
// silently bring back an older list. CheckManifest reads the file the strict
// way. It is a sequence of 32 KiB blocks of chunks,
//
//	+---------------------+------------+----------+---------+
//	| masked CRC32C, LE   | length, LE | position | payload |
//	| 4 bytes             | 2 bytes    | 1 byte   |         |
//	+---------------------+------------+----------+---------+
//
// where position says whether the chunk is a whole record (1) or the first,
// middle or last chunk of one (2, 3, 4). Less than a header's length at the
// end of a block is zero.
const (
	manifestBlock  = 32 << 10
	manifestHeader = 7

	chunkFull, chunkFirst, chunkMiddle, chunkLast = 1, 2, 3, 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ManifestError is damage in a MANIFEST.
type ManifestError struct {
	// File is the MANIFEST's path and Offset where in it the damage begins.
	File   string
	Offset int64
	// Torn: the file ends in the midst of a record, as a crash leaves it. The
	// record was never in force.
	Torn bool
	// Missing: the marker that says which MANIFEST counts is not there. Pebble
	// would make a new store and remove the tables of the old one.
	Missing bool
	What    string
}

func (e *ManifestError) Error() string {
	if e.Missing {
		return fmt.Sprintf("%s is missing although the store has files: put it back from a copy, or restore the folder from a backup", e.File)
	}
	return fmt.Sprintf("%s is damaged at byte %d (%s): put it back from a copy, or restore the folder from a backup",
		e.File, e.Offset, e.What)
}

// Unwrap makes the error match pebble.ErrCorruption.
func (e *ManifestError) Unwrap() error { return pebble.ErrCorruption }

// CheckManifest reads the MANIFEST of the store in dir and returns a
// *ManifestError when a record in it is not whole, or when the store has files
// but no MANIFEST. An empty folder passes.
func CheckManifest(fs vfs.FS, dir string) error {
	desc, err := pebble.Peek(dir, fs)
	if err != nil {
		return fmt.Errorf("look into %s: %w", dir, err)
	}
	if !desc.Exists {
		return checkEmpty(fs, dir)
	}
	name := desc.ManifestFilename
	if fs.PathBase(name) == name {
		name = fs.PathJoin(dir, name)
	}
	f, err := fs.Open(name, vfs.SequentialReadsOption)
	if err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	defer f.Close()
	s := manifestScan{file: name}
	return s.run(f)
}

// checkEmpty makes sure that a folder without a MANIFEST has no table and no
// write-ahead log, which are made after it.
func checkEmpty(fs vfs.FS, dir string) error {
	names, err := fs.List(dir)
	if err != nil {
		return fmt.Errorf("list %s: %w", dir, err)
	}
	for _, name := range names {
		if ext := filepath.Ext(name); ext == ".sst" || ext == ".log" {
			return &ManifestError{File: fs.PathJoin(dir, "marker.manifest"), Missing: true}
		}
	}
	return nil
}

// manifestScan walks the chunks of one MANIFEST.
type manifestScan struct {
	file   string
	block  int64 // number of the block in buf
	buf    [manifestBlock]byte
	within bool // a record has begun and not ended
}

func (s *manifestScan) run(r io.Reader) error {
	for ; ; s.block++ {
		n, err := io.ReadFull(r, s.buf[:])
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return fmt.Errorf("read %s: %w", s.file, err)
		}
		if err := s.chunks(s.buf[:n], last); err != nil {
			return err
		}
		if last {
			if s.within {
				return s.bad(n, true, "the last record is not finished")
			}
			return nil
		}
	}
}

func (s *manifestScan) bad(at int, torn bool, what string) error {
	return &ManifestError{File: s.file, Offset: s.block*manifestBlock + int64(at), Torn: torn, What: what}
}

// chunks checks one block; last says that the file ends in or after it.
func (s *manifestScan) chunks(b []byte, last bool) error {
	at := 0
	for len(b)-at >= manifestHeader {
		size := int(binary.LittleEndian.Uint16(b[at+4:]))
		end := at + manifestHeader + size
		if end > len(b) {
			return s.bad(at, last, "a record reaches beyond its block")
		}
		c := crc32.Checksum(b[at+6:end], castagnoli)
		if masked := c>>15 | c<<17; binary.LittleEndian.Uint32(b[at:]) != masked+0xa282ead8 {
			return s.bad(at, last && allZero(b[at:]), "checksum does not match")
		}
		if err := s.position(at, b[at+6]); err != nil {
			return err
		}
		at = end
	}
	if !allZero(b[at:]) {
		return s.bad(at, last && len(b) < manifestBlock, "bytes after the last record")
	}
	return nil
}

func (s *manifestScan) position(at int, position byte) error {
	begins := position == chunkFull || position == chunkFirst
	if position < chunkFull || position > chunkLast || begins == s.within {
		return s.bad(at, false, "a record's parts are out of order")
	}
	s.within = position == chunkFirst || position == chunkMiddle
	return nil
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
