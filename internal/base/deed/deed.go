// Package deed is what one command does: the transaction it writes through,
// its stamp, the state's counters, and what the journal will say of it.
//
// A handler checks first and writes after. Once it has written it cannot
// refuse, and whatever it wrote it records; the machine asserts both.
package deed

import (
	"github.com/holdfast-pay/holdfast/internal/base/arena"
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
	// Mem is where texts and bytes that a record or an entry holds are made.
	Mem *arena.Arena
	// Actor is who asked, as in the command.
	Actor string
	stamp.Stamp

	entries []*pb.Entry
	// Room for what most commands record.
	one         [1]*pb.Entry
	first       pb.Entry
	commitments [1][]byte
}

// Seq is the sequence number that the next recorded entry takes.
func (d *Deed) Seq() uint64 { return d.Head.JournalSize + uint64(len(d.entries)) }

// Record adds a journal entry about an entity ("order/17") by its natural key
// and with its postings. The machine fills in the rest.
func (d *Deed) Record(entity, name string, postings []*pb.Posting, commitments ...[]byte) {
	e := d.entry()
	e.Seq, e.Entity, e.Name, e.Postings = d.Seq(), entity, name, postings
	if len(commitments) > 0 {
		e.Commitments = append(e.Commitments, commitments...)
	}
	d.entries = append(d.entries, e)
}

// Consent keeps what a person's device signed with the entry recorded last.
func (d *Deed) Consent(c *pb.Consent) { d.entries[len(d.entries)-1].Consent = c }

// Shown keeps the code that the payer showed with the entry recorded last.
func (d *Deed) Shown(c *pb.ShownCode) { d.entries[len(d.entries)-1].Shown = c }

// entry is an empty entry, without an allocation the first time.
func (d *Deed) entry() *pb.Entry {
	if len(d.entries) > 0 {
		return new(pb.Entry)
	}
	d.entries = d.one[:0]
	d.first.Commitments = d.commitments[:0]
	return &d.first
}

// Entries are the entries recorded so far.
func (d *Deed) Entries() []*pb.Entry { return d.entries }

// TakeNoticeID takes the next notice's number.
func (d *Deed) TakeNoticeID() uint64 {
	id := d.Head.NextNotice
	d.Head.NextNotice++
	return id
}
