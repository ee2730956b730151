package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/run/config"
	"github.com/holdfast-pay/holdfast/internal/run/node"
)

var rewrite = flag.Bool("rewrite", false, "write generated files anew")

// whole is a configuration that passes Check, in both formats.
const wholeTOML = `data = "/srv/holdfast"
log_name = "pay.example.com/journal"

[merchant_api]
address = "0.0.0.0:443"
tls_cert = "tls/chain.pem"
tls_key = "/etc/holdfast/key.pem"
max_in_flight = 100
request_timeout = "1m"

[admin]
address = "127.0.0.1:7443"
insecure_loopback = true

[cashier]
base_url = "https://pay.example.com"

[disk]
min_free = 1073741824
cache = "64MiB"
`

const wholeYAML = `data: /srv/holdfast
log_name: pay.example.com/journal
merchant_api:
  address: 0.0.0.0:443
  tls_cert: tls/chain.pem
  tls_key: /etc/holdfast/key.pem
  max_in_flight: 100
  request_timeout: 1m
admin: {address: "127.0.0.1:7443", insecure_loopback: true}
cashier:
  base_url: https://pay.example.com
disk:
  min_free: 1073741824
  cache: 64MiB
`

func TestFormatsAgree(t *testing.T) {
	t.Parallel()
	a, err := node.ParseConfig("/etc/holdfast/node.toml", []byte(wholeTOML))
	if err != nil {
		t.Fatal(err)
	}
	b, err := node.ParseConfig("/etc/holdfast/node.yaml", []byte(wholeYAML))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*node.Config{a, b} {
		if err := c.Check(); err != nil {
			t.Error(err)
		}
	}
	if got, want := a.MerchantAPI.TLSCert, "/etc/holdfast/tls/chain.pem"; got != want {
		t.Errorf("a relative path is %q, want %q", got, want)
	}
	if a.Disk.Cache != 64<<20 || a.Disk.MinFree != 1<<30 {
		t.Errorf("sizes are %v and %v", a.Disk.Cache, a.Disk.MinFree)
	}
	if x, y := sourceOf(a, "admin.insecure_loopback"), sourceOf(b, "admin.insecure_loopback"); x != "/etc/holdfast/node.toml:13" || y != "/etc/holdfast/node.yaml:9" {
		t.Errorf("sources are %v and %v", x, y)
	}
	if !same(a, b) {
		t.Errorf("TOML gives\n%s\nYAML gives\n%s", a.Print(), b.Print())
	}
}

// same says whether two configurations are, wherever their values came from.
func same(a, b *node.Config) bool {
	x, y := reflect.ValueOf(*a), reflect.ValueOf(*b)
	for i := range x.NumField() {
		if x.Type().Field(i).IsExported() && !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			return false
		}
	}
	return true
}

func sourceOf(c *node.Config, key string) string {
	for _, v := range c.Values() {
		if v.Key == key {
			return v.Source
		}
	}
	return ""
}

