package table_test

import (
	"bytes"
	"cmp"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// fields is one of each kind, in the order of the key.
type fields struct {
	s1, s2 string
	i      int64
	u      uint64
	w      uint32
}

func (f fields) key() table.Key {
	return table.K(table.Orders).Str(f.s1).I64(f.i).Str(f.s2).U64(f.u).U32(f.w)
}

func (f fields) compare(g fields) int {
	return cmp.Or(strings.Compare(f.s1, g.s1), cmp.Compare(f.i, g.i), strings.Compare(f.s2, g.s2),
		cmp.Compare(f.u, g.u), cmp.Compare(f.w, g.w))
}

func drawFields(rt *rapid.T) fields {
	// Few letters, the escaped ones among them, so that prefixes collide.
	str := rapid.OneOf(rapid.StringOfN(rapid.RuneFrom([]rune{0, 1, 2, 'a'}), 0, 4, -1), rapid.String())
	return fields{
		s1: str.Draw(rt, "s1"), s2: str.Draw(rt, "s2"),
		i: rapid.OneOf(rapid.Int64(), rapid.Int64Range(-2, 2)).Draw(rt, "i"),
		u: rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 2)).Draw(rt, "u"),
		w: rapid.Uint32().Draw(rt, "w"),
	}
}

// Keys sort as their fields do, and no two lists of fields make one key.
func TestKeysSortAsTheirFields(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		f, g := drawFields(rt), drawFields(rt)
		if got, want := bytes.Compare(f.key(), g.key()), f.compare(g); got != want {
			rt.Fatalf("%+v and %+v: keys compare %d, fields %d", f, g, got, want)
		}
	})
}

func TestKeysReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		f := drawFields(rt)
		in := table.F(f.key())
		got := fields{s1: in.Str(), i: in.I64(), s2: in.Str(), u: in.U64(), w: in.U32()}
		if got != f || len(in) != 0 {
			rt.Fatalf("read back %+v and %x, want %+v", got, in, f)
		}
	})
}

func TestKeyForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		key  table.Key
		want string
	}{
		{"a table alone", table.K(table.Head), "\x01"},
		{"a number", table.K(table.Orders).U64(258), "\x38\x00\x00\x00\x00\x00\x00\x01\x02"},
		{"a short number", table.K(table.Orders).U32(258), "\x38\x00\x00\x01\x02"},
		{"a negative number", table.K(table.Due).I64(-1), "\x50\x7f\xff\xff\xff\xff\xff\xff\xff"},
		{"zero", table.K(table.Due).I64(0), "\x50\x80\x00\x00\x00\x00\x00\x00\x00"},
		{"the least number", table.K(table.Due).I64(math.MinInt64), "\x50\x00\x00\x00\x00\x00\x00\x00\x00"},
		{"strings", table.K(table.OrderNos).Str("19").Str(""), "\x3919\x00\x00"},
		{"a string with a zero", table.K(table.OrderNos).Str("a\x00b"), "\x39a\x01\x01b\x00"},
		{"a string with a one", table.K(table.OrderNos).Str("a\x01b"), "\x39a\x01\x02b\x00"},
	} {
		if string(c.key) != c.want {
			t.Errorf("%s: %x, want %x", c.name, c.key, c.want)
		}
	}
}

func TestPrefixBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ prefix, to string }{
		{"\x30", "\x31"}, {"\x30a\x00", "\x30a\x01"}, {"\x30\xff", "\x31"}, {"\x30\xff\xff", "\x31"}, {"\xff", ""},
	} {
		from, to := table.Prefix(table.Key(c.prefix))
		if string(from) != c.prefix || string(to) != c.to || (c.to == "") != (to == nil) {
			t.Errorf("prefix %x: %x to %x, want to %x", c.prefix, from, to, c.to)
		}
	}
}

// A prefix's bounds hold exactly the keys that begin with it.
func TestPrefixHoldsItsKeys(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		raw := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 0x7f, 0xfe, 0xff}), 1, 4)
		prefix, key := raw.Draw(rt, "prefix"), raw.Draw(rt, "key")
		from, to := table.Prefix(prefix)
		in := bytes.Compare(key, from) >= 0 && (to == nil || bytes.Compare(key, to) < 0)
		if in != bytes.HasPrefix(key, prefix) {
			rt.Fatalf("prefix %x, key %x: within bounds %v", prefix, key, in)
		}
	})
}
