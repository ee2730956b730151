package admin

import (
	"context"
	"errors"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/callback"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
)

// MerchantAdd adds a merchant, then its first certificate and APIv3 key. All
// input is checked before the first command, so a call either gets its way or
// is refused whole; after an unknown outcome the same call completes it.
func (s *Server) MerchantAdd(ctx context.Context, q *connect.Request[pb.AdminMerchantAddRequest]) (*connect.Response[pb.AdminMerchant], error) {
	m := q.Msg
	cert, err := s.checkKeys(m.Mchid, m.CertPem, m.Apiv3Key)
	if err != nil {
		return nil, err
	}
	settings, err := s.settingsOf(m)
	if err != nil {
		return nil, err
	}
	if err := checkSettings(settings); err != nil {
		return nil, err
	}
	add := &pb.MerchantAdd{Mchid: m.Mchid, Name: m.Name, Appids: m.Appids, Settings: settings}
	if _, err := do(ctx, s, merchant.Add, add); err != nil {
		return nil, err
	}
	if err := s.applyKeys(ctx, m.Mchid, cert, m.Apiv3Key); err != nil {
		return nil, err
	}
	return s.merchantAnswer(ctx, m.Mchid)
}

// MerchantKey changes certificates, the APIv3 key and appids. What is added
// comes before what is revoked, so that a merchant is never without a
// certificate in between.
func (s *Server) MerchantKey(ctx context.Context, q *connect.Request[pb.AdminMerchantKeyRequest]) (*connect.Response[pb.AdminMerchant], error) {
	m := q.Msg
	cert, err := s.checkKeys(m.Mchid, m.CertPem, m.Apiv3Key)
	if err != nil {
		return nil, err
	}
	if err := s.read(ctx, "find the merchant", func(r table.Reader) error {
		if _, ok := merchant.Get(r, m.Mchid); !ok {
			return refuse(code.MerchantNotFound)
		}
		return nil
	}); err != nil {
		return nil, err // before the keystore keeps a key for nobody
	}
	if m.AddAppid != "" {
		if _, err := do(ctx, s, merchant.BindAppid, &pb.MerchantAppid{Mchid: m.Mchid, Appid: m.AddAppid}); err != nil {
			return nil, err
		}
	}
	if err := s.applyKeys(ctx, m.Mchid, cert, m.Apiv3Key); err != nil {
		return nil, err
	}
	if m.RevokeSerial != "" {
		revoke := &pb.MerchantCertRevoke{Mchid: m.Mchid, Serial: merchant.Serial(m.RevokeSerial)}
		if _, err := do(ctx, s, merchant.RevokeCert, revoke); err != nil {
			return nil, err
		}
	}
	return s.merchantAnswer(ctx, m.Mchid)
}

// checkKeys checks a certificate and a key before anything is done with them.
func (s *Server) checkKeys(mchid, certPEM, key string) (*pb.MerchantCert, error) {
	if key != "" && !ident.ValidAPIv3Key(key) {
		return nil, invalid("an APIv3 key is 32 letters and digits")
	}
	if certPEM == "" {
		return nil, nil
	}
	cert, err := parseCert(mchid, certPEM, s.Wall())
	if err != nil {
		return nil, connect.NewError(connect.CodeInvalidArgument, err)
	}
	return cert, nil
}

// applyKeys adds the certificate and makes the key current; nil and "" are
// nothing. The keystore has the key before the state names it.
func (s *Server) applyKeys(ctx context.Context, mchid string, cert *pb.MerchantCert, key string) error {
	if cert != nil {
		if _, err := do(ctx, s, merchant.AddCert, cert); err != nil {
			return err
		}
	}
	if key == "" {
		return nil
	}
	id, err := s.Keys.PutAPIv3Key(mchid, key, s.Wall().UnixMilli())
	if err != nil {
		return s.fail("keep an APIv3 key", err)
	}
	_, err = do(ctx, s, merchant.UseKey, &pb.MerchantKey{Mchid: mchid, KeyId: id})
	return err
}

