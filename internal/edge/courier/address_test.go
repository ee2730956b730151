package courier

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	refused := []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.8.9.10",
		"169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1",
		"198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1",
		"255.255.255.255",
		"::", "::1", "::127.0.0.1", "::10.0.0.1", "::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
		"64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8",
		"100::1", "2001::1", "2001:0:7f00:1::", "2001:db8::1", "2001:10::1", "2001:20::1", "2002:7f00:1::", "2002:a00:1::1", "3fff::1", "5f00::1",
		"2400:3200::5efe:10.0.0.1", "2400:3200::200:5efe:192.168.0.1",
		"fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
	}
	allowed := []string{
		"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "172.15.255.255", "172.32.0.1",
		"192.167.255.255", "192.169.0.1", "198.17.255.255", "198.20.0.1", "223.255.255.255",
		"2400:3200::1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
	}
	for _, a := range refused {
		if err := (guard{}).check(netip.MustParseAddr(a)); !errors.Is(err, ErrAddress) {
			t.Errorf("%s is let through (%v)", a, err)
		}
	}
	for _, a := range allowed {
		if err := (guard{}).check(netip.MustParseAddr(a)); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	dev := guard{allow: loopback}
	for a, ok := range map[string]bool{"127.0.0.1": true, "::1": true, "::ffff:127.0.0.1": true, "10.0.0.1": false, "169.254.169.254": false, "0.0.0.0": false} {
		if err := dev.check(netip.MustParseAddr(a)); (err == nil) != ok {
			t.Errorf("in dev, %s: %v, want allowed %t", a, err, ok)
		}
	}
}

func TestGuardControl(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		network, address string
		ok               bool
	}{
		{"tcp4", "8.8.8.8:443", true}, {"tcp6", "[2606:4700::1111]:443", true},
		{"tcp4", "10.0.0.1:443", false}, {"tcp6", "[::ffff:10.0.0.1]:443", false}, {"tcp6", "[fe80::1%eth0]:443", false},
		{"udp4", "8.8.8.8:53", false}, {"tcp4", "nonsense", false}, {"unix", "/var/run/docker.sock", false},
	} {
		if err := (guard{}).control(context.Background(), c.network, c.address, nil); (err == nil) != c.ok {
			t.Errorf("%s %s: %v, want allowed %t", c.network, c.address, err, c.ok)
		}
	}
}

// A name that resolves to a private address is refused as the connection is
// made: there is no earlier look-up whose answer could differ.
func TestNamesThatResolveToUs(t *testing.T) {
	t.Parallel()
	inside := tcpServer(t, func(net.Conn) { t.Error("a connection to a private address was made") })
	_, port, _ := net.SplitHostPort(inside)
	var asked atomic.Int32
	resolver := fakeDNS(t, func(name string) netip.Addr {
		asked.Add(1)
		return netip.MustParseAddr("127.0.0.1")
	})
	tr := newTransport(Config{Resolver: resolver})
	t.Cleanup(tr.CloseIdleConnections)
	for _, to := range []string{"http://shop.example:" + port, "http://127.0.0.1:" + port, "http://[::ffff:127.0.0.1]:" + port, "http://localhost:" + port} {
		if a := post(context.Background(), tr, letterTo(t, to), always, func() {}); a.Outcome != address {
			t.Errorf("%s: %v, want REFUSED_ADDRESS", to, a)
		}
	}
	if asked.Load() == 0 {
		t.Error("the resolver was not asked")
	}
	// The same name where loopback is allowed: the resolver really leads there.
	dev := newTransport(Config{Resolver: resolver, Allow: loopback})
	t.Cleanup(dev.CloseIdleConnections)
	ok := tcpServer(t, func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
		}
	})
	_, port, _ = net.SplitHostPort(ok)
	if a := post(context.Background(), dev, letterTo(t, "http://shop.example:"+port), always, func() {}); a.Outcome != delivered {
		t.Errorf("in dev: %v", a)
	}
}

// The environment's proxy is not used: it could reach what the guard forbids.
func TestNoProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:9")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:9")
	if tr := newTransport(Config{}); tr.Proxy != nil {
		t.Error("the transport takes a proxy from the environment")
	}
}

