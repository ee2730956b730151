package person

import (
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// looked is how many rows Unsealed looks at in one call.
const looked = 1000

// Unsealed lists people whose name is still in clear, from a uid on. It looks at
// some rows only: the rest begins at next, which is 0 after the last.
func Unsealed(r table.Reader, uid uint64) (list []*pb.Person, next uint64) {
	_, to := table.Range(table.Persons)
	n := 0
	persons.Scan(r, key(uid), to, func(_ []byte, p *pb.Person) bool {
		if n == looked {
			next = p.Uid
			return false
		}
		n++
		if p.Name != "" {
			list = append(list, p)
		}
		return true
	})
	return list, next
}
