package table

import "slices"

// Scan implements Txn: the base's rows with the frame's changes over them.
// visit must not write.
func (o *Overlay) Scan(from, to []byte, visit func(key, value []byte) bool) {
	o.settle()
	m := merge{mine: o.between(from, to), visit: visit, more: true}
	o.scans++
	defer func() { o.scans-- }()
	err := o.base.Iterate(from, to, m.stored)
	if err != nil {
		panic(&Damage{Key: slices.Clone(from), Cause: err})
	}
	m.rest(nil)
}

// between returns the frame's changes with from <= key < to in key order.
func (o *Overlay) between(from, to []byte) []*cell {
	first, last := 0, len(o.changed)-1
	if len(from) > 0 {
		first = int(from[0])
	}
	if len(to) > 0 {
		last = int(to[0])
	}
	var mine []*cell
	for i := first; i <= last; i++ {
		part := o.changed[i].between(from, to)
		if mine == nil {
			mine = part[:len(part):len(part)]
		} else {
			mine = append(mine, part...)
		}
	}
	return mine
}

// merge visits stored rows with a frame's changes over them.
type merge struct {
	mine  []*cell
	visit func(key, value []byte) bool
	more  bool
}

// stored takes the base's next row; it returns whether to go on.
func (m *merge) stored(key, stored []byte) bool {
	m.rest(key)
	if !m.more {
		return false
	}
	if len(m.mine) > 0 && cmp(m.mine[0].key, key) == 0 {
		m.emit()
		return m.more
	}
	value, err := Open(key, stored)
	if err != nil {
		panic(&Damage{Key: slices.Clone(key), Cause: err})
	}
	m.more = m.visit(key, value)
	return m.more
}

// rest visits the changes below the key; nil is above all keys.
func (m *merge) rest(key []byte) {
	for m.more && len(m.mine) > 0 && (key == nil || cmp(m.mine[0].key, key) < 0) {
		m.emit()
	}
}

func (m *merge) emit() {
	c := m.mine[0]
	m.mine = m.mine[1:]
	if value := c.value(); value != nil {
		m.more = m.visit(c.key, value)
	}
}
