package keyring

import "crypto/cipher"

// openedKeys is how many keys a generation of opened ones has, about a kilobyte each.
const openedKeys = 4096

// opened keeps the keys that were used last ready for use: reading, unwrapping and
// expanding one costs fifty times what opening a name under it does. There are two
// generations: what is asked for goes into the young one, and when that is full it
// becomes the old one, whose keys are given up.
type opened struct{ young, old map[name]cipher.AEAD }

func (o *opened) get(n name) cipher.AEAD {
	if a, ok := o.young[n]; ok {
		return a
	}
	a, ok := o.old[n]
	if ok {
		o.put(n, a)
	}
	return a
}

func (o *opened) put(n name, a cipher.AEAD) {
	if o.young == nil || len(o.young) >= openedKeys {
		o.young, o.old = make(map[name]cipher.AEAD), o.young
	}
	o.young[n] = a
}

// drop forgets a key that is no longer there.
func (o *opened) drop(n name) {
	delete(o.young, n)
	delete(o.old, n)
}

// AEAD returns what seals and opens under a key, AES-256-GCM: ErrGone, ErrNone,
// ErrWrapping or a *Damage when it can't.
func (r *Ring) AEAD(id string) (cipher.AEAD, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, s, err := r.find(id)
	if err != nil {
		return nil, err
	}
	if a := r.opened.get(n); a != nil {
		return a, nil
	}
	key, err := r.unseal(n, s)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	a, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	r.opened.put(n, a)
	return a, nil
}
