// Command washer is an unattended laundry machine on the official Go SDK. It shows a
// QR code and starts when it learns that it was paid: by the notice, or by asking,
// which it does every second. When it learns too late, because it had no power or no
// network, whoever paid has gone: then it gives the money back by itself.
//
// What it is about to do is in its file before it does it, so that it may lose its power
// anywhere. It speaks in lines: SHOW code_url, and START, RESUME, STOP, RETURN number.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

func main() {
	m := &machine{}
	listen := flag.String("listen", "127.0.0.1:8090", "`ADDRESS` that notices come to")
	flag.StringVar(&m.notifyURL, "notify", "", "`URL` of that address, as the platform reaches it")
	flag.StringVar(&m.file, "file", "washer.json", "`FILE` of the machine's order")
	flag.DurationVar(&m.patience, "patience", 20*time.Second, "how `LONG` people wait for the drum after they paid")
	flag.DurationVar(&m.wash, "wash", 40*time.Minute, "how `LONG` a wash takes")
	flag.Parse()
	if m.notifyURL == "" {
		m.notifyURL = "http://" + *listen + "/paid"
	}
	if err := errors.Join(m.signUp(os.Getenv("HOLDFAST_SANDBOX")), m.remember()); err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: *listen, Handler: http.HandlerFunc(m.told), ReadTimeout: 10 * time.Second}
	go func() { log.Fatal(server.ListenAndServe()) }()
	for ; ; time.Sleep(time.Second) {
		if err := m.step(context.Background()); err != nil {
			log.Print(err) // the next step tries again
		}
	}
}

// signUp makes the SDK's clients from the credentials that a merchant is given.
func (m *machine) signUp(sandbox string) error {
	var c struct {
		Mchid, Appid    string
		MerchantSerial  string `json:"merchant_serial"`
		MerchantKeyPath string `json:"merchant_key_path"`
		APIv3Key        string `json:"apiv3_key"`
		PublicKeyID     string `json:"public_key_id"`
		PublicKeyPath   string `json:"public_key_path"`
	}
	text, err := os.ReadFile(sandbox)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return err
	}
	key, err := utils.LoadPrivateKeyWithPath(c.MerchantKeyPath)
	if err != nil {
		return err
	}
	public, err := utils.LoadPublicKeyWithPath(c.PublicKeyPath)
	if err != nil {
		return err
	}
	client, err := core.NewClient(context.Background(), option.WithWechatPayPublicKeyAuthCipher(c.Mchid, c.MerchantSerial, key, c.PublicKeyID, public))
	if err != nil {
		return err
	}
	m.Mchid, m.Appid, m.orders.Client, m.refunds.Client = c.Mchid, c.Appid, client, client
	m.notices, err = notify.NewRSANotifyHandler(c.APIv3Key, verifiers.NewSHA256WithRSAPubkeyVerifier(c.PublicKeyID, *public))
	return err
}
