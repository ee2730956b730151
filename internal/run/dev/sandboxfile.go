package dev

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// sandboxFile is DIR/sandbox.json: all that a merchant's own code needs. The
// names are read by programs; they don't change.
type sandboxFile struct {
	BaseURL          string  `json:"base_url"`
	Mchid            string  `json:"mchid"`
	Appid            string  `json:"appid"`
	MerchantSerial   string  `json:"merchant_serial"`
	MerchantKeyPath  string  `json:"merchant_key_path"`
	MerchantCertPath string  `json:"merchant_cert_path"`
	APIv3Key         string  `json:"apiv3_key"`
	PublicKeyID      string  `json:"public_key_id"`
	PublicKeyPath    string  `json:"public_key_path"`
	PlatformCertPath string  `json:"platform_cert_path"`
	Payers           []payer `json:"payers"`
	SandboxURL       string  `json:"sandbox_url"`
	AdminURL         string  `json:"admin_url"`
	ProxyURL         string  `json:"proxy_url"`
	CAPath           string  `json:"ca_path"`
	WalletURL        string  `json:"wallet_url"`
	// People are the payers who have a phone, and a taxi driver; PacketLink is the red
	// packet that the payers share.
	People     []demoPerson `json:"people,omitempty"`
	PacketLink string       `json:"packet_link,omitempty"`
	// Tills have printed codes: the shop's, and a taxi's.
	Tills []Till `json:"tills,omitempty"`
}

// describe gathers what sandbox.json says.
func describe(f *folder, a addresses, c *credentials, s *setup) (sandboxFile, error) {
	base := "http://" + reachable(a.Platform)
	publicKey, err := f.publicKey(s.keys.PublicKeyId + ".pem")
	if err != nil {
		return sandboxFile{}, err
	}
	platformCert, err := f.publicKey("platform-" + s.signing() + ".pem")
	if err != nil {
		return sandboxFile{}, err
	}
	return sandboxFile{
		BaseURL: base, Mchid: mchid, Appid: appid,
		MerchantSerial: c.serial, MerchantKeyPath: c.keyPath, MerchantCertPath: c.certPath, APIv3Key: c.apiv3Key,
		PublicKeyID: s.keys.PublicKeyId, PublicKeyPath: publicKey,
		PlatformCertPath: platformCert,
		Payers:           s.payers, SandboxURL: base + "/sandbox", AdminURL: "http://" + a.Admin,
		ProxyURL: "http://" + a.Door, CAPath: f.path(caFile), WalletURL: localPage(a.Wallet),
	}, nil
}

// publicKey is where a merchant finds one of the platform's public keys. Nodes of
// a cluster may lose their folders, so it is a copy then.
func (f *folder) publicKey(name string) (string, error) {
	if !f.several() {
		return f.path("keys", "public", name), nil
	}
	data, err := os.ReadFile(filepath.Join(f.first(), "keys", "public", name))
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(f.path("public"), 0o700); err != nil {
		return "", err
	}
	return f.path("public", name), writeFile(f.path("public", name), data, 0o644)
}

// write leaves sandbox.json for its owner alone: it holds the APIv3 key.
func (d sandboxFile) write(path string) error {
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(text, '\n'), 0o600)
}
