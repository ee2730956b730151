package machine_test

import (
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// people enters somebody, seals the details of somebody of before, and erases them.
func (w *workload) people() {
	details := func(key string) *pb.Sealed {
		return &pb.Sealed{KeyId: strings.Repeat(key, 32), Box: []byte("sealed under " + key), Hash: make([]byte, person.HashSize)}
	}
	sealed := w.ok(catalogue.PersonEnter, &pb.PersonEnter{Ref: "sealed", Details: details("a"), PhoneTag: make([]byte, person.TagSize)}).(*pb.Person)
	moved := &pb.Sealed{KeyId: sealed.Details.KeyId, Box: []byte("with another number"), Hash: []byte("another number 1")}
	w.ok(catalogue.PersonPhone, &pb.PersonPhone{Uid: sealed.Uid, Details: moved, PhoneTag: []byte(strings.Repeat("n", person.TagSize)), Before: sealed.Details.Hash})
	w.ok(catalogue.PersonBlock, &pb.PersonBlock{Uid: sealed.Uid, Blocked: true, Reason: "a lost phone"})
	clear := w.ok(catalogue.PersonAdd, &pb.PersonAdd{Ref: "clear", Name: "Clear"}).(*pb.Person)
	w.ok(catalogue.PersonSeal, &pb.PersonSeal{Uid: clear.Uid, Details: details("b"), Clear: person.ClearCommitment(clear)})
	w.ok(catalogue.PersonErase, &pb.PersonErase{Uid: clear.Uid})
	w.ok(catalogue.PersonKeysSet, &pb.PersonKeysSet{TagKey: strings.Repeat("f", 32)})
}
