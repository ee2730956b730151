package keyring

import (
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// sealedRows has, for each record of the schema with something sealed in it, the key
// of a row in its table. One that is missing here is missing in the keyring's list too.
var sealedRows = map[string]table.Key{
	"Person":         table.K(table.Persons).U64(1),
	"StaffMember":    table.K(table.Staff).U64(1),
	"Appeal":         table.K(table.Appeals).U64(1),
	"PersonTransfer": table.K(table.Transfers).U64(1),
	"Packet":         table.K(table.Packets).U64(1),
	"ProblemReport":  table.K(table.Reports).U64(1),
	"Shop":           table.K(table.Shops).U64(1),
}

// sealedFields are a message's fields of type Sealed.
func sealedFields(m protoreflect.MessageDescriptor) (list []protoreflect.FieldDescriptor) {
	for i := range m.Fields().Len() {
		if f := m.Fields().Get(i); f.Message() != nil && f.Message().Name() == "Sealed" {
			list = append(list, f)
		}
	}
	return list
}

// records are all messages of the file that records are declared in, nested ones too.
func records(list protoreflect.MessageDescriptors) (all []protoreflect.MessageDescriptor) {
	for i := range list.Len() {
		all = append(append(all, list.Get(i)), records(list.Get(i).Messages())...)
	}
	return all
}

// planted is a state of one row, in which a field names a data key.
func planted(t *testing.T, key table.Key, m protoreflect.MessageDescriptor, f protoreflect.FieldDescriptor, id string) table.Snapshot {
	t.Helper()
	typed, err := protoregistry.GlobalTypes.FindMessageByName(m.FullName())
	if err != nil {
		t.Fatal(err)
	}
	rec := typed.New()
	rec.Set(f, protoreflect.ValueOfMessage((&pb.Sealed{KeyId: id, Box: []byte("box")}).ProtoReflect()))
	state := table.NewMem()
	row := table.Seal(nil, key, table.Encode(rec.Interface().(table.Record)))
	if err := state.Commit([]table.Write{{Key: key, Stored: row}}); err != nil {
		t.Fatal(err)
	}
	return state.Snapshot()
}

// TestEverySealedFieldIsLookedAt: a key that any sealed field of any record names is
// not swept, and one that is its row's own is missed where it is not.
func TestEverySealedFieldIsLookedAt(t *testing.T) {
	t.Parallel()
	here, away := open(t, vfs.NewMem(), wrapping{first}), open(t, vfs.NewMem(), wrapping{first})
	later := here.opt.Now().Add(time.Millisecond)
	for _, m := range records((&pb.Person{}).ProtoReflect().Descriptor().ParentFile().Messages()) {
		for _, f := range sealedFields(m) {
			key, ok := sealedRows[string(m.Name())]
			if !ok || f.IsList() || f.IsMap() {
				t.Errorf("%s is sealed: have named.go say which keys it names", f.FullName())
				continue
			}
			id := ids(mint(t, here, 1))[0]
			state := planted(t, key, m, f, id)
			if slices.Contains(here.Unnamed(state, later), id) {
				t.Errorf("a key that %s names would be swept", f.FullName())
			}
			want := uint64(0)
			if f.Name() == "details" {
				want = 1
			}
			if here.Lacking(state) != 0 || away.Lacking(state) != want {
				t.Errorf("of the key of %s %d are missing where it is, %d where it is not", f.FullName(), here.Lacking(state), away.Lacking(state))
			}
			state.Close()
		}
	}
}

// TestUnnamed: what is older than the limit and named nowhere is listed; what is
// younger, and what is gone, is not.
func TestUnnamed(t *testing.T) {
	t.Parallel()
	r := open(t, vfs.NewMem(), wrapping{first})
	list := ids(mint(t, r, 3))
	if err := r.Delete(list[0]); err != nil {
		t.Fatal(err)
	}
	empty, now := table.NewMem().Snapshot(), r.opt.Now()
	if got := r.Unnamed(empty, now); len(got) != 0 {
		t.Errorf("at the limit %v are listed", got)
	}
	got := r.Unnamed(empty, now.Add(time.Millisecond))
	if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(list[1:]))) {
		t.Errorf("%v are listed of %v", got, list)
	}
	if !r.Minted(list[1]).Equal(now) || !r.Minted(list[0]).IsZero() || !r.Minted("none").IsZero() {
		t.Error("when keys were minted is wrong")
	}
}
