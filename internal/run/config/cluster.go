package config

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/engine/pki"
)

// Cluster is this node's place among several; empty for a node without peers.
type Cluster struct {
	Name        string `toml:"name" yaml:"name"`
	Address     string `toml:"address" yaml:"address"`
	Advertise   string `toml:"advertise" yaml:"advertise"`
	Peers       List   `toml:"peers" yaml:"peers"`
	Credentials string `toml:"credentials" yaml:"credentials"`
	TokenFile   string `toml:"token_file" yaml:"token_file"`
}

// Clustered says whether the node is one of a cluster, or may become one.
func (c *Config) Clustered() bool { return c.Cluster.Name != "" }

// AdvertiseAddress is where peers dial the node, HOST:PORT.
func (c *Config) AdvertiseAddress() string {
	if c.Cluster.Advertise != "" {
		return c.Cluster.Advertise
	}
	return c.Cluster.Address
}

// CredentialsDir is the folder with the node's own certificate and key: beside
// the data folder unless set otherwise, so that who loses the one keeps the other.
func (c *Config) CredentialsDir() string {
	if c.Cluster.Credentials != "" {
		return c.Cluster.Credentials
	}
	return filepath.Clean(c.Data) + "-credentials"
}

// cluster checks the section; empty, there is nothing to check.
func (k *checker) cluster() {
	c := k.c.Cluster
	if c.Name == "" {
		rest := c.Address + c.Advertise + c.Credentials + c.TokenFile + c.Peers.String()
		k.that(rest == "", "cluster.name", "it is empty, and other keys of the section are set", "name the node, like n1, or leave out the section")
		return
	}
	k.that(pki.ValidNodeName(c.Name), "cluster.name", fmt.Sprintf("%.70q cannot be a node's name", c.Name), "use 1 to 63 of a-z, 0-9 and '-', like n1")
	if !k.that(c.Address != "", "cluster.address", "it is empty: peers could not reach this node", "0.0.0.0:7445") {
		return
	}
	k.dialled("cluster.address", c.Address, true)
	if c.Advertise != "" {
		k.dialled("cluster.advertise", c.Advertise, false)
	} else if host, _, err := net.SplitHostPort(c.Address); err == nil {
		k.that(!wildcard(host), "cluster.advertise", fmt.Sprintf("it is empty, and peers cannot dial %s", c.Address), "the name or address of this machine with the port, like n1.example.com:7445")
	}
	k.peers()
	k.that(c.TokenFile == "" || len(c.Peers) > 0, "cluster.peers", "it is empty, and token_file is for joining them", "list cluster.address of the nodes there are")
	k.that(!inside(k.c.CredentialsDir(), k.c.Data), "cluster.credentials", "it is inside the data folder: who loses that would lose both", "name a folder beside it, or leave it empty")
}

func (k *checker) peers() {
	seen := map[string]bool{}
	for _, p := range k.c.Cluster.Peers {
		k.dialled("cluster.peers", p, false)
		k.that(!seen[p], "cluster.peers", fmt.Sprintf("%.80q is listed twice", p), "list each node once")
		seen[p] = true
	}
}

// dialled: peers dial the port again after a restart, so it is a fixed one.
func (k *checker) dialled(key, address string, listens bool) {
	host, port, err := net.SplitHostPort(address)
	n, perr := strconv.ParseUint(port, 10, 16)
	ok := err == nil && perr == nil && n > 0 && (listens || !wildcard(host))
	k.that(ok, key, fmt.Sprintf("%.80q is not HOST:PORT that peers can dial", address), "n1.example.com:7445")
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
