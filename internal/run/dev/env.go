package dev

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/run/door"
)

// PrintEnv writes what a shell has to set so that an unchanged program talks to
// the sandbox in a folder:
//
//	eval "$(holdfast dev --print-env)"
//
// What it means, and what clients need that no variable reaches, goes to notes:
// an interactive zsh knows no comments. The sandbox must have run once; whether it
// runs now is not looked at.
func PrintEnv(dir string, out, notes io.Writer) error {
	if dir == "" {
		dir = DefaultData
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if _, err := Credentials(dir); err != nil {
		return err
	}
	f := &folder{dir: dir}
	text, err := os.ReadFile(f.path("dev.json"))
	if err != nil {
		return &Failure{Err: err}
	}
	if err := json.Unmarshal(text, &f.last); err != nil || f.last.Addresses.Door == "" {
		return &Failure{Err: fmt.Errorf("the sandbox in %s was last run by a version without a proxy", dir), Hint: "run `holdfast dev` on it once"}
	}
	if _, err := io.WriteString(out, f.environment()); err != nil {
		return err
	}
	_, err = io.WriteString(notes, f.notes())
	return err
}

// environment is a script for any POSIX shell, one export a line.
func (f *folder) environment() string {
	proxy, ca := quoteShell("http://"+f.last.Addresses.Door), quoteShell(f.path(caFile))
	script, err := json.Marshal(f.path(nodeFile)) // NODE_OPTIONS reads double quotes with backslashes
	if err != nil {
		panic(err) // a string always encodes
	}
	var b strings.Builder
	for _, v := range [][2]string{
		{"HTTPS_PROXY", proxy}, {"https_proxy", proxy},
		{"SSL_CERT_FILE", ca}, {"CURL_CA_BUNDLE", ca}, {"REQUESTS_CA_BUNDLE", ca}, {"NODE_EXTRA_CA_CERTS", ca},
		{"NODE_OPTIONS", quoteShell("--require " + string(script))},
		{"HOLDFAST_SANDBOX", quoteShell(f.path("sandbox.json"))},
	} {
		fmt.Fprintf(&b, "export %s=%s\n", v[0], v[1])
	}
	return b.String()
}

// notes says what the environment does and leaves undone.
func (f *folder) notes() string {
	ca, at := quoteShell(f.path(caFile)), f.last.Addresses.Door
	host, port := at[:strings.LastIndexByte(at, ':')], at[strings.LastIndexByte(at, ':')+1:]
	names := strings.Join(door.Hosts(), " ")
	return fmt.Sprintf(`# In a shell with these variables the sandbox in %[5]s answers for
#   %[4]s
# and other https hosts are refused (Node's programs still reach them). Not by a variable:
#   Go on macOS  security add-trusted-cert -k ~/Library/Keychains/login.keychain-db %[1]s
#   PHP          php -d curl.cainfo=%[1]s -d openssl.cafile=%[1]s ...
#   Ruby         http_proxy="$HTTPS_PROXY" ruby ...
#   Java         keytool -importcert -noprompt -alias holdfast -storepass changeit -keystore sandbox.p12 -file %[1]s
#                java -Dhttps.proxyHost=%[2]s -Dhttps.proxyPort=%[3]s -Djavax.net.ssl.trustStore=sandbox.p12 -Djavax.net.ssl.trustStorePassword=changeit ...
#   a client that ignores proxies: holdfast dev --tls 127.0.0.1:443, and in /etc/hosts
#                127.0.0.1 %[4]s
`, ca, host, port, names, f.dir)
}
