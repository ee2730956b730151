package shop

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

// Config is what a merchant knows after signing up: its numbers, its key, and
// where the platform and its own callback are.
type Config struct {
	// Platform is the base URL of the merchant API, e.g. http://127.0.0.1:9080.
	Platform string
	// Mchid and Appid are the merchant's numbers.
	Mchid, Appid string
	// Serial is the serial number of the merchant's API certificate, in hex.
	Serial string
	// KeyPath is the merchant's private key, PKCS#8 in PEM.
	KeyPath string
	// APIv3Key decrypts notices: 32 characters.
	APIv3Key string
	// PublicKeyID and PublicKeyPath are the platform's public key, which
	// verifies answers and notices.
	PublicKeyID, PublicKeyPath string
	// NotifyURL is where the platform calls the shop back.
	NotifyURL string
	// BookPath is the file that keeps the shop's orders and notices.
	BookPath string
	// Payers are customers whose openid the shop knows, for JSAPI.
	Payers []Payer
	// Logger takes the shop's log; nil discards it.
	Logger *slog.Logger
}

// Payer is a customer who is signed in to the shop by WeChat.
type Payer struct {
	Name   string `json:"name"`
	Openid string `json:"openid"`
}

// keys loads the key files the way the SDK's documentation shows.
func (c Config) keys() (*rsa.PrivateKey, *rsa.PublicKey, error) {
	private, err := utils.LoadPrivateKeyWithPath(c.KeyPath)
	if err != nil {
		return nil, nil, fmt.Errorf("load the merchant's key: %w", err)
	}
	public, err := utils.LoadPublicKeyWithPath(c.PublicKeyPath)
	if err != nil {
		return nil, nil, fmt.Errorf("load the platform's public key: %w", err)
	}
	return private, public, nil
}

func (c Config) validate() error {
	platform, err := url.Parse(c.Platform)
	if err != nil || platform.Host == "" {
		return fmt.Errorf("the platform's address %q is no URL with a host", c.Platform)
	}
	if len(c.APIv3Key) != 32 {
		return errors.New("the APIv3 key must have 32 characters")
	}
	if c.Mchid == "" || c.Appid == "" || c.Serial == "" || c.NotifyURL == "" || c.BookPath == "" {
		return errors.New("mchid, appid, serial, notify URL and book path are all needed")
	}
	return nil
}
