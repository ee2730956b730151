package view

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// maxRow is the size from which a packed row is continued in another, in
// bytes; the lines of one entry always stay together.
const maxRow = 32 << 10

// slice gathers what a run of entries adds to the views, and becomes one batch.
type slice struct {
	meta        meta
	orderCreate uint64

	accounts  map[accountKey]*accountPack
	entities  map[string]*entityPack
	merchants map[string]*merchantPack
	rows      []row
	free      []*accountPack
	entry     entry
	work      int
	started   bool
}

// row is one write of the batch.
type row struct {
	key, value []byte
	merge      bool
}

type accountKey struct {
	name     string
	currency uint32
}

// accountPack is one account in the slice: lines of the row being filled, and
// the sums of the hour they fall in.
type accountPack struct {
	linePacker
	key             accountKey
	first           uint64
	hour            int64
	debits, credits int64
}

type entityPack struct {
	first, last uint64
	row         []byte
}

type merchantPack struct {
	first, last OrderMark
	row         []byte
}

func newSlice(m meta, orderCreate uint32) *slice {
	return &slice{
		meta: m, orderCreate: uint64(orderCreate),
		accounts: make(map[accountKey]*accountPack), entities: make(map[string]*entityPack),
		merchants: make(map[string]*merchantPack),
	}
}

// reset makes the slice ready for the entries after m.
func (s *slice) reset(m meta) {
	for _, p := range s.accounts {
		s.free = append(s.free, p)
	}
	s.free = s.free[:min(len(s.free), 1<<16)]
	clear(s.accounts)
	clear(s.entities)
	clear(s.merchants)
	clear(s.rows)
	s.meta, s.rows, s.work, s.started = m, s.rows[:0], 0, false
}

var errMissing = errors.New("it is missing")

