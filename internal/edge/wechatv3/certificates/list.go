package certificates

import (
	"fmt"
	"net/http"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatjson"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	sj "github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
)

// certificateData is the associated data of a sealed certificate.
const certificateData = "certificate"

var whyAlgorithm = &sj.Why{ZH: "应为 RSA、SM2 或 ALL", EN: "must be RSA, SM2 or ALL"}

// noCertificate is what the live service tells merchants in public-key mode.
var noCertificate = &wechatv3.Refusal{
	Status: http.StatusNotFound, Code: "RESOURCE_NOT_EXISTS", Digits: wechatv3.DigitsOther,
	ZH: "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥。可查看指引https://pay.weixin.qq.com/doc/v3/merchant/4012153196",
	EN: "No platform certificate is available; verify with the platform's public key",
}

// list answers GET /v3/certificates: the platform's certificates, each
// sealed with the merchant's APIv3 key. During a rotation there are two.
func (l lister) list(q *wechatv3.Request) ([]byte, *wechatv3.Refusal) {
	algorithm, _ := q.Query("algorithm_type")
	switch algorithm {
	case "", "RSA", "ALL":
	case "SM2":
		return nil, noCertificate
	default:
		return nil, wechatv3.BadField("query", "algorithm_type", wechatv3.Shorten(algorithm), whyAlgorithm)
	}
	if q.Merchant.Settings.GetKeyMode() == pb.KeyMode_KEY_MODE_PUBLIC_KEY {
		return nil, noCertificate
	}
	id := merchant.CurrentKey(q.Merchant)
	if id == "" {
		return nil, q.Refuse(code.KeyMissing)
	}
	key, ok := l.keys.APIv3Key(id)
	if !ok {
		return nil, q.Failed(fmt.Errorf("the keystore has no key %s", id))
	}
	w := wechatjson.Writer{Buf: make([]byte, 0, 4096)}
	w.Buf = append(w.Buf, `{"data":[`...)
	for i, c := range l.keys.PlatformCerts(q.Began.UnixMilli()) {
		if i > 0 {
			w.Buf = append(w.Buf, ',')
		}
		if err := writeCertificate(&w, c, key, q.Offset); err != nil {
			return nil, q.Failed(err)
		}
	}
	return append(w.Buf, `]}`...), nil
}

func writeCertificate(w *wechatjson.Writer, c keystore.PlatformCert, key []byte, offset int32) error {
	nonce := seal.DeriveNonce(key, 0, c.PEM)
	sealed, err := seal.Seal(key, nonce, certificateData, c.PEM)
	if err != nil {
		return fmt.Errorf("seal platform certificate %s: %w", c.Serial, err)
	}
	w.Buf = append(w.Buf, '{')
	w.Str("serial_no", c.Serial)
	w.Str("effective_time", stamp.RFC3339(c.EffectiveAt, offset))
	w.Str("expire_time", stamp.RFC3339(c.ExpiresAt, offset))
	w.Open("encrypt_certificate")
	w.Str("algorithm", seal.Algorithm)
	w.Str("nonce", nonce)
	w.Str("associated_data", certificateData)
	w.Str("ciphertext", sealed)
	w.Close()
	w.Close()
	return nil
}
