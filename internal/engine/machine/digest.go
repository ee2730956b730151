package machine

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// digestFormat begins what Digest hashes, so that its hash is of nothing else.
const digestFormat = "holdfast state 1\n"

// Digest is one hash for all that the state holds besides the journal, which has
// its root: two nodes with the same Digest and root at one index have the same
// rows. It costs about as much as hashing half a kilobyte.
func (m *Machine) Digest() [32]byte {
	return DigestOf(m.done.head)
}

// DigestOf is what Digest returns for a state with this Head row.
func DigestOf(head *pb.Head) [32]byte {
	var room [1024]byte // for 30 tables; more of them go to the heap
	return sha256.Sum256(appendState(room[:0], head))
}

// appendState writes what is hashed: the format's name, the head's own numbers,
// then for each table with rows, in key order,
//
//	+--------+------------+------------+
//	| table  | sum, BE    | rows, BE   |
//	| 1 byte | 16 bytes   | 8 bytes    |
//	+--------+------------+------------+
//
// A table without rows is left out, so that one which a later version adds
// changes nothing until it is used.
func appendState(b []byte, h *pb.Head) []byte {
	b = append(b, digestFormat...)
	for _, n := range [...]uint64{
		h.AppliedIndex, h.AppliedTerm, uint64(h.At), uint64(h.ClockOffsetMs), uint64(h.Level), uint64(len(h.Backfills)),
		h.NextOrder, h.NextPerson, h.NextRefund, h.NextNotice, h.CloseCursor, h.PruneCursor,
	} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	for _, d := range h.Digests {
		if d.Rows == 0 && d.Hi == 0 && d.Lo == 0 {
			continue
		}
		b = append(b, byte(d.Table))
		b = binary.BigEndian.AppendUint64(b, d.Hi)
		b = binary.BigEndian.AppendUint64(b, d.Lo)
		b = binary.BigEndian.AppendUint64(b, d.Rows)
	}
	return b
}

// TableSum is a table's digest, by the state's Head row; nil while it never had a row.
func TableSum(head *pb.Head, id table.ID) *pb.TableDigest {
	for _, d := range head.Digests {
		if table.ID(d.Table) == id {
			return d
		}
	}
	return nil
}

// RowsOf is how many rows a table has, by the state's Head row.
func RowsOf(head *pb.Head, id table.ID) uint64 { return TableSum(head, id).GetRows() }
