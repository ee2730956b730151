package node

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/engine/pki"
	"github.com/holdfast-pay/holdfast/internal/run/config"
)

// ClusterConfig is this node's place among several; empty for a node without peers.
type ClusterConfig struct {
	Name        string      `toml:"name" yaml:"name"`
	Address     string      `toml:"address" yaml:"address"`
	Advertise   string      `toml:"advertise" yaml:"advertise"`
	Peers       config.List `toml:"peers" yaml:"peers"`
	Credentials string      `toml:"credentials" yaml:"credentials"`
	TokenFile   string      `toml:"token_file" yaml:"token_file"`
}

// Clustered says whether the node is one of a cluster, or may become one.
func (c *ClusterConfig) Clustered() bool { return c.Name != "" }

// AdvertiseAddress is where peers dial the node, HOST:PORT.
func (c *ClusterConfig) AdvertiseAddress() string {
	if c.Advertise != "" {
		return c.Advertise
	}
	return c.Address
}

// CredentialsDir is the folder with the node's own certificate and key: beside
// the data folder unless set otherwise, so that who loses the one keeps the other.
func (c *Config) CredentialsDir() string { return c.Cluster.credentials(c.Data) }

func (c *ClusterConfig) credentials(data string) string {
	if c.Credentials != "" {
		return c.Credentials
	}
	return filepath.Clean(data) + "-credentials"
}

// clusterSection is what a node is told of its peers.
func clusterSection(c *Config) config.Section {
	g := &c.Cluster
	return config.Section{
		Name: "cluster",
		Settings: []config.Setting{
			config.Key("name", "This node's name among its peers: 1 to 63 of a-z, 0-9 and '-'. A machine that replaces another keeps its name. Empty: a node without peers.", &g.Name),
			config.Key("address", "HOST:PORT where peers reach this node, always mutual TLS; the port is fixed.", &g.Address),
			config.Key("advertise", "HOST:PORT that peers dial, when it is not `cluster.address` itself.", &g.Advertise),
			config.Key("peers", "List of `cluster.address` of some nodes, asked when this node joins; one that works suffices, and its own is left out. Once joined, the cluster tells.", &g.Peers),
			config.File("credentials", "Folder with the node's own certificate and key, outside the data folder. Empty: the data folder's name with `-credentials` added.", &g.Credentials),
			config.File("token_file", "File with a join token (`holdfast cluster token`): with an empty data folder, `holdfast serve` joins by itself at its first start. It is not read again afterwards.", &g.TokenFile),
		},
		Default: func() { *g = ClusterConfig{} },
		Check:   func(k *config.Checker) { g.check(k, c.Data) },
	}
}

// check has nothing to check where the section is empty.
func (c *ClusterConfig) check(k *config.Checker, data string) {
	if c.Name == "" {
		rest := c.Address + c.Advertise + c.Credentials + c.TokenFile + c.Peers.String()
		k.That(rest == "", "name", "it is empty, and other keys of the section are set", "name the node, like n1, or leave out the section")
		return
	}
	k.That(pki.ValidNodeName(c.Name), "name", fmt.Sprintf("%.70q cannot be a node's name", c.Name), "use 1 to 63 of a-z, 0-9 and '-', like n1")
	if !k.That(c.Address != "", "address", "it is empty: peers could not reach this node", "0.0.0.0:7445") {
		return
	}
	dialled(k, "address", c.Address, true)
	k.Listens(c.Address)
	if c.Advertise != "" {
		dialled(k, "advertise", c.Advertise, false)
	} else if host, _, err := net.SplitHostPort(c.Address); err == nil {
		k.That(!wildcard(host), "advertise", fmt.Sprintf("it is empty, and peers cannot dial %s", c.Address), "the name or address of this machine with the port, like n1.example.com:7445")
	}
	c.checkPeers(k)
	k.That(c.TokenFile == "" || len(c.Peers) > 0, "peers", "it is empty, and token_file is for joining them", "list cluster.address of the nodes there are")
	k.That(!inside(c.credentials(data), data), "credentials", "it is inside the data folder: who loses that would lose both", "name a folder beside it, or leave it empty")
}

func (c *ClusterConfig) checkPeers(k *config.Checker) {
	seen := map[string]bool{}
	for _, p := range c.Peers {
		dialled(k, "peers", p, false)
		k.That(!seen[p], "peers", fmt.Sprintf("%.80q is listed twice", p), "list each node once")
		seen[p] = true
	}
}

// dialled: peers dial the port again after a restart, so it is a fixed one.
func dialled(k *config.Checker, key, address string, listens bool) {
	host, port, err := net.SplitHostPort(address)
	n, perr := strconv.ParseUint(port, 10, 16)
	ok := err == nil && perr == nil && n > 0 && (listens || !wildcard(host))
	k.That(ok, key, fmt.Sprintf("%.80q is not HOST:PORT that peers can dial", address), "n1.example.com:7445")
}

// wildcard says whether host stands for all interfaces.
func wildcard(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

// inside says whether path is dir or below it.
func inside(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
