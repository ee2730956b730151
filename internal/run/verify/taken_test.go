package verify_test

import (
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// consentOf is a consent that stands in the journal.
func (b trader) consentOf(t *testing.T) (c *pb.Consent) {
	t.Helper()
	if err := b.n.Replica().ReadLocal(t.Context(), func(r table.Reader) error {
		head, _ := machine.Head(r)
		for seq := range head.JournalSize {
			if e, ok := journal.Read(r, seq); ok && e.Consent != nil {
				c = e.Consent
				return nil
			}
		}
		return nil
	}); err != nil || c == nil {
		t.Fatalf("no entry has a consent (%v)", err)
	}
	return c
}
