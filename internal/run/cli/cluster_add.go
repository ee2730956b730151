package cli

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/engine/pki"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var clusterAdd = Command{
	Name: "cluster add", Args: "NAME", Short: "print what a new machine needs to join", JSON: true, Admin: true,
	Long: `Makes a join token for the machine that will be node NAME and prints the section of its
configuration and the commands to run there. It changes nothing in the cluster: the new
node is a member when it has run them, without a vote until it has caught up.

A machine that replaces a lost one gets the lost one's name, and takes its place.`,
	Examples: []Example{
		{"holdfast cluster add n2", "from one node to three: for n2, then for n3"},
		{"holdfast cluster add n2 --valid 24h", "for a machine that is not ready yet"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		valid := validFlag(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			if !pki.ValidNodeName(args[0]) {
				return usage("use 1 to 63 of a-z, 0-9 and '-', like n2", "%.70q cannot be a node's name", args[0])
			}
			cluster, err := call(ctx, env, pbconnect.AdminServiceClient.ShowCluster, &pb.ShowClusterRequest{})
			if err != nil {
				return err
			}
			token, err := makeToken(ctx, env, *valid)
			if err != nil {
				return err
			}
			return printAdd(env, args[0], cluster, token)
		}
	},
}

func printAdd(env *Env, name string, a *pb.ClusterStatus, token *pb.ClusterTokenResponse) error {
	peers, replaces := []string{}, false
	for _, n := range a.Nodes {
		switch m := n.GetMember(); {
		case m.GetRole() == pb.MemberRole_MEMBER_ROLE_REMOVED:
		case m.GetName() == name:
			replaces = true
		default:
			peers = append(peers, m.GetAddress())
		}
	}
	if env.JSON {
		return env.Object(map[string]any{"name": name, "token": token.Token, "expires": utc(token.ExpiresAt), "peers": peers, "replaces": replaces})
	}
	var b strings.Builder
	if replaces {
		fmt.Fprintf(&b, "# %s is in the cluster: the machine that joins under this name takes its place.\n", name)
	}
	fmt.Fprintf(&b, "# 1. In its configuration, beside what the other nodes have:\n[cluster]\nname = %q\naddress = \"0.0.0.0:7445\"\nadvertise = \"HOST:7445\"  # what the others dial\npeers = [%s]\n\n", name, quoted(peers))
	fmt.Fprintf(&b, "# 2. On the new machine, before %s; the token is good once:\n", utc(token.ExpiresAt))
	fmt.Fprintf(&b, "holdfast cluster join --config /etc/holdfast/node.toml --token-file - <<'END'\n%s\nEND\n", token.Token)
	b.WriteString("holdfast serve --config /etc/holdfast/node.toml\n\n# 3. Here, until it serves as a voter:\nholdfast cluster status\n")
	return write(env, &b)
}

func quoted(words []string) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(list, ", ")
}
