//go:build linux

package dev_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// These tests run the built binary as a person does: real processes, real HTTP.

// purchase is the last line of a --json run, as a script reads it.
type purchase struct {
	OutTradeNo    string `json:"out_trade_no"`
	TransactionID string `json:"transaction_id"`
	TradeState    string `json:"trade_state"`
	Notice        struct{ Delivered, Verified bool }
	Receipt       struct {
		Verified bool
		Path     string
	}
	Again struct {
		Code  string
		Moved int64
	}
	ElapsedMs int64 `json:"elapsed_ms"`
	Fresh     bool
	BaseURL   string `json:"base_url"`
	ShopURL   string `json:"shop_url"`
	Steps     []struct {
		Name string
		Ms   float64
	}
}

func lastLine(t *testing.T, out string) purchase {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != 1 {
		t.Errorf("standard output has %d lines, want one:\n%s", len(lines), out)
	}
	var p purchase
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &p); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	return p
}

func checkPurchase(t *testing.T, p purchase, fresh bool) {
	t.Helper()
	if p.TradeState != "SUCCESS" || !p.Notice.Delivered || !p.Notice.Verified || !p.Receipt.Verified ||
		p.Again.Code != "ORDERPAID" || p.Again.Moved != 0 || p.Fresh != fresh || p.ElapsedMs <= 0 || len(p.TransactionID) != 28 {
		t.Errorf("purchase %+v", p)
	}
	var names []string
	for _, s := range p.Steps {
		names = append(names, s.Name)
		if s.Ms <= 0 {
			t.Errorf("step %s took %v ms", s.Name, s.Ms)
		}
	}
	if want := []string{"order", "pay", "postings", "notice", "query", "again", "receipt"}; !slices.Equal(names, want) {
		t.Errorf("steps %v, want %v", names, want)
	}
}

func hashOf(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}

func readSandbox(t *testing.T, data string) map[string]any {
	t.Helper()
	path := filepath.Join(data, "sandbox.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("sandbox.json has mode %v", info.Mode())
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

// A purchase in a fresh folder, then another in the folder that is there: one
// line of JSON each, the same merchant, nothing left running.
func TestOnce(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "sandbox")
	args := []string{"dev", "--once", "--json", "--data", data, "--addr", "127.0.0.1:0"}
	p, code := run(t, args...)
	if code != 0 {
		t.Fatalf("exit %d:\n%s", code, p.err.String())
	}
	first := lastLine(t, p.out.String())
	checkPurchase(t, first, true)
	if left := children(t, data); len(left) != 0 {
		t.Errorf("left running: %v", left)
	}
	fields := readSandbox(t, data)
	want := []string{"admin_url", "apiv3_key", "appid", "base_url", "ca_path", "mchid", "merchant_cert_path", "merchant_key_path",
		"merchant_serial", "packet_link", "payers", "people", "platform_cert_path", "proxy_url", "public_key_id", "public_key_path", "sandbox_url", "tills", "wallet_url"}
	if got := slices.Sorted(maps.Keys(fields)); !slices.Equal(got, want) {
		t.Errorf("sandbox.json has %v,\nwant %v", got, want)
	}
	before := map[string]string{}
	for _, name := range []string{"merchant_cert_path", "merchant_key_path", "public_key_path", "platform_cert_path"} {
		before[name] = hashOf(t, fields[name].(string))
	}
	for _, p := range fields["payers"].([]any) {
		if payer := p.(map[string]any); payer["name"] == "" || len(payer["openid"].(string)) != 28 || len(payer) != 2 {
			t.Errorf("payer %v", payer)
		}
	}

	checkPeople(t, fields)

	p, code = run(t, args...)
	if code != 0 {
		t.Fatalf("again: exit %d:\n%s", code, p.err.String())
	}
	again := lastLine(t, p.out.String())
	checkPurchase(t, again, false)
	if again.OutTradeNo == first.OutTradeNo || again.TransactionID == first.TransactionID {
		t.Errorf("the second purchase is the first: %+v", again)
	}
	for name, hash := range before {
		if got := hashOf(t, readSandbox(t, data)[name].(string)); got != hash {
			t.Errorf("%s changed between two runs", name)
		}
	}
	if left := children(t, data); len(left) != 0 {
		t.Errorf("left running: %v", left)
	}
	verifyOffline(t, data, first.Receipt.Path)
}

// checkPeople checks that the demo payers have devices that a command can use.
func checkPeople(t *testing.T, fields map[string]any) {
	t.Helper()
	people := fields["people"].([]any)
	tills := fields["tills"].([]any)
	if len(tills) != 2 || tills[0].(map[string]any)["link"] == tills[1].(map[string]any)["link"] {
		t.Fatalf("tills %v", tills)
	}
	taxi := tills[1].(map[string]any)
	if sheet, err := os.ReadFile(taxi["sheet_path"].(string)); err != nil || !bytes.HasPrefix(sheet, []byte("%PDF")) || taxi["mchid"] != "2100000001" {
		t.Errorf("the taxi %v has a sheet of %d bytes, %v", taxi, len(sheet), err)
	}
	if len(people) != 4 || fields["packet_link"] == "" {
		t.Errorf("people %v share the packet %v", people, fields["packet_link"])
	}
	for _, p := range people {
		is := p.(map[string]any)
		if info, err := os.Stat(is["wallet_path"].(string)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v: %v, %v", is, info, err)
		}
	}
}

// A cluster of real processes: the same object and two more keys, the same keys
// and folder at the next run, and another number of nodes refused.
func TestOnceWithThreeNodes(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "sandbox")
	args := []string{"dev", "--once", "--json", "--data", data, "--addr", "127.0.0.1:0"}
	for _, more := range [][]string{{"--nodes", "3"}, nil} {
		p, code := run(t, append(args, more...)...)
		if code != 0 {
			t.Fatalf("exit %d:\n%s", code, p.err.String())
		}
		checkPurchase(t, lastLine(t, p.out.String()), more != nil)
		var cluster struct {
			Nodes int   `json:"nodes"`
			Equal *bool `json:"digests_equal"`
		}
		if err := json.Unmarshal(p.out.Bytes(), &cluster); err != nil || cluster.Nodes != 3 || cluster.Equal == nil || !*cluster.Equal {
			t.Errorf("%v: %s", err, p.out.String())
		}
		if left := children(t, data); len(left) != 0 {
			t.Errorf("left running: %v", left)
		}
	}
	for _, n := range []string{"n1", "n2", "n3"} {
		if _, err := os.Stat(filepath.Join(data, n+"-credentials")); err != nil {
			t.Error(err)
		}
	}
	p, code := run(t, append(args, "--nodes", "1")...)
	if code != 1 || !strings.Contains(p.err.String(), "was made with --nodes 3, not 1") || !strings.Contains(p.err.String(), "hint: leave --nodes out") {
		t.Errorf("one node on a folder of three: exit %d\n%s", code, p.err.String())
	}
}

