package keystore

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"strings"
	"testing"
)

// Whatever way a value takes into a log, no secret goes with it.
func TestNothingPrintsSecrets(t *testing.T) {
	t.Parallel()
	s, err := Create(t.TempDir(), Options{LogName: "pay.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	const apiv3 = "0123456789abcdef0123456789ABCDEF"
	if _, err := s.PutAPIv3Key("1900000001", apiv3, 1); err != nil {
		t.Fatal(err)
	}
	master, err := readMasterKey(s.masterKey)
	if err != nil {
		t.Fatal(err)
	}
	c := s.current.Load().contents
	signer := s.SigningCert(1 << 60)
	secrets := map[string][]byte{
		"APIv3 key": []byte(apiv3), "admin token": []byte(c.AdminToken), "checkpoint key": []byte(c.Checkpoint.Signer),
		"master key": master, "platform key": exponent(t, c.Platform[len(c.Platform)-1].Key), "public-mode key": exponent(t, c.Public.Key),
		"platform key's DER": c.Platform[0].Key, "inner key's DER": c.Inner.Key, "root key's DER": c.Root.Key,
	}
	var out bytes.Buffer
	for _, v := range []any{s, signer, s.PublicKey(), struct{ S *Store }{s}, []*Signer{signer}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text)
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "v", v)
	}
	if out.Len() < 1000 {
		t.Fatalf("printed only %d bytes", out.Len())
	}
	for name, secret := range secrets {
		for form, text := range map[string]string{
			"as it is": string(secret), "hex": hex.EncodeToString(secret), "base64": base64.StdEncoding.EncodeToString(secret),
			"decimal": new(big.Int).SetBytes(secret).String(), "byte slice": strings.Trim(fmt.Sprint(secret), "[]"),
		} {
			if strings.Contains(out.String(), text) {
				t.Errorf("the %s was printed, %s", name, form)
			}
		}
	}
}

// The sealed file must not hold any of it in the clear either.
func TestSealedFileIsSealed(t *testing.T) {
	t.Parallel()
	c := &contents{Generation: 7, AdminToken: "hfadm_secret", LogName: "pay.example.com"}
	master := bytes.Repeat([]byte{7}, masterKeySize)
	first, err := sealContents(master, c)
	if err != nil {
		t.Fatal(err)
	}
	second, err := sealContents(master, c)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(first[headerSize:], second[headerSize:]) {
		t.Error("sealed twice under one key and nonce")
	}
	if bytes.Contains(first, []byte("hfadm_secret")) || bytes.Contains(first, master) {
		t.Error("a secret is in the clear")
	}
	plain, generation, err := openSealed(master, first)
	if err != nil || generation != 7 {
		t.Fatalf("generation %d, %v", generation, err)
	}
	if got, err := decodeContents(plain); err != nil || got.AdminToken != c.AdminToken {
		t.Errorf("%v", err)
	}
}

func TestContentsOfAnotherVersionAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{", `{"generation":1,"novelty":true}`, `{"generation":1}{}`, `[]`} {
		if _, err := decodeContents([]byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
	h := header{version: sealedVersion + 1}
	if _, err := decodeHeader(h.encode()); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("a file of version 2: %v", err)
	}
}

// goldenMaster sealed testdata/sealed.v1, whose contents have generation 7.
var goldenMaster = bytes.Repeat([]byte{7}, masterKeySize)

// A file that version 1 sealed must open for ever.
func TestGoldenSealedFile(t *testing.T) {
	t.Parallel()
	plain, generation, err := openSealed(goldenMaster, golden(t))
	if err != nil || generation != 7 {
		t.Fatalf("generation %d, %v", generation, err)
	}
	c, err := decodeContents(plain)
	if err != nil || c.LogName != "pay.example.com" || c.APIv3[0].Key != "0123456789abcdef0123456789ABCDEF" {
		t.Errorf("%v", err)
	}
}

func golden(t testing.TB) []byte {
	t.Helper()
	file, err := os.ReadFile("testdata/sealed.v1")
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func FuzzOpenSealed(f *testing.F) {
	good := golden(f)
	f.Add(good)
	f.Add(good[:headerSize])
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, _, err := openSealed(goldenMaster, file); err == nil && !bytes.Equal(file, good) {
			t.Errorf("opened %d bytes that nobody sealed", len(file))
		}
	})
}

func TestParseSumsRefuses(t *testing.T) {
	t.Parallel()
	whole := func(body string) string { return body + "# " + hexSum([]byte(body)) + "\n" }
	for name, text := range map[string]string{
		"empty":          "",
		"one line":       "# holdfast public keys, generation 1\n",
		"no generation":  whole("# holdfast\nabc  x\n"),
		"bad generation": whole("# holdfast public keys, generation -1\nabc  x\n"),
		"bad line":       whole("# holdfast public keys, generation 1\nabc\n"),
		"bad sum":        "# holdfast public keys, generation 1\nabc  x\n# 00\n",
		"not ended":      strings.TrimSuffix(whole("# holdfast public keys, generation 1\nabc  x\n"), "\n"),
	} {
		if generation, _, err := parseSums([]byte(text)); err == nil {
			t.Errorf("%s: read as generation %d", name, generation)
		}
	}
	generation, byName, err := parseSums([]byte(whole("# holdfast public keys, generation 12\nabc  x\n")))
	if err != nil || generation != 12 || byName["x"] != "abc" {
		t.Errorf("generation %d, %v, %v", generation, byName, err)
	}
}

func TestSnapshotRefusesMixedUpKeys(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(c *contents){
		"another key":     func(c *contents) { c.Platform[0].Key = c.Public.Key },
		"another serial":  func(c *contents) { c.Platform[0].Serial = "12" },
		"no certificate":  func(c *contents) { c.Platform = nil },
		"no RSA key":      func(c *contents) { c.Public.Key = c.Inner.Key },
		"no signer":       func(c *contents) { c.Checkpoint.Signer = "PRIVATE+KEY+x" },
		"no root":         func(c *contents) { c.Root.Cert = nil },
		"no key of inner": func(c *contents) { c.Inner.Key = nil },
	} {
		c := ourStore().current.Load().contents.clone()
		spoil(c)
		if _, err := newSnapshot(c, nil, nil); err == nil {
			t.Errorf("%s went unnoticed", name)
		}
	}
}

// exponent is the secret part of a private key.
func exponent(t *testing.T, der []byte) []byte {
	t.Helper()
	key, err := parseRSA(der)
	if err != nil {
		t.Fatal(err)
	}
	return key.D.Bytes()
}
