package keystore

import (
	"sync"
	"time"
)

// ourStore is a keystore in memory, shared by the tests that change nothing:
// finding RSA keys takes long.
var ourStore = sync.OnceValue(func() *Store { return inMemory("ours") })

func inMemory(name string) *Store {
	c, err := newContents(name, time.Now().UnixMilli())
	if err != nil {
		panic(err)
	}
	snap, err := newSnapshot(c, nil, nil)
	if err != nil {
		panic(err)
	}
	s := newStore("nowhere", Options{ReadOnly: true})
	s.current.Store(snap)
	return s
}
