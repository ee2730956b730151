package contract

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/downloader"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/services/certificates"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// query asks for an order that does not exist: the answer has no signature.
// close asks for a 204, which has.
func (s *shop) works(client *core.Client) error {
	s.t.Helper()
	api := native.NativeApiService{Client: client}
	_, err := api.CloseOrder(s.t.Context(), native.CloseOrderRequest{OutTradeNo: core.String("T-SDK-none"), Mchid: core.String(s.mchid)})
	return err
}

// The manager downloads, keeps, and after a rotation takes the new certificate
// in; who has not looked yet goes on with the old one.
func TestCertificatesWithAutoUpdate(t *testing.T) {
	s := newShop(t, pb.KeyMode_KEY_MODE_CERTIFICATE)
	client := s.sdk() // through http.DefaultTransport
	manager := downloader.MgrInstance()
	old := s.keys.SigningCert(time.Now().UnixMilli()).ID()
	if serial := manager.GetNewestCertificateSerial(t.Context(), s.mchid); serial != old {
		t.Fatalf("downloaded %s, the platform signs with %s", serial, old)
	}
	if err := s.works(client); err != nil {
		t.Fatal(err)
	}
	next, err := s.keys.RotatePlatform(time.Now().UnixMilli(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.works(client); err != nil {
		t.Errorf("before the client looked: %v", err)
	}
	manager.DownloadCertificates(t.Context())
	if all := manager.GetCertificateMap(t.Context(), s.mchid); len(all) != 2 || all[old] == nil || all[next] == nil {
		t.Errorf("after the rotation the client has %d certificates", len(all))
	}
	if serial := manager.GetNewestCertificateSerial(t.Context(), s.mchid); serial != next {
		t.Errorf("the newest is %s, want %s", serial, next)
	}
	if err := s.works(client); err != nil {
		t.Errorf("after the client looked: %v", err)
	}
}

// The downloader over a client of one's own, and the generated service.
func TestCertificatesByClient(t *testing.T) {
	t.Parallel()
	s := newShop(t, pb.KeyMode_KEY_MODE_BOTH)
	bare := s.sdkWith(option.WithMerchantCredential(s.mchid, s.serial, s.key), option.WithoutValidator())
	manager := downloader.NewCertificateDownloaderMgrWithInterval(context.Background(), time.Hour)
	defer manager.Stop()
	if err := manager.RegisterDownloaderWithClient(t.Context(), bare, s.mchid, apiv3); err != nil {
		t.Fatal(err)
	}
	client := s.sdkWith(option.WithWechatPayAutoAuthCipherUsingDownloaderMgr(s.mchid, s.serial, s.key, manager))
	if err := s.works(client); err != nil {
		t.Fatal(err)
	}
	listed, _, err := (&certificates.CertificatesApiService{Client: client}).DownloadCertificates(t.Context())
	if err != nil || len(listed.Data) == 0 || !listed.Data[0].ExpireTime.After(*listed.Data[0].EffectiveTime) {
		t.Errorf("%v, %v", listed, err)
	}
	if err := manager.RegisterDownloaderWithClient(t.Context(), bare, "x"+s.mchid, strings.ToLower(apiv3)); err == nil {
		t.Error("certificates opened with a wrong APIv3 key")
	}
}

func TestPublicKeyMode(t *testing.T) {
	t.Parallel()
	public := shared.keys.PublicKey()
	for _, mode := range []pb.KeyMode{pb.KeyMode_KEY_MODE_PUBLIC_KEY, pb.KeyMode_KEY_MODE_BOTH} {
		s := newShop(t, mode)
		client := s.sdkWith(option.WithWechatPayPublicKeyAuthCipher(s.mchid, s.serial, s.key, public.ID(), public.PublicKey()))
		if err := s.works(client); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
		other, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		deceived := s.sdkWith(option.WithWechatPayPublicKeyAuthCipher(s.mchid, s.serial, s.key, public.ID(), &other.PublicKey))
		if err := s.works(deceived); err == nil {
			t.Errorf("%s: an answer verified with a key that is not the platform's", mode)
		}
	}
	s := newShop(t, pb.KeyMode_KEY_MODE_PUBLIC_KEY)
	_, err := downloader.NewCertificateDownloader(t.Context(), s.mchid, s.key, s.serial, apiv3)
	if !core.IsAPIError(err, "RESOURCE_NOT_EXISTS") {
		t.Errorf("certificates in public-key mode: %v", err)
	}
}

// The SDK reports a failed authentication with what the server built.
func TestWrongKey(t *testing.T) {
	t.Parallel()
	s := newShop(t, pb.KeyMode_KEY_MODE_BOTH)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	client := s.sdkWith(option.WithMerchantCredential(s.mchid, s.serial, other), option.WithoutValidator())
	err = s.works(client)
	if !core.IsAPIError(err, "SIGN_ERROR") || err.(*core.APIError).StatusCode != 401 || !strings.Contains(err.Error(), "truncated_sign_message") {
		t.Errorf("%v", err)
	}
}
