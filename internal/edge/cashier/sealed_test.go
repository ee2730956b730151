package cashier

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
)

// TestSealedNames: the page shows a payer whose details are sealed by name; on a
// node without the key it says so, and still takes the payment.
func TestSealedNames(t *testing.T) {
	d := newSite(t, true)
	now := func() time.Time { return time.UnixMilli(d.core.Now()) }
	people := edgetest.Sealed(t, d.core, d.ming)
	page := "/pay/" + d.core.Order("SEALED-1", nil).PrepayId
	d.http = New(Config{Core: d, People: people, Now: now}).Handler()
	if body := d.get(page).Body.String(); !strings.Contains(body, "小明") {
		t.Errorf("the page does not show the name:\n%s", body)
	}
	d.http = New(Config{Core: d, People: edgetest.Sealer(t, d.core), Now: now}).Handler()
	if body := d.get(page).Body.String(); !strings.Contains(body, "this node does not have the key") || !strings.Contains(body, `name="payer" value="1"`) {
		t.Errorf("without the key the page is:\n%s", body)
	}
}
