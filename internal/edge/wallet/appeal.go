package wallet

import (
	"context"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/standing"
	rule "github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// maxWords bounds an appeal, in characters.
const maxWords = 500

// Appeal implements WalletService. It is the one act that is open to the blocked.
func (s *Server) Appeal(ctx context.Context, q *connect.Request[pb.AppealRequest]) (*connect.Response[pb.WalletView], error) {
	who, m := from(ctx), q.Msg
	if m.Words == "" || !rule.Prose(m.Words, maxWords) {
		return nil, refuse(who, code.TextInvalid)
	}
	var p *pb.Person
	if err := s.read(ctx, "look at a block", func(r table.Reader) (err error) {
		var out code.Code
		if _, p, out = own(r, who); out != code.OK {
			return &code.Error{Code: out}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	words, err := s.Personal.SealMemo(ctx, m.Words, p)
	if err != nil {
		return nil, s.fail(who, "seal an appeal", err)
	}
	if _, err := do(ctx, s, standing.File, &pb.AppealFile{Uid: who.uid, ClientId: m.ClientId, Words: words, Consent: who.consent(0)}); err != nil {
		return nil, err
	}
	return s.view(ctx)
}

// blockView is why the person can't act; nil for one who can.
func (s *Server) blockView(r table.Reader, who *caller, p *pb.Person) *pb.BlockView {
	a, appealed := standing.Of(r, p.Uid)
	if !p.Blocked {
		return nil
	}
	reason := code.Blocked(p.BlockWhy)
	v := &pb.BlockView{Why: reason.Name, Sentence: reason.EN, Since: p.BlockedAt}
	if who.chinese {
		v.Sentence = reason.ZH
	}
	if appealed && a.BlockedAt == p.BlockedAt {
		v.Appeal, v.AppealedAt, v.DecidedAt = standing.Word(a.State), a.FiledAt, a.DecidedAt
		if text, err := s.Personal.OpenMemo(a.Answer, p); a.Answer != nil && err == nil {
			v.Answer = text
		}
	}
	return v
}
