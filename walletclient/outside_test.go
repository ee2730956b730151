package walletclient

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// outside is a program of another module that pays.
const outside = `package main

import (
	"context"
	"fmt"
	"os"

	"github.com/holdfast-pay/holdfast/walletclient"
)

// key is a device that this program keeps itself.
type key struct{ walletclient.Device }

func main() {
	memory, err := walletclient.NewMemory()
	if err != nil {
		panic(err)
	}
	client := walletclient.New(key{memory}, walletclient.Options{URLs: os.Args[1:]})
	var paid *walletclient.Payment
	paid, err = client.Pay(context.Background(), &walletclient.PayRequest{Code: "wx1", ClientId: "from-outside"})
	if err != nil {
		panic(err)
	}
	fmt.Println(paid.OutTradeNo)
}
`

// A module of its own imports the client, compiles without a network, and pays.
func TestAnotherModulePays(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	// What the client needs is required as here, so that nothing is looked up.
	own := strings.Replace(string(mod), "module github.com/holdfast-pay/holdfast", "module example.com/kiosk", 1) +
		"\nrequire github.com/holdfast-pay/holdfast v0.0.0\n\nreplace github.com/holdfast-pay/holdfast => " + root + "\n"
	for name, text := range map[string]string{"go.mod": own, "go.sum": string(sums), "main.go": outside} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	asked, url := serve(t, fine)
	c := exec.CommandContext(t.Context(), "go", "run", "-mod=mod", ".", url)
	c.Dir, c.Env = dir, append(os.Environ(), "GOPROXY=off", "GOWORK=off")
	out, err := c.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "from-outside" || asked.calls.Load() != 1 {
		t.Errorf("after %d calls the program said %s (%v)", asked.calls.Load(), out, err)
	}
}
