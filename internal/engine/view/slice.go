package view

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// maxRow is the size from which a packed row is continued in another, in
// bytes; the lines of one entry always stay together.
const maxRow = 32 << 10

// slice gathers what a run of entries adds to the views, and becomes one batch.
type slice struct {
	meta   meta
	listed map[catalogue.Number]catalogue.Kind // by the command that makes them
	entry  entry
	// concern names those whom an entry concerns beside its accounts, by the state in r.
	concern *Concern
	r       table.Reader
	work    int
	// run counts how often the entity changed from one entry to the next, and
	// runEntity is the present one.
	run       uint64
	runEntity []byte
	name      [48]byte // room for an entity's name
	// startAt and start are time and number of the first entry.
	startAt int64
	start   uint64

	accounts accountPacks
	entities map[string]int // place in steps
	steps    []entityPack
	lists    map[list]*listPack
	// early are rows that were full before the slice was.
	early []row
}

// row is one write of the batch.
type row struct {
	key, value []byte
	merge      bool
}

// entityPack is one entity in the slice.
type entityPack struct {
	entity      string
	first, last uint64
	row         []byte
}

// list is whose entities of which kind.
type list struct {
	kind  pb.Kind
	owner string
}

// listPack is what the slice adds to one list.
type listPack struct {
	first, last Mark
	row         []byte
}

func newSlice(m meta, kinds []catalogue.Kind) *slice {
	s := &slice{
		meta: m, start: m.next, concern: NewConcern(kinds), listed: make(map[catalogue.Number]catalogue.Kind), accounts: newAccountPacks(),
		entities: make(map[string]int), lists: make(map[list]*listPack),
	}
	for _, k := range kinds {
		for _, makes := range k.Listed {
			s.listed[makes] = k
		}
	}
	return s
}

// reset makes the slice ready for the entries after m.
func (s *slice) reset(m meta) {
	s.accounts.reset()
	clear(s.entities)
	clear(s.steps)
	clear(s.lists)
	clear(s.early)
	s.meta, s.start, s.work, s.run = m, m.next, 0, 0
	s.steps, s.early = s.steps[:0], s.early[:0]
	s.meta.seen = seenNumbers{} // m's own is kept as it is until the slice is committed
	maps.Copy(s.meta.seen, m.seen)
}

var errMissing = errors.New("it is missing")

// fill takes in the journal's entries from s.meta.next on, up to size or until
// the slice has enough work in it.
func (s *slice) fill(r table.Reader, size uint64, work int) (err error) {
	full := false
	s.r = r
	defer func() { s.r = nil }()
	journal.Scan(r, s.meta.next, size, func(seq uint64, stored []byte) bool {
		if seq != s.meta.next {
			return false
		}
		if err = s.add(stored); err != nil {
			return false
		}
		full = s.work >= work
		if full || s.meta.next == size {
			s.meta.last = sha256.Sum256(stored)
		}
		return !full
	})
	if err == nil && !full && s.meta.next != size {
		return errMissing
	}
	return err
}

// add takes in the next entry, numbered s.meta.next. It copies what it keeps.
func (s *slice) add(stored []byte) error {
	e, seq := &s.entry, s.meta.next
	if err := e.read(stored); err != nil {
		return err
	}
	if seq == s.start {
		s.startAt = e.at
	}
	if s.run == 0 || !bytes.Equal(e.entity, s.runEntity) {
		s.run++
		s.runEntity = append(s.runEntity[:0], e.entity...)
	}
	for i := range e.postings {
		p := &e.postings[i]
		s.line(p.debit, p, seq, -p.amount, p.credit)
		s.line(p.credit, p, seq, p.amount, p.debit)
	}
	if len(e.entity) > 0 {
		s.step(e.entity, seq)
		s.list(e)
		if kind, uid := s.concern.other(s.r, e); uid != 0 {
			s.step(tells(s.name[:0], kind, uid), seq)
		}
		if kind, mchid := s.concern.merchant(s.r, e); mchid != "" {
			s.step(tellsMerchant(s.name[:0], kind, mchid), seq)
		}
	}
	s.meta.next++
	s.work += 1 + len(e.postings)
	return nil
}

// line books a posting on one of its two accounts.
func (s *slice) line(account []byte, p *posting, seq uint64, amount int64, counter []byte) {
	e := &s.entry
	hour := hourOf(e.at)
	a := s.accounts.find(account, p.currency, seq, hour)
	if a.seq != seq && len(a.row) > maxRow {
		s.early = append(s.early, row{key: a.lineKey(nil), value: slices.Clone(a.row)})
		a.start(seq)
	}
	if a.hour != hour {
		s.early = append(s.early, row{key: a.sumKey(nil), value: a.sums.append(nil), merge: true})
		a.hour, a.sums = hour, sums{}
	}
	a.add(seq, e.at, p.code, amount, counter, e.entity, s.run)
	if amount < 0 {
		a.debits -= amount
	} else {
		a.credits += amount
	}
}

