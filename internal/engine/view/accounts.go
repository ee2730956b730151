package view

import (
	"cmp"
	"slices"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// accountPack is one account in a slice: the lines of the row being filled, and
// the sums of the hour they fall in.
type accountPack struct {
	linePacker
	sums
	name     string
	currency uint32
	hour     int64
}

func (a *accountPack) lineKey(buf []byte) []byte {
	return appendAccountKey(append(table.Key(buf), accountPrefix), a.name, a.currency, ofLines).U64(a.first)
}

func (a *accountPack) sumKey(buf []byte) []byte {
	return appendAccountKey(append(table.Key(buf), accountPrefix), a.name, a.currency, ofSums).I64(a.hour)
}

// accountPacks are the accounts in a slice. Two looked up for every posting:
// maps by name alone are the quick ones, so each currency has its own.
type accountPacks struct {
	byName   map[uint32]map[string]*accountPack
	names    map[string]*accountPack // of currency, the one asked for last
	currency uint32
	all      []*accountPack
	// free are packs of earlier slices, with their rows' space: freed bytes.
	free  []*accountPack
	freed int
}

// maxFreed bounds what is kept for later slices, in bytes.
const maxFreed = 32 << 20

// packSize is about what a pack takes besides its row, in bytes.
const packSize = 192

func newAccountPacks() accountPacks {
	return accountPacks{byName: make(map[uint32]map[string]*accountPack)}
}

// find returns the account's pack, a new one beginning at entry seq.
func (p *accountPacks) find(name []byte, currency uint32, seq uint64, hour int64) *accountPack {
	if p.names == nil || p.currency != currency {
		p.currency, p.names = currency, p.byName[currency]
		if p.names == nil {
			p.names = make(map[string]*accountPack)
			p.byName[currency] = p.names
		}
	}
	if a := p.names[string(name)]; a != nil {
		return a
	}
	var a *accountPack
	if n := len(p.free); n > 0 {
		a, p.free = p.free[n-1], p.free[:n-1]
		p.freed -= packSize + cap(a.row)
	} else {
		a = &accountPack{linePacker: linePacker{row: make([]byte, 0, 128)}}
	}
	a.name, a.currency, a.hour, a.sums = string(name), currency, hour, sums{}
	a.start(seq)
	p.names[a.name] = a
	p.all = append(p.all, a)
	return a
}

// emit hands over a row of lines and sums for every account, in key order.
func (p *accountPacks) emit(put func(key, value []byte, merge bool) error) error {
	slices.SortFunc(p.all, func(a, b *accountPack) int {
		return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(a.currency, b.currency))
	})
	var key, value []byte
	for _, a := range p.all {
		key = a.lineKey(key[:0])
		if err := put(key, a.row, false); err != nil {
			return err
		}
		key, value = a.sumKey(key[:0]), a.sums.append(value[:0])
		if err := put(key, value, true); err != nil {
			return err
		}
	}
	return nil
}

// bytes is about what emit will hand over.
func (p *accountPacks) bytes() (n int) {
	for _, a := range p.all {
		n += len(a.row) + 2*len(a.name) + 64
	}
	return n
}

// reset forgets all accounts.
func (p *accountPacks) reset() {
	for _, a := range p.all {
		if size := packSize + cap(a.row); p.freed+size <= maxFreed {
			p.free = append(p.free, a)
			p.freed += size
		}
	}
	for _, names := range p.byName {
		clear(names)
	}
	clear(p.all)
	p.all = p.all[:0]
}
