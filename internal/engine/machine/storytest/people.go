package storytest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

func personEnter(_ *player, l *line) (table.Record, error) {
	c := &pb.PersonEnter{Ref: l.arg(0), Details: sealed(l), Appids: appids(l.option("appids", ""))}
	c.PhoneTag = tag(l.option("phone", ""))
	return c, nil
}

// sealed are details that say what the line's name option does, as sealed under
// its key option: the hash is the name's alone, the box both's.
func sealed(l *line) *pb.Sealed {
	name, key := l.option("name", "name of "+l.arg(0)), l.option("key", "K1")
	if name == "" {
		return nil
	}
	hash := sha256.Sum256([]byte(name))
	return &pb.Sealed{KeyId: keyName(key), Box: []byte(name + " under " + key), Hash: hash[:person.HashSize]}
}

// keyName reads K1 as the name of a key; other names are taken as they are.
func keyName(name string) string {
	if len(name) == 2 && name[0] == 'K' {
		return hex.EncodeToString(bytes.Repeat([]byte(name), 8))
	}
	return name
}

// tag is the tag of a phone number; a short one is none.
func tag(number string) []byte {
	if len(number) < 3 {
		return []byte(number)
	}
	sum := sha256.Sum256([]byte(number))
	return sum[:]
}

// personSeal seals the name that stands in the row, or the one that clear says.
func personSeal(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	c := &pb.PersonSeal{Uid: uid, Details: sealed(l)}
	if err != nil {
		return nil, err
	}
	return c, s.p.Read(func(r table.Reader) error {
		if p, ok := person.Get(r, uid); ok {
			p.Name = l.option("clear", p.Name)
			c.Clear = person.ClearCommitment(p)
		}
		return nil
	})
}

func personErase(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	return &pb.PersonErase{Uid: uid}, err
}

func personBlock(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	return &pb.PersonBlock{Uid: uid, Blocked: !l.has("off"), Reason: l.option("reason", ""), Why: blockWhy(l)}, err
}

// blockWhy is what a blocked person is told; a word that is none is a number that no
// reason has.
func blockWhy(l *line) pb.BlockReason {
	word, ok := l.options["why"]
	if !ok {
		return 0
	}
	if why, ok := pb.BlockReason_value["BLOCK_REASON_"+word]; ok {
		return pb.BlockReason(why)
	}
	return -1
}

func personKeysSet(_ *player, l *line) (table.Record, error) {
	return &pb.PersonKeysSet{TagKey: keyName(l.arg(0))}, nil
}

// describePerson says what a person's row holds.
func describePerson(p *pb.Person) map[string]string {
	box, _, _ := bytes.Cut(p.Details.GetBox(), []byte(" under "))
	phone := "none"
	if len(p.PhoneTag) > 0 {
		phone = "tagged"
	}
	erased := "no"
	if p.ErasedAt != 0 {
		erased = "yes"
	}
	return map[string]string{
		"id": num(p.Uid), "name": p.Name, "openids": num(uint32(len(p.Openids))), "sealed": string(box), "phone": phone,
		"erased": erased, "blocked": p.BlockReason, "why": word(p.BlockWhy, "BLOCK_REASON_"),
	}
}

// personPhone gives a person the number that phone says; the details are of name, under the
// key that they had unless key says another.
func personPhone(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	c := &pb.PersonPhone{Uid: uid, Details: sealed(l), PhoneTag: tag(l.option("phone", ""))}
	if err != nil {
		return nil, err
	}
	return c, s.p.Read(func(r table.Reader) error {
		p, ok := person.Get(r, uid)
		if !ok || p.Details == nil || c.Details == nil {
			return nil
		}
		c.Before = p.Details.Hash
		if _, other := l.options["key"]; !other {
			c.Details.KeyId = p.Details.KeyId
		}
		if l.has("stale") {
			c.Before = nil
		}
		return nil
	})
}
