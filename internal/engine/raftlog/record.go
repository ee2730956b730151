package raftlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"go.etcd.io/raft/v3/raftpb"
)

// formatVersion is the layout described in log.go. A higher one is refused.
const formatVersion = 1

// Entries sort before the records about them, so that each table file holds
// either the one or the other and entries never have to be rewritten because a
// record beside them changed.
const (
	entryPrefix = 'e'
	entryEnd    = entryPrefix + 1
	metaPrefix  = 'm'

	entryKeySize = 9
	entryHeader  = 8 + 4 + 1 // term, crc, type
)

var (
	keyHard    = []byte("mhard")
	keyConf    = []byte("mconf")
	keyMembers = []byte("mmembers")
	keyCut     = []byte("mcut")
	keyID      = []byte("mid")
	keyFormat  = []byte("mformat")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	errEntryShort = errors.New("entry is shorter than its header")
	errEntryCRC   = errors.New("entry fails its checksum")
	errMetaCRC    = errors.New("record fails its checksum")
)

func entryKey(index uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{entryPrefix}, index)
}

func putEntryKey(key []byte, index uint64) {
	key[0] = entryPrefix
	binary.BigEndian.PutUint64(key[1:], index)
}

// keyIndex reads an entry's index from its key.
func keyIndex(key []byte) (uint64, bool) {
	if len(key) != entryKeySize || key[0] != entryPrefix {
		return 0, false
	}
	return binary.BigEndian.Uint64(key[1:]), true
}

// keyAfter bounds a range that ends with index.
func keyAfter(index uint64) []byte {
	if index == math.MaxUint64 {
		return []byte{entryEnd}
	}
	return entryKey(index + 1)
}

func entryCRC(index, term uint64, kind byte, data []byte) uint32 {
	var head [17]byte
	binary.BigEndian.PutUint64(head[:], index)
	binary.BigEndian.PutUint64(head[8:], term)
	head[16] = kind
	return crc32.Update(crc32.Checksum(head[:], castagnoli), castagnoli, data)
}

// putEntry fills value, which has entryHeader plus the data's length.
func putEntry(value []byte, e *raftpb.Entry) {
	kind, data := byte(e.GetType()), e.GetData()
	binary.BigEndian.PutUint64(value, e.GetTerm())
	binary.BigEndian.PutUint32(value[8:], entryCRC(e.GetIndex(), e.GetTerm(), kind, data))
	value[12] = kind
	copy(value[entryHeader:], data)
}

// openEntry checks a stored entry; the answer's data is a copy.
func openEntry(index uint64, value []byte) (*raftpb.Entry, error) {
	if len(value) < entryHeader {
		return nil, errEntryShort
	}
	term, kind, data := binary.BigEndian.Uint64(value), value[12], value[entryHeader:]
	if binary.BigEndian.Uint32(value[8:]) != entryCRC(index, term, kind, data) {
		return nil, errEntryCRC
	}
	e := &raftpb.Entry{Term: &term, Index: &index, Type: raftpb.EntryType(kind).Enum()}
	if len(data) > 0 {
		e.Data = append(make([]byte, 0, len(data)), data...)
	}
	return e, nil
}

// sealMeta stores a record about the log: checksum over key and payload.
func sealMeta(key, payload []byte) []byte {
	c := crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, payload)
	return append(binary.BigEndian.AppendUint32(nil, c), payload...)
}

// openMeta checks a stored record and returns its payload.
func openMeta(key, stored []byte) ([]byte, error) {
	if len(stored) < 4 {
		return nil, fmt.Errorf("%s: %w", key, errMetaCRC)
	}
	payload := stored[4:]
	if binary.BigEndian.Uint32(stored) != crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, payload) {
		return nil, fmt.Errorf("%s: %w", key, errMetaCRC)
	}
	return payload, nil
}
