package staffauth

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// triesAMinute is how many wrong tokens an address may present in a minute. A token
	// can't be guessed: this bounds what trying costs the platform.
	triesAMinute = 20
	// maxAddresses bounds how many addresses are counted; then all counts begin anew.
	maxAddresses = 4096
)

// tries counts wrong tokens by address and minute.
type tries struct {
	mu     sync.Mutex
	minute int64
	of     map[netip.Prefix]int
}

// spent says whether the address has had its wrong tries of this minute.
func (t *tries) spent(address string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.minute == now.Unix()/60 && t.of[network(address)] >= triesAMinute
}

func (t *tries) wrong(address string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if minute := now.Unix() / 60; t.minute != minute || len(t.of) >= maxAddresses {
		t.minute, t.of = minute, map[netip.Prefix]int{}
	}
	t.of[network(address)]++
}

// network is what an address is counted as: itself, or the /64 that one IPv6 customer
// has. What is no address is counted together.
func network(address string) netip.Prefix {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}
	}
	ip = ip.Unmap()
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	p, _ := ip.WithZone("").Prefix(bits) // bits are as many as the family has
	return p
}