// fill takes in the journal's entries from s.meta.next on, up to size or until
// the slice has enough work in it.
func (s *slice) fill(r table.Reader, size uint64, work int) (err error) {
	full := false
	r.Scan(table.K(table.Journal).U64(s.meta.next), table.K(table.Journal).U64(size), func(key, stored []byte) bool {
		if binary.BigEndian.Uint64(key[1:]) != s.meta.next {
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
	if !s.started {
		s.started = true
		s.put(sliceAtKey(e.at, seq), nil)
	}
	for i := range e.postings {
		p := &e.postings[i]
		s.line(p.debit, p, seq, -p.amount, p.credit)
		s.line(p.credit, p, seq, p.amount, p.debit)
	}
	if len(e.entity) > 0 {
		s.step(e.entity, seq)
		s.order(e)
	}
	s.meta.next++
	s.work += 1 + len(e.postings)
	return nil
}

// line books a posting on one of its two accounts.
func (s *slice) line(account []byte, p *posting, seq uint64, amount int64, counter []byte) {
	e := &s.entry
	a := s.accounts[accountKey{string(account), p.currency}]
	hour := hourOf(e.at)
	switch {
	case a == nil:
		a = s.account(accountKey{string(account), p.currency}, seq, hour)
	case a.seq != seq && len(a.row) > maxRow:
		s.putLines(a, slices.Clone(a.row))
		a.first = seq
		a.start(seq)
	}
	if a.hour != hour {
		s.putSums(a)
		a.hour = hour
	}
	a.add(seq, e.at, p.code, amount, counter, e.entity)
	if amount < 0 {
		a.debits -= amount
	} else {
		a.credits += amount
	}
}

func (s *slice) account(key accountKey, seq uint64, hour int64) *accountPack {
	var a *accountPack
	if n := len(s.free); n > 0 {
		a, s.free = s.free[n-1], s.free[:n-1]
	} else {
		a = new(accountPack)
	}
	a.key, a.first, a.hour, a.debits, a.credits = key, seq, hour, 0, 0
	a.start(seq)
	s.accounts[key] = a
	return a
}

// step notes that entry seq is about the entity.
func (s *slice) step(entity []byte, seq uint64) {
	p := s.entities[string(entity)]
	if p == nil {
		s.entities[string(entity)] = &entityPack{first: seq, last: seq}
		return
	}
	if len(p.row) > maxRow {
		s.put(entityKey(string(entity)).U64(p.first), p.row)
		*p = entityPack{first: seq, last: seq}
		return
	}
	p.row = packSeq(p.row, p.last, seq)
	p.last = seq
}

// order lists a new order under its merchant. Order numbers only grow, so a
// repeated prepay, which is journalled under the same number, is not new.
func (s *slice) order(e *entry) {
	if e.number != s.orderCreate {
		return
	}
	kind, id, ok := numbered(string(e.entity))
	mchid, _, named := bytes.Cut(e.name, []byte("/"))
	if !ok || !named || kind != "order" || id < s.meta.nextOrder {
		return
	}
	s.meta.nextOrder = id + 1
	mark := OrderMark{At: e.at, ID: id}
	p := s.merchants[string(mchid)]
	if p == nil || len(p.row) > maxRow {
		if p != nil {
			s.putMarks(string(mchid), p)
		}
		s.merchants[string(mchid)] = &merchantPack{first: mark, last: mark}
		return
	}
	p.row = packMark(p.row, p.last, mark)
	p.last = mark
}

// finish answers the slice's writes in key order, the cursor among them.
// They are valid until reset.
func (s *slice) finish() []row {
	for _, a := range s.accounts {
		s.putLines(a, a.row)
		s.putSums(a)
	}
	for entity, p := range s.entities {
		s.put(entityKey(entity).U64(p.first), p.row)
	}
	for mchid, p := range s.merchants {
		s.putMarks(mchid, p)
	}
	s.put(metaKey, s.meta.encode())
	slices.SortFunc(s.rows, func(a, b row) int { return bytes.Compare(a.key, b.key) })
	return s.rows
}

func (s *slice) put(key, value []byte) { s.rows = append(s.rows, row{key: key, value: value}) }

func (s *slice) putLines(a *accountPack, lines []byte) {
	s.put(historyKey(a.key.name, a.key.currency).U64(a.first), lines)
}

func (s *slice) putMarks(mchid string, p *merchantPack) {
	s.put(orderKey(mchid).I64(p.first.At).U64(p.first.ID), p.row)
}

// putSums adds the hour's sums to those the store has.
func (s *slice) putSums(a *accountPack) {
	s.rows = append(s.rows, row{
		key:   sumKey(a.key.name, a.key.currency).I64(a.hour),
		value: sums{a.debits, a.credits}.encode(), merge: true,
	})
	a.debits, a.credits = 0, 0
}

// meta is the cursor, written in each slice's batch.
type meta struct {
	// next is the entry to read next.
	next uint64
	// nextOrder is above every order number seen.
	nextOrder uint64
	// last is the SHA-256 of entry next-1: it tells this journal from another.
	last [32]byte
}

// layout is the version of everything this package stores. Another one in the
// store makes it be built anew.
const layout = 1

func (m meta) encode() []byte {
	b := binary.BigEndian.AppendUint32(nil, layout)
	b = binary.BigEndian.AppendUint64(b, m.next)
	b = binary.BigEndian.AppendUint64(b, m.nextOrder)
	return append(b, m.last[:]...)
}

// decodeMeta answers false for another layout.
func decodeMeta(b []byte) (m meta, ok bool) {
	if len(b) != 4+8+8+32 || binary.BigEndian.Uint32(b) != layout {
		return meta{}, false
	}
	m.next, m.nextOrder = binary.BigEndian.Uint64(b[4:]), binary.BigEndian.Uint64(b[12:])
	copy(m.last[:], b[20:])
	return m, true
}

// hour is the length of a bucket of sums in milliseconds.
const hour = 3600 * 1000

// hourOf numbers the hour a time falls in; it rounds down before 1970 too.
func hourOf(at int64) int64 {
	h := at / hour
	if at%hour < 0 {
		h--
	}
	return h
}
