package shop

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testMchid    = "1900000001"
	testAppid    = "wx0123456789abcdef"
	testSerial   = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
	testAPIv3Key = "0123456789abcdef0123456789ABCDEF"
	testKeyID    = "PUB_KEY_ID_0114232134912410000000000000"
)

// Two keys serve all tests: making one takes a tenth of a second.
var testKeys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	var keys [2]*rsa.PrivateKey
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
})

func merchantKey() *rsa.PrivateKey { return testKeys()[0] }
func platformKey() *rsa.PrivateKey { return testKeys()[1] }

// platform is a stand-in for the other side: it checks the merchant's
// signature and signs its answers, as the wire reference says.
type platform struct {
	t *testing.T
	// signer signs answers; the real platform's key unless a test lies.
	signer *rsa.PrivateKey
	// answer is what the next request gets.
	status int
	body   string
	// Seen of the last request.
	mu     sync.Mutex
	method string
	path   string
	sent   map[string]any
}

func newPlatform(t *testing.T) (*platform, *httptest.Server) {
	p := &platform{t: t, signer: platformKey(), status: 200, body: `{}`}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return p, server
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if err := checkAuthorization(r, body); err != nil {
		p.t.Errorf("the shop's signature: %v", err)
	}
	p.mu.Lock()
	p.method, p.path, p.sent = r.Method, r.URL.RequestURI(), nil
	_ = json.Unmarshal(body, &p.sent)
	status, answer := p.status, p.body
	p.mu.Unlock()
	for name, value := range signedHeaders(p.signer, []byte(answer)) {
		w.Header()[name] = []string{value}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
}

func checkAuthorization(r *http.Request, body []byte) error {
	fields := map[string]string{}
	_, list, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok {
		return fmt.Errorf("no Authorization")
	}
	for pair := range strings.SplitSeq(list, ",") {
		name, value, _ := strings.Cut(pair, "=")
		fields[name] = strings.Trim(value, `"`)
	}
	if fields["mchid"] != testMchid || fields["serial_no"] != testSerial {
		return fmt.Errorf("mchid %q serial %q", fields["mchid"], fields["serial_no"])
	}
	message := r.Method + "\n" + r.URL.RequestURI() + "\n" + fields["timestamp"] + "\n" + fields["nonce_str"] + "\n" + string(body) + "\n"
	signature, err := base64.StdEncoding.DecodeString(fields["signature"])
	if err != nil {
		return err
	}
	hash := sha256.Sum256([]byte(message))
	return rsa.VerifyPKCS1v15(&merchantKey().PublicKey, crypto.SHA256, hash[:], signature)
}

func signedHeaders(key *rsa.PrivateKey, body []byte) map[string]string {
	at := strconv.FormatInt(time.Now().Unix(), 10)
	const nonce = "abcdefghijklmnopqrstuvwxyz012345"
	hash := sha256.Sum256([]byte(at + "\n" + nonce + "\n" + string(body) + "\n"))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, hash[:])
	if err != nil {
		panic(err)
	}
	return map[string]string{
		"Wechatpay-Timestamp": at, "Wechatpay-Nonce": nonce, "Wechatpay-Serial": testKeyID,
		"Wechatpay-Signature":      base64.StdEncoding.EncodeToString(signature),
		"Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
	}
}

// callback is a notice on its way to the shop.
type callback struct {
	id, event, plaintext string
	// key seals it; signer signs it.
	key    string
	signer *rsa.PrivateKey
}

func (c callback) request() *http.Request {
	block, err := aes.NewCipher([]byte(c.key))
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	const nonce = "61f9c719728a"
	sealed := aead.Seal(nil, []byte(nonce), []byte(c.plaintext), []byte("transaction"))
	body, err := json.Marshal(map[string]any{
		"id": c.id, "create_time": "2023-10-11T22:40:46+08:00", "event_type": c.event,
		"resource_type": "encrypt-resource", "summary": "支付成功",
		"resource": map[string]string{
			"original_type": "transaction", "algorithm": "AEAD_AES_256_GCM", "nonce": nonce,
			"associated_data": "transaction", "ciphertext": base64.StdEncoding.EncodeToString(sealed),
		},
	})
	if err != nil {
		panic(err)
	}
	r := httptest.NewRequest("POST", "/notify", strings.NewReader(string(body)))
	for name, value := range signedHeaders(c.signer, body) {
		r.Header.Set(name, value)
	}
	return r
}

// openShop opens a shop whose platform is at the given address, with its book
// in dir.
func openShop(t *testing.T, dir, platform string) *Shop {
	t.Helper()
	keyPath, publicPath := filepath.Join(dir, "key.pem"), filepath.Join(dir, "public.pem")
	private, err := x509.MarshalPKCS8PrivateKey(merchantKey())
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&platformKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{
		keyPath:    {Type: "PRIVATE KEY", Bytes: private},
		publicPath: {Type: "PUBLIC KEY", Bytes: public},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(Config{
		Platform: platform, Mchid: testMchid, Appid: testAppid, Serial: testSerial, KeyPath: keyPath,
		APIv3Key: testAPIv3Key, PublicKeyID: testKeyID, PublicKeyPath: publicPath,
		NotifyURL: "http://127.0.0.1:1/notify", BookPath: filepath.Join(dir, "shop.jsonl"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
