package transfer

import (
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

var invariants = []catalogue.Invariant{
	catalogue.Numbered("transfers", ids, Entity, Scan),
	{Name: "transfers are found by their payers' names for them", Check: found},
	{Name: "a person knows whom they sent money to", Check: known},
	{Name: "escrow of transfers holds what waits, and nothing else", Check: escrowed},
	{Name: "a transfer that waits is due", Check: isDue},
}

func found(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, func(t *pb.PersonTransfer) bool {
		if ref, ok := refs.Get(r, numberKey(t.Payer, t.ClientId)); !ok || ref.Id != t.Id {
			return report(Entity(t.Id), "is not found by its payer's name for it, %d/%s", t.Payer, t.ClientId)
		}
		return true
	})
}

func known(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, func(t *pb.PersonTransfer) bool {
		if !Knows(r, t.Payer, t.Payee) {
			return report(Entity(t.Id), "went to a stranger")
		}
		return true
	})
}

// escrowed compares both ways: transfers that wait with their accounts, and
// accounts with transfers that wait.
func escrowed(r table.Reader, _ *pb.Head, report catalogue.Report) {
	more := true
	Scan(r, func(t *pb.PersonTransfer) bool {
		if t.State != pb.TransferState_TRANSFER_STATE_WAITING {
			return true
		}
		if a, ok := ledger.Get(r, ledger.EscrowTransfer(t.Id), t.Currency); !ok || ledger.Balance(a) != t.Amount {
			more = report(Entity(t.Id), "waits with %d, which is not what its escrow account has", t.Amount)
		}
		return more
	})
	prefix := strings.TrimSuffix(ledger.EscrowTransfer(0), "0")
	ledger.Scan(r, func(a *pb.Account) bool {
		rest, ours := strings.CutPrefix(a.Name, prefix)
		if !more || !ours || ledger.Balance(a) == 0 {
			return more
		}
		id, _ := strconv.ParseUint(rest, 10, 64)
		if t, ok := Get(r, id); !ok || t.State != pb.TransferState_TRANSFER_STATE_WAITING {
			more = report(a.Name, "holds %d for no transfer that waits", ledger.Balance(a))
		}
		return more
	})
}

func isDue(r table.Reader, _ *pb.Head, report catalogue.Report) {
	waiting := map[uint64]bool{}
	due.Scan(r, func(i due.Item) bool {
		if i.Kind == pb.DueKind_DUE_KIND_TRANSFER_EXPIRE {
			waiting[i.ID] = true
		}
		return true
	})
	Scan(r, func(t *pb.PersonTransfer) bool {
		if t.State == pb.TransferState_TRANSFER_STATE_WAITING && !waiting[t.Id] {
			return report(Entity(t.Id), "waits and is never due")
		}
		return true
	})
}
