package wechatv3_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/apitest"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/products"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// faulty is a core that fails where it is told to.
type faulty struct {
	wechatv3.Core
	do   func() (catalogue.Result, error)
	read func() error
}

func (f *faulty) Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error) {
	if f.do != nil {
		return f.do()
	}
	return f.Core.Do(ctx, cmd)
}

func (f *faulty) ReadLatest(ctx context.Context, g func(table.Reader) error) error {
	if f.read != nil {
		if err := f.read(); err != nil {
			return err
		}
	}
	return f.Core.ReadLatest(ctx, g)
}

// What the node cannot answer becomes a documented refusal, never a success.
func TestCoreWithoutResult(t *testing.T) {
	t.Parallel()
	f := new(faulty)
	p := apitest.New(t, func(c *wechatv3.Config) { f.Core = c.Core; c.Core = f })
	for c, want := range map[code.Code]string{
		code.Overloaded: "503 SERVICE_UNAVAILABLE 1", code.ReadOnly: "503 SERVICE_UNAVAILABLE 60", code.DiskLow: "503 SERVICE_UNAVAILABLE 60",
		code.NotLeader: "503 SERVICE_UNAVAILABLE 1", code.Unknown: "500 SYSTEM_ERROR 1", code.Internal: "500 SYSTEM_ERROR ",
	} {
		f.do = func() (catalogue.Result, error) { return catalogue.Result{}, fmt.Errorf("do: %w", c.Err()) }
		got := p.Do(apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-FAULT-1")})
		if have := fmt.Sprintf("%d %s %s", got.Status, got.Code(), got.Header.Get("Retry-After")); have != want {
			t.Errorf("%s: %s, want %s: %s", c, have, want, got.Body)
		}
		p.CheckSigned(c.String(), got)
	}
	if p.Log.Len() != 0 {
		t.Errorf("expected refusals were logged:\n%s", p.Log)
	}
}

// A fault inside is logged with the request's id and shown without a word of it.
func TestFaultsInside(t *testing.T) {
	t.Parallel()
	const secret = "row 38aabb of table orders"
	for name, set := range map[string]func(*faulty){
		"an error": func(f *faulty) {
			f.do = func() (catalogue.Result, error) { return catalogue.Result{}, errors.New(secret) }
		},
		"a panic": func(f *faulty) { f.do = func() (catalogue.Result, error) { panic(secret) } },
		"damage": func(f *faulty) {
			f.read = func() error { return &table.Damage{Key: []byte{0x38}, Cause: errors.New(secret)} }
		},
		"a foreign code": func(f *faulty) { f.do = func() (catalogue.Result, error) { return catalogue.Result{Code: 60000}, nil } },
		"a wrong answer": func(f *faulty) {
			f.do = func() (catalogue.Result, error) { return catalogue.Result{Body: &pb.Person{Name: secret}}, nil }
		},
		"no answer at all": func(f *faulty) { f.do = func() (catalogue.Result, error) { return catalogue.Result{}, nil } },
	} {
		f := new(faulty)
		p := apitest.New(t, func(c *wechatv3.Config) { f.Core = c.Core; c.Core = f })
		set(f)
		got := p.Do(apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-FAULT-2")})
		id, _, _ := strings.Cut(got.RequestID(), "-")
		if got.Status != 500 || got.Code() != "SYSTEM_ERROR" || strings.Contains(got.Body, secret) || len(id) != 40 {
			t.Errorf("%s: %d %s %s", name, got.Status, got.Body, id)
		}
		if name != "a foreign code" && !strings.Contains(p.Log.String(), id) {
			t.Errorf("%s: the log does not name request %s:\n%s", name, id, p.Log)
		}
		for _, never := range []string{apitest.APIv3Key, "signature=", "BEGIN"} {
			if strings.Contains(p.Log.String(), never) {
				t.Errorf("%s: the log holds %q", name, never)
			}
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	p := apitest.New(t, func(c *wechatv3.Config) { c.Registerer = registry })
	p.Do(apitest.Call{Target: apitest.ByNumber("T-NEVER-1")})
	p.Do(apitest.Call{Target: apitest.ByNumber("T-NEVER-1")})
	p.Do(apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-COUNT-1")})
	p.Do(apitest.Call{Target: apitest.ByNumber("T-NEVER-1"), Mchid: "1999999999", Key: p.Evil})
	p.Do(apitest.Call{Target: "/nowhere"})
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
		"holdfast_merchant_api_requests_total code=OK mchid=1900000001 route=prepay_native status=200 1",
		"holdfast_merchant_api_requests_total code=ORDER_NOT_EXIST mchid=1900000001 route=query_by_number status=404 2",
		"holdfast_merchant_api_requests_total code=RESOURCE_NOT_EXISTS mchid= route=none status=404 1",
		"holdfast_merchant_api_requests_total code=SIGN_ERROR mchid= route=query_by_number status=401 1",
		"holdfast_merchant_api_seconds route=none 1",
		"holdfast_merchant_api_seconds route=prepay_native 1",
		"holdfast_merchant_api_seconds route=query_by_number 3",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, err := wechatv3.New(wechatv3.Config{Core: p.Core, Keys: p.Keys, Products: products.All(apitest.Links, p.Keys), Registerer: registry}); err == nil {
		t.Error("registered twice without an error")
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	good := wechatv3.Config{Core: p.Core, Keys: p.Keys, Products: products.All(apitest.Links, p.Keys)}
	if _, err := wechatv3.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*wechatv3.Config){
		"no core": func(c *wechatv3.Config) { c.Core = nil }, "no keys": func(c *wechatv3.Config) { c.Keys = nil }, "no products": func(c *wechatv3.Config) { c.Products = nil },
		"prefix without slash": func(c *wechatv3.Config) { c.PathPrefix = "sandbox" }, "prefix with two": func(c *wechatv3.Config) { c.PathPrefix = "/sandbox/" },
	} {
		bad := good
		change(&bad)
		if _, err := wechatv3.New(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
