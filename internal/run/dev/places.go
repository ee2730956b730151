package dev

import (
	"fmt"
	"slices"
)

// place is one node of the sandbox: what it is called and where it answers,
// HOST:PORT with real ports.
type place struct {
	Name     string `json:"name"`
	Platform string `json:"platform"`
	Admin    string `json:"admin"`
	Inner    string `json:"inner"`
	Wallet   string `json:"wallet"`
	Cluster  string `json:"cluster"`
}

// aloneName is what a node without peers is called.
const aloneName = "node"

// several says whether the folder holds a cluster.
func (f *folder) several() bool { return len(f.last.Nodes) > 0 }

// fit makes a fresh folder one for so many nodes, and refuses another number than
// a folder has: its nodes count on each other.
func (f *folder) fit(nodes int) error {
	has := max(1, len(f.last.Nodes))
	switch {
	case nodes == 0, !f.fresh && nodes == has:
		return nil
	case !f.fresh:
		return &Failure{Err: fmt.Errorf("%s was made with --nodes %d, not %d", f.dir, has, nodes),
			Hint: fmt.Sprintf("leave --nodes out to go on with it, or begin another folder: holdfast dev --nodes %d --data DIR", nodes)}
	case nodes > 1:
		f.last.Nodes = make([]place, nodes)
		for i := range f.last.Nodes {
			f.last.Nodes[i].Name = fmt.Sprintf("n%d", i+1)
		}
	}
	return nil
}

// places are the nodes to run: a node alone listens at the sandbox's addresses
// itself, a cluster's stand behind them.
func (f *folder) places(a addresses) []place {
	if f.several() {
		return f.last.Nodes
	}
	return []place{{Name: aloneName, Platform: a.Platform, Admin: a.Admin, Inner: a.Inner, Wallet: a.Wallet}}
}

// choosePlaces finds ports for a cluster's nodes: the last run's where they are
// free. Its peers know a node by its cluster address, so that one stays.
func (f *folder) choosePlaces(p *ports) error {
	nodes := slices.Clone(f.last.Nodes)
	for i := range nodes {
		for _, at := range []*string{&nodes[i].Cluster, &nodes[i].Platform, &nodes[i].Admin, &nodes[i].Inner, &nodes[i].Wallet} {
			known := *at
			found, err := p.first(known, anyPort)
			if err != nil {
				return fmt.Errorf("find a port for %s: %w", nodes[i].Name, err)
			}
			if at == &nodes[i].Cluster && !f.fresh && known != found {
				return &Failure{Err: fmt.Errorf("another process listens on %s, where its peers look for %s", known, nodes[i].Name), Hint: "end that process, or begin another folder with --data DIR"}
			}
			*at = found
		}
	}
	f.last.Nodes = nodes
	return nil
}

// data is a node's data folder: the sandbox's own for a node alone.
func (f *folder) data(name string) string {
	if name == aloneName {
		return f.dir
	}
	return f.path(name)
}

// first is the data folder that the sandbox's own tools read keys from.
func (f *folder) first() string {
	if f.several() {
		return f.data(f.last.Nodes[0].Name)
	}
	return f.dir
}

func (f *folder) configFile(name string) string { return f.path(name + ".toml") }

// tokenFile is where a node that has not joined yet finds its token.
func (f *folder) tokenFile(name string) string { return f.path(name + ".token") }

func (f *folder) logFile(name string) string { return f.path("logs", name+".log") }
