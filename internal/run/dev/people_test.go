package dev

import (
	"bytes"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/edge/wallet"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// Whoever has a number gets a device and a PIN, and the same device the next time, at
// another address too; payers of a folder of before wallets have no number and get none;
// and who deleted the devices' files gets new devices.
func TestDemoPeople(t *testing.T) {
	t.Parallel()
	core := edgetest.New(t, true)
	people := edgetest.Sealer(t, core)
	letters := &mail{others: func(line string) { t.Errorf("nobody takes %q", line) }}
	web := httptest.NewServer(wallet.NewServer(wallet.Config{
		Core: core, Personal: people, Sender: wallet.Console{To: lines(letters.take)}, Now: core.Now, Wall: time.Now, Log: slog.New(slog.DiscardHandler),
	}))
	defer web.Close()
	s := &site{folder: &folder{dir: t.TempDir()}, platform: &platform{mail: letters}}
	is := demoPerson{Ref: "ming", Name: "小明", Phone: demoPayers[0].phone, PIN: demoPIN, WalletPath: filepath.Join(s.folder.dir, "people", "ming.json")}
	if d, err := s.device(t.Context(), is, web.URL); d != nil || err != nil {
		t.Fatalf("somebody without a number got %v (%v)", d, err)
	}
	core.Sleep(60_000)
	if _, out, err := people.Enter(t.Context(), core, "test", "", personal.Newcomer{Ref: "ming", Details: &pb.Details{Name: "小明", Phone: is.Phone}}); err != nil || out != code.OK {
		t.Fatalf("enter: %v, %v", out, err)
	}
	first := device(t, s, is, web.URL)
	if left, _ := filepath.Glob(filepath.Join(s.folder.dir, "people", "*.new*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	if _, err := dial(first, first.URLs()).CheckPin(t.Context(), &walletclient.CheckPinRequest{Pin: demoPIN}); err != nil {
		t.Errorf("the PIN: %v", err)
	}
	if again := device(t, s, is, web.URL+"/"); !same(t, first, again) || again.URL() != web.URL+"/" {
		t.Errorf("the device is another one, or of %s", again.URL())
	}
	core.Sleep(60_000)
	if err := os.Remove(is.WalletPath); err != nil {
		t.Fatal(err)
	}
	if other := device(t, s, is, web.URL); same(t, first, other) {
		t.Error("the device whose file was deleted came back")
	}
}

// lines calls f with each line that is written.
type lines func(line string) bool

func (f lines) Write(b []byte) (int, error) {
	f(string(bytes.TrimSuffix(b, []byte("\n"))))
	return len(b), nil
}

var _ io.Writer = lines(nil)

func device(t *testing.T, s *site, is demoPerson, url string) *walletclient.File {
	t.Helper()
	d, err := s.device(t.Context(), is, url)
	if err != nil || d == nil {
		t.Fatalf("the device is %v (%v)", d, err)
	}
	return d
}

func same(t *testing.T, a, b walletclient.Device) bool {
	t.Helper()
	one, err1 := walletclient.DeviceID(a)
	other, err2 := walletclient.DeviceID(b)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return bytes.Equal(one, other)
}
