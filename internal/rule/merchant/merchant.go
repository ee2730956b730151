// Package merchant keeps merchants: who they are, the appids bound to them,
// their API certificates, which version of the APIv3 key is current, and the
// rules for their callbacks. Keys themselves are in the keystore.
package merchant

import (
	"slices"
	"unicode/utf8"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

var merchants = table.Of[pb.Merchant, *pb.Merchant]{ID: table.Merchants}

func key(mchid string) table.Key { return table.K(table.Merchants).Str(mchid) }

// Get reads a merchant.
func Get(r table.Reader, mchid string) (*pb.Merchant, bool) { return merchants.Get(r, key(mchid)) }

// Peek is Get for looking only: the merchant must not be modified.
func Peek(r table.Reader, mchid string) (*pb.Merchant, bool) {
	return merchants.Peek(r, table.K(table.Merchants).Str(mchid))
}

// List visits merchants in the order of their mchid, beginning after the given one.
func List(r table.Reader, after string, visit func(*pb.Merchant) bool) {
	_, to := table.Range(table.Merchants)
	merchants.Scan(r, key(after), to, func(_ []byte, m *pb.Merchant) bool {
		return m.Mchid == after || visit(m)
	})
}

// BoundTo says whether the appid belongs to the merchant.
func BoundTo(m *pb.Merchant, appid string) bool { return slices.Contains(m.Appids, appid) }

// CurrentKey is the key id of the newest APIv3 key, "" when there is none.
func CurrentKey(m *pb.Merchant) string {
	if len(m.Keys) == 0 {
		return ""
	}
	return m.Keys[len(m.Keys)-1].KeyId
}

func put(d *deed.Deed, m *pb.Merchant) {
	merchants.Put(d.Tx, key(m.Mchid), m)
	d.Record("merchant/"+m.Mchid, m.Mchid, nil)
}

func validName(s string) bool {
	n := utf8.RuneCountInString(s)
	return utf8.ValidString(s) && n >= 1 && n <= 127
}

// ApplyAdd adds a merchant with its pending account. The mchid is the identity:
// the same content again answers the merchant as it is now. Settings of a later feature
// level are refused as the machine refuses commands of one.
//
// Refuses, in this order: MchidInvalid, NameInvalid, AppidInvalid, MerchantExists.
func ApplyAdd(d *deed.Deed, c *pb.MerchantAdd) (code.Code, *pb.Merchant) {
	if !ident.ValidMchid(c.Mchid) {
		return code.MchidInvalid, nil
	}
	if !validName(c.Name) {
		return code.NameInvalid, nil
	}
	for _, appid := range c.Appids {
		if !ident.ValidAppid(appid) {
			return code.AppidInvalid, nil
		}
	}
	if later(d, c.Settings) {
		return code.LevelTooLow, nil
	}
	if old, ok := Get(d.Tx, c.Mchid); ok {
		return sameAdd(d, c, old), old
	}
	m := &pb.Merchant{
		Mchid: c.Mchid, Name: c.Name, Appids: c.Appids, Settings: withDefaults(c.Settings),
		Status: pb.MerchantStatus_MERCHANT_STATUS_ACTIVE, CreatedAt: d.At,
	}
	// From here the command succeeds.
	ledger.OpenOwed(d.Tx, ledger.MerchantPending(c.Mchid), money.CNY)
	put(d, m)
	return code.OK, m
}

// LevelSameContent is the feature level from which on an add that repeats another
// must have its settings too.
const LevelSameContent = 4

// LevelTillNotice is the feature level from which on tills have an address for notices.
const LevelTillNotice = 5

// later says whether settings have what the log's level does not know yet.
func later(d *deed.Deed, s *pb.MerchantSettings) bool {
	return s.GetTillNotifyUrl() != "" && d.Head.Level < LevelTillNotice
}

// sameAdd compares an add with what is there; appids may have grown since.
func sameAdd(d *deed.Deed, c *pb.MerchantAdd, old *pb.Merchant) code.Code {
	if c.Name != old.Name {
		return code.MerchantExists
	}
	if d.Head.Level >= LevelSameContent && !sameSettings(withDefaults(c.Settings), withDefaults(old.Settings)) {
		return code.MerchantExists
	}
	for _, appid := range c.Appids {
		if !BoundTo(old, appid) {
			return code.MerchantExists
		}
	}
	return code.OK
}

func sameSettings(a, b *pb.MerchantSettings) bool {
	return a.KeyMode == b.KeyMode && a.RefundIntervalS == b.RefundIntervalS && a.AllowHttp == b.AllowHttp &&
		a.Strict == b.Strict && a.WeixinCodeUrl == b.WeixinCodeUrl && a.TillNotifyUrl == b.TillNotifyUrl && slices.Equal(a.CallbackHosts, b.CallbackHosts)
}

// withDefaults fills in what an operator who said nothing would expect: answers
// signed by certificate and public key alike, and strict parameters.
func withDefaults(s *pb.MerchantSettings) *pb.MerchantSettings {
	if s == nil {
		s = &pb.MerchantSettings{Strict: true}
	}
	if s.KeyMode == pb.KeyMode_KEY_MODE_UNSPECIFIED {
		s.KeyMode = pb.KeyMode_KEY_MODE_BOTH
	}
	return s
}

// ApplySet replaces settings and, where given, name and status. Settings of a later
// feature level are refused as the machine refuses commands of one.
//
// Refuses, in this order: MerchantNotFound, NameInvalid, NothingToDo.
func ApplySet(d *deed.Deed, c *pb.MerchantSet) (code.Code, *pb.Merchant) {
	m, ok := Get(d.Tx, c.Mchid)
	if !ok {
		return code.MerchantNotFound, nil
	}
	if c.Name != "" && !validName(c.Name) {
		return code.NameInvalid, m
	}
	if later(d, c.Settings) {
		return code.LevelTooLow, m
	}
	before := table.Encode(m)
	if c.Name != "" {
		m.Name = c.Name
	}
	if c.Settings != nil {
		m.Settings = withDefaults(c.Settings)
	}
	if c.Status != pb.MerchantStatus_MERCHANT_STATUS_UNSPECIFIED {
		m.Status = c.Status
	}
	if string(before) == string(table.Encode(m)) {
		return code.NothingToDo, m
	}
	put(d, m)
	return code.OK, m
}

// ApplyAppid binds one more appid; binding it again changes nothing.
//
// Refuses, in this order: AppidInvalid, MerchantNotFound.
func ApplyAppid(d *deed.Deed, c *pb.MerchantAppid) (code.Code, *pb.Merchant) {
	if !ident.ValidAppid(c.Appid) {
		return code.AppidInvalid, nil
	}
	m, ok := Get(d.Tx, c.Mchid)
	if !ok {
		return code.MerchantNotFound, nil
	}
	if BoundTo(m, c.Appid) {
		return code.OK, m
	}
	m.Appids = append(m.Appids, c.Appid)
	put(d, m)
	return code.OK, m
}

// ApplyKey makes a version of the APIv3 key current; the key itself is already
// in the keystore. The key id is the identity.
//
// Refuses, in this order: KeyMissing (no key id), MerchantNotFound.
func ApplyKey(d *deed.Deed, c *pb.MerchantKey) (code.Code, *pb.Merchant) {
	if c.KeyId == "" {
		return code.KeyMissing, nil
	}
	m, ok := Get(d.Tx, c.Mchid)
	if !ok {
		return code.MerchantNotFound, nil
	}
	for _, v := range m.Keys {
		if v.KeyId == c.KeyId {
			return code.OK, m
		}
	}
	m.Keys = append(m.Keys, &pb.KeyVersion{KeyId: c.KeyId, Since: d.At})
	put(d, m)
	return code.OK, m
}
