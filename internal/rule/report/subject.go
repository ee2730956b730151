package report

import (
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
)

// about is what a report's subject says of it.
type about struct {
	// mchid is the merchant it is about, "" where it is about none.
	mchid string
	// entries are the journal's entries that are evidence, in their order.
	entries []uint64
}

// Concerns says whether something is there and is a person's to ask about: an order they
// paid, a refund of one, a transfer they sent or got, a packet they threw or took from.
func Concerns(r table.Reader, uid uint64, s *pb.Subject) bool {
	_, ok := concerning(r, uid, s)
	return ok
}

// concerning finds what a person reports; ok is false where it is not there or is none
// of theirs, which look alike.
func concerning(r table.Reader, uid uint64, s *pb.Subject) (a about, ok bool) {
	switch s.GetKind() {
	case pb.Kind_KIND_ORDER:
		o, there := order.Get(r, s.Id)
		return aboutOrder(o, uid, there)
	case pb.Kind_KIND_REFUND:
		return aboutRefund(r, uid, s.Id)
	case pb.Kind_KIND_TRANSFER:
		t, there := transfer.Get(r, s.Id)
		if !there || t.Payer != uid && t.Payee != uid {
			return about{}, false
		}
		return about{entries: entries(t.CreateSeq, t.EndSeq)}, true
	case pb.Kind_KIND_PACKET:
		return aboutPacket(r, uid, s.Id)
	}
	return about{}, false
}

func aboutOrder(o *pb.Order, uid uint64, there bool) (about, bool) {
	if !there || o.PayerUid == 0 || o.PayerUid != uid {
		return about{}, false
	}
	return about{mchid: o.Mchid, entries: entries(o.CreateSeq, o.PaySeq)}, true
}

func aboutRefund(r table.Reader, uid, id uint64) (about, bool) {
	f, ok := refund.Get(r, id)
	if !ok {
		return about{}, false
	}
	o, ok := order.Get(r, f.OrderId)
	a, ok := aboutOrder(o, uid, ok)
	a.entries = append(a.entries, entries(f.CreateSeq, f.SuccessSeq)...)
	return a, ok
}

func aboutPacket(r table.Reader, uid, id uint64) (about, bool) {
	p, ok := packet.Get(r, id)
	if !ok {
		return about{}, false
	}
	share, took := packet.ShareOf(r, id, uid)
	if p.Payer != uid && !took {
		return about{}, false
	}
	if took {
		return about{entries: entries(p.CreateSeq, share.Seq)}, true
	}
	return about{entries: entries(p.CreateSeq, p.EndSeq)}, true
}

// entries leaves out a second entry that is not there, or is the first.
func entries(first, second uint64) []uint64 {
	if second == 0 || second == first {
		return []uint64{first}
	}
	return []uint64{first, second}
}
