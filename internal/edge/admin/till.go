package admin

import (
	"context"
	"crypto/rand"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

// TillAdd adds a till. One that has the name already is returned with the code it
// got then.
func (s *Server) TillAdd(ctx context.Context, q *connect.Request[pb.AdminTillAddRequest]) (*connect.Response[pb.AdminTill], error) {
	token := make([]byte, till.TokenSize)
	_, _ = rand.Read(token) // never fails
	t, err := do(ctx, s, till.Add, &pb.TillAdd{Mchid: q.Msg.Mchid, Name: q.Msg.Name, Token: token})
	if err != nil {
		return nil, err
	}
	return answer(s.shownTill(t))
}

// TillSet closes a till for good, or replaces what it may take.
func (s *Server) TillSet(ctx context.Context, q *connect.Request[pb.AdminTillSetRequest]) (*connect.Response[pb.AdminTill], error) {
	t, err := do(ctx, s, till.Set, &pb.TillSet{Id: q.Msg.Till, Close: q.Msg.Close, Caps: q.Msg.Caps})
	if err != nil {
		return nil, err
	}
	return answer(s.shownTill(t))
}

// TillList lists a merchant's tills by name, a page at a time.
func (s *Server) TillList(ctx context.Context, q *connect.Request[pb.AdminTillListRequest]) (*connect.Response[pb.AdminTillListResponse], error) {
	a := new(pb.AdminTillListResponse)
	limit := min(bound(q.Msg.Limit), 1000)
	if err := s.read(ctx, "list tills", func(r table.Reader) error {
		if _, ok := merchant.Peek(r, q.Msg.Mchid); !ok {
			return refuse(code.MerchantNotFound)
		}
		till.Of(r, q.Msg.Mchid, q.Msg.After, func(t *pb.Till) bool {
			if len(a.Tills) == limit {
				a.Next = a.Tills[limit-1].Name
				return false
			}
			a.Tills = append(a.Tills, s.shownTill(t))
			return true
		})
		return nil
	}); err != nil {
		return nil, err
	}
	return answer(a)
}

func (s *Server) shownTill(t *pb.Till) *pb.AdminTill {
	return &pb.AdminTill{
		Till: t.Id, Mchid: t.Mchid, Name: t.Name, Link: s.TillLink(t.Token), CreatedAt: t.CreatedAt, ClosedAt: t.ClosedAt,
		Caps: till.Caps(t),
	}
}
