package table

import "slices"

// changes are the cells of one table that a frame wrote. Most keys come in
// order (numbers count up), so appending is the rule; those that do not wait in
// tail until somebody needs the order.
type changes struct {
	order []*cell // in key order
	tail  []*cell // as they came
}

func (c *changes) reset() {
	clear(c.order)
	clear(c.tail)
	c.order, c.tail = c.order[:0], c.tail[:0]
}

func (c *changes) len() int { return len(c.order) + len(c.tail) }

func (c *changes) add(n *cell) {
	if len(c.tail) == 0 && (len(c.order) == 0 || cmp(c.order[len(c.order)-1].key, n.key) < 0) {
		c.order = append(c.order, n)
		return
	}
	c.tail = append(c.tail, n)
}

// sorted returns all cells in key order.
func (c *changes) sorted() []*cell {
	switch {
	case len(c.tail) == 0:
	case len(c.tail) <= 4: // a scan after every few writes
		for _, n := range c.tail {
			c.order = slices.Insert(c.order, find(c.order, n.key), n)
		}
	default:
		c.merge()
	}
	clear(c.tail)
	c.tail = c.tail[:0]
	return c.order
}

// merge sorts the tail and merges it in from the back.
func (c *changes) merge() {
	slices.SortFunc(c.tail, func(a, b *cell) int { return cmp(a.key, b.key) })
	i, j := len(c.order)-1, len(c.tail)-1
	c.order = append(c.order, c.tail...)
	for at := len(c.order) - 1; j >= 0; at-- {
		if i >= 0 && cmp(c.order[i].key, c.tail[j].key) > 0 {
			c.order[at] = c.order[i]
			i--
		} else {
			c.order[at] = c.tail[j]
			j--
		}
	}
}

// find is where key is or belongs.
func find(order []*cell, key []byte) int {
	i, _ := slices.BinarySearchFunc(order, key, func(x *cell, k []byte) int { return cmp(x.key, k) })
	return i
}

// between returns the cells with from <= key < to in key order; to nil is no
// upper bound.
func (c *changes) between(from, to []byte) []*cell {
	if c.len() == 0 {
		return nil
	}
	all := c.sorted()
	all = all[find(all, from):]
	if to != nil {
		all = all[:find(all, to)]
	}
	return all
}
