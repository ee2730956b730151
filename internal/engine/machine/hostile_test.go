package machine_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
)

// pool holds values that are right for some field of the prepared platform, and
// values that are right for none.
var (
	hostileStrings = []string{
		"", "x", workMchid, workMchid, workAppid, workAppid, "T-00001", "T-00002", "T-00003", "R-1", "payer-0", "demo", "order_refunds", "golden.example/log",
		"user/1/balance", "mch/1900000001/pending", "test/fees", "bank/demo/clearing", "fees-1", "\x00\x01\x02", "\xff\xfe", "a/b", "//", "AB2", "0",
		"4200020260528000000000000001", "wx20260528202640aaaaaaaaaaaaaaaaaaaa", strings.Repeat("z", 61_000), strings.Repeat("支", 200), "+", "\n",
	}
	hostileInts = []int64{0, 1, 2, 3, 4, 7, 100, 156, 156, 156, 1000, -1, 1 << 31, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64, 1_780_000_100_000, 400 * day}
)

// fill sets each field of a message to something from the pools, or leaves it.
func fill(t *rapid.T, m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if rapid.IntRange(0, 9).Draw(t, "leave "+string(f.Name())) == 0 {
			continue
		}
		switch {
		case f.IsList():
			list := m.Mutable(f).List()
			for range rapid.IntRange(0, 3).Draw(t, "length") {
				if f.Kind() == protoreflect.MessageKind {
					if depth < 3 {
						fill(t, list.AppendMutable().Message(), depth+1)
					}
				} else {
					list.Append(hostile(t, f))
				}
			}
		case f.Kind() == protoreflect.MessageKind:
			if depth < 3 {
				fill(t, m.Mutable(f).Message(), depth+1)
			}
		default:
			m.Set(f, hostile(t, f))
		}
	}
}

func hostile(t *rapid.T, f protoreflect.FieldDescriptor) protoreflect.Value {
	name := string(f.Name())
	switch f.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(rapid.SampledFrom(hostileStrings).Draw(t, name))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(rapid.SampledFrom(hostileStrings).Draw(t, name)))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, name))
	}
	n := rapid.SampledFrom(hostileInts).Draw(t, name)
	switch f.Kind() {
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(n))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(uint32(n))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(uint64(n))
	}
	return protoreflect.ValueOfInt64(n)
}

// TestHostileFieldsNeverStop: whatever a body's fields hold, the command is done
// or refused; nobody can stop the platform by asking.
func TestHostileFieldsNeverStop(t *testing.T) {
	t.Parallel()
	commands := slices.DeleteFunc(machine.Rules().Commands(), func(c *catalogue.Spec) bool {
		return c.Number > 1000 // those of other tests
	})
	rapid.Check(t, func(r *rapid.T) {
		_, p := prepared(t)
		for range 40 {
			c := rapid.SampledFrom(commands).Draw(r, "command")
			n, body := c.Number, c.NewBody()
			fill(r, body.(protoreflect.ProtoMessage).ProtoReflect(), 0)
			cmd := catalogue.NewCommand(n, "hostile", "", body)
			cmd.At, cmd.Seed = p.Machine.Position().At+1, []byte("sixteen byte seed")
			if machine.Admissible(cmd, p.Machine.Position().Level, machine.MaxLevel) != code.OK {
				continue // it comes into no log
			}
			size := p.Machine.Position().JournalSize
			res, err := p.Do(cmd)
			if err != nil {
				r.Fatalf("%s stopped the machine: %v", n, err)
			}
			if res.Code != code.OK && p.Machine.Position().JournalSize != size {
				r.Fatalf("%s was refused with %s and journalled", n, res.Code)
			}
		}
		if err := p.Read(machine.Audit); err != nil {
			r.Fatal(err)
		}
	})
}