// verifyOffline checks a receipt with the command a payer would use, and that
// it notices a changed one.
func verifyOffline(t *testing.T, data, receipt string) {
	t.Helper()
	key := "@" + filepath.Join(data, "keys", "public", "checkpoint.vkey")
	if p, code := run(t, "receipt", "verify", receipt, "--key", key); code != 0 {
		t.Errorf("the first receipt after the second purchase: exit %d %s", code, p.err.String())
	}
	text, err := os.ReadFile(receipt)
	if err != nil {
		t.Fatal(err)
	}
	forged := filepath.Join(t.TempDir(), "forged.json")
	i := bytes.Index(text, []byte(`"entry": "`)) + 30
	text[i] ^= 1
	if err := os.WriteFile(forged, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, code := run(t, "receipt", "verify", forged, "--key", key); code != 3 {
		t.Errorf("a forged receipt: exit %d, want 3", code)
	}
}

// stay starts a dev that stays up and waits for its purchase.
func stay(t *testing.T, data string) (*process, map[string]any) {
	t.Helper()
	p := start(t, "dev", "--json", "--data", data, "--addr", "127.0.0.1:0")
	eventually(t, "the guide", func() bool {
		select {
		case <-p.exit:
			t.Fatalf("dev ended:\n%s", p.err.String())
		default:
		}
		return strings.Contains(p.err.String(), "Ctrl-C stops it")
	})
	return p, readSandbox(t, data)
}

// shopURL is where a running dev has its shop.
func shopURL(t *testing.T, p *process) string {
	t.Helper()
	for line := range strings.Lines(p.err.String()) {
		if _, address, ok := strings.Cut(line, "demo shop"); ok && strings.Contains(address, "http://") {
			return strings.TrimSuffix(strings.TrimSpace(address), "/")
		}
	}
	t.Fatal("the guide does not name the shop")
	return ""
}

// While one dev runs, another on its folder is refused; a killed node comes
// back and goes on; Ctrl-C ends everything in order.
func TestStaysUp(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "sandbox")
	p, fields := stay(t, data)
	other, code := run(t, "dev", "--once", "--data", data)
	if code != 1 || !strings.Contains(other.err.String(), "another `holdfast dev` (process "+strconv.Itoa(p.cmd.Process.Pid)+")") {
		t.Errorf("a second dev on the folder: exit %d, %s", code, other.err.String())
	}
	_, order := call(t, "POST", shopURL(t, p)+"/orders", url.Values{"description": {"tea"}, "total": {"250"}}.Encode())
	for pid, args := range children(t, data) {
		if strings.Contains(args, "dev node") {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
	}
	pay := fmt.Sprintf(`{"code_url":%q,"payer":"小红","attempt":"tap"}`, order["code_url"])
	eventually(t, "the payment after the node was killed", func() bool {
		status, answer := call(t, "POST", fields["sandbox_url"].(string)+"/pay", pay)
		return status == 200 && answer["moved"] == 250.0
	})
	eventually(t, "the notice after the node was killed", func() bool {
		_, o := call(t, "GET", shopURL(t, p)+"/orders/"+order["out_trade_no"].(string), "")
		return o["transaction_id"] != nil
	})
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(); code != 0 {
		t.Errorf("after Ctrl-C: exit %d\n%s", code, p.err.String())
	}
	if left := children(t, data); len(left) != 0 {
		t.Errorf("left running: %v", left)
	}
}

// When dev is killed its children go with it, and what was paid in that moment
// is told to the shop by the next run.
func TestKilledParent(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "sandbox")
	p, fields := stay(t, data)
	_, order := call(t, "POST", shopURL(t, p)+"/orders", url.Values{"description": {"tea"}, "total": {"250"}}.Encode())
	if len(children(t, data)) != 2 {
		t.Fatalf("children: %v", children(t, data))
	}
	status, answer := call(t, "POST", fields["sandbox_url"].(string)+"/pay", fmt.Sprintf(`{"code_url":%q,"payer":"小红"}`, order["code_url"]))
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.wait() // the folder is its own until it is gone, which may be after its children
	if status != 200 {
		t.Fatalf("payment: %d %v", status, answer)
	}
	eventually(t, "the end of the children", func() bool { return len(children(t, data)) == 0 })

	next, _ := stay(t, data)
	eventually(t, "the notice in the next run", func() bool {
		_, o := call(t, "GET", shopURL(t, next)+"/orders/"+order["out_trade_no"].(string), "")
		return o["transaction_id"] == answer["transaction_id"]
	})
	if err := next.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := next.wait(); code != 0 {
		t.Errorf("after SIGTERM: exit %d", code)
	}
}

