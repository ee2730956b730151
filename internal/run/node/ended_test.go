package node

import (
	"bytes"
	"context"
	"net/http"
	"path/filepath"
	"testing"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// A device that was ended through one node is refused by all of them at once, also by
// those that remember its key.
func TestAnEndedDeviceIsRefusedEverywhere(t *testing.T) {
	c := newTrio(t)
	n := c.nodes[0]
	const number = "+8613800000000"
	enrol := func(digits string) *walletclient.File {
		file, err := walletclient.Create(filepath.Join(t.TempDir(), "wallet.json"), n.Addresses().WalletAPI)
		if err != nil {
			t.Fatal(err)
		}
		tag, err := n.people.PhoneTag(t.Context(), number)
		if err != nil {
			t.Fatal(err)
		}
		proof, err := n.people.Tag(t.Context(), "code", number+" "+digits)
		if err != nil {
			t.Fatal(err)
		}
		if _, out, err := wallet.SendCode.Do(t.Context(), n.replica, "test", "", &pb.CodeSend{PhoneTag: tag, AddressTag: tag, Proof: proof, Key: proof[:wallet.KeySize]}); err != nil || !out.OK() {
			t.Fatal(out, err)
		}
		point, err := file.PublicKey()
		if err != nil {
			t.Fatal(err)
		}
		called(t, walletclient.Service(http.DefaultClient, file.URL(), "en", file).Enrol, &pb.EnrolRequest{Phone: number, Code: digits, PublicKey: point, Label: "phone", Name: "小明"})
		return file
	}
	mine := enrol("123456")
	later := catalogue.NewCommand(catalogue.AdvanceClock, "test", "", &pb.AdvanceClock{AdvanceMs: 60_000, Attempt: "a"})
	if r, err := n.replica.Do(t.Context(), later); err != nil || !r.Code.OK() {
		t.Fatal(r.Code, err)
	}
	stolen := enrol("654321")
	var at []pbconnect.WalletServiceClient
	for _, node := range c.nodes {
		client := walletclient.Service(http.DefaultClient, node.Addresses().WalletAPI, "en", stolen)
		called(t, client.ShowWallet, &pb.ShowWalletRequest{})
		at = append(at, client)
	}
	id, err := walletclient.DeviceID(stolen)
	if err != nil {
		t.Fatal(err)
	}
	left := called(t, walletclient.Service(http.DefaultClient, c.nodes[1].Addresses().WalletAPI, "en", mine).EndDevice, &pb.EndDeviceRequest{Device: id})
	if len(left.Devices) != 1 || bytes.Equal(left.Devices[0].Device, id) {
		t.Fatalf("left are %v", left.Devices)
	}
	for i, client := range at {
		unknown(t, i, client.ShowWallet, &pb.ShowWalletRequest{})
		unknown(t, i, client.ListBills, &pb.ListBillsRequest{})
		unknown(t, i, client.CheckPin, &pb.CheckPinRequest{Pin: "246801"})
		unknown(t, i, client.SetFreeLimit, &pb.SetFreeLimitRequest{Limit: 1})
		unknown(t, i, client.BeginPasskey, &pb.BeginPasskeyRequest{})
	}
}

func unknown[Q, A any](t *testing.T, node int, f func(context.Context, *connect.Request[Q]) (*connect.Response[A], error), q *Q) {
	t.Helper()
	_, err := f(context.Background(), connect.NewRequest(q))
	if c, _ := rpc.CodeOf(err); c != code.DeviceUnknown && c != code.PasskeysOff {
		t.Errorf("%T at node %d: %v", q, node+1, err)
	}
}
