package courier

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// BenchmarkDeliver is the whole way from the stream to the accepted report, to
// a sink on loopback that answers 204 without net/http. It prints the CPU that
// a notice costs, the sink's and the fake node's share included, and what of it
// is the RSA signature.
func BenchmarkDeliver(b *testing.B) {
	key := fakeKey(b)
	for _, merchants := range []int{1, 100} {
		b.Run(fmt.Sprintf("merchants=%d", merchants), func(b *testing.B) {
			n := newFakeNode(key)
			cfg := Config{Node: n, Keys: keys(), Allow: loopback, Registerer: prometheus.NewRegistry(), Logger: quiet, Window: 16}
			w := newHosts(b)
			addr := sink(b)
			_, stop := w.run(cfg)
			defer stop()
			rsa := signCPU()
			before := cpu()
			b.ResetTimer()
			for i := range b.N {
				for i > 10_000 && n.left() > 10_000 {
					time.Sleep(time.Millisecond)
				}
				n.owe("m"+strconv.Itoa(i%merchants), "http://"+addr+"/notify", time.Now())
			}
			for n.left() > 0 {
				time.Sleep(time.Millisecond)
			}
			b.StopTimer()
			each := float64((cpu() - before).Nanoseconds()) / float64(b.N) / 1000
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "notices/s")
			b.ReportMetric(each, "cpu-us/notice")
			b.ReportMetric(rsa, "rsa-us/notice")
			b.ReportMetric(each-rsa, "rest-us/notice")
		})
	}
}

// BenchmarkPress is what comes before the wire: rules, sealing, signing.
func BenchmarkPress(b *testing.B) {
	n := newFakeNode(fakeKey(b))
	n.owe("m", "https://shop.example/notify", time.Now())
	o := <-n.fresh
	p := sealer{keys()}
	rsa := signCPU()
	b.ReportAllocs()
	before := cpu()
	for b.Loop() {
		if _, err := p.write(o); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpu()-before).Nanoseconds())/float64(b.N)/1000-rsa, "rest-us/notice")
}

// BenchmarkBacklog is what a notice of a backlog costs the courier's loop
// before it is fetched.
func BenchmarkBacklog(b *testing.B) {
	d := newDeskTable(2000)
	b.ReportAllocs()
	for i := range b.N {
		h := d.head(uint64(i+1), "dead")
		h.CreatedAt, h.NextAt = 1, int64(i)
		d.owe(h)
	}
}

// signCPU is the CPU of one signature, us.
func signCPU() float64 {
	const times = 300
	s, msg := keys().PublicKey(), bytes.Repeat([]byte("x"), 1200)
	before := cpu()
	for range times {
		if _, err := s.Sign(msg); err != nil {
			panic(err)
		}
	}
	return float64((cpu() - before).Microseconds()) / times
}

// cpu is what the process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sink answers every request with 204 and looks at nothing but its length.
func sink(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go swallow(c)
		}
	}()
	return l.Addr().String()
}

func swallow(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(v)))
		}
		if len(line) == 2 {
			if _, err := r.Discard(length); err != nil {
				return
			}
			if _, err := io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n"); err != nil {
				return
			}
		}
	}
}