// step notes that entry seq is about the entity.
func (s *slice) step(entity []byte, seq uint64) {
	i, ok := s.entities[string(entity)]
	if ok && len(s.steps[i].row) <= maxRow {
		p := &s.steps[i]
		p.row = packSeq(p.row, p.last, seq)
		p.last = seq
		return
	}
	p := entityPack{entity: string(entity), first: seq, last: seq}
	s.entities[p.entity] = len(s.steps)
	s.steps = append(s.steps, p)
}

// list lists a new entity of a listed kind under its owner. Numbers only grow, so
// an entry of the same command about an entity that was there (a repeated
// prepay) is not about a new one.
func (s *slice) list(e *entry) {
	k, ok := s.listed[catalogue.Number(e.number)]
	if !ok {
		return
	}
	name, id, ok := numbered(string(e.entity))
	owner, _, named := bytes.Cut(e.name, []byte("/"))
	if !ok || !named || name != k.Name || id < s.meta.seen[k.Number] {
		return
	}
	s.meta.seen[k.Number] = id + 1
	mark, of := Mark{At: e.at, ID: id}, list{k.Number, string(owner)}
	p := s.lists[of]
	if p == nil || len(p.row) > maxRow {
		if p != nil {
			s.early = append(s.early, row{key: p.key(of), value: p.row})
		}
		s.lists[of] = &listPack{first: mark, last: mark}
		return
	}
	p.row = packMark(p.row, p.last, mark)
	p.last = mark
}

func (p *listPack) key(of list) []byte {
	return listKey(of.kind, of.owner).I64(p.first.At).U64(p.first.ID)
}

// emit hands over the slice's writes, the cursor among them; put copies what it
// is given. Accounts come in the order of their keys, because that is what a
// memtable takes fastest, and they are most of the rows.
func (s *slice) emit(put func(key, value []byte, merge bool) error) error {
	for _, r := range s.early {
		if err := put(r.key, r.value, r.merge); err != nil {
			return err
		}
	}
	if err := s.accounts.emit(put); err != nil {
		return err
	}
	for i := range s.steps {
		p := &s.steps[i]
		if err := put(entityKey(p.entity).U64(p.first), p.row, false); err != nil {
			return err
		}
	}
	for of, p := range s.lists {
		if err := put(p.key(of), p.row, false); err != nil {
			return err
		}
	}
	if err := put(sliceAtKey(s.startAt, s.start), nil, false); err != nil {
		return err
	}
	return put(metaKey, s.meta.encode(), false)
}

// meta is the cursor, written in each slice's batch.
type meta struct {
	// next is the entry to read next.
	next uint64
	// last is the SHA-256 of entry next-1: it tells this journal from another.
	last [32]byte
	// seen is above every number seen of each listed kind.
	seen seenNumbers
}

// seenNumbers is written in the order of the kinds.
type seenNumbers map[pb.Kind]uint64

// layout is the version of everything this package stores. Another one in the
// store makes it be built anew.
const layout = 6

// metaBytes is the size of a cursor without what was seen; each kind adds
// seenBytes.
const (
	metaBytes = 4 + 8 + 32
	seenBytes = 4 + 8
)

func (m meta) encode() []byte {
	b := binary.BigEndian.AppendUint32(nil, layout)
	b = binary.BigEndian.AppendUint64(b, m.next)
	b = append(b, m.last[:]...)
	for _, kind := range slices.Sorted(maps.Keys(m.seen)) {
		b = binary.BigEndian.AppendUint32(b, uint32(kind))
		b = binary.BigEndian.AppendUint64(b, m.seen[kind])
	}
	return b
}

// decodeMeta returns false for another layout.
func decodeMeta(b []byte) (m meta, ok bool) {
	if len(b) < metaBytes || (len(b)-metaBytes)%seenBytes != 0 || binary.BigEndian.Uint32(b) != layout {
		return meta{}, false
	}
	m.next = binary.BigEndian.Uint64(b[4:])
	copy(m.last[:], b[12:])
	m.seen = seenNumbers{}
	for b = b[metaBytes:]; len(b) > 0; b = b[seenBytes:] {
		m.seen[pb.Kind(binary.BigEndian.Uint32(b))] = binary.BigEndian.Uint64(b[4:])
	}
	return m, true
}