// MerchantCallback replaces settings and, where given, name and status.
func (s *Server) MerchantCallback(ctx context.Context, q *connect.Request[pb.AdminMerchantCallbackRequest]) (*connect.Response[pb.AdminMerchant], error) {
	m := q.Msg
	if err := checkSettings(m.Settings); err != nil {
		return nil, err
	}
	set := &pb.MerchantSet{Mchid: m.Mchid, Name: m.Name, Settings: m.Settings, Status: m.Status}
	if _, err := do(ctx, s, merchant.Set, set); err != nil {
		return nil, err
	}
	return s.merchantAnswer(ctx, m.Mchid)
}

// checkSettings refuses settings that no merchant can work with.
func checkSettings(m *pb.MerchantSettings) error {
	if m == nil {
		return nil
	}
	if _, ok := pb.KeyMode_name[int32(m.KeyMode)]; !ok || m.RefundIntervalS < 0 || m.RefundIntervalS > 86400 {
		return invalid("key_mode is one of the schema's; refund_interval_s is 0 to 86400")
	}
	if len(m.CallbackHosts) > 32 {
		return invalid("at most 32 callback hosts")
	}
	for _, h := range m.CallbackHosts {
		if !validHost(h) {
			return invalid("a callback host is a host name in lower case without scheme, port and path")
		}
	}
	return checkTillNotices(m)
}

// checkTillNotices holds the address for notices of tills against the merchant's own rules
// for callbacks. The courier holds it against them again.
func checkTillNotices(m *pb.MerchantSettings) error {
	if m.TillNotifyUrl == "" {
		return nil
	}
	at, fault := callback.Parse(m.TillNotifyUrl)
	switch {
	case fault != nil:
		return invalid("till_notify_url: " + fault.EN)
	case !at.HTTPS && !m.AllowHttp:
		return invalid("till_notify_url must be https: the merchant's callbacks may not go to http addresses")
	case !at.Among(m.CallbackHosts):
		return invalid("till_notify_url names a host to which the merchant's callbacks may not go")
	}
	return nil
}

func validHost(h string) bool {
	for i := range len(h) {
		if c := h[i]; (c < '0' || c > '9') && (c < 'a' || c > 'z') && c != '-' && c != '.' && c != ':' {
			return false
		}
	}
	return len(h) > 0 && len(h) <= 253
}

// MerchantList lists merchants by number, a page at a time.
func (s *Server) MerchantList(ctx context.Context, q *connect.Request[pb.AdminMerchantListRequest]) (*connect.Response[pb.AdminMerchantListResponse], error) {
	a := new(pb.AdminMerchantListResponse)
	limit := min(bound(q.Msg.Limit), 1000)
	err := s.read(ctx, "list merchants", func(r table.Reader) error {
		merchant.List(r, q.Msg.After, func(m *pb.Merchant) bool {
			if len(a.Merchants) == limit {
				a.Next = a.Merchants[limit-1].Mchid
				return false
			}
			a.Merchants = append(a.Merchants, shownMerchant(m))
			return true
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(a)
}

// MerchantShow shows one merchant.
func (s *Server) MerchantShow(ctx context.Context, q *connect.Request[pb.AdminMerchantShowRequest]) (*connect.Response[pb.AdminMerchant], error) {
	return s.merchantAnswer(ctx, q.Msg.Mchid)
}

// mostOwed is how many owed notices, of all merchants, are looked at to count one
// merchant's: during an outage millions may be owed, and an operator asks then.
var mostOwed = 20_000

func (s *Server) merchantAnswer(ctx context.Context, mchid string) (*connect.Response[pb.AdminMerchant], error) {
	a := new(pb.AdminMerchant)
	err := s.read(ctx, "show a merchant", func(r table.Reader) error {
		m, ok := merchant.Get(r, mchid)
		if !ok {
			return refuse(code.MerchantNotFound)
		}
		a.Merchant, a.Certs = shownMerchant(m), all(merchant.Certs(r, mchid), shownCert)
		if acc, ok := ledger.Get(r, ledger.MerchantPending(mchid), money.CNY); ok {
			a.Accounts = append(a.Accounts, shownAccount(acc))
		}
		a.NoticesParked = notice.ParkedCount(r, mchid)
		looked := 0
		notice.Owed(r, 0, func(n *pb.Notice) bool {
			if looked++; looked > mostOwed {
				a.OwedAtLeast = true
				return false
			}
			if n.Mchid == mchid {
				a.NoticesOwed++
			}
			return true
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(a)
}

var errNotNow = errors.New("the node is starting or stopping; ask again in a moment")