// override sets what pairs say, key=value.
func override(c *node.Config, pairs ...string) error {
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		if err := c.Set(key, value); err != nil {
			return err
		}
	}
	return nil
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, text, want, hint string }{
		{"unknown key", "a.toml", "[merchant_api]\n\nadress = \"x\"\n", `a.toml:3: unknown key "merchant_api.adress"`, `did you mean "merchant_api.address"?`},
		{"unknown key, YAML", "a.yaml", "merchant_api:\n  tls_cret: x\n", `a.yaml:2: unknown key "merchant_api.tls_cret"`, `did you mean "merchant_api.tls_cert"?`},
		{"unknown section", "a.toml", "[merchantapi]\naddress = \"x\"\n", `unknown key "merchantapi`, `did you mean "merchant_api`},
		{"wrong section", "a.yaml", "tls_key: x\n", `a.yaml:1: unknown key "tls_key"`, `did you mean "merchant_api.tls_key"?`},
		{"mistyped outside its section", "a.yaml", "adress: x\n", `unknown key "adress"`, `did you mean "merchant_api.address"?`},
		{"nothing near", "a.yaml", "colour: red\n", `a.yaml:1: unknown key "colour"`, "docs/reference/configuration.md"},
		{"two unknown keys", "a.yaml", "colour: red\nshape: round\n", `a.yaml:1: unknown key "colour"; a.yaml:2: unknown key "shape"`, ""},
		{"wrong type", "a.toml", "[merchant_api]\nmax_in_flight = \"many\"\n", "a.toml:2: ", ""},
		{"wrong type, YAML", "a.yaml", "merchant_api:\n  max_in_flight: many\n", "a.yaml:2: ", ""},
		{"bad size", "a.toml", "[disk]\nmin_free = \"2 GB\"\n", "a.toml:2: ", ""},
		{"bad time", "a.yaml", "journal:\n  checkpoint_interval: soon\n", "not a time like 10s", ""},
		{"a number without unit", "a.toml", "[journal]\ncheckpoint_interval = 10\n", "a.toml:2: ", ""},
		{"broken TOML", "a.toml", "data = \n", "a.toml:1: ", ""},
		{"broken YAML", "a.yaml", "data: [\n", "a.yaml:", ""},
		{"twice", "a.yaml", "data: a\ndata: b\n", "a.yaml:2: ", ""},
		{"twice, TOML", "a.toml", "data = \"a\"\ndata = \"b\"\n", "a.toml", ""},
		{"alias", "a.yaml", "data: &x a\nlog_name: *x\n", "a.yaml:2: log_name: aliases", ""},
		{"section as value", "a.yaml", "disk: full\n", "a.yaml:1: disk: it is a section", ""},
		{"two documents", "a.yaml", "data: a\n---\ndata: b\n", "more than one document", ""},
		{"extension", "a.json", "{}", `a.json: its extension ".json"`, ".toml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := node.ParseConfig(c.file, []byte(c.text))
			p, ok := err.(config.Problems)
			if !ok || !strings.Contains(p.Error(), c.want) || !strings.Contains(p.Hint(), c.hint) {
				t.Errorf("got %v, want %q with hint %q (hint is %q)", err, c.want, c.hint, p.Hint())
			}
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, set, want string }{
		{"whole", "", ""},
		{"empty data", "data=", "data: it is empty"},
		{"log name with a space", "log_name=my log", "log_name: "},
		{"no TLS", "merchant_api.tls_cert=", "merchant_api.tls_cert: it is empty, and TLS is the default"},
		{"certificate without key", "merchant_api.tls_key=", "merchant_api.tls_key: it is empty"},
		{"plain on all interfaces", "admin.address=0.0.0.0:7443", "admin.insecure_loopback: plain HTTP is for loopback only"},
		{"plain and TLS", "merchant_api.insecure_loopback=true", "merchant_api.insecure_loopback: "},
		{"no port", "inner.address=127.0.0.1", `inner.address: "127.0.0.1" is not HOST:PORT`},
		{"port 70000", "inner.address=127.0.0.1:70000", "inner.address: "},
		{"same port twice", "inner.address=127.0.0.1:7443", "inner.address: 127.0.0.1:7443 is already admin.address"},
		{"cache of 1 byte", "disk.cache=1", "disk.cache: it must be 8MiB to 1TiB"},
		{"prefix without slash", "merchant_api.path_prefix=sandbox", "merchant_api.path_prefix: "},
		{"nothing in flight", "merchant_api.max_in_flight=0", "merchant_api.max_in_flight: "},
		{"payers over plain http", "cashier.base_url=http://pay.example.com", "cashier.base_url: payers must not be sent to plain http"},
		{"cashier with a query", "cashier.base_url=https://pay.example.com/?a=b", "cashier.base_url: "},
		{"no cashier", "cashier.base_url=", "cashier.base_url: it is empty"},
		{"checkpoints too often", "journal.checkpoint_interval=1ms", "journal.checkpoint_interval: "},
		{"unknown mode", "merchants.key_mode=none", "merchants.key_mode: "},
		{"half a second", "merchants.refund_interval=1500ms", "merchants.refund_interval: it is not a whole number"},
		{"unknown level", "log.level=loud", `log.level: "loud" is not one of debug, info, warn, error`},
		{"60 percent", "disk.min_free_percent=60", "disk.min_free_percent: it must be 0 to 50"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg, err := node.ParseConfig("node.toml", []byte(wholeTOML))
			if err != nil {
				t.Fatal(err)
			}
			if c.set != "" {
				if err := override(cfg, c.set); err != nil {
					t.Fatal(err)
				}
			}
			err = cfg.Check()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("Check says %v, want %q", err, c.want)
			}
		})
	}
}

