package personal

import (
	"sync"
	"unicode/utf8"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// Mask is a name with all but its last character hidden, for those who are to know
// somebody again and not to find out who it is.
func Mask(name string) string {
	if name == "" {
		return ""
	}
	last, _ := utf8.DecodeLastRuneInString(name)
	return "**" + string(last)
}

// Masked is a person's name as Mask leaves it; "" for nobody, and where this node can't
// open it.
func Masked(r table.Reader, of interface{ Masked(p *pb.Person) string }, uid uint64) string {
	p, ok := person.Get(r, uid)
	if !ok {
		return ""
	}
	return of.Masked(p)
}

// Masked is the person's name as Mask leaves it; "" where it can't be shown.
func (s *Sealer) Masked(p *pb.Person) string {
	if s == nil || p.ErasedAt != 0 || p.Details == nil {
		return Mask(p.Name)
	}
	sealed := p.Details.KeyId + string(p.Details.Hash)
	if name, ok := s.masked.get(sealed); ok {
		return name
	}
	shown := s.Of(p)
	if shown.Missing != "" {
		return "" // not remembered: the key may come
	}
	name := Mask(shown.Name)
	s.masked.put(sealed, name)
	return name
}

// maxMasked bounds the masked names that are remembered; one takes about 150 bytes.
const maxMasked = 16 << 10

// maskedNames remembers masked names by the key and the hash of the details, so that a
// red packet's takers need not be opened one by one for each who looks. Only what is
// shown to others is remembered, and nobody asks for a person who was erased.
type maskedNames struct {
	mu sync.Mutex
	by map[string]string
}

func (m *maskedNames) get(sealed string) (name string, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name, ok = m.by[sealed]
	return name, ok
}

func (m *maskedNames) put(sealed, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.by == nil || len(m.by) >= maxMasked {
		m.by = make(map[string]string) // forgetting all is simple and rare
	}
	m.by[sealed] = name
}
