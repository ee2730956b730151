package person

import (
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Erased visits the keys of what was erased.
func Erased(r table.Reader, visit func(*pb.ErasedKey) bool) {
	from, to := table.Range(table.ErasedKeys)
	erased.Scan(r, from, to, func(_ []byte, k *pb.ErasedKey) bool { return visit(k) })
}

// Forget erases a person's details: the name, the phone number's tag, and the salt
// under which the journal commits to them. The account stays, and so does the
// reference by which the operator finds it. Every node deletes the details' key
// from its keyring; the row that says so stays, for nodes that were away. It is
// recorded.
func Forget(d *deed.Deed, p *pb.Person) {
	if p.Details != nil {
		erased.Put(d.Tx, erasedKey(p.Details.KeyId), &pb.ErasedKey{KeyId: p.Details.KeyId, Uid: p.Uid})
	}
	if len(p.PhoneTag) > 0 {
		d.Tx.Delete(phoneKey(p.PhoneTag))
	}
	p.Name, p.Details, p.PhoneTag, p.Salt, p.BlockReason, p.ErasedAt = "", nil, nil, nil, "", d.At
	persons.Put(d.Tx, key(p.Uid), p)
	d.Record(entity(p.Uid), "", nil)
}
