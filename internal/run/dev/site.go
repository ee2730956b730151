package dev

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/edge/admin"
)

// Site is what other commands need of a sandbox's folder.
type Site struct {
	// Keys is the folder with the keystore.
	Keys string
	// Mchid, Appid and APIv3Key are the demo merchant's, Openid a demo payer's.
	Mchid, Appid, APIv3Key, Openid string
	// MerchantCert, PlatformCert and PublicKey are files in PEM; PublicKeyID names
	// the last.
	MerchantCert, PlatformCert, PublicKey, PublicKeyID string
	// ShopURL is the demo shop's, AdminURL the administration's, whose token is in the
	// file AdminToken.
	ShopURL, AdminURL, AdminToken string
	// CodesFile takes one-time codes for phones other than the demo people's.
	CodesFile string
	Nodes     []Node
	// Tills are those that every sandbox has.
	Tills []Till
}

// Node is one node of a sandbox.
type Node struct {
	Name string
	// Wallet and Admin are the URLs of its wallet API and its administration.
	Wallet, Admin string
	// PIDFile holds the number of its process while that runs.
	PIDFile string
}

// Credentials reads a sandbox's folder. The sandbox need not run.
func Credentials(dir string) (*Site, error) {
	if dir == "" {
		dir = DefaultData
	}
	f := &folder{dir: dir}
	text, err := os.ReadFile(f.path("dev.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Failure{Err: fmt.Errorf("%s is not a sandbox's folder", dir), Hint: "make one with `holdfast dev`, or name it with --data DIR"}
	}
	if err != nil {
		return nil, &Failure{Err: err}
	}
	if err := json.Unmarshal(text, &f.last); err != nil {
		return nil, &Failure{Err: fmt.Errorf("read %s: %w", f.path("dev.json"), err)}
	}
	var d sandboxFile
	text, err = os.ReadFile(f.path("sandbox.json"))
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		return nil, &Failure{Err: fmt.Errorf("read %s: %w", f.path("sandbox.json"), err), Hint: "`holdfast dev --once` writes it anew"}
	}
	s := &Site{
		Keys: f.first(), Mchid: d.Mchid, Appid: d.Appid, APIv3Key: d.APIv3Key, MerchantCert: d.MerchantCertPath,
		PlatformCert: d.PlatformCertPath, PublicKey: d.PublicKeyPath, PublicKeyID: d.PublicKeyID,
	}
	s.ShopURL, s.AdminURL, s.AdminToken, s.CodesFile = "http://"+f.last.Addresses.Shop, d.AdminURL, admin.TokenFile(f.first()), f.path(codesFile)
	for _, p := range f.places(f.last.Addresses) {
		s.Nodes = append(s.Nodes, Node{Name: p.Name, Wallet: "http://" + p.Wallet, Admin: "http://" + p.Admin, PIDFile: f.path(p.Name + ".pid")})
	}
	s.Tills = d.Tills
	if len(d.Payers) > 0 {
		s.Openid = d.Payers[0].Openid
	}
	return s, nil
}

// sandboxLog is how the names of sandboxes' journals end.
const sandboxLog = ".holdfast.local/journal"

// IsSandboxLog says whether a journal's name is one that `holdfast dev` gives.
func IsSandboxLog(name string) bool {
	return strings.HasPrefix(name, "sandbox-") && strings.HasSuffix(name, sandboxLog)
}
