package admin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"sync"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/csvfile"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

const (
	// mostInARow is what one row of a file may be, in fen, unless the call says.
	mostInARow = 10_000_00
	// importsAtOnce is how many rows are on their way at once.
	importsAtOnce = 16
)

// batch is a file on its way in. Everything in it is checked before the first row is
// applied; each row is idempotent under the file's identity, so that repeating the call
// completes what a crash left half done.
type batch struct {
	*csvfile.File
	report *pb.AdminImportReport
	apply  []func(ctx context.Context) error
}

// begin reads a file and names it.
func (s *Server) begin(ctx context.Context, q *pb.AdminImportRequest, needed, more []string) (*batch, error) {
	b := &batch{File: csvfile.Read(q.File, needed, more), report: &pb.AdminImportReport{Id: q.Id, DryRun: q.DryRun}}
	switch {
	case q.Id != "" && !ident.ValidClientID(q.Id) || len(q.Id) > 32:
		return nil, invalid("an import's id is 1 to 32 characters of 0-9 A-Z a-z _ -")
	case q.Most < 0:
		return nil, refuse(code.AmountMustBePositive)
	case q.Most == 0:
		q.Most = mostInARow
	}
	if q.Id == "" { // a keyed hash: there are phone numbers in the file
		tag, err := s.People.Tag(ctx, "import", string(q.File))
		if err != nil {
			return nil, s.fail("name an import", err)
		}
		b.report.Id = hex.EncodeToString(tag[:8])
	}
	b.report.Bom, b.report.Rows = b.BOM, uint32(len(b.Rows))
	return b, nil
}

// finish applies what was found good, unless something was not or it is a dry run.
func (s *Server) finish(ctx context.Context, b *batch) (*connect.Response[pb.AdminImportReport], error) {
	for _, p := range b.Problems {
		b.report.Problems = append(b.report.Problems, &pb.AdminImportProblem{Line: uint32(p.Line), Column: uint32(p.Column), Says: p.Says})
	}
	if len(b.Problems) > 0 || b.report.DryRun {
		return answer(b.report)
	}
	done, err := together(ctx, b.apply)
	if err != nil {
		return nil, connect.NewError(connect.CodeOf(err), fmt.Errorf("%d of %d rows are in; repeat the same call, it does the rest and nothing twice: %w", done, len(b.apply), err))
	}
	b.report.Applied = true
	return answer(b.report)
}

// together runs some at a time until one fails, and counts those that did not.
func together(ctx context.Context, todo []func(context.Context) error) (done int, failed error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	next := make(chan func(context.Context) error)
	for range importsAtOnce {
		all.Go(func() {
			for act := range next {
				err := act(ctx)
				mu.Lock()
				if err == nil {
					done++
				} else if failed == nil {
					failed = err
				}
				mu.Unlock()
			}
		})
	}
	for _, act := range todo {
		mu.Lock()
		stop := failed != nil
		mu.Unlock()
		if stop {
			break
		}
		next <- act
	}
	close(next)
	all.Wait()
	return done, failed
}

// TopupImport credits the balances that a file lists, all rows or none.
func (s *Server) TopupImport(ctx context.Context, q *connect.Request[pb.AdminImportRequest]) (*connect.Response[pb.AdminImportReport], error) {
	b, err := s.begin(ctx, q.Msg, []string{"amount"}, []string{"phone", "ref", "key"})
	if err != nil {
		return nil, err
	}
	for _, column := range []string{"key", "ref"} {
		b.Once(column)
	}
	seen := map[string]int{}
	for _, row := range b.Rows {
		fen, ok := b.Amount(row, "amount", q.Msg.Most)
		p, err := s.named(ctx, b, row)
		switch {
		case err != nil:
			return nil, err
		case !ok || p == nil:
			continue
		}
		if err := s.planTopup(ctx, b, row, p, fen, seen); err != nil {
			return nil, err
		}
	}
	return s.finish(ctx, b)
}

// planTopup checks one top-up and plans it. Its identity names neither the person's
// phone number nor the row's key.
func (s *Server) planTopup(ctx context.Context, b *batch, row csvfile.Row, p *pb.Person, fen int64, seen map[string]int) error {
	name := "u" + strconv.FormatUint(p.Uid, 10)
	if key := row.Text("key"); key != "" {
		tag, err := s.People.Tag(ctx, "import key", key)
		if err != nil {
			return s.fail("name a row", err)
		}
		name = hex.EncodeToString(tag[:8])
	}
	if line, twice := seen[name]; twice {
		b.Problem(row, "phone", "line %d is the same person: give each row a key of its own if both are meant", line)
		return nil
	}
	seen[name] = row.Line
	return s.planCredit(ctx, b, row, p.Uid, fen, "file/"+b.report.Id+"/"+name)
}

func (s *Server) planCredit(ctx context.Context, b *batch, row csvfile.Row, uid uint64, fen int64, ref string) error {
	c := &pb.PersonTopup{Uid: uid, Amount: fen, Currency: money.CNY, Ref: ref, Line: topupLine}
	total, ok := money.Add(b.report.Total, fen)
	if !ok {
		b.Problem(row, "amount", "with this row the file's amounts add up to more than any book can hold")
		return nil
	}
	b.report.Total = total
	return s.read(ctx, "look for a top-up", func(r table.Reader) error {
		old, ok := ledger.GetBatch(r, "topup/"+ref)
		content := sha256.Sum256(table.Encode(c))
		switch {
		case ok && string(old.ContentHash) != string(content[:16]):
			b.Problem(row, "amount", "this import's id was used with another amount for this row")
			return nil
		case ok:
			b.report.Known++
			return nil
		}
		if a, ok := ledger.Get(r, ledger.UserBalance(uid), money.CNY); ok && (a.Frozen || a.Cap > 0 && fen > a.Cap-ledger.Balance(a)) {
			b.Problem(row, "amount", "the person's account is frozen, or would have more than it may")
			return nil
		}
		b.report.Fresh++
		b.apply = append(b.apply, func(ctx context.Context) error {
			_, err := s.topup(ctx, uid, fen, ref)
			return err
		})
		return nil
	})
}