// What is wrong is said in one line with a hint, and leaves nothing behind.
func TestRefusals(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "thesis.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := t.TempDir()
	if err := os.WriteFile(filepath.Join(newer, "dev.json"), []byte(`{"format":99}`), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		exit int
		says string
	}{
		{"address taken", []string{"--data", filepath.Join(t.TempDir(), "s"), "--addr", busy.Addr().String()}, 1, "another process listens there"},
		{"no address", []string{"--data", filepath.Join(t.TempDir(), "s"), "--addr", "9080"}, 2, "not HOST:PORT"},
		{"no port", []string{"--data", filepath.Join(t.TempDir(), "s"), "--addr", "127.0.0.1:99999"}, 2, "not HOST:PORT"},
		{"somebody's folder", []string{"--data", foreign}, 1, "not made by `holdfast dev`"},
		{"a newer dev's folder", []string{"--data", newer}, 1, "cannot be read by this version"},
		{"a file", []string{"--data", file}, 1, "hint: name a folder"},
		{"an even number of nodes", []string{"--data", filepath.Join(t.TempDir(), "s"), "--nodes", "2"}, 2, "1, 3 or 5 nodes"},
		{"a word too many", []string{"now"}, 2, `takes no "now"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, code := run(t, append([]string{"dev", "--once"}, c.args...)...)
			if code != c.exit || !strings.Contains(p.err.String(), c.says) || !strings.Contains(p.err.String(), "hint: ") {
				t.Errorf("exit %d, want %d and %q:\n%s", code, c.exit, c.says, p.err.String())
			}
		})
	}
	if left, err := os.ReadDir(foreign); err != nil || len(left) != 1 {
		t.Errorf("somebody's folder now has %v", left)
	}
}

// A node that can't start is reported with what its log says.
func TestDamagedFolder(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "sandbox")
	args := []string{"dev", "--once", "--json", "--data", data, "--addr", "127.0.0.1:0"}
	if p, code := run(t, args...); code != 0 {
		t.Fatalf("exit %d:\n%s", code, p.err.String())
	}
	if err := os.RemoveAll(filepath.Join(data, "log")); err != nil {
		t.Fatal(err)
	}
	p, code := run(t, args...)
	if code != 5 || !strings.Contains(p.err.String(), "log's folder is missing") || !strings.Contains(p.err.String(), "node.log") {
		t.Errorf("exit %d:\n%s", code, p.err.String())
	}
	if left := children(t, data); len(left) != 0 {
		t.Errorf("left running: %v", left)
	}
}

// The story in Chinese, for people.
func TestStoryInChinese(t *testing.T) {
	t.Parallel()
	p, code := run(t, "dev", "--once", "--lang", "zh", "--data", filepath.Join(t.TempDir(), "sandbox"), "--addr", "127.0.0.1:0")
	if code != 0 {
		t.Fatalf("exit %d:\n%s", code, p.err.String())
	}
	out := p.out.String()
	for _, want := range []string{"商户用官方 SDK 下单", "█▀", "/pay/wx", "账本里记了什么", "mch/1900000001/pending  ¥1.00", "该订单已支付", "扣款 ¥0.00", "离线验证", "完成，共"} {
		if !strings.Contains(out, want) {
			t.Errorf("the story lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "\x1b[") {
		t.Error("escape codes in a file")
	}
}
