package wallet

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"strings"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/paycode"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// MakeReceiveCode implements WalletService. The code stays the same, so that a print of
// it stays good, until a fresh one is asked for.
func (s *Server) MakeReceiveCode(ctx context.Context, q *connect.Request[pb.MakeReceiveCodeRequest]) (*connect.Response[pb.ReceiveCode], error) {
	who, m := from(ctx), q.Msg
	if m.Amount < 0 {
		return nil, refuse(who, code.AmountMustBePositive)
	}
	var mine []byte
	if err := s.read(ctx, "find a receive code", func(r table.Reader) error {
		mine = paycode.Of(r, who.uid).Receive
		_, _, out := own(r, who)
		return out.Err()
	}); err != nil {
		return nil, err
	}
	if len(mine) == 0 || m.Fresh {
		mine = make([]byte, paycode.ReceiveSize)
		rand.Read(mine)
		if _, err := do(ctx, s, paycode.SetReceive, &pb.ReceiveCodeSet{Uid: who.uid, Code: mine, Consent: who.consent(0)}); err != nil {
			return nil, err
		}
	}
	link, err := s.receiveLink(ctx, mine, m.Amount)
	if err != nil {
		return nil, err
	}
	return answer(&pb.ReceiveCode{Code: link, Amount: m.Amount})
}

// receiveLink is a person's code with the amount they ask for. The seal keeps others
// from changing it on the way.
func (s *Server) receiveLink(ctx context.Context, mine []byte, amount int64) (string, error) {
	link := paylink.Receive(mine)
	if amount == 0 {
		return link, nil
	}
	link += "/" + strconv.FormatInt(amount, 10)
	mac, err := s.Personal.Tag(ctx, "receive", link)
	if err != nil {
		return "", s.fail(from(ctx), "seal an amount", err)
	}
	return link + "/" + hex.EncodeToString(mac[:tokenSeal]), nil
}

// readReceive reads what was scanned; ok is false where it was altered.
func (s *Server) readReceive(ctx context.Context, scanned string) (mine []byte, amount int64, ok bool, err error) {
	mine, asked, fixed, ok := paylink.ReadReceive(scanned)
	if !ok {
		return nil, 0, false, nil
	}
	if fixed {
		sum, _, _ := strings.Cut(asked, "/")
		if amount, err = strconv.ParseInt(sum, 10, 64); err != nil || amount <= 0 {
			return nil, 0, false, nil
		}
	}
	want, err := s.receiveLink(ctx, mine, amount)
	return mine, amount, hmac.Equal([]byte(want), []byte(strings.TrimSpace(scanned))), err
}

// findByCode finds who is paid by a code. Whoever has it was shown it or sent it: 128
// random bits are not tried out, so that nothing is counted. One that was replaced, and
// that of somebody who can't be paid, look alike.
func (s *Server) findByCode(ctx context.Context, scanned string) (*connect.Response[pb.FindPayeeResponse], error) {
	who := from(ctx)
	mine, amount, ok, err := s.readReceive(ctx, scanned)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, refuse(who, code.PayCodeInvalid)
	}
	var uid uint64
	v := &pb.FindPayeeResponse{}
	if err := s.read(ctx, "find a payee", func(r table.Reader) error {
		_, me, out := own(r, who)
		switch {
		case out != code.OK:
			return &code.Error{Code: out}
		case me.Blocked:
			return &code.Error{Code: code.PersonBlocked}
		}
		uid = paycode.ByReceive(r, mine)
		if p, ok := person.Get(r, uid); ok && person.TakesMoney(p) {
			v.Name, v.Amount = personal.Masked(r, s.Personal, uid), amount
		} else {
			uid = 0
		}
		return nil
	}); err != nil || uid == 0 {
		return connect.NewResponse(v), err
	}
	if v.Payee, err = s.payeeToken(ctx, uid, amount); err != nil {
		return nil, err
	}
	return answer(v)
}
