package node

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/engine/credentials"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/run/config"
)

// trio is a cluster of three nodes in this process, on loopback.
type trio struct {
	*testing.T
	addresses []string
	nodes     [3]*Node
	stops     [3]func()
	logs      [3]*admintest.Buffer
	dirs      [3]string
	token     string // a file
	// minFree is what the next node to start keeps free, when not 0.
	minFree config.Bytes
}

// newTrio starts three nodes and waits until each has a vote.
func newTrio(t *testing.T) *trio {
	t.Helper()
	c := firstOfTrio(t)
	for i := 1; i < 3; i++ {
		c.join(i)
		c.voting(i)
	}
	return c
}

// firstOfTrio starts the first node alone.
func firstOfTrio(t *testing.T) *trio {
	t.Helper()
	c := &trio{T: t, token: filepath.Join(t.TempDir(), "token")}
	for i := range c.nodes {
		c.dirs[i] = filepath.Join(t.TempDir(), "data")
		c.logs[i] = new(admintest.Buffer)
		c.addresses = append(c.addresses, freeAddress(t))
	}
	cfg := c.config(0)
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	admintest.CopyKeys(t, cfg.Data)
	keys, err := keystore.Open(cfg.Data, keystore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := credentials.First(cfg.CredentialsDir(), keys, credentials.Holder{Name: "n1", Address: c.addresses[0]}); err != nil {
		t.Fatal(err)
	}
	c.start(0)
	return c
}

// join starts a node with a token of the first one.
func (c *trio) join(i int) {
	c.Helper()
	text, _, err := operator{c.nodes[0].shared}.Token(time.Hour)
	if err != nil {
		c.Fatal(err)
	}
	if err := os.WriteFile(c.token, []byte(text), 0o600); err != nil {
		c.Fatal(err)
	}
	c.start(i)
}

// voting waits until node i and all before it have a vote and know it.
func (c *trio) voting(i int) {
	c.Helper()
	c.until("a vote for "+c.config(i).Cluster.Name, func() bool {
		for _, n := range c.nodes[:i+1] { // a follower applies the change later
			if s := n.Replica().Status(); len(s.Voters) != i+1 || s.Changing || learnersOf(n) != 0 {
				return false
			}
		}
		return true
	})
}

// nextPort counts up from below the ports that the system gives to those who ask
// for any: another test must not get one between here and the node's start.
var nextPort atomic.Int64

func freeAddress(t *testing.T) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 20_000+(int64(os.Getpid())*64+nextPort.Add(1))%10_000)
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	t.Fatal("no free port from 20000 to 29999")
	return ""
}

func (c *trio) config(i int) *Config {
	c.Helper()
	cfg := Default()
	cfg.Data, cfg.LogName, cfg.Sandbox = c.dirs[i], admintest.LogName, true
	cfg.MerchantAPI.Address, cfg.MerchantAPI.InsecureLoopback = "127.0.0.1:0", true
	cfg.WalletAPI.Address, cfg.WalletAPI.InsecureLoopback = "127.0.0.1:0", true
	cfg.Admin.Address, cfg.Admin.InsecureLoopback = "127.0.0.1:0", true
	cfg.Inner.Address = "127.0.0.1:0"
	cfg.Disk.MinFree, cfg.Disk.MinFreePercent, cfg.Disk.Cache = 1<<20, 0, 8<<20
	if c.minFree != 0 {
		cfg.Disk.MinFree = c.minFree
	}
	cfg.Journal.CheckpointInterval = config.Duration(20 * time.Millisecond)
	cfg.Cluster.Name, cfg.Cluster.Address = fmt.Sprintf("n%d", i+1), c.addresses[i]
	if i > 0 {
		cfg.Cluster.Peers, cfg.Cluster.TokenFile = c.addresses, c.token
	}
	if err := cfg.Check(); err != nil {
		c.Fatal(err)
	}
	return cfg
}

// start runs node i until stop or the end of the test; it answers once the node
// serves.
func (c *trio) start(i int) {
	c.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	opened, ended := make(chan *Node, 8), make(chan error, 1)
	log := slog.New(slog.NewTextHandler(c.logs[i], &slog.HandlerOptions{Level: slog.LevelInfo}))
	go func() {
		ended <- Serve(ctx, Options{Config: c.config(i), Version: "test", Log: log, Fatal: func(error) {}}, func(n *Node) { opened <- n })
	}()
	stop := func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				c.Errorf("n%d: %v", i+1, err)
			}
			ended <- nil
		case <-time.After(30 * time.Second):
			c.Errorf("n%d does not stop\n%s\n%s", i+1, c.logs[i], stacks())
		}
	}
	c.stops[i] = stop
	c.Cleanup(stop)
	select {
	case c.nodes[i] = <-opened:
	case err := <-ended:
		ended <- nil // for stop
		c.Fatalf("n%d: %v\n%s", i+1, err, c.logs[i])
	case <-time.After(30 * time.Second):
		c.Fatalf("n%d does not start\n%s", i+1, c.logs[i])
	}
}

// stacks are what all goroutines are at, for a report of one that does not end.
func stacks() []byte {
	b := make([]byte, 4<<20)
	return b[:runtime.Stack(b, true)]
}

// until waits for a condition.
func (c *trio) until(what string, ok func() bool) {
	c.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			c.Fatalf("no %s\n%s", what, c.logs[0])
		}
	}
}

func learnersOf(n *Node) int {
	f, ok := lookGroup(n.shared)
	if !ok {
		return -1
	}
	return f.roles(pb.MemberRole_MEMBER_ROLE_LEARNER)
}
