package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/credentials"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/run/config"
	"github.com/holdfast-pay/holdfast/internal/run/node"
)

// clusterRig is three voters: n1 in this process, which also makes the load, and
// n2 and n3 in processes of their own.
type clusterRig struct {
	*rig
	r      *run
	others [2]*child
}

// child is a node in a process of its own.
type child struct {
	name   string
	file   string // its configuration
	admin  string
	binary string
	cmd    *exec.Cmd
}

// freeAddress returns a loopback address that is free at this moment.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// newClusterRig starts three nodes with people and merchants.
func (r *run) newClusterRig(ctx context.Context) (*clusterRig, error) {
	dir, err := r.folder()
	if err != nil {
		return nil, err
	}
	g := &clusterRig{rig: &rig{dir: dir}, r: r}
	first, err := g.startFirst(ctx)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	for i := range g.others {
		if g.others[i], err = g.startOther(ctx, fmt.Sprintf("n%d", i+2), first); err != nil {
			return nil, errors.Join(err, g.close())
		}
	}
	if err := g.await(ctx, "three voters", func() bool { return len(g.node.Replica().Status().Voters) == 3 }); err != nil {
		return nil, errors.Join(err, g.close())
	}
	return g, g.populate(ctx)
}

// startFirst opens n1, which the cluster begins with, and returns its address.
func (g *clusterRig) startFirst(ctx context.Context) (address string, err error) {
	cfg := configFor(filepath.Join(g.dir, "n1"))
	cfg.Sandbox = false
	cfg.Cluster.Name = "n1"
	if cfg.Cluster.Address, err = freeAddress(); err != nil {
		return "", err
	}
	keys, err := node.Init(cfg)
	if err != nil {
		return "", err
	}
	if _, err := credentials.First(cfg.CredentialsDir(), keys, credentials.Holder{Name: "n1", Address: cfg.Cluster.Address}); err != nil {
		return "", err
	}
	g.node, err = node.Open(ctx, node.Options{Config: cfg, Version: "bench", Log: quiet()})
	return cfg.Cluster.Address, err
}

// startOther lets another node join.
func (g *clusterRig) startOther(ctx context.Context, name, first string) (*child, error) {
	token, _, err := g.node.Keys().Cluster().NewJoinToken(time.Now(), time.Hour)
	if err != nil {
		return nil, err
	}
	tokenFile := filepath.Join(g.dir, name+".token")
	if err := os.WriteFile(tokenFile, []byte(token), 0o600); err != nil {
		return nil, err
	}
	cfg := configFor(filepath.Join(g.dir, name))
	cfg.Cluster = node.ClusterConfig{Name: name, Peers: config.List{first}, TokenFile: tokenFile}
	for _, a := range []*string{&cfg.Cluster.Address, &cfg.Admin.Address, &cfg.MerchantAPI.Address, &cfg.Inner.Address} {
		if *a, err = freeAddress(); err != nil {
			return nil, err
		}
	}
	c := &child{name: name, admin: "http://" + cfg.Admin.Address, file: filepath.Join(g.dir, name+".toml"), binary: g.r.Self}
	if err := os.WriteFile(c.file, []byte(cfg.Print()), 0o600); err != nil {
		return nil, err
	}
	return c, c.start(ctx)
}

// start runs the child and waits until it is ready.
func (c *child) start(ctx context.Context) error {
	log, err := os.OpenFile(strings.TrimSuffix(c.file, ".toml")+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	c.cmd = exec.Command(c.binary, "serve", "--config", c.file)
	c.cmd.Stderr = log
	if err := c.cmd.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if a, err := http.Get(c.admin + "/readyz"); err == nil {
			ok := a.StatusCode == http.StatusOK
			_ = a.Body.Close() // nothing of it is wanted
			if ok {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s did not get ready: see %s", c.name, log.Name())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// kill ends the child as a power cut would.
func (c *child) kill() error {
	if c == nil || c.cmd == nil {
		return nil
	}
	err := c.cmd.Process.Kill()
	_ = c.cmd.Wait() // it says "killed"
	c.cmd = nil
	return err
}

func (g *clusterRig) close() error {
	var errs []error
	for _, c := range g.others {
		if c != nil && c.cmd != nil {
			errs = append(errs, c.kill())
		}
	}
	return errors.Join(append(errs, g.rig.close())...)
}

// await waits until something is so.
func (g *clusterRig) await(ctx context.Context, what string, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// whole waits until all three have caught up.
func (g *clusterRig) whole(ctx context.Context) error {
	return g.await(ctx, "all nodes to catch up", func() bool {
		s := g.node.Replica().Status()
		for _, p := range s.Peers {
			if p.Ticks < 0 || p.Ticks > 10 || !p.Status.GetProven() || p.Heard.GetLastIndex() < s.Commit {
				return false
			}
		}
		return s.Leader != 0 && len(s.Voters) == 3
	})
}

// leadBy moves the lead to a node, wherever it is.
func (g *clusterRig) leadBy(ctx context.Context, name string) error {
	return g.await(ctx, name+" to lead", func() bool {
		leader := g.node.Replica().LeaderMember()
		if leader == nil || leader.Name == name {
			return leader != nil
		}
		if leader.Name == "n1" {
			_ = g.node.Replica().Transfer(ctx, g.raftID(name)) // it is asked for again
			return false
		}
		g.transferByCall(ctx, leader, name)
		return false
	})
}

func (g *clusterRig) raftID(name string) uint64 {
	for _, m := range g.node.Replica().Status().Members.Members {
		if m.Name == name && m.Role != pb.MemberRole_MEMBER_ROLE_REMOVED {
			return m.RaftId
		}
	}
	return 0
}
