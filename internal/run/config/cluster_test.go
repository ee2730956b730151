package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/run/config"
	"github.com/holdfast-pay/holdfast/internal/run/node"
)

const clusterTOML = `
[cluster]
name = "n2"
address = "0.0.0.0:7445"
advertise = "n2.example.com:7445"
peers = ["n1.example.com:7445", 'n3.example.com:7445']
token_file = "join.token"
`

func TestClusterCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set  []string
		want string
	}{
		"whole":                   {nil, ""},
		"no section":              {[]string{"cluster.name=", "cluster.address=", "cluster.advertise=", "cluster.peers=", "cluster.token_file="}, ""},
		"first node":              {[]string{"cluster.peers=", "cluster.token_file="}, ""},
		"a node's own address":    {[]string{"cluster.peers=n2.example.com:7445,n1.example.com:7445"}, ""},
		"no name":                 {[]string{"cluster.name="}, "cluster.name: it is empty, and other keys of the section are set"},
		"a bad name":              {[]string{"cluster.name=Node 2"}, `cluster.name: "Node 2" cannot be a node's name`},
		"no address":              {[]string{"cluster.address="}, "cluster.address: it is empty"},
		"any port":                {[]string{"cluster.address=127.0.0.1:0"}, `cluster.address: "127.0.0.1:0" is not HOST:PORT that peers can dial`},
		"all interfaces, no name": {[]string{"cluster.advertise="}, "cluster.advertise: it is empty, and peers cannot dial 0.0.0.0:7445"},
		"all interfaces, IPv6":    {[]string{"cluster.advertise=", "cluster.address=[::]:7445"}, "cluster.advertise: it is empty"},
		"advertised nowhere":      {[]string{"cluster.advertise=:7445"}, `cluster.advertise: ":7445" is not HOST:PORT`},
		"peer without port":       {[]string{"cluster.peers=n1.example.com"}, `cluster.peers: "n1.example.com" is not HOST:PORT`},
		"peer twice":              {[]string{"cluster.peers=n1:1,n1:1"}, `cluster.peers: "n1:1" is listed twice`},
		"token for nobody":        {[]string{"cluster.peers="}, "cluster.peers: it is empty, and token_file is for joining them"},
		"same port twice":         {[]string{"cluster.address=127.0.0.1:7444", "inner.address=127.0.0.1:7444"}, "cluster.address: 127.0.0.1:7444 is already inner.address"},
		"both in one folder":      {[]string{"cluster.credentials=/srv/holdfast/credentials"}, "cluster.credentials: it is inside the data folder"},
		"in the data folder":      {[]string{"cluster.credentials=/srv/holdfast"}, "cluster.credentials: it is inside the data folder"},
		"beside it":               {[]string{"cluster.credentials=/srv/holdfast.credentials"}, ""},
	} {
		cfg, err := node.ParseConfig("/etc/holdfast/node.toml", []byte(wholeTOML+clusterTOML))
		if err != nil {
			t.Fatal(err)
		}
		if err := override(cfg, c.set...); err != nil {
			t.Fatal(err)
		}
		err = cfg.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: Check says %v, want %q", name, err, c.want)
		}
		if p, ok := err.(config.Problems); ok && p.Hint() == "" {
			t.Errorf("%s: no hint", name)
		}
	}
}

func TestClusterValues(t *testing.T) {
	t.Parallel()
	c, err := node.ParseConfig("/etc/holdfast/node.toml", []byte(wholeTOML+clusterTOML))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"n1.example.com:7445", "n3.example.com:7445"}; !slices.Equal(c.Cluster.Peers, want) {
		t.Errorf("peers are %v", c.Cluster.Peers)
	}
	if c.Cluster.AdvertiseAddress() != "n2.example.com:7445" || c.CredentialsDir() != "/srv/holdfast-credentials" || c.Cluster.TokenFile != "/etc/holdfast/join.token" || !c.Cluster.Clustered() {
		t.Errorf("advertise %s, credentials %s, token %s", c.Cluster.AdvertiseAddress(), c.CredentialsDir(), c.Cluster.TokenFile)
	}
	if c.Cluster.Advertise = ""; c.Cluster.AdvertiseAddress() != "0.0.0.0:7445" || node.Default().Cluster.Clustered() {
		t.Error("defaults")
	}
	if err := c.Set("cluster.peers", " a:1 , b:2,"); err != nil || !slices.Equal(c.Cluster.Peers, []string{"a:1", "b:2"}) {
		t.Errorf("peers from a flag are %q, %v", c.Cluster.Peers, err)
	}
	if text := c.Print(); !strings.Contains(text, "\npeers = [\"a:1\", \"b:2\"]  # flag\n") {
		t.Errorf("printed:\n%s", text)
	}
	c, err = node.ParseConfig("node.yaml", []byte("cluster:\n  peers: [a:1, 'b:2']\n"))
	if err != nil || c.Cluster.Peers.String() != "a:1,b:2" {
		t.Errorf("YAML: %q, %v", c.Cluster.Peers, err)
	}
	for file, text := range map[string]string{
		"a.toml": "[cluster]\npeers = \"n1:7445\"\n", "a.yaml": "cluster:\n  peers: n1:7445\n",
	} {
		_, err := node.ParseConfig(file, []byte(text))
		if p, ok := err.(config.Problems); !ok || p[0].Line != 2 {
			t.Errorf("%s: a word for a list: %v", file, err)
		}
	}
}
