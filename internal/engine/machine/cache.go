package machine

import "github.com/holdfast-pay/holdfast/internal/base/table"

// cacheRows bounds one generation of the cache.
const cacheRows = 1 << 15

// cache keeps stored rows that the next frames are likely to read again: the
// accounts, people and merchants that are busy, and the orders just placed. It
// is private to apply, so what it holds is exactly what the backend holds, and
// it changes no outcome.
//
// Two generations stand in for an order of use: a row that is read moves to
// the young one, and when that is full the old one is dropped.
type cache struct {
	table.Backend
	young, old map[string][]byte
}

func newCache(b table.Backend) *cache {
	return &cache{Backend: b, young: make(map[string][]byte), old: make(map[string][]byte)}
}

// hot says which tables are worth keeping.
func hot(key []byte) bool {
	switch table.ID(key[0]) {
	case table.Merchants, table.Persons, table.Accounts, table.Orders, table.Owed:
		return true
	}
	return false
}

func (c *cache) keep(key string, stored []byte) {
	if len(c.young) >= cacheRows {
		c.old, c.young = c.young, c.old
		clear(c.young)
	}
	c.young[key] = stored
}

// Load implements table.Backend.
func (c *cache) Load(key, buf []byte) ([]byte, bool, error) {
	if !hot(key) {
		return c.Backend.Load(key, buf)
	}
	if stored, ok := c.young[string(key)]; ok {
		return append(buf, stored...), true, nil
	}
	if stored, ok := c.old[string(key)]; ok {
		c.keep(string(key), stored)
		return append(buf, stored...), true, nil
	}
	from := len(buf)
	buf, ok, err := c.Backend.Load(key, buf)
	if ok && err == nil {
		c.keep(string(key), append([]byte(nil), buf[from:]...))
	}
	return buf, ok, err
}

// Commit implements table.Backend: what is kept follows what is written.
func (c *cache) Commit(writes []table.Write) error {
	if err := c.Backend.Commit(writes); err != nil {
		return err
	}
	for _, w := range writes {
		if !hot(w.Key) {
			continue
		}
		delete(c.old, string(w.Key))
		if w.Stored == nil {
			delete(c.young, string(w.Key))
			continue
		}
		if kept, ok := c.young[string(w.Key)]; ok && cap(kept) >= len(w.Stored) {
			c.young[string(w.Key)] = append(kept[:0], w.Stored...)
			continue
		}
		c.keep(string(w.Key), append(make([]byte, 0, len(w.Stored)+16), w.Stored...))
	}
	return nil
}
