package dev

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	identity "github.com/holdfast-pay/holdfast/internal/engine/credentials"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// startCluster starts a cluster's nodes: first those that are members, together,
// because each needs a majority; then, one at a time, those that have never been,
// by the same commands that an operator uses.
func (p *platform) startCluster(ctx context.Context) error {
	if err := p.initFirst(ctx); err != nil {
		return err
	}
	var members, others []*station
	for _, s := range p.nodes {
		if err := p.folder.nodeConfig(s.place, p.peersOf(s)); err != nil {
			return err
		}
		if p.member(s) {
			members = append(members, s)
		} else {
			others = append(others, s)
		}
	}
	if err := p.begin(ctx, members); err != nil {
		return err
	}
	for _, s := range others {
		if err := p.letIn(ctx, members[0], s); err != nil {
			return err
		}
	}
	return p.awaitVoters(ctx)
}

// member says whether a node has been let in; deleted data doesn't change that.
func (p *platform) member(s *station) bool {
	return identity.Exists(p.folder.data(s.Name) + "-credentials")
}

func (p *platform) peersOf(s *station) (list []string) {
	for _, other := range p.nodes {
		if other != s {
			list = append(list, other.Cluster)
		}
	}
	return list
}

// initFirst makes the first node of a new cluster.
func (p *platform) initFirst(ctx context.Context) error {
	first := p.nodes[0]
	if p.member(first) {
		return nil
	}
	for _, s := range p.nodes[1:] {
		if p.member(s) {
			return &Failure{Err: fmt.Errorf("%s has no credentials any more, and the other nodes count it as theirs", first.Name),
				Hint: "put " + p.folder.data(first.Name) + "-credentials back, or begin another folder with --data DIR"}
		}
	}
	if err := p.folder.nodeConfig(first.place, nil); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, p.opt.Executable, "cluster", "init", "--config", p.folder.configFile(first.Name)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("holdfast cluster init: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// letIn has a node join with a token that a member makes.
func (p *platform) letIn(ctx context.Context, member, s *station) error {
	client, err := p.admin(member)
	if err != nil {
		return err
	}
	token, err := client.ClusterToken(ctx, connect.NewRequest(&pb.ClusterTokenRequest{ValidS: 300}))
	if err != nil {
		return fmt.Errorf("make a join token: %w", err)
	}
	file := p.folder.tokenFile(s.Name)
	if err := writeFile(file, []byte(token.Msg.Token+"\n"), 0o600); err != nil {
		return err
	}
	if err := p.begin(ctx, []*station{s}); err != nil {
		return err
	}
	return os.Remove(file) // it has served
}

// admin is the administration of one node, not of whichever answers.
func (p *platform) admin(s *station) (pbconnect.AdminServiceClient, error) {
	return admin.Dial(admin.Address{URL: "http://" + s.Admin, TokenFile: admin.TokenFile(p.folder.data(s.Name))})
}

// poll is how often the state of the cluster is asked for while waiting.
const poll = 50 * time.Millisecond

// awaitVoters waits until every node has its vote: from then on any one may fail.
func (p *platform) awaitVoters(ctx context.Context) error {
	for {
		status, err := p.status(ctx, p.nodes[0])
		voters := 0
		for _, n := range status.GetNodes() {
			if n.Member.Role == pb.MemberRole_MEMBER_ROLE_VOTER {
				voters++
			}
		}
		if err == nil && voters == len(p.nodes) {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%d of %d nodes have a vote: %w", voters, len(p.nodes), context.Cause(ctx)), err)
		case <-time.After(poll):
		}
	}
}

func (p *platform) status(ctx context.Context, s *station) (*pb.ClusterStatus, error) {
	client, err := p.admin(s)
	if err != nil {
		return nil, err
	}
	a, err := client.ShowCluster(ctx, connect.NewRequest(&pb.ShowClusterRequest{}))
	if err != nil {
		return nil, err
	}
	return a.Msg, nil
}
