package bench

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/rsakey"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
)

// shop is a merchant that can sign requests.
type shop struct {
	mchid  string
	key    *rsakey.Key
	serial string
}

// openShop gives a merchant of the rig a certificate and an APIv3 key.
func (g *rig) openShop(ctx context.Context, i int) (*shop, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make a merchant's key: %w", err)
	}
	der, err := g.node.Keys().IssueMerchantCert(mchid(i), "bench", &key.PublicKey, time.Now().UnixMilli())
	if err != nil {
		return nil, err
	}
	cert, err := seal.ParseCertificateDER(der)
	if err != nil {
		return nil, err
	}
	s := &shop{mchid: mchid(i), key: rsakey.Open(key), serial: seal.Serial(cert)}
	if _, err := do(ctx, g, merchant.AddCert, &pb.MerchantCert{
		Mchid: s.mchid, Serial: s.serial, Der: der,
		NotBefore: cert.NotBefore.UnixMilli(), NotAfter: cert.NotAfter.UnixMilli(),
	}); err != nil {
		return nil, err
	}
	return s, g.giveAPIv3Key(ctx, s.mchid)
}

// giveAPIv3Key lets notices to the merchant be sealed.
func (g *rig) giveAPIv3Key(ctx context.Context, mchid string) error {
	id, err := g.node.Keys().PutAPIv3Key(mchid, keystore.NewAPIv3Key(), time.Now().UnixMilli())
	if err != nil {
		return err
	}
	_, err = do(ctx, g, merchant.UseKey, &pb.MerchantKey{Mchid: mchid, KeyId: id})
	return err
}

// authorization signs a request as the official SDK does.
func (s *shop) authorization(method, target, nonce string, at time.Time, body []byte) (string, error) {
	timestamp := fmt.Sprint(at.Unix())
	signature, err := s.key.Sign(seal.RequestMessage(method, target, timestamp, nonce, body))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`WECHATPAY2-SHA256-RSA2048 mchid="%s",nonce_str="%s",timestamp="%s",serial_no="%s",signature="%s"`,
		s.mchid, nonce, timestamp, s.serial, signature), nil
}
