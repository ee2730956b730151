package machine_test

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

// atTills has every command of tills in it, and leaves one till open.
func (w *workload) atTills() {
	w.addTill("counter", 1)
	closed := w.addTill("stall", 2)
	w.ok(catalogue.TillSet, &pb.TillSet{Id: closed.Id, Caps: &pb.TillCaps{Pay: 100_00}})
	w.ok(catalogue.TillSet, &pb.TillSet{Id: closed.Id, Close: true})
}

func (w *workload) addTill(name string, n byte) *pb.Till {
	return w.ok(catalogue.TillAdd, &pb.TillAdd{Mchid: workMchid, Name: name, Token: filled(till.TokenSize, n)}).(*pb.Till)
}
