package dev

import "encoding/json"

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
}

// describe gathers what sandbox.json says.
func describe(f *folder, a addresses, c *credentials, s *setup) sandboxFile {
	base := "http://" + reachable(a.Platform)
	return sandboxFile{
		BaseURL: base, Mchid: mchid, Appid: appid,
		MerchantSerial: c.serial, MerchantKeyPath: c.keyPath, MerchantCertPath: c.certPath, APIv3Key: c.apiv3Key,
		PublicKeyID: s.keys.PublicKeyId, PublicKeyPath: f.path("keys", "public", s.keys.PublicKeyId+".pem"),
		PlatformCertPath: f.path("keys", "public", "platform-"+s.signing()+".pem"),
		Payers:           s.payers, SandboxURL: base + "/sandbox", AdminURL: "http://" + a.Admin,
	}
}

// write leaves sandbox.json for its owner alone: it holds the APIv3 key.
func (d sandboxFile) write(path string) error {
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(text, '\n'), 0o600)
}
