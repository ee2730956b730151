package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

// runMain runs a command line as a person does.
func runMain(t *testing.T, in io.Reader, args ...string) (exit int, out, said string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	exit = Main(t.Context(), args, &Env{In: in, Out: &stdout, Err: &stderr, Getenv: func(string) string { return "" }})
	return exit, stdout.String(), stderr.String()
}

// The command reads what a log has, and says what is wrong in two languages.
func TestDiagnose(t *testing.T) {
	t.Parallel()
	const folder = "../../base/seal/testdata/"
	text, err := os.ReadFile(folder + "merchant_key.pem")
	if err != nil {
		t.Fatal(err)
	}
	key, err := seal.ParsePrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	public, err := seal.PublicKeyPEM(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	pub := filepath.Join(t.TempDir(), "pub.pem")
	if err := os.WriteFile(pub, public, 0o600); err != nil {
		t.Fatal(err)
	}
	at := fmt.Sprint(time.Now().Unix())
	notice := func(signed, received string) string {
		signature, err := seal.Sign(key, seal.AnswerMessage(at, "n", []byte(signed)))
		if err != nil {
			t.Fatal(err)
		}
		return "POST /notify HTTP/1.1\r\nWechatpay-Timestamp: " + at + "\r\nWechatpay-Nonce: n\r\nWechatpay-Serial: PUB_KEY_ID_1\r\nWechatpay-Signature: " + signature + "\r\n\r\n" + received
	}
	const body = `{"id":"1","resource":{"algorithm":"AEAD_AES_256_GCM"}}`
	spaced := strings.ReplaceAll(body, `":`, `": `)
	for _, c := range []struct {
		name, text string
		args       []string
		exit       int
		want       string
	}{
		{"right", notice(body, body), nil, ExitOK, "The signature is right"},
		{"spaces", notice(body, spaced), nil, ExitVerification, "3 spaces differ, the first at byte 6"},
		{"spaces, in Chinese", notice(body, spaced), []string{"--lang", "zh"}, ExitVerification, "相差 3 个空白字符，第一个在第 6 字节"},
		{"as JSON", notice(body, spaced), []string{"--json"}, ExitVerification, `"id":"body_reserialised","wrong":true,"field":"body","at":6`},
		{"nothing", "hello", nil, ExitUsage, ""},
	} {
		args := append([]string{"diagnose", "-", "--public-key", "PUB_KEY_ID_1=" + pub}, c.args...)
		exit, out, said := runMain(t, strings.NewReader(c.text), args...)
		if exit != c.exit || !strings.Contains(out, c.want) {
			t.Errorf("%s: exit %d, %s%s; want exit %d and %q", c.name, exit, out, said, c.exit, c.want)
		}
	}
	exit, out, said := runMain(t, nil, "diagnose", "--url", "/v3/certificates", "--authorization", "Bearer x", "--public-key", "PUB_KEY_ID_1="+pub)
	if exit != ExitVerification || !strings.Contains(out, "The scheme") {
		t.Errorf("in parts: exit %d, %s%s", exit, out, said)
	}
	if exit, _, said := runMain(t, nil, "diagnose"); exit != ExitUsage || !strings.Contains(said, "holdfast dev") {
		t.Errorf("with nothing: exit %d, %s", exit, said)
	}
}

func TestTriggerRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"TRANSACTION.SUCCESS"}, "--to is needed"},
		{[]string{"PAID", "--to", "http://127.0.0.1:1/"}, "REFUND.ABNORMAL, REFUND.CLOSED, REFUND.SUCCESS, TRANSACTION.SUCCESS"},
		{[]string{"REFUND.SUCCESS", "--to", "http://127.0.0.1:1/", "--fault", "x"}, "twice, late, forged, wrong-serial, altered"},
		{[]string{"REFUND.SUCCESS", "--to", "http://127.0.0.1:1/", "--refund", "200"}, "amounts are in fen"},
		{[]string{"REFUND.SUCCESS", "--to", "http://127.0.0.1:1/", "--data", t.TempDir()}, "not a sandbox's folder"},
	} {
		exit, _, said := runMain(t, nil, append([]string{"trigger"}, c.args...)...)
		if exit != ExitUsage || !strings.Contains(said, c.want) {
			t.Errorf("%v: exit %d, %s; want %q", c.args, exit, said, c.want)
		}
	}
}
