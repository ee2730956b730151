package rpc

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Messages are written as protojson writes them, but for white space.
func TestJSONIsProtojsons(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	written := 0
	protoregistry.GlobalTypes.RangeMessages(func(mt protoreflect.MessageType) bool {
		if mt.Descriptor().ParentFile().Package() != "holdfast.v1" {
			return true
		}
		written++
		for range 20 {
			m := mt.New()
			scatter(rng, m, 3)
			sameJSON(t, m.Interface())
		}
		return true
	})
	if written < 50 {
		t.Errorf("only %d kinds of messages were tried", written)
	}
}

func sameJSON(t *testing.T, m proto.Message) {
	t.Helper()
	theirs, wrong := protojson.Marshal(m)
	var want bytes.Buffer
	if wrong == nil {
		if err := json.Compact(&want, theirs); err != nil {
			t.Fatal(err)
		}
	}
	text, err := JSON{}.Marshal(m)
	var got bytes.Buffer
	if err == nil {
		if err := json.Compact(&got, text); err != nil { // a message that protojson writes may have blanks
			t.Fatalf("%s: %v", text, err)
		}
	}
	if (err == nil) != (wrong == nil) || got.String() != want.String() {
		t.Errorf("%T is written\n%s (%v), want\n%s (%v)", m, got.Bytes(), err, want.Bytes(), wrong)
	}
	back := m.ProtoReflect().New().Interface()
	if err == nil {
		if err := (JSON{}).Unmarshal(text, back); err != nil || !proto.Equal(m, back) {
			t.Errorf("%s reads back as %v (%v)", text, back, err)
		}
	}
}

// scatter fills about half of a message's fields.
func scatter(rng *rand.Rand, m protoreflect.Message, deep int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		switch {
		case rng.IntN(2) == 0, fd.IsMap(), deep == 0 && fd.Message() != nil:
		case fd.IsList():
			list := m.Mutable(fd).List()
			for range rng.IntN(3) {
				if fd.Message() != nil {
					scatter(rng, list.AppendMutable().Message(), deep-1)
				} else {
					list.Append(scattered(rng, fd))
				}
			}
		case fd.Message() != nil:
			scatter(rng, m.Mutable(fd).Message(), deep-1)
		default:
			m.Set(fd, scattered(rng, fd))
		}
	}
}

var texts = []string{"", "a", "a name with \"quotes\", \\ and\n\r\t\b\f\x01\x1f\x7f", "茶一杯", "\u2028<&>", "not UTF-8: \xff", "0", "-1", "true"}

func scattered(rng *rand.Rand, fd protoreflect.FieldDescriptor) protoreflect.Value {
	n := int64(rng.Uint64()) >> rng.IntN(64)
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(n&1 == 0)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(rng.IntN(6)))
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(n))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(n))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(n)
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(uint64(n))
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(float32(n))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(float64(n))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(texts[rng.IntN(len(texts))]))
	}
	return protoreflect.ValueOfString(texts[rng.IntN(len(texts))])
}

// What a client sends means what protojson says it does, or nothing.
func FuzzJSON(f *testing.F) {
	for _, text := range []string{
		`{"uid":"12","amount":"1","ref":"r-1"}`, ` { "uid" : 12 , "person_ref" : "p" , "amount":-1} `, `{}`, ``, `[]`, `null`, `{"uid":"12",}`,
		`{"uid":"12"}x`, `{"uid":"12" "amount":"1"}`, `{"uid":12,"uid":13}`, `{"uid":0}`, `{"uid":"012"}`, `{"uid":1e2}`, `{"amount":"-5"}`,
		`{"amount":9223372036854775808}`, `{"ref":"a\u0041"}`, `{"ref":"` + "\xff" + `"}`, `{"ref":"` + "\t12" + `}`, `{"ref":null}`, `{"ref":12}`,
		`{"personRef":"a","person_ref":"b"}`, `{"nobody":"knows","ref":"a"}`, `{"nobody":{"a":[1]},"ref":"a"}`, `{"amount":"` + "\t12" + `}`, `{"amount":+5}`, `{"amount":5-5}`,
		`{"nonce":"AAEC"}`, `{"nonce":"AAE="}`, `{"nonce":"AAE"}`, `{"nonce":"_-EC"}`, `{"nonce":""}`, `{"nonce":"AAF="}`, `{"nonce":"A"}`, `{"nonce":12}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, m := range []proto.Message{&pb.AdminPersonTopupRequest{}, &pb.AdminPersonAddRequest{}, &pb.AdminMerchantAddRequest{}, &pb.OpenPacketRequest{}} {
			want, got := m, m.ProtoReflect().New().Interface()
			wrong := protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(text, want)
			if len(text) == 0 {
				continue // protojson's caller refuses it
			}
			err := JSON{}.Unmarshal(text, got)
			if (err == nil) != (wrong == nil) || err == nil && !proto.Equal(got, want) {
				t.Errorf("%q means %v (%v), want %v (%v)", text, got, err, want, wrong)
			}
		}
	})
}

func BenchmarkJSON(b *testing.B) {
	request := []byte(`{"uid":"123456","amount":"1","ref":"H0-64-0001-000000000123"}`)
	answer := &pb.AdminPerson{
		Person:   &pb.PersonShown{Uid: 123456, Ref: "payer-123", Name: "bench", CreatedAt: 1700000000000},
		Accounts: []*pb.AccountShown{{Name: "user/123456/balance", Currency: 156, CreditsPosted: 1 << 40, NoOverdraft: true, Balance: 1 << 40, Available: 1 << 40}},
	}
	buf := make([]byte, 0, 1024)
	b.Run("here", func(b *testing.B) {
		for range b.N {
			_ = JSON{}.Unmarshal(request, new(pb.AdminPersonTopupRequest))
			buf, _ = JSON{}.MarshalAppend(buf[:0], answer)
		}
	})
	b.Run("protojson", func(b *testing.B) {
		for range b.N {
			_ = protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(request, new(pb.AdminPersonTopupRequest))
			buf, _ = protojson.MarshalOptions{}.MarshalAppend(buf[:0], answer)
		}
	})
}
