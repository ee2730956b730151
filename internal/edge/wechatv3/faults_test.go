package wechatv3

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// faulty is a core that fails where it is told to.
type faulty struct {
	Core
	do   func() (machine.Result, error)
	read func() error
}

func (f *faulty) Do(ctx context.Context, cmd *pb.Command) (machine.Result, error) {
	if f.do != nil {
		return f.do()
	}
	return f.Core.Do(ctx, cmd)
}

func (f *faulty) Read(g func(table.Reader) error) error {
	if f.read != nil {
		if err := f.read(); err != nil {
			return err
		}
	}
	return f.Core.Read(g)
}

// What the node cannot answer becomes a documented refusal, never a success.
func TestCoreWithoutResult(t *testing.T) {
	t.Parallel()
	f := new(faulty)
	p := newSite(t, func(c *Config) { f.Core = c.Core; c.Core = f })
	for c, want := range map[code.Code]string{
		code.Overloaded: "503 SERVICE_UNAVAILABLE 1", code.ReadOnly: "503 SERVICE_UNAVAILABLE 60", code.DiskLow: "503 SERVICE_UNAVAILABLE 60",
		code.NotLeader: "503 SERVICE_UNAVAILABLE 1", code.Unknown: "500 SYSTEM_ERROR 1", code.Internal: "500 SYSTEM_ERROR ",
	} {
		f.do = func() (machine.Result, error) { return machine.Result{}, fmt.Errorf("do: %w", c.Err()) }
		got := p.do(call{target: nativeTarget, body: prepayBody("T-FAULT-1")})
		if have := fmt.Sprintf("%d %s %s", got.status, got.code(), got.header.Get("Retry-After")); have != want {
			t.Errorf("%s: %s, want %s: %s", c, have, want, got.body)
		}
		p.checkSigned(c.String(), got)
	}
	if p.log.Len() != 0 {
		t.Errorf("expected refusals were logged:\n%s", p.log)
	}
}

// A fault inside is logged with the request's id and shown without a word of it.
func TestFaultsInside(t *testing.T) {
	t.Parallel()
	const secret = "row 38aabb of table orders"
	for name, set := range map[string]func(*faulty){
		"an error": func(f *faulty) { f.do = func() (machine.Result, error) { return machine.Result{}, errors.New(secret) } },
		"a panic":  func(f *faulty) { f.do = func() (machine.Result, error) { panic(secret) } },
		"damage": func(f *faulty) {
			f.read = func() error { return &table.Damage{Key: []byte{0x38}, Cause: errors.New(secret)} }
		},
		"a foreign code":   func(f *faulty) { f.do = func() (machine.Result, error) { return machine.Result{Code: 60000}, nil } },
		"a wrong answer":   func(f *faulty) { f.do = func() (machine.Result, error) { return machine.Result{Body: secret}, nil } },
		"no answer at all": func(f *faulty) { f.do = func() (machine.Result, error) { return machine.Result{}, nil } },
	} {
		f := new(faulty)
		p := newSite(t, func(c *Config) { f.Core = c.Core; c.Core = f })
		set(f)
		got := p.do(call{target: nativeTarget, body: prepayBody("T-FAULT-2")})
		id, _, _ := strings.Cut(got.requestID(), "-")
		if got.status != 500 || got.code() != "SYSTEM_ERROR" || strings.Contains(got.body, secret) || len(id) != 40 {
			t.Errorf("%s: %d %s %s", name, got.status, got.body, id)
		}
		if name != "a foreign code" && !strings.Contains(p.log.String(), id) {
			t.Errorf("%s: the log does not name request %s:\n%s", name, id, p.log)
		}
		for _, never := range []string{apiv3, "signature=", "BEGIN"} {
			if strings.Contains(p.log.String(), never) {
				t.Errorf("%s: the log holds %q", name, never)
			}
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	p := newSite(t, func(c *Config) { c.Registerer = registry })
	p.do(call{target: byNumber("T-NEVER-1")})
	p.do(call{target: byNumber("T-NEVER-1")})
	p.do(call{target: nativeTarget, body: prepayBody("T-COUNT-1")})
	p.do(call{target: byNumber("T-NEVER-1"), mchid: "1999999999", key: p.evil})
	p.do(call{target: "/nowhere"})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, family := range families {
		for _, m := range family.Metric {
			line := family.GetName()
			for _, l := range m.Label {
				line += " " + l.GetName() + "=" + l.GetValue()
			}
			got = append(got, fmt.Sprint(line, " ", m.Counter.GetValue()+float64(m.Histogram.GetSampleCount())))
		}
	}
	want := []string{
		"holdfast_merchant_api_requests_total code=Not Found mchid= route=none status=404 1",
		"holdfast_merchant_api_requests_total code=OK mchid=1900000001 route=prepay_native status=200 1",
		"holdfast_merchant_api_requests_total code=ORDER_NOT_EXIST mchid=1900000001 route=query_by_number status=404 2",
		"holdfast_merchant_api_requests_total code=SIGN_ERROR mchid= route=query_by_number status=401 1",
		"holdfast_merchant_api_seconds route=none 1",
		"holdfast_merchant_api_seconds route=prepay_native 1",
		"holdfast_merchant_api_seconds route=query_by_number 3",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, err := New(Config{Core: p.core, Keys: p.keys, CodeURL: p.api.codeURL, H5URL: p.api.h5URL, Registerer: registry}); err == nil {
		t.Error("registered twice without an error")
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	good := Config{Core: p.core, Keys: p.keys, CodeURL: p.api.codeURL, H5URL: p.api.h5URL}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"no core": func(c *Config) { c.Core = nil }, "no keys": func(c *Config) { c.Keys = nil }, "no links": func(c *Config) { c.H5URL = nil },
		"prefix without slash": func(c *Config) { c.PathPrefix = "sandbox" }, "prefix with two": func(c *Config) { c.PathPrefix = "/sandbox/" },
	} {
		bad := good
		change(&bad)
		if _, err := New(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
