package admin

import (
	"context"
	"encoding/base64"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
)

// Status tells how the node is.
func (s *Server) Status(ctx context.Context, _ *connect.Request[pb.AdminStatusRequest]) (*connect.Response[pb.AdminStatus], error) {
	a := &pb.AdminStatus{Now: s.Now(), Version: s.Version, Verifier: s.Keys.CheckpointVerifier()}
	a.SigningLibrary = s.Keys.PublicKey().Library()
	a.ReadOnlyWhy = s.ReadOnly()
	a.ReadOnly = a.ReadOnlyWhy != ""
	if cp, ok := s.Checkpoint(); ok {
		a.Checkpoint = string(cp.Text)
	}
	err := s.read(ctx, "tell the status", func(r table.Reader) error {
		head, ok := machine.Head(r)
		if !ok {
			return nil
		}
		a.AppliedIndex, a.Level, a.Sandbox = head.AppliedIndex, head.Level, head.Sandbox
		a.JournalSize, a.JournalRoot = head.JournalSize, base64.StdEncoding.EncodeToString(head.JournalRoot)
		if next := s.Views.Next(); next < head.JournalSize {
			a.ViewLag = head.JournalSize - next
		}
		a.NoticesOwed, a.OldestNoticeAgeMs = Owed(r, head, a.Now)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(a)
}

// Owed counts owed notices and tells the age of the oldest in milliseconds,
// without reading them all: the digest counts the rows, and the first row is
// the oldest.
func Owed(r table.Reader, head *pb.Head, now int64) (count uint64, oldestMs int64) {
	for _, d := range head.Digests {
		if table.ID(d.Table) == table.Owed {
			count = d.Rows
		}
	}
	notice.Owed(r, 0, func(n *pb.Notice) bool {
		oldestMs = max(now-n.CreatedAt, 0)
		return false
	})
	return count, oldestMs
}

// AdvanceClock moves a sandbox's business time. The request's id is the
// attempt, so a client that repeats one request moves it once.
func (s *Server) AdvanceClock(ctx context.Context, q *connect.Request[pb.AdvanceClockRequest]) (*connect.Response[pb.AdminStatus], error) {
	advance := &pb.AdvanceClock{AdvanceMs: q.Msg.AdvanceMs, Attempt: requestID(ctx)}
	if _, err := do(ctx, s, machine.AdvanceClock, advance); err != nil {
		return nil, err
	}
	return s.Status(ctx, nil)
}
