package arch

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// layers in reading order: a file imports its own layer and those before it.
// trial tries the product and is no part of it, so cmd passes it over. Examples are
// programs of others, and import nothing of ours but what is public.
var layers = []string{"base", "rule", "engine", "edge", "run", "trial", "cmd", "examples"}

// public are the packages that programs outside this module import. They are what
// speaks to an edge from its other side, and belong to the same layer.
var public = []string{"walletclient"}

// inside lists, for packages whose place within their layer matters, the
// packages of that layer they may import. "*" stands for every package of a
// layer that has no line of its own; must is open to all of base.
var inside = map[string][]string{
	"internal/base/*":         {"internal/base/must"},
	"internal/base/assertion": {"internal/base/stamp"},
	"internal/base/deed":      {"internal/base/arena", "internal/base/must", "internal/base/stamp", "internal/base/table", "internal/pb"},
	"internal/base/table":     {"internal/base/arena", "internal/base/must"},
	"internal/base/catalogue": {"internal/base/code", "internal/base/deed", "internal/base/table"},
	"internal/base/table/tabletest": {
		"internal/base/must", "internal/base/table",
	},
	"internal/pb":           {},
	"internal/pb/pbconnect": {"internal/pb"},

	"internal/rule/*":        {"internal/rule/due", "internal/rule/ledger"},
	"internal/rule/merchant": {"internal/rule/ledger"},
	"internal/rule/notice":   {"internal/rule/due", "internal/rule/lane"},
	"internal/rule/order":    {"internal/rule/due", "internal/rule/ledger", "internal/rule/merchant", "internal/rule/notice", "internal/rule/person", "internal/rule/wallet"},
	"internal/rule/transfer": {"internal/rule/due", "internal/rule/ledger", "internal/rule/person", "internal/rule/wallet"},
	"internal/rule/packet":   {"internal/rule/due", "internal/rule/ledger", "internal/rule/person", "internal/rule/wallet"},
	"internal/rule/paycode":  {"internal/rule/due", "internal/rule/merchant", "internal/rule/order", "internal/rule/till", "internal/rule/wallet"},
	"internal/rule/till":     {"internal/rule/ledger", "internal/rule/merchant", "internal/rule/order", "internal/rule/person", "internal/rule/staff", "internal/rule/wallet"},
	"internal/rule/refund":   {"internal/rule/due", "internal/rule/ledger", "internal/rule/merchant", "internal/rule/notice", "internal/rule/order"},
	"internal/rule/wallet":   {"internal/rule/person"},
	"internal/rule/report":   {"internal/rule/due", "internal/rule/ledger", "internal/rule/order", "internal/rule/packet", "internal/rule/person", "internal/rule/refund", "internal/rule/transfer", "internal/rule/wallet"},
	"internal/rule/shop":     {"internal/rule/ledger", "internal/rule/merchant", "internal/rule/person", "internal/rule/staff", "internal/rule/till", "internal/rule/wallet"},
	"internal/rule/staff":    {"internal/rule/ledger", "internal/rule/merchant", "internal/rule/person", "internal/rule/wallet"},
	"internal/rule/standing": {"internal/rule/person", "internal/rule/wallet"},

	// What applies commands sees tables and the journal, never a disk or a
	// network.
	"internal/engine/machine": {"internal/engine/journal"},
	"internal/engine/journal": {},
	"internal/engine/agree":   {},

	// Who may be a member is decided from what a member says, for all who ask.
	"internal/engine/membership": {"internal/engine/member"},
	// What gives commands their order sees no disk and no network either.
	"internal/engine/sequencer": {"internal/engine/agree", "internal/engine/machine", "internal/engine/member", "internal/engine/membership"},

	// A product of the merchant API knows what all share, and no other product.
	"internal/edge/wechatv3/*": {
		"internal/edge/gate", "internal/edge/wechatjson", "internal/edge/wechatv3", "internal/edge/wechatv3/goods", "internal/edge/wechatv3/strictjson",
	},
	"internal/edge/wechatv3/goods":      {"internal/edge/wechatv3/strictjson"},
	"internal/edge/wechatv3/strictjson": {},
	"internal/edge/wechatv3/products": {
		"internal/edge/wechatv3", "internal/edge/wechatv3/certificates", "internal/edge/wechatv3/pay", "internal/edge/wechatv3/refund",
	},
	"internal/edge/wechatv3/apitest": {
		"internal/edge/edgetest", "internal/edge/wechatv3", "internal/edge/wechatv3/pay", "internal/edge/wechatv3/products",
	},
}

