package wallet

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
)

// mostLooked bounds how much of a view one page looks at.
const mostLooked = 2000

func page(limit uint32) int {
	if limit == 0 {
		return usualBills
	}
	return int(min(limit, mostBills))
}

// ListWaiting implements WalletService. A transfer waits for a day at most, so that only
// what is younger is looked at.
func (s *Server) ListWaiting(ctx context.Context, q *connect.Request[pb.ListWaitingRequest]) (*connect.Response[pb.ListWaitingResponse], error) {
	who, limit := from(ctx), page(q.Msg.Limit)
	list := &pb.ListWaitingResponse{Included: s.Views.Next()}
	mine, err := s.Views.List(pb.Kind_KIND_TRANSFER, strconv.FormatUint(who.uid, 10), view.Mark{}, mostLooked)
	if err != nil {
		return nil, s.fail(who, "list transfers", err)
	}
	told, err := s.Views.Told("transfer", who.uid, q.Msg.Before, mostLooked)
	if err != nil {
		return nil, s.fail(who, "list transfers", err)
	}
	if err := s.read(ctx, "list transfers", func(r table.Reader) error {
		if _, _, out := own(r, who); out != code.OK {
			return out.Err()
		}
		waiting := waitingOf(r, who.uid, q.Msg.Before, mine, told)
		if len(waiting) > limit {
			waiting = waiting[:limit]
			list.Next = waiting[limit-1].CreateSeq
		}
		for _, t := range waiting {
			list.Transfers = append(list.Transfers, s.transferLine(r, who.uid, t))
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return answer(list)
}

// waitingOf are the transfers among the candidates that wait and were made before an
// entry, the newest first.
func waitingOf(r table.Reader, uid, before uint64, mine []view.Mark, told []uint64) []*pb.PersonTransfer {
	var waiting []*pb.PersonTransfer
	add := func(t *pb.PersonTransfer, ok bool) {
		if ok && t.State == pb.TransferState_TRANSFER_STATE_WAITING && (t.Payer == uid || t.Payee == uid) && (before == 0 || t.CreateSeq < before) {
			waiting = append(waiting, t)
		}
	}
	for _, m := range mine {
		add(transfer.Get(r, m.ID))
	}
	for _, seq := range told {
		if id, ok := subjectOf(r, seq, "transfer"); ok {
			add(transfer.Get(r, id))
		}
	}
	slices.SortFunc(waiting, func(a, b *pb.PersonTransfer) int { return cmp.Compare(b.CreateSeq, a.CreateSeq) })
	return slices.CompactFunc(waiting, func(a, b *pb.PersonTransfer) bool { return a.Id == b.Id })
}

// subjectOf is the number of the thing of a kind that an entry is about.
func subjectOf(r table.Reader, seq uint64, kind string) (id uint64, ok bool) {
	stored, ok := journal.Entry(r, seq)
	e := new(pb.Entry)
	if !ok || e.UnmarshalVT(stored) != nil {
		return 0, false
	}
	return numberIn(e.Entity, kind)
}

func numberIn(entity, kind string) (id uint64, ok bool) {
	name, number, _ := strings.Cut(entity, "/")
	id, err := strconv.ParseUint(number, 10, 64)
	return id, err == nil && name == kind
}

// ListPackets implements WalletService.
func (s *Server) ListPackets(ctx context.Context, q *connect.Request[pb.ListPacketsRequest]) (*connect.Response[pb.ListPacketsResponse], error) {
	list := &pb.ListPacketsResponse{Included: s.Views.Next()}
	var err error
	if q.Msg.Taken {
		err = s.takenPackets(ctx, q.Msg, list)
	} else {
		err = s.thrownPackets(ctx, q.Msg, list)
	}
	if err != nil {
		return nil, err
	}
	return answer(list)
}

// thrownPackets lists one's own; the cursor is a packet's number.
func (s *Server) thrownPackets(ctx context.Context, q *pb.ListPacketsRequest, list *pb.ListPacketsResponse) error {
	who, limit := from(ctx), page(q.Limit)
	var thrown []*pb.Packet
	if err := s.read(ctx, "list packets", func(r table.Reader) error {
		if _, _, out := own(r, who); out != code.OK {
			return out.Err()
		}
		var before view.Mark
		if p, ok := packet.Get(r, q.Before); ok {
			before = view.Mark{At: p.CreatedAt, ID: p.Id}
		}
		marks, err := s.Views.List(pb.Kind_KIND_PACKET, strconv.FormatUint(who.uid, 10), before, limit)
		if err != nil {
			return err
		}
		for _, m := range marks {
			if p, ok := packet.Get(r, m.ID); ok {
				thrown = append(thrown, p)
				list.Packets = append(list.Packets, s.packetLine(r, who.uid, p))
			}
		}
		if len(marks) == limit {
			list.Next = marks[limit-1].ID
		}
		return nil
	}); err != nil {
		return err
	}
	for i, p := range thrown {
		var err error
		if list.Packets[i].Link, err = s.linkOf(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// takenPackets lists those that gave the person a share; the cursor is a journal entry.
func (s *Server) takenPackets(ctx context.Context, q *pb.ListPacketsRequest, list *pb.ListPacketsResponse) error {
	who, limit := from(ctx), page(q.Limit)
	lines, err := s.Views.History(ledger.UserBalance(who.uid), money.CNY, q.Before, mostLooked)
	if err != nil {
		return s.fail(who, "list packets", err)
	}
	return s.read(ctx, "list packets", func(r table.Reader) error {
		if _, _, out := own(r, who); out != code.OK {
			return out.Err()
		}
		for _, l := range lines {
			id, ok := numberIn(l.Entity, "packet")
			if p, there := packet.Get(r, id); ok && there && l.Code == pb.PostingCode_POSTING_CODE_PACKET && l.Amount > 0 {
				list.Packets = append(list.Packets, s.packetLine(r, who.uid, p))
			}
			if len(list.Packets) == limit {
				list.Next = l.Seq
				return nil
			}
		}
		if len(lines) >= mostLooked {
			list.Next = lines[len(lines)-1].Seq
		}
		return nil
	})
}

func (s *Server) packetLine(r table.Reader, uid uint64, p *pb.Packet) *pb.PacketLine {
	v := &pb.PacketLine{
		Packet: p.Id, State: rpc.Word(p.State),
		Count: p.Count, Taken: p.Taken, Total: p.Total, Lucky: p.Lucky, At: p.CreatedAt,
	}
	if share, ok := packet.ShareOf(r, p.Id, uid); ok {
		v.Mine = share.Amount
	}
	if p.Payer != uid {
		v.Who = personal.Masked(r, s.Personal, p.Payer)
	}
	return v
}
