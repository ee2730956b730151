package wallet

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
)

// FindPayee implements WalletService. For nobody it does the same work as for somebody,
// so that the time it takes tells nothing.
func (s *Server) FindPayee(ctx context.Context, q *connect.Request[pb.FindPayeeRequest]) (*connect.Response[pb.FindPayeeResponse], error) {
	if q.Msg.Code != "" {
		return s.findByCode(ctx, q.Msg.Code)
	}
	_, tag, err := s.phone(ctx, q.Msg.Phone)
	if err != nil {
		return nil, err
	}
	found, err := do(ctx, s, transfer.Lookup, &pb.PayeeLookup{Uid: from(ctx).uid, Device: from(ctx).params.Key, PhoneTag: tag})
	if err != nil {
		return nil, err
	}
	v := &pb.FindPayeeResponse{}
	if v.Payee, err = s.payeeToken(ctx, found.Uid, 0); err != nil {
		return nil, err
	}
	if err := s.read(ctx, "name a payee", func(r table.Reader) error {
		v.Name = personal.Masked(r, s.Personal, found.Uid)
		return nil
	}); err != nil {
		return nil, err
	}
	if found.Uid == 0 {
		v = &pb.FindPayeeResponse{}
	}
	return answer(v)
}

// tokenSeal is the size of what makes a payee's token the asker's own, in bytes.
const tokenSeal = 8

// payeeToken names a payee to the caller, and to nobody else: other numbers cannot be
// tried out, since only those that were found have one. An amount that the payee asked
// for is part of it.
func (s *Server) payeeToken(ctx context.Context, uid uint64, amount int64) (string, error) {
	b := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uid), uint64(amount))
	mac, err := s.Personal.Tag(ctx, "payee", strconv.FormatUint(from(ctx).uid, 10)+" "+hex.EncodeToString(b))
	if err != nil {
		return "", s.fail(from(ctx), "name a payee", err)
	}
	return hex.EncodeToString(append(b, mac[:tokenSeal]...)), nil
}

// payee reads a payee's token: who gets an amount that is to be sent.
func (s *Server) payee(ctx context.Context, token string, amount int64) (uint64, error) {
	b, err := hex.DecodeString(token)
	if err != nil || len(b) != 8+8+tokenSeal {
		return 0, refuse(from(ctx), code.PayeeUnavailable)
	}
	uid, asked := binary.BigEndian.Uint64(b), int64(binary.BigEndian.Uint64(b[8:]))
	want, err := s.payeeToken(ctx, uid, asked)
	switch {
	case err != nil:
		return 0, err
	case want != token:
		return 0, refuse(from(ctx), code.PayeeUnavailable)
	case asked != 0 && asked != amount:
		return 0, refuse(from(ctx), code.AmountFixed)
	}
	return uid, nil
}
