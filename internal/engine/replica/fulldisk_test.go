package replica_test

import (
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// A leader whose disk takes no writes hands the lead to a node whose disk does, and
// payments go on; where no disk does, it stays.
func TestFullDiskHandsOver(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	first, r := c.leader()
	res, err := r.Do(t.Context(), catalogue.NewCommand(catalogue.PersonAdd, "test", "", &pb.PersonAdd{Ref: "payer", Name: "payer"}))
	if err != nil || res.Code != code.OK {
		t.Fatal(res, err)
	}
	uid := res.Body.(*pb.Person).Uid
	other := first%3 + 1
	well := 6 - first - other
	c.low[first].Store(true)
	c.low[other].Store(true)
	for id := first; id != well; {
		select {
		case <-t.Context().Done():
			t.Fatal("the lead stays with a node whose disk is full")
		case <-time.After(time.Millisecond):
			id, _ = c.leader()
		}
	}
	c.topup(uid, first-1, 0)
	if got := c.balance(well, uid); got != 1 {
		t.Errorf("the balance is %d after a topup of 1", got)
	}
}
