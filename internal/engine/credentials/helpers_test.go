package credentials

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ours and theirs are two clusters' keystores; finding RSA keys takes long, so
// tests that change one join it first.
var ours, theirs = sync.OnceValue(newKeys), sync.OnceValue(newKeys)

func newKeys() *keystore.Store {
	dir, err := os.MkdirTemp("", "credentials")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir) // what is in memory suffices
	s, err := keystore.Create(dir, keystore.Options{LogName: "pay.example.com", At: time.Now().AddDate(-1, 0, 0).UnixMilli()})
	if err != nil {
		panic(err)
	}
	return s
}

// first makes the credentials of the node called name.
func first(t *testing.T, keys *keystore.Store, name string) *Credentials {
	t.Helper()
	c, err := First(filepath.Join(t.TempDir(), "credentials"), keys, Holder{Name: name, ClusterID: 7, Address: "127.0.0.1:7445"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// issuedAt gives c a certificate made at another time than now.
func issuedAt(t *testing.T, c *Credentials, keys *keystore.Store, at time.Time) {
	t.Helper()
	clock := c.now
	c.now = func() time.Time { return at }
	if err := c.Renew(t.Context(), c.IssuedBy(keys)); err != nil {
		t.Fatal(err)
	}
	c.now = clock
}
