package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

const (
	ledgerFloor    = 200_000 // transfers/s
	ledgerAccounts = 10_000
)

// ledgerSuite: transfers between accounts in full batches. The clock stops when
// the history of the last transfer can be read.
func ledgerSuite(ctx context.Context, r *run) error {
	g, err := r.newRig(ctx)
	if err != nil {
		return err
	}
	defer g.close()
	name := func(i int) string { return fmt.Sprintf("acct/%d", i%ledgerAccounts) }
	if err := each(64, ledgerAccounts, func(_, i int) error {
		_, err := do(ctx, g, ledger.LimitAccount, &pb.AccountLimit{Account: name(i), Currency: money.CNY})
		return err
	}); err != nil {
		return err
	}
	rounds, batches := pick(r, 2, 5), pick(r, 50, 200)
	var rates, cpus, applied []float64
	for round := range rounds {
		if err := g.settle(ctx); err != nil {
			return err
		}
		begin, busy := time.Now(), cpu()
		if err := each(4, batches, func(_, b int) error {
			batch := &pb.TransferBatch{Ref: fmt.Sprintf("%d-%d", round, b), Currency: money.CNY, Transfers: make([]*pb.Transfer, ledger.MaxBatch)}
			for i := range batch.Transfers {
				at := b*7919 + i*31
				batch.Transfers[i] = &pb.Transfer{Debit: name(at), Credit: name(at + 1 + i%97), Amount: int64(1 + i%500)}
			}
			_, err := do(ctx, g, ledger.TransferAll, batch)
			return err
		}); err != nil {
			return err
		}
		n := float64(batches * ledger.MaxBatch)
		applied = append(applied, n/time.Since(begin).Seconds())
		if err := g.settle(ctx); err != nil {
			return err
		}
		rates, cpus = append(rates, n/time.Since(begin).Seconds()), append(cpus, micros(cpu()-busy)/n)
	}
	r.atLeast("transfers_per_second", median(rates), "transfers/s, history readable", ledgerFloor)
	r.plain("transfers_committed_per_second", median(applied), "transfers/s, durable and applied")
	r.plain("cpu_per_transfer", median(cpus), "us, load generator and views included")
	return nil
}
