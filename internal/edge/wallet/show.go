package wallet

import (
	"bytes"
	"context"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	rule "github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// ShowWallet implements WalletService. The first look of a day is noted with the
// device, so that its owner sees which ones are in use.
func (s *Server) ShowWallet(ctx context.Context, _ *connect.Request[pb.ShowWalletRequest]) (*connect.Response[pb.WalletView], error) {
	v, err := s.view(ctx)
	if err != nil {
		return nil, err
	}
	who := from(ctx)
	for _, d := range v.Msg.Devices {
		if d.This && !rule.SeenToday(d.SeenAt, s.Now(), stamp.Business) {
			// One that can't be noted now is noted at the next look.
			_, _ = do(ctx, s, rule.SeeDevice, &pb.DeviceSeen{Uid: who.uid, Device: d.Device})
		}
	}
	return v, nil
}

// view is the caller's wallet as it is after all that was answered.
func (s *Server) view(ctx context.Context) (*connect.Response[pb.WalletView], error) {
	who, v := from(ctx), &pb.WalletView{}
	if err := s.read(ctx, "show a wallet", func(r table.Reader) error {
		w, p, out := own(r, who)
		if out != code.OK {
			return &code.Error{Code: out}
		}
		v.Name = s.Personal.Name(p)
		if a, ok := ledger.Get(r, ledger.UserBalance(w.Uid), money.CNY); ok {
			v.Balance, v.Held = ledger.Balance(a), a.DebitsPending
		}
		fill(v, w, rule.LimitsOf(r, w.Grade), who)
		if w.Passkeys > 0 {
			fillPasskeys(v, rule.PasskeysOf(r, w.Uid))
		}
		v.Block = s.blockView(r, who, p)
		v.Decided = decision(r, w.Uid)
		return nil
	}); err != nil {
		return nil, err
	}
	return answer(v)
}

// own is the caller's wallet, unless the device was ended.
func own(r table.Reader, who *caller) (*pb.Wallet, *pb.Person, code.Code) {
	w, ok := rule.Get(r, who.uid)
	if !ok || rule.Device(w, who.params.Key) == nil {
		return nil, nil, code.DeviceUnknown
	}
	p, ok := person.Get(r, who.uid)
	if !ok {
		return nil, nil, code.PersonNotFound
	}
	return w, p, code.OK
}

func fill(v *pb.WalletView, w *pb.Wallet, l *pb.Limits, who *caller) {
	v.HasPin, v.PinLockedUntil, v.PinResetAt = w.Pin.GetHash() != "", w.Pin.GetLockedUntil(), w.Pin.GetResetAt()
	v.FreeLimit, v.PerAct, v.PerDay, v.PerYear = w.FreeLimit, l.PerAct, l.PerDay, l.PerYear
	v.SpentDay, v.SpentYear = w.SpentDay, w.SpentYear
	for _, d := range w.Devices {
		v.Devices = append(v.Devices, &pb.DeviceView{
			Device: d.Id, Label: d.Label, AddedAt: d.AddedAt, TrustedAt: d.TrustedAt, This: bytes.Equal(d.Id, who.params.Key),
			SeenAt: d.SeenAt,
		})
	}
}

func fillPasskeys(v *pb.WalletView, of *pb.Passkeys) {
	for _, k := range of.List {
		v.Passkeys = append(v.Passkeys, &pb.PasskeyView{Credential: k.Credential, Label: k.Label, AddedAt: k.AddedAt, UsedAt: k.UsedAt})
	}
}

// SetFreeLimit implements WalletService.
func (s *Server) SetFreeLimit(ctx context.Context, q *connect.Request[pb.SetFreeLimitRequest]) (*connect.Response[pb.WalletView], error) {
	who := from(ctx)
	if _, err := do(ctx, s, rule.SetFreeLimit, &pb.FreeLimitSet{Uid: who.uid, Limit: q.Msg.Limit, Consent: who.consent(q.Msg.Grant)}); err != nil {
		return nil, err
	}
	return s.view(ctx)
}

// EndDevice implements WalletService. Whoever ends the device in their hand gets an
// empty view: nothing of the wallet is theirs to see any more.
func (s *Server) EndDevice(ctx context.Context, q *connect.Request[pb.EndDeviceRequest]) (*connect.Response[pb.WalletView], error) {
	who := from(ctx)
	if _, err := do(ctx, s, rule.EndDevice, &pb.DeviceEnd{Uid: who.uid, Device: q.Msg.Device, Consent: who.consent(q.Msg.Grant)}); err != nil {
		return nil, err
	}
	if bytes.Equal(q.Msg.Device, who.params.Key) {
		return answer(&pb.WalletView{})
	}
	return s.view(ctx)
}
