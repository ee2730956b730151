// Package deed is what one command does: the transaction it writes through,
// its stamp, the state's counters, and what the journal will say of it.
//
// A handler checks first and writes after. Once it has written it cannot
// refuse, and whatever it wrote it records; the machine asserts both.
package deed

import (
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Deed is handed to the handler of one command.
type Deed struct {
	// Tx is the frame's transaction.
	Tx table.Txn
	// Head holds the counters; handlers only take numbers from it.
	Head *pb.Head
	// Actor is who asked, as in the command.
	Actor string
	stamp.Stamp

	entries []*pb.Entry
	one     [1]*pb.Entry // room for what most commands record
}

// Seq is the sequence number that the next recorded entry takes.
func (d *Deed) Seq() uint64 { return d.Head.JournalSize + uint64(len(d.entries)) }

// Record adds a journal entry about an entity ("order/17") by its natural key
// and with its postings. The machine fills in the rest.
func (d *Deed) Record(entity, name string, postings []*pb.Posting, commitments ...[]byte) {
	if d.entries == nil {
		d.entries = d.one[:0]
	}
	d.entries = append(d.entries, &pb.Entry{
		Seq: d.Seq(), Entity: entity, Name: name, Postings: postings, Commitments: commitments,
	})
}

// Entries are the entries recorded so far.
func (d *Deed) Entries() []*pb.Entry { return d.entries }

// TakeNoticeID takes the next notice's number.
func (d *Deed) TakeNoticeID() uint64 {
	id := d.Head.NextNotice
	d.Head.NextNotice++
	return id
}
