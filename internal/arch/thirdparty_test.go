package arch

import (
	"fmt"
	"go/build"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// entries says where other people's modules enter: import path prefix, the
// packages that may import it, and why it is not fewer. Everything else uses
// what those packages offer.
var entries = []struct {
	prefix   string
	packages []string
	why      string
}{
	{"google.golang.org/protobuf", []string{"internal/pb", "internal/engine/journal", "internal/engine/machine", "internal/engine/member", "internal/engine/raftlog", "internal/engine/replica", "internal/engine/snapshot", "internal/engine/view", "internal/edge/rpc", "internal/edge/openapi", "internal/edge/admin", "internal/run", "internal/trial", "walletclient"},
		"the generated code; raft's own messages; journal entries printed as JSON; wire-level reading of envelopes; the schema that the public client is written from"},
	{"github.com/planetscale/vtprotobuf", []string{"internal/pb"}, "the generated code"},
	{"connectrpc.com/connect", []string{"internal/pb/pbconnect", "internal/engine/credentials", "internal/engine/peer", "internal/edge/admin", "internal/edge/owed", "internal/edge/inner", "internal/edge/courier", "internal/edge/rpc", "internal/edge/openapi", "internal/edge/staff", "internal/edge/staffauth", "internal/edge/till", "internal/edge/wallet", "walletclient", "internal/run", "internal/trial"},
		"both ends of the admin API, the inner API, the wallet API and of the calls between nodes"},
	{"github.com/go-webauthn/webauthn", []string{"internal/edge/passkey"}, "the ceremonies of passkeys: docs/decisions/0042"},
	{"golang.org/x/crypto", []string{"internal/edge/wallet"}, "argon2id for PINs"},
	{"github.com/cockroachdb/pebble/v2", []string{"internal/engine/store", "internal/engine/raftlog", "internal/engine/diskguard", "internal/engine/snapshot", "internal/engine/view", "internal/engine/scrub", "internal/engine/keyring", "internal/trial/sim", "internal/trial/simdisk"},
		"three stores of their own and the file system under them, on which copies are made and put into place too, the scrubber keeps its progress, and simulated disks fail"},
	{"github.com/cockroachdb/errors", []string{"internal/engine/diskguard"}, "Pebble marks its errors with it, which the standard errors.Is doesn't see"},
	{"go.etcd.io/raft/v3", []string{"internal/engine/member", "internal/engine/replica", "internal/engine/raftlog", "internal/engine/snapshot", "internal/engine/peer", "internal/engine/scrub", "internal/trial/sim", "internal/trial/simdisk"},
		"the loop, the log it keeps, snapshots that stand for a part of it; the tests of the transport and the scrubber; nodes on simulated disks"},
	{"golang.org/x/mod/sumdb", []string{"internal/engine/journal", "internal/engine/keystore", "internal/run"}, "tree, notes and the key that signs them"},
	{"github.com/transparency-dev/formats", []string{"internal/engine/journal"}, "checkpoints"},
	{"github.com/prometheus/client_golang", []string{"internal/edge/admin", "internal/edge/wechatv3", "internal/edge/gate", "internal/edge/courier", "internal/engine/replica", "internal/run"},
		"each service counts for itself, processes serve the figures"},
	{"github.com/pelletier/go-toml/v2", []string{"internal/run/config"}, "the configuration file"},
	{"go.yaml.in/yaml/v3", []string{"internal/run/config"}, "the configuration file"},
	{"filippo.io/bigmod", []string{"internal/edge/wechatv3"}, "merchants' signatures verified with a prepared modulus: docs/decisions/0006"},
	{"github.com/chromedp", []string{"internal/edge/edgetest/browser"}, "the browser that tests of pages share"},
	{"github.com/evanw/esbuild", []string{"web"}, "bundles the pages; a module of its own, so that the product does not link it"},
	{"github.com/boombuler/barcode", []string{"internal/edge/drawing"}, "the bar code of a payer's code"},
	{"github.com/signintech/gopdf", []string{"internal/edge/drawing"}, "the sheet that hangs at a till"},
	{"rsc.io/qr", []string{"internal/edge/drawing"}, "the code in the terminal and on the page"},
	{"github.com/anishathalye/porcupine", []string{"internal/trial/sim"}, "is there an order of the calls that explains their answers"},
	{"github.com/HdrHistogram/hdrhistogram-go", []string{"internal/run/bench"}, "percentiles"},
	{"github.com/wechatpay-apiv3/wechatpay-go", []string{"internal/run/shop", "internal/trial/proctest", "internal/trial/sdktest", "examples"}, "the demo shop, the examples, and the merchants of the tests that run processes, are unmodified"},
}

// testEntries may be imported by tests as well, anywhere below the given folder.
var testEntries = map[string]string{
	"pgregory.net/rapid":                      "internal/",
	"go.uber.org/goleak":                      "internal/",
	"github.com/emersion/":                    "internal/edge/", // a mail server to send to
	"github.com/chromedp/":                    "internal/",
	"github.com/wechatpay-apiv3/wechatpay-go": "internal/",
	"github.com/prometheus/":                  "internal/",
	"google.golang.org/protobuf":              "internal/",
	"github.com/makiuchi-d/gozxing":           "internal/", // a scanner
	"golang.org/x/mod/sumdb":                  "internal/",
	"go.yaml.in/yaml/v3":                      "internal/run/", // the alert rules
}

// strangers says which imports of other people's modules are in the wrong place.
func strangers(s *source) (failures []string) {
	for imported, spec := range s.imports() {
		if isStandard(imported) || imported == module || strings.HasPrefix(imported, module+"/") || mayEnter(s, imported) {
			continue
		}
		failures = append(failures, fmt.Sprintf("%s: %s must not import %s; %s", s.at(spec), s.dir(), imported, entryAdvice(imported)))
	}
	slices.Sort(failures)
	return failures
}

// isStandard: the first element of every module's path has a dot, of no
// standard package's.
func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func mayEnter(s *source, imported string) bool {
	for _, e := range entries {
		if under(imported, e.prefix) && slices.ContainsFunc(e.packages, func(dir string) bool { return under(s.dir(), dir) }) {
			return true
		}
	}
	if !s.isTest() {
		return false
	}
	for prefix, below := range testEntries {
		if under(imported, strings.TrimSuffix(prefix, "/")) && strings.HasPrefix(s.path, below) {
			return true
		}
	}
	// A test may use what its package may use.
	return false
}

// under says whether path is prefix or below it.
func under(path, prefix string) bool {
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || rest[0] == '/')
}