func TestProblemNamesTheLine(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "node.toml")
	if err := os.WriteFile(file, []byte(strings.Replace(wholeTOML, "100", "0", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := node.LoadConfig(file, nil)
	if want := file + ":8: merchant_api.max_in_flight: it must be 1 to 1000000"; err == nil || err.Error() != want {
		t.Errorf("Load says %v, want %s", err, want)
	}
	if _, err := node.LoadConfig(file, []string{"merchant_api.max_in_flight=7"}); err != nil {
		t.Errorf("the override should heal it: %v", err)
	}
	if _, err := node.LoadConfig(file+".none", nil); err == nil {
		t.Error("a file that is not there loads")
	}
	for _, pair := range []string{"data", "dat=x", "merchant_api.max_in_flight=x", "disk.cache=1.5GiB"} {
		if _, err := node.LoadConfig(file, []string{pair}); err == nil {
			t.Errorf("--set %s is accepted", pair)
		}
	}
}

// TestSettingsCoverTheStruct holds the parts' settings against the struct's tags: a
// field without one could be set but not found in the reference.
func TestSettingsCoverTheStruct(t *testing.T) {
	t.Parallel()
	inSections := map[string]bool{}
	for _, v := range node.Default().Values() {
		if inSections[v.Key] {
			t.Errorf("setting %s is there twice", v.Key)
		}
		inSections[v.Key] = true
	}
	inStruct := map[string]bool{}
	fields(reflect.TypeFor[node.Config](), "", inStruct)
	for key := range inStruct {
		if !inSections[key] {
			t.Errorf("field %s is in no section", key)
		}
	}
	for key := range inSections {
		if !inStruct[key] {
			t.Errorf("setting %s has no field", key)
		}
	}
	for line := range strings.Lines(node.ConfigReference()) {
		if strings.HasPrefix(line, "| `") && strings.HasSuffix(line, "|  |\n") {
			t.Errorf("without documentation: %s", line)
		}
	}
}

func fields(typ reflect.Type, prefix string, to map[string]bool) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		name := f.Tag.Get("toml")
		if name == "-" || name == "" {
			continue
		}
		if name != f.Tag.Get("yaml") {
			panic("toml and yaml tags differ: " + name)
		}
		if f.Type.Kind() == reflect.Struct {
			fields(f.Type, prefix+name+".", to)
			continue
		}
		to[prefix+name] = true
	}
}

func TestPrintReadsBack(t *testing.T) {
	t.Parallel()
	c, err := node.ParseConfig("/etc/holdfast/node.toml", []byte(wholeTOML))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set("log_name", "weird \"name\"\\\u0001\t微信\U0001F600"); err != nil {
		t.Fatal(err)
	}
	text := c.Print()
	if !strings.Contains(text, "max_in_flight = 100  # /etc/holdfast/node.toml:8\n") || !strings.Contains(text, "keep_log = \"1GiB\"  # default\n") {
		t.Errorf("sources are missing:\n%s", text)
	}
	again, err := node.ParseConfig("/etc/holdfast/printed.toml", []byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if !same(c, again) {
		t.Errorf("printed and read back:\n%s\nwas\n%s", again.Print(), c.Print())
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]config.Bytes{"0": 0, "1": 1, "64KiB": 64 << 10, "2 GiB": 2 << 30, "1TiB": 1 << 40} {
		var b config.Bytes
		if err := b.UnmarshalText([]byte(text)); err != nil || b != want {
			t.Errorf("%q is %d, %v", text, b, err)
		}
	}
	for _, text := range []string{"", "-1", "1.5GiB", "1GB", "MiB", "9223372036854775808", "9999999TiB", "0x10"} {
		var b config.Bytes
		if err := b.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is accepted as %d bytes", text, b)
		}
	}
	for text, want := range map[string]string{"60s": "1m", "90s": "1m30s", "48h": "48h", "500ms": "500ms", "0s": "0s", "1h30m": "1h30m"} {
		var d config.Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || d.String() != want {
			t.Errorf("%q is %v, %v", text, d, err)
		}
	}
	for _, text := range []string{"", "10", "-1s", "1 week"} {
		var d config.Duration
		if err := d.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is accepted as %v", text, d)
		}
	}
}

func TestReference(t *testing.T) {
	t.Parallel()
	golden(t, "../../../docs/reference/configuration.md", node.ConfigReference())
}

func golden(t *testing.T, path, want string) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s is out of date (%v); run this test with -rewrite", path, err)
	}
}

// FuzzParse: any bytes are refused with a sentence or read; what is read
// prints and reads back as the same configuration.
func FuzzParse(f *testing.F) {
	f.Add(wholeTOML, true)
	f.Add(wholeYAML, false)
	f.Add("a: &a [*a]\n", false)
	f.Add("[disk]\nmin_free = { x = 1 }\n", true)
	f.Add("merchant_api.address = 'x'\ndisk = {cache = '8MiB'}\n", true)
	f.Add("? {a: b}\n: c\n", false)
	f.Add("disk:\n", false)
	f.Add(clusterTOML, true)
	f.Add("[cluster]\npeers = []\n", true)
	f.Add("cluster:\n  peers: [a, ~, 'b,c', \"\\t\"]\n", false)
	f.Fuzz(func(t *testing.T, text string, isTOML bool) {
		name := "/etc/fuzz.yaml"
		if isTOML {
			name = "/etc/fuzz.toml"
		}
		c, err := node.ParseConfig(name, []byte(text))
		if err != nil {
			if p, ok := err.(config.Problems); !ok || len(p) == 0 || p.Error() == "" {
				t.Fatalf("refused without a sentence: %#v", err)
			}
			return
		}
		_ = c.Check()
		again, err := node.ParseConfig("printed.toml", []byte(c.Print()))
		if err != nil {
			t.Fatalf("%v in\n%s", err, c.Print())
		}
		if !same(c, again) {
			t.Fatalf("printed and read back:\n%s\nwas\n%s", again.Print(), c.Print())
		}
	})
}