// layerOf is the layer of a package, by its folder; "" for what is in none.
func layerOf(dir string) string {
	parts := strings.Split(dir, "/")
	switch {
	case parts[0] == "cmd":
		return "cmd"
	case slices.Contains(public, parts[0]):
		return "edge"
	case parts[0] == "examples":
		return "examples"
	case parts[0] != "internal" || len(parts) < 2:
		return ""
	case parts[1] == "pb": // generated vocabulary
		return "base"
	case slices.Contains(layers, parts[1]) && len(parts) > 2:
		return parts[1]
	}
	return ""
}

// directions says which imports of our own point the wrong way.
func directions(s *source) (failures []string) {
	own := layerOf(s.dir())
	for imported, spec := range s.imports() {
		dir, ours := strings.CutPrefix(imported, module+"/")
		if !ours || dir == s.dir() { // an external test imports what it tests
			continue
		}
		other := layerOf(dir)
		from, to := slices.Index(layers, own), slices.Index(layers, other)
		switch {
		case own == "" || other == "":
			failures = append(failures, fmt.Sprintf("%s: %s imports %s: one of them is in no layer; packages live under internal/{%s}/ or cmd/, public ones are listed in public",
				s.at(spec), s.dir(), dir, strings.Join(layers[:len(layers)-1], ",")))
		case to > from:
			failures = append(failures, fmt.Sprintf("%s: layer %s must not import layer %s (%s); allowed are %s. Move the shared part down, or let this package own a small interface that the other one fulfils",
				s.at(spec), own, other, dir, strings.Join(layers[:from+1], ", ")))
		case own == "examples" && !slices.Contains(public, dir):
			failures = append(failures, fmt.Sprintf("%s: an example must not import %s: it shows what programs outside this module can do; they import %s",
				s.at(spec), dir, strings.Join(public, ", ")))
		case own == "cmd" && other == "trial":
			failures = append(failures, fmt.Sprintf("%s: cmd must not import %s: what tries the product is no part of it; move what both need into internal/run",
				s.at(spec), dir))
		case to == from && !s.isTest() && !insideAllowed(s.dir(), dir):
			failures = append(failures, fmt.Sprintf("%s: %s must not import %s; within its layer it may import %v. If the edge is meant, add it to inside in internal/arch/layers_test.go with the reason",
				s.at(spec), s.dir(), dir, allowedInside(s.dir())))
		}
	}
	slices.Sort(failures)
	return failures
}

func insideAllowed(from, to string) bool {
	allowed := allowedInside(from)
	return allowed == nil || slices.Contains(allowed, to) || layerOf(from) == "base" && to == "internal/pb"
}

// allowedInside is nil where the layer leaves its packages free.
func allowedInside(dir string) []string {
	if allowed, ok := inside[dir]; ok {
		return allowed
	}
	return inside[path.Dir(dir)+"/*"]
}

func TestLayers(t *testing.T) {
	t.Parallel()
	everywhere(t, directions, func(s *source) bool { return true })
}

// Layer folders are places, not packages.
func TestLayerFoldersHoldNoGoFiles(t *testing.T) {
	t.Parallel()
	for _, s := range tree(t) {
		if failure := homeless(s.path); failure != "" {
			t.Error(failure)
		}
	}
}

func homeless(name string) string {
	dir := path.Dir(name)
	if dir == "." || dir == "internal" || dir == "cmd" || path.Dir(dir) == "internal" && slices.Contains(layers, path.Base(dir)) {
		return fmt.Sprintf("%s: a Go file lies in %s/ itself; put it into a package of its own below", name, dir)
	}
	return ""
}

// A line for a package that is gone would let its successor import anything.
func TestInsideNamesPackagesThatExist(t *testing.T) {
	t.Parallel()
	exists := map[string]bool{}
	for _, s := range tree(t) {
		exists[s.dir()] = true
	}
	for dir, allowed := range inside {
		for _, d := range append(slices.Clone(allowed), dir) {
			if !exists[d] && !strings.HasSuffix(d, "/*") {
				t.Errorf("inside names %s, which doesn't exist: remove it from internal/arch/layers_test.go", d)
			}
		}
	}
}
