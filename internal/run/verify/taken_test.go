package verify_test

import (
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// consentOf is a consent that stands in the journal.
func (b trader) consentOf(t *testing.T) *pb.Consent {
	t.Helper()
	return b.entryOf(t, catalogue.WalletPay).Consent
}

// entryOf is the first entry that a command left in the journal.
func (b trader) entryOf(t *testing.T, n catalogue.Number) (found *pb.Entry) {
	t.Helper()
	if err := b.n.Replica().ReadLocal(t.Context(), func(r table.Reader) error {
		head, _ := machine.Head(r)
		for seq := range head.JournalSize {
			if e, ok := journal.Read(r, seq); ok && found == nil && catalogue.Number(e.Number) == n {
				found = e
			}
		}
		return nil
	}); err != nil || found == nil {
		t.Fatalf("no entry is of %s (%v)", n, err)
	}
	return found
}