// fakeDNS is a resolver whose server answers A queries as lookup says, and
// knows no other records.
func fakeDNS(t *testing.T, lookup func(name string) netip.Addr) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply := dnsReply(buf[:n], lookup); reply != nil {
				pc.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
}

// dnsReply answers a query (RFC 1035, 4.1): header, the question again, and one
// A record that points at it.
func dnsReply(q []byte, lookup func(name string) netip.Addr) []byte {
	var labels []string
	i := 12
	for i < len(q) && q[i] != 0 {
		labels = append(labels, string(q[i+1:i+1+int(q[i])]))
		i += 1 + int(q[i])
	}
	end := i + 5
	if end > len(q) {
		return nil
	}
	reply := append([]byte(nil), q[:end]...)
	reply[2], reply[3] = 0x81, 0x80
	clear(reply[6:12])
	if binary.BigEndian.Uint16(q[i+1:]) == 1 {
		reply[7] = 1
		a := lookup(strings.Join(labels, ".")).As4()
		reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		reply = append(reply, a[:]...)
	}
	return reply
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		url   string
		http  bool
		hosts []string
		ok    bool
	}{
		{url: "https://shop.example/notify", ok: true},
		{url: "https://shop.example:8443/notify", ok: true},
		{url: "https://shop.example/notify?x=1"},
		{url: "https://shop.example/notify "},
		{url: "https://shop..example/notify"},
		{url: "https://商户.example/notify", ok: true},
		{url: "http://shop.example/notify"},
		{url: "http://shop.example/notify", http: true, ok: true},
		{url: "HTTPS://shop.example/notify", ok: true},
		{url: "https://user:pw@shop.example/"},
		{url: "https:///notify"}, {url: "https:notify"}, {url: "//shop.example/notify"}, {url: "notify"}, {url: ""},
		{url: "ftp://shop.example/"}, {url: "file:///etc/passwd", http: true}, {url: "gopher://shop.example/"},
		{url: "https://shop.example:22/"}, {url: "https://shop.example:25/"}, {url: "https://shop.example:1023/"},
		{url: "https://shop.example:1024/", ok: true}, {url: "https://shop.example:80/", ok: true},
		{url: "https://shop.example:0/"}, {url: "https://shop.example:65536/"}, {url: "https://shop.example:x/"},
		{url: "https://shop.example\r\nX: y/"}, {url: "https://shop.example/%zz"},
		{url: "https://shop.example/", hosts: []string{"shop.example"}, ok: true},
		{url: "https://SHOP.example./", hosts: []string{"shop.example"}, ok: true},
		{url: "https://shop.example:8443/", hosts: []string{"Shop.Example"}, ok: true},
		{url: "https://evil.example/", hosts: []string{"shop.example"}},
		{url: "https://shop.example.evil.example/", hosts: []string{"shop.example"}},
		{url: "https://a.shop.example/", hosts: []string{"shop.example"}},
	} {
		u, err := checkURL(&pb.OwedNotice{Notice: &pb.DueNotice{Url: c.url}, AllowHttp: c.http, CallbackHosts: c.hosts})
		if (err == nil) != c.ok {
			t.Errorf("%q (http %t, hosts %v): %v, want ok %t", c.url, c.http, c.hosts, err, c.ok)
		}
		var bad *errURL
		if err != nil && (!errors.As(err, &bad) || strings.Contains(err.Error(), "notify?") || u != nil) {
			t.Errorf("%q: %v", c.url, err)
		}
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{"https://shop.example/n", "http://127.0.0.1:80", "https://[::1%25eth0]/", "https://a@b:1", "https://shop.example:99999"} {
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, s string, http bool) {
		u, err := checkURL(&pb.OwedNotice{Notice: &pb.DueNotice{Url: s}, AllowHttp: http})
		if err != nil {
			return
		}
		if u.Scheme != "https" && !(http && u.Scheme == "http") || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.RawQuery != "" {
			t.Errorf("%q is let through as %#v", s, u)
		}
	})
}
