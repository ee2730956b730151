// Package identity names one life of one data folder. An identity is drawn at
// random when the folder is made, is never reused, and is recorded by the
// log's store and by the state's store. Start-up compares the two records, so
// that a state from one folder never runs over a log from another.
//
// Its stored form is 32 bytes:
//
//	+---------+----------------+---------------+-----------------+---------+
//	| "hfi1"  | cluster id, BE | raft id, BE   | incarnation, BE | CRC32C  |
//	| 4 bytes | 8 bytes        | 8 bytes       | 8 bytes         | 4 bytes |
//	+---------+----------------+---------------+-----------------+---------+
package identity

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Size is the length of the stored form in bytes.
const Size = 32

const magic = "hfi1"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrDamaged says that stored bytes are no identity: wrong length, magic,
// checksum, or a zero where a random number belongs.
var ErrDamaged = errors.New("identity record is damaged")

// Identity is who a data folder is. No field is ever zero.
type Identity struct {
	// ClusterID is shared by all nodes of a cluster and by nothing else.
	ClusterID uint64
	// RaftID is the node's id in the raft group. It is not used again after the
	// node's disk is lost: the replacement draws a new one.
	RaftID uint64
	// Incarnation is drawn anew whenever a folder is made.
	Incarnation uint64
}

// New draws an identity for the first node of a new cluster from random, which
// is crypto/rand.Reader outside tests. It fails only when random does.
func New(random io.Reader) (Identity, error) {
	var id Identity
	for _, n := range []*uint64{&id.ClusterID, &id.RaftID, &id.Incarnation} {
		var b [8]byte
		for *n == 0 {
			if _, err := io.ReadFull(random, b[:]); err != nil {
				return Identity{}, fmt.Errorf("draw a folder's identity: %w", err)
			}
			*n = binary.BigEndian.Uint64(b[:])
		}
	}
	return id, nil
}

// IsZero says whether nothing has been drawn yet.
func (id Identity) IsZero() bool { return id == Identity{} }

// String writes the identity for logs and error texts; it is no secret.
func (id Identity) String() string {
	return fmt.Sprintf("cluster %016x, node %016x, incarnation %016x", id.ClusterID, id.RaftID, id.Incarnation)
}

// Append adds the stored form to buf.
func (id Identity) Append(buf []byte) []byte {
	at := len(buf)
	buf = append(buf, magic...)
	buf = binary.BigEndian.AppendUint64(buf, id.ClusterID)
	buf = binary.BigEndian.AppendUint64(buf, id.RaftID)
	buf = binary.BigEndian.AppendUint64(buf, id.Incarnation)
	return binary.BigEndian.AppendUint32(buf, crc32.Checksum(buf[at:], castagnoli))
}

// Parse reads the stored form back; it returns ErrDamaged for anything else.
func Parse(b []byte) (Identity, error) {
	if len(b) != Size || string(b[:4]) != magic ||
		binary.BigEndian.Uint32(b[28:]) != crc32.Checksum(b[:28], castagnoli) {
		return Identity{}, ErrDamaged
	}
	id := Identity{
		ClusterID:   binary.BigEndian.Uint64(b[4:]),
		RaftID:      binary.BigEndian.Uint64(b[12:]),
		Incarnation: binary.BigEndian.Uint64(b[20:]),
	}
	if id.ClusterID == 0 || id.RaftID == 0 || id.Incarnation == 0 {
		return Identity{}, ErrDamaged
	}
	return id, nil
}