func entryAdvice(imported string) string {
	for _, e := range entries {
		if under(imported, e.prefix) {
			return fmt.Sprintf("%s enters at %s only (%s): use what they offer", e.prefix, strings.Join(e.packages, ", "), e.why)
		}
	}
	return "it enters nowhere yet: prefer the standard library, or add a line with the reason to entries in internal/arch/thirdparty_test.go"
}

func TestThirdPartyEntries(t *testing.T) {
	t.Parallel()
	everywhere(t, strangers, func(s *source) bool { return true })
}

// cgo would make builds depend on the machine: it is a faster way of one package,
// which works without. docs/decisions names the reasons.
const mayCgo = "internal/engine/rsakey"

func TestNoCgo(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s *source) []string {
		if spec, ok := s.imports()["C"]; ok && s.dir() != mayCgo {
			return []string{s.at(spec) + ": no cgo: builds must not depend on the machine's compiler"}
		}
		return nil
	}, handwritten)
}

// What isStandard says must be true of the installed toolchain.
func TestStandardPackagesHaveNoDot(t *testing.T) {
	t.Parallel()
	dirs, err := os.ReadDir(filepath.Join(build.Default.GOROOT, "src"))
	if err != nil {
		t.Skipf("no GOROOT/src to look at: %v", err)
	}
	for _, d := range dirs {
		if d.IsDir() && !isStandard(d.Name()) {
			t.Errorf("standard package %s would be taken for a module", d.Name())
		}
	}
}
