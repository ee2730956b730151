package keyring

import (
	"crypto/sha256"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Two keyrings find out in which of 256 parts they differ, by the first byte of
// the names: each part has a sum over its names and whether they are gone.
const (
	// Parts is how many there are.
	Parts   = 256
	sumSize = 16
)

// flip adds a name to its part's sum, or takes it out again.
func (r *Ring) flip(n name, gone bool) {
	state := byte(stateKey)
	if gone {
		state = stateGone
	}
	hash := sha256.Sum256(append(n[:], state))
	sum := &r.sums[n[0]]
	for i := range sum {
		sum[i] ^= hash[i]
	}
}

// Sums are the sums of all parts, for Differing at a peer.
func (r *Ring) Sums() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]byte, 0, Parts*sumSize)
	for i := range r.sums {
		list = append(list, r.sums[i][:]...)
	}
	return list
}

// Differing finds the first part from one on whose sum differs from the other's,
// and returns all that is in it; part is 256 when none does.
func (r *Ring) Differing(sums []byte, from uint32) (part uint32, keys []*pb.DataKey, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(sums) != Parts*sumSize {
		return Parts, nil, nil
	}
	for part = from; part < Parts; part++ {
		if string(r.sums[part][:]) != string(sums[part*sumSize:][:sumSize]) {
			keys, err = r.in(byte(part))
			return part, keys, err
		}
	}
	return Parts, nil, nil
}

// in reads the keys of a part. One that is damaged is left out, and given up.
func (r *Ring) in(part byte) (list []*pb.DataKey, err error) {
	for n, s := range r.slots {
		if n[0] != part {
			continue
		}
		k, err := r.read(s.at)
		if err != nil {
			return nil, err
		}
		if k == nil || name(k.Id) != n || k.Gone != s.gone {
			r.lose(n)
			continue
		}
		list = append(list, k)
	}
	return list, nil
}
