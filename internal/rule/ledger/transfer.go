package ledger

import (
	"bytes"
	"crypto/sha256"
	"unicode/utf8"

	"github.com/holdfast-pay/holdfast/internal/base/arena"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// MaxBatch is how many transfers one batch may hold.
const MaxBatch = 8000

// entryBytes bounds the postings of one journal entry, which may be 60,000
// bytes with everything else it says.
const entryBytes = 59_000

var batches = table.Of[pb.Batch, *pb.Batch]{ID: table.Batches}

// GetBatch reads the record of a batch or top-up by its identity.
func GetBatch(r table.Reader, ref string) (*pb.Batch, bool) {
	return batches.Get(r, table.K(table.Batches).Str(ref))
}

// Once remembers an identity with the hash of its content. It returns OK with
// fresh true when the identity is new (the caller must then call Remember), OK
// with fresh false for a repeat, and clash when the content differs.
func Once(tx table.Txn, ref string, content []byte, clash code.Code) (c code.Code, fresh bool) {
	old, ok := GetBatch(tx, ref)
	switch {
	case !ok:
		return code.OK, true
	case bytes.Equal(old.ContentHash, content):
		return code.OK, false
	}
	return clash, false
}

// Remember stores an identity that Once found fresh.
func Remember(d *deed.Deed, ref string, content []byte, count int) {
	batches.Insert(d.Tx, table.K(table.Batches).Str(ref), &pb.Batch{
		Ref: ref, ContentHash: content, JournalSeq: d.Seq(), Count: uint32(count), At: d.At,
	})
}

// ContentHash is the first 16 bytes of SHA-256 of a record's encoding: it is
// made once, when the record is made, and only compared afterwards.
func ContentHash(mem *arena.Arena, rec table.Record) []byte {
	sum := sha256.Sum256(table.EncodeIn(mem, rec))
	return mem.Copy(sum[:16])
}

// ApplyTransferBatch moves money between accounts, all transfers or none.
//
// Refuses, in this order: BatchEmpty, BatchTooLarge, AccountNameInvalid (ref),
// CurrencyUnknown, BatchExists, and for the first transfer that cannot be posted
// AccountReserved (escrow, or a till's) and what Book.Post refuses.
func ApplyTransferBatch(d *deed.Deed, c *pb.TransferBatch) code.Code {
	switch {
	case len(c.Transfers) == 0:
		return code.BatchEmpty
	case len(c.Transfers) > MaxBatch:
		return code.BatchTooLarge
	case c.Ref == "" || len(c.Ref) > MaxName || !utf8.ValidString(c.Ref):
		return code.AccountNameInvalid
	case c.Currency != money.CNY:
		return code.CurrencyUnknown
	}
	content, ref := ContentHash(d.Mem, c), "transfer/"+c.Ref
	if out, fresh := Once(d.Tx, ref, content, code.BatchExists); !fresh {
		return out
	}
	book := Begin(d.Tx, c.Currency)
	for _, t := range c.Transfers {
		if d.Head.Level >= LevelEscrow && (Reserved(t.Debit) || Reserved(t.Credit)) {
			return code.AccountReserved
		}
		if out := book.Post(pb.PostingCode_POSTING_CODE_TRANSFER, t.Debit, t.Credit, t.Amount); out != code.OK {
			return out
		}
	}
	// From here the command succeeds.
	Remember(d, ref, content, len(c.Transfers))
	postings := book.Commit()
	for len(postings) > 0 {
		n := fitting(postings)
		d.Record("batch/"+c.Ref, c.Ref, postings[:n:n])
		postings = postings[n:]
	}
	return code.OK
}

// fitting is how many of the postings, at least one, fit into one entry.
func fitting(postings []*pb.Posting) int {
	size := 0
	for i, p := range postings {
		if size += p.SizeVT() + 3; size > entryBytes {
			return i
		}
	}
	return len(postings)
}
