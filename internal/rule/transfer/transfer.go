// Package transfer moves money from one person to another: at once, or by way of an
// escrow account until the payee accepts or declines, 24 hours at most. The states
// are described at pb.TransferState.
//
// It also answers who is behind a phone number. That answer is worth something to
// who collects numbers, so it is counted (ApplyPayeeLookup).
package transfer

import (
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Level is the feature level from which on people send each other money.
const Level = 5

// AcceptLife is how long a transfer waits to be accepted, in milliseconds.
const AcceptLife = stamp.DayMs

// ids counts transfers.
const ids deed.Counter = 1

var (
	transfers = table.Of[pb.PersonTransfer, *pb.PersonTransfer]{ID: table.Transfers}
	refs      = table.Of[pb.OrderRef, *pb.OrderRef]{ID: table.TransferNos}
	reaches   = table.Of[pb.Reach, *pb.Reach]{ID: table.Reaches}
)

func key(id uint64) table.Key { return table.K(table.Transfers).U64(id) }
func numberKey(payer uint64, clientID string) table.Key {
	return table.K(table.TransferNos).U64(payer).Str(clientID)
}
func payeeKey(payer, payee uint64) table.Key { return table.K(table.Payees).U64(payer).U64(payee) }
func reachKey(uid uint64) table.Key          { return table.K(table.Reaches).U64(uid) }

// Get reads a transfer by its id.
func Get(r table.Reader, id uint64) (*pb.PersonTransfer, bool) { return transfers.Get(r, key(id)) }

// ByClientID reads a transfer by the payer's own name for it.
func ByClientID(r table.Reader, payer uint64, clientID string) (*pb.PersonTransfer, bool) {
	ref, ok := refs.Get(r, numberKey(payer, clientID))
	if !ok {
		return nil, false
	}
	return transfers.Need(r, key(ref.Id)), true
}

// Knows says whether payer has sent payee money before.
func Knows(r table.Reader, payer, payee uint64) bool {
	_, ok := table.Value(r, payeeKey(payer, payee))
	return ok
}

// Scan visits all transfers in the order of their ids.
func Scan(r table.Reader, visit func(*pb.PersonTransfer) bool) {
	from, to := table.Range(table.Transfers)
	transfers.Scan(r, from, to, func(_ []byte, t *pb.PersonTransfer) bool { return visit(t) })
}

// WaitsUntil is when a transfer that waits goes back by itself, Unix milliseconds.
func WaitsUntil(t *pb.PersonTransfer) int64 { return t.CreatedAt + AcceptLife }

// Entity is the transfer's name in the journal.
func Entity(id uint64) string {
	var room [32]byte
	return string(appendEntity(room[:0], id))
}

func appendEntity(b []byte, id uint64) []byte {
	return strconv.AppendUint(append(b, "transfer/"...), id, 10)
}

// record journals what was done to a transfer.
func record(d *deed.Deed, t *pb.PersonTransfer, postings []*pb.Posting) {
	var room, payer [32]byte
	entity := d.Mem.Text(appendEntity(room[:0], t.Id))
	name := d.Mem.Join(string(strconv.AppendUint(payer[:0], t.Payer, 10)), "/", t.ClientId)
	d.Record(entity, name, postings)
}
