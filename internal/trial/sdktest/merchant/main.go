// Command merchant is a merchant's program on the official Go SDK, as one writes
// it against the live API: no address, no transport, no proxy is mentioned.
//
//	merchant public-key     verifies with the platform's public key
//	merchant certificate    downloads the platform's certificates and verifies with them
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/downloader"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

// config is what a merchant is given.
type config struct {
	Mchid           string `json:"mchid"`
	Appid           string `json:"appid"`
	MerchantSerial  string `json:"merchant_serial"`
	MerchantKeyPath string `json:"merchant_key_path"`
	APIv3Key        string `json:"apiv3_key"`
	PublicKeyID     string `json:"public_key_id"`
	PublicKeyPath   string `json:"public_key_path"`
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, mode string) error {
	var c config
	text, err := os.ReadFile(os.Getenv("HOLDFAST_SANDBOX"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return err
	}
	client, verifier, err := c.client(ctx, mode)
	if err != nil {
		return err
	}
	notices, address, err := listen(c, verifier)
	if err != nil {
		return err
	}
	return c.buy(ctx, client, notices, address)
}

// client makes the SDK's client in one of its two ways.
func (c config) client(ctx context.Context, mode string) (*core.Client, auth.Verifier, error) {
	key, err := utils.LoadPrivateKeyWithPath(c.MerchantKeyPath)
	if err != nil {
		return nil, nil, err
	}
	if mode == "certificate" {
		client, err := core.NewClient(ctx, option.WithWechatPayAutoAuthCipher(c.Mchid, c.MerchantSerial, key, c.APIv3Key))
		return client, verifiers.NewSHA256WithRSAVerifier(downloader.MgrInstance().GetCertificateVisitor(c.Mchid)), err
	}
	public, err := utils.LoadPublicKeyWithPath(c.PublicKeyPath)
	if err != nil {
		return nil, nil, err
	}
	client, err := core.NewClient(ctx, option.WithWechatPayPublicKeyAuthCipher(c.Mchid, c.MerchantSerial, key, c.PublicKeyID, public))
	return client, verifiers.NewSHA256WithRSAPubkeyVerifier(c.PublicKeyID, *public), err
}

// listen receives notices.
func listen(c config, verifier auth.Verifier) (<-chan string, string, error) {
	handler, err := notify.NewRSANotifyHandler(c.APIv3Key, verifier)
	if err != nil {
		return nil, "", err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	events := make(chan string, 8)
	go func() {
		err := http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			content := map[string]any{}
			notice, err := handler.ParseNotifyRequest(r.Context(), r, &content)
			if err != nil {
				fmt.Fprintln(os.Stderr, "refused a notice:", err)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.WriteHeader(http.StatusNoContent)
			events <- notice.EventType
		}))
		fmt.Fprintln(os.Stderr, err)
	}()
	return events, "http://" + l.Addr().String() + "/notify", nil
}

func (c config) buy(ctx context.Context, client *core.Client, events <-chan string, address string) error {
	orders, refunds := native.NativeApiService{Client: client}, refunddomestic.RefundsApiService{Client: client}
	no := fmt.Sprintf("GO%d", time.Now().UnixNano())
	placed, _, err := orders.Prepay(ctx, native.PrepayRequest{
		Appid: core.String(c.Appid), Mchid: core.String(c.Mchid), Description: core.String("茶 <tea>"), OutTradeNo: core.String(no),
		NotifyUrl: core.String(address), Amount: &native.Amount{Total: core.Int64(250)},
	})
	if err != nil {
		return fmt.Errorf("prepay: %w", err)
	}
	fmt.Println("PAY", *placed.CodeUrl)
	if err := await(ctx, events); err != nil {
		return err
	}
	paid, _, err := orders.QueryOrderByOutTradeNo(ctx, native.QueryOrderByOutTradeNoRequest{OutTradeNo: core.String(no), Mchid: core.String(c.Mchid)})
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	fmt.Println("STATE", *paid.TradeState)
	back, _, err := refunds.Create(ctx, refunddomestic.CreateRequest{
		OutTradeNo: core.String(no), OutRefundNo: core.String("R" + no), NotifyUrl: core.String(address),
		Amount: &refunddomestic.AmountReq{Total: core.Int64(250), Refund: core.Int64(100), Currency: core.String("CNY")},
	})
	if err != nil {
		return fmt.Errorf("refund: %w", err)
	}
	if err := await(ctx, events); err != nil {
		return err
	}
	fmt.Println("DONE", *back.RefundId)
	return nil
}

func await(ctx context.Context, events <-chan string) error {
	select {
	case e := <-events:
		fmt.Println("NOTICE", e)
		return nil
	case <-ctx.Done():
		return fmt.Errorf("no notice: %w", ctx.Err())
	}
}
