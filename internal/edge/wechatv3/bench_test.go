package wechatv3_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/apitest"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// instant is a core that answers creates at once, so that what is measured is
// the edge alone. Reads are a real store's.
type instant struct{ rows *store.Store }

func (i instant) Do(_ context.Context, cmd *pb.Command) (catalogue.Result, error) {
	if catalogue.Number(cmd.Number) != catalogue.OrderCreate {
		return catalogue.Result{}, nil
	}
	var c pb.OrderCreate
	if err := c.UnmarshalVT(cmd.Body); err != nil {
		return catalogue.Result{}, err
	}
	return catalogue.Result{Body: &pb.Order{Id: 1, PrepayId: ident.PrepayID(1, 1772337600000, stamp.Business, make([]byte, 16))}}, nil
}

func (i instant) ReadLatest(ctx context.Context, f func(table.Reader) error) error {
	snap := i.rows.Snapshot()
	defer snap.Close()
	return table.Read(snap, f)
}

// stored copies a core's rows into a store on disk, flushed to its tables.
func stored(b *testing.B, c wechatv3.Core) *store.Store {
	b.Helper()
	s, err := store.Open(b.TempDir(), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	var writes []table.Write
	c.ReadLatest(b.Context(), func(r table.Reader) error {
		for _, id := range table.All() {
			from, to := table.Range(id)
			r.Scan(from, to, func(key, value []byte) bool {
				key = append([]byte(nil), key...)
				writes = append(writes, table.Write{Key: key, Stored: table.Seal(nil, key, value)})
				return true
			})
		}
		return nil
	})
	if err := errors.Join(s.Commit(writes), s.Flush()); err != nil {
		b.Fatal(err)
	}
	return s
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSigned measures the processor time of a whole signed request over
// HTTP on loopback, client included (it writes prepared bytes and reads the
// answer), with everything but the answer's RSA signature, and apart:
//
//	refused  turning a request away at the gate
//	verify   what of it is checking the request's RSA signature
//	client   what of it is this benchmark's own client, by an empty handler
func BenchmarkSigned(b *testing.B) {
	replaced := new(struct{ wechatv3.Core })
	p := apitest.New(b, func(c *wechatv3.Config) { replaced.Core, c.Core = c.Core, replaced })
	for i := range 2000 {
		p.Core.Order(fmt.Sprintf("T-BENCH-%d", i), nil)
	}
	replaced.Core = instant{stored(b, p.Core)}
	p.API.LeaveOutSigning(strings.Repeat("A", 344))
	for name, c := range map[string]apitest.Call{
		"query":  {Target: apitest.ByNumber("T-BENCH-1")},
		"native": {Target: apitest.Native, Body: apitest.PrepayBody("T-BENCH-2")},
		"close":  apitest.Closing("T-BENCH-3"),
	} {
		b.Run(name, func(b *testing.B) { measure(b, p.API, p.Wire(c, lengthOf(c)...)+c.Body) })
	}
	empty := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "{}")
	})
	c := apitest.Call{Target: apitest.ByNumber("T-BENCH-1")}
	turnAway := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.API.Asked(r).Merchant == apitest.Mchid {
			p.API.Refuse(w, r, gate.Refusal{Reason: gate.Full, After: 1})
		}
	})
	b.Run("refused", func(b *testing.B) { measure(b, turnAway, p.Wire(c)) })
	b.Run("client", func(b *testing.B) { measure(b, empty, p.Wire(c)) })
	b.Run("verify", func(b *testing.B) {
		key, err := wechatv3.NewVerifier(&p.Merchant.PublicKey)
		if err != nil {
			b.Fatal(err)
		}
		verify := p.API.Verification(b, p.Request(c), key)
		for b.Loop() {
			if err := verify(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func lengthOf(c apitest.Call) []string {
	if c.Body == "" {
		return nil
	}
	return []string{fmt.Sprint("Content-Length: ", len(c.Body)), "Content-Type: application/json"}
}

// measure sends the same bytes over 16 connections.
func measure(b *testing.B, h http.Handler, wire string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := wechatv3.NewServer(h, nil, nil)
	go s.Serve(l)
	defer s.Close()
	b.SetParallelism(8)
	b.ReportAllocs()
	before := cpuTime()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Error(err)
			return
		}
		defer c.Close()
		r := bufio.NewReader(c)
		for pb.Next() {
			io.WriteString(c, wire)
			status, err := skipAnswer(r)
			if err != nil || status[0] != '2' && status != "503" {
				b.Errorf("%s %v", status, err)
				return
			}
		}
	})
	b.ReportMetric(float64(cpuTime()-before)/float64(b.N)/1000, "cpu-us/op")
}

// skipAnswer reads one answer without a parser's cost.
func skipAnswer(r *bufio.Reader) (status string, err error) {
	length := 0
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return "?", err
		}
		if first {
			status = string(line[9:12])
		}
		if len(line) == 2 {
			_, err := r.Discard(length)
			return status, err
		}
		if strings.HasPrefix(string(line), "Content-Length: ") {
			fmt.Sscan(string(line[16:]), &length)
		}
	}
}
