package keystore

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

// name is what a secret is known by: its kind, and an id that is used once.
type name struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// secret is one of a kind that has no field of its own in the file. A binary
// that does not know the kind keeps it and passes it on.
type secret struct {
	name
	// Owner is whose it is: a merchant, a bank, a person; may be "".
	Owner string `json:"owner"`
	Data  []byte `json:"data"`
}

// KindAPIv3 is the kind by which RemoveSecret knows merchants' APIv3 keys, which
// have a field of their own.
const KindAPIv3 = "apiv3"

// maxSecret bounds one secret, in bytes.
const maxSecret = 64 << 10

// PutSecret keeps a secret of a kind and returns the id by which commands name
// it: drawn at random, saying nothing about the secret, never used again. Below
// LayoutLevel it is ErrLayout.
func (s *Store) PutSecret(kind, owner string, data []byte) (id string, err error) {
	if kind == "" || kind == KindAPIv3 || len(data) > maxSecret {
		return "", fmt.Errorf("keep a secret of kind %.40q: want a kind, not %s, and at most %d bytes", kind, KindAPIv3, maxSecret)
	}
	raw := make([]byte, 16)
	rand.Read(raw)
	id = hex.EncodeToString(raw)
	err = s.change(func(c *contents) error {
		if c.Layout < layoutSecrets {
			return ErrLayout
		}
		c.Secrets = append(c.Secrets, secret{name{kind, id}, owner, bytes.Clone(data)})
		c.order()
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("keep a secret of kind %s: %w", kind, err)
	}
	return id, nil
}

// Secret is what PutSecret kept; the caller must not modify it. For an id it
// doesn't know it looks once whether another process has changed the keystore.
func (s *Store) Secret(kind, id string) (data []byte, ok bool) {
	if data, ok = s.current.Load().secrets[name{kind, id}]; ok {
		return data, true
	}
	if changed, err := s.ReloadIfChanged(); err != nil || !changed {
		return nil, false
	}
	data, ok = s.current.Load().secrets[name{kind, id}]
	return data, ok
}

// SecretIDs lists the ids of the secrets of a kind, in order.
func (s *Store) SecretIDs(kind string) (ids []string) {
	for _, x := range s.current.Load().contents.Secrets {
		if x.Kind == kind {
			ids = append(ids, x.ID)
		}
	}
	return ids
}

// RemoveSecret removes a secret for good: the keystore remembers that it was
// removed, so that no node that still has it brings it back. One that is not
// there is removed all the same, since another node may have it. Below
// LayoutLevel it is ErrLayout.
func (s *Store) RemoveSecret(kind, id string) error {
	err := s.change(func(c *contents) error {
		gone := name{kind, id}
		switch {
		case c.Layout < layoutSecrets:
			return ErrLayout
		case slices.Contains(c.Removed, gone):
			return errNothingNew
		}
		c.Removed = append(c.Removed, gone)
		c.order()
		return nil
	})
	if err != nil && !errors.Is(err, errNothingNew) {
		return fmt.Errorf("remove a secret of kind %s: %w", kind, err)
	}
	return nil
}

// order brings contents into the one form that what they hold has: without what
// was removed, each list in its order and without repetition.
func (c *contents) order() {
	c.Removed = distinct(c.Removed, name.compare, name.compare)
	gone := func(n name) bool {
		_, ok := slices.BinarySearchFunc(c.Removed, n, name.compare)
		return ok
	}
	c.APIv3 = slices.DeleteFunc(c.APIv3, func(k apiv3Key) bool { return gone(name{KindAPIv3, k.ID}) })
	c.APIv3 = distinct(c.APIv3, func(x, y apiv3Key) int { return cmp.Compare(x.ID, y.ID) }, apiv3Key.compare)
	c.Secrets = slices.DeleteFunc(c.Secrets, func(x secret) bool { return gone(x.name) })
	c.Secrets = distinct(c.Secrets, func(x, y secret) int { return x.name.compare(y.name) }, secret.compare)
	c.orderPlatform()
}

// distinct keeps one of each that identity takes for the same, the first by
// order, and puts them in order. An empty list is nil.
func distinct[T any](list []T, identity, order func(x, y T) int) []T {
	slices.SortFunc(list, func(x, y T) int { return cmp.Or(identity(x, y), order(x, y)) })
	list = slices.CompactFunc(list, func(x, y T) bool { return identity(x, y) == 0 })
	slices.SortFunc(list, order)
	if len(list) == 0 {
		return nil
	}
	return list
}

func (n name) compare(m name) int {
	return cmp.Or(cmp.Compare(n.Kind, m.Kind), cmp.Compare(n.ID, m.ID))
}

// compare orders by name. Two that have one name, which does not happen, are in
// the same order everywhere, and the first counts.
func (x secret) compare(y secret) int {
	return cmp.Or(x.name.compare(y.name), cmp.Compare(x.Owner, y.Owner), bytes.Compare(x.Data, y.Data))
}

// compare orders from the oldest to the newest.
func (k apiv3Key) compare(l apiv3Key) int {
	return cmp.Or(cmp.Compare(k.CreatedAt, l.CreatedAt), cmp.Compare(k.ID, l.ID), cmp.Compare(k.Mchid, l.Mchid), cmp.Compare(k.Key, l.Key))
}
