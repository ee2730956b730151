package node

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	"github.com/holdfast-pay/holdfast/internal/run/config"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// Somebody enrols a phone on a running node and pays with it; after a restart the
// phone is still theirs, and the answer that was lost comes when it is asked for again.
func TestAPhoneOutlivesTheNode(t *testing.T) {
	s := newSite(t)
	s.cfg.WalletAPI.Address, s.cfg.WalletAPI.InsecureLoopback = "127.0.0.1:0", true
	codes := new(admintest.Buffer)
	n := s.openShowing(codes)
	s.purchase(n)
	file, err := walletclient.Create(filepath.Join(t.TempDir(), "wallet.json"), n.Addresses().WalletAPI)
	if err != nil {
		t.Fatal(err)
	}
	phone := walletclient.Service(http.DefaultClient, file.URL(), "en", file)
	enrolPhone(t, phone, file, codes)
	s.do(n, catalogue.PersonTopup, &pb.PersonTopup{Uid: 2, Amount: 500, Currency: money.CNY, Ref: "phone", Line: "topup"})
	o := s.do(n, catalogue.OrderCreate, &pb.OrderCreate{Mchid: edgetest.Mchid, Appid: edgetest.Appid, OutTradeNo: "WALLET-0001", Product: pb.Product_PRODUCT_NATIVE,
		Total: 123, Currency: money.CNY, Description: "tea", NotifyUrl: "https://shop.example/n"}).(*pb.Order)
	pay := &pb.PayRequest{Code: o.PrepayId, ClientId: "tea"}
	paid := called(t, phone.Pay, pay)
	s.stop(n)

	s.cfg.WalletAPI.Address = strings.TrimPrefix(file.URL(), "http://")
	n = s.openShowing(codes)
	defer s.stop(n)
	again := called(t, walletclient.Service(http.DefaultClient, file.URL(), "en", file).Pay, pay)
	if again.TransactionId != paid.TransactionId {
		t.Errorf("the payment was %v, and after a restart %v", paid, again)
	}
	bills := called(t, phone.ListBills, &pb.ListBillsRequest{})
	if w := called(t, phone.ShowWallet, &pb.ShowWalletRequest{}); w.Balance != 377 || w.Name != "小明" || len(bills.Bills) > 2 {
		t.Errorf("the wallet is %v, its bills %v", w, bills)
	}
	if strings.Contains(s.log.String(), "13800000000") || strings.Contains(s.log.String(), "小明") {
		t.Error("the log has somebody's phone number or name")
	}
}

// What a phone signed for another platform, which hands it on, is not taken here.
func TestACallSignedForAnotherPlatform(t *testing.T) {
	s := newSite(t)
	s.cfg.WalletAPI.Address, s.cfg.WalletAPI.InsecureLoopback = "127.0.0.1:0", true
	codes := new(admintest.Buffer)
	n := s.openShowing(codes)
	url := n.Addresses().WalletAPI
	file, err := walletclient.Create(filepath.Join(t.TempDir(), "wallet.json"), url)
	if err != nil {
		t.Fatal(err)
	}
	enrolPhone(t, walletclient.Service(http.DefaultClient, url, "en", file), file, codes)
	other := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, strings.TrimPrefix(url, "http://"))
	}}}
	defer other.CloseIdleConnections()
	show := func() error {
		_, err := walletclient.Service(other, "http://pay.example.org", "en", file).ShowWallet(t.Context(), connect.NewRequest(&pb.ShowWalletRequest{}))
		return err
	}
	if err := show(); connect.CodeOf(err) != connect.CodeUnauthenticated || !strings.Contains(err.Error(), "not this platform's") {
		t.Errorf("a call for pay.example.org: %v", err)
	}
	s.stop(n)

	s.cfg.WalletAPI.Hosts = config.List{"Pay.example.org"}
	n = s.openShowing(codes)
	defer s.stop(n)
	url = n.Addresses().WalletAPI
	if err := show(); err != nil {
		t.Errorf("the platform is pay.example.org now, and refuses: %v", err)
	}
}

// openShowing opens the site's node with somewhere to show one-time codes.
func (s *site) openShowing(codes *admintest.Buffer) *Node {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	log := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	n, err := Open(ctx, Options{Config: s.cfg, Version: "test", Log: log, Fatal: s.fault, Codes: codes})
	if err != nil {
		s.Fatalf("%v\n%s", err, s.log)
	}
	return n
}

func enrolPhone(t *testing.T, phone pbconnect.WalletServiceClient, device walletclient.Device, codes *admintest.Buffer) {
	t.Helper()
	const number = "138 0000 0000"
	called(t, phone.SendCode, &pb.SendCodeRequest{Phone: number, ClientId: "first"})
	point, err := device.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`: (\d{6})\n`).FindStringSubmatch(codes.String())
	if code == nil {
		t.Fatalf("no code was shown: %s", codes)
	}
	called(t, phone.Enrol, &pb.EnrolRequest{Phone: number, Code: code[1], PublicKey: point, Label: "phone", Name: "小明"})
}

func called[Q, A any](t *testing.T, f func(context.Context, *connect.Request[Q]) (*connect.Response[A], error), q *Q) *A {
	t.Helper()
	a, err := f(context.Background(), connect.NewRequest(q))
	if err != nil {
		t.Fatalf("%T: %v", q, err)
	}
	return a.Msg
}

// phonesAtOnce is more connections than a listener without a share of its own takes.
const phonesAtOnce = 40

// Many phones keep a connection open at once: the wallet API has its share of them.
func TestManyPhonesAtOnce(t *testing.T) {
	s := newSite(t)
	s.cfg.WalletAPI.Address, s.cfg.WalletAPI.InsecureLoopback = "127.0.0.1:0", true
	n := s.openShowing(new(admintest.Buffer))
	defer s.stop(n)
	var open []net.Conn
	for i := range phonesAtOnce {
		c, err := net.Dial("tcp", strings.TrimPrefix(n.Addresses().WalletAPI, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		open = append(open, c)
		if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: phone\r\nContent-Length: 0\r\n\r\n", pbconnect.WalletServiceShowWalletProcedure); err != nil {
			t.Fatalf("phone %d: %v", i, err)
		}
	}
	for i, c := range open {
		if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil {
			t.Errorf("phone %d gets no answer: %v", i, err)
		}
	}
}

func TestSharesOfConnections(t *testing.T) {
	t.Parallel()
	sum := peerShare
	for _, percent := range shares {
		sum += percent
	}
	if sum > 100 {
		t.Errorf("the listeners may have %d %% of the connections", sum)
	}
}
