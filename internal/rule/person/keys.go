package person

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Keys reads under which key details and phone numbers are hashed; ok is false
// before that is said.
func Keys(r table.Reader) (*pb.PersonKeys, bool) { return keys.Get(r, keysKey()) }

// ApplyKeysSet says under which key details and phone numbers are hashed. The
// first one stays; later ones get it back.
//
// Refuses: KeyNameInvalid.
func ApplyKeysSet(d *deed.Deed, c *pb.PersonKeysSet) (code.Code, *pb.PersonKeys) {
	if !ident.ValidKeyName(c.TagKey) {
		return code.KeyNameInvalid, nil
	}
	if old, ok := Keys(d.Tx); ok {
		return code.OK, old
	}
	k := &pb.PersonKeys{TagKey: c.TagKey}
	keys.Insert(d.Tx, keysKey(), k)
	d.Record("person-keys", "", nil)
	return code.OK, k
}
