package admin

import (
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// steps lists what the journal says about an entity, oldest first. known are
// the entries the record itself names: they are shown even while the views lag
// or are being rebuilt.
func (s *Server) steps(r table.Reader, entity string, limit int, known ...uint64) []*pb.Step {
	seqs := slices.DeleteFunc(known, func(n uint64) bool { return n == 0 })
	if more, err := s.Views.Steps(entity, 0, limit); err == nil {
		seqs = append(seqs, more...)
	}
	slices.Sort(seqs)
	seqs = slices.Compact(seqs)
	if len(seqs) > limit {
		seqs = seqs[len(seqs)-limit:]
	}
	var list []*pb.Step
	for _, seq := range seqs {
		// The snapshot may be older than the views: an entry it lacks came later.
		if e, ok := journal.Read(r, seq); ok && e.Entity == entity {
			list = append(list, &pb.Step{At: e.At, What: what(e), Seq: seq, Actor: e.Actor, Postings: e.Postings})
		}
	}
	return list
}

// what names a step: the command, or what a tick did.
func what(e *pb.Entry) string {
	kind, _, _ := cutEntity(e.Entity)
	words := map[catalogue.Number]string{
		catalogue.OrderCreate: "ordered", catalogue.OrderPay: "paid", catalogue.OrderClose: "closed by the merchant",
		catalogue.RefundCreate: "refund accepted", catalogue.NoticeRedeliver: "owed again by hand",
		catalogue.TransferCreate: "sent", catalogue.TransferAccept: "accepted", catalogue.TransferDecline: "declined",
		catalogue.PacketCreate: "thrown", catalogue.PacketClaim: "share taken", catalogue.PacketReveal: "seed shown",
		catalogue.ReportCreate: "reported", catalogue.ReportAnswer: "answered", catalogue.ReportClose: "closed by the person",
	}
	if catalogue.Number(e.Number) == catalogue.Tick {
		return map[string]string{"order": "closed by itself", "refund": "refund settled", "notice": "revived", "transfer": "sent back", "packet": "rest sent back", "report": "promised time passed"}[kind]
	}
	if w, ok := words[catalogue.Number(e.Number)]; ok {
		return w
	}
	return catalogue.Number(e.Number).String()
}

func cutEntity(entity string) (kind, name string, ok bool) {
	for i := range len(entity) {
		if entity[i] == '/' {
			return entity[:i], entity[i+1:], true
		}
	}
	return entity, "", false
}
