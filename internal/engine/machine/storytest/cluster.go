package storytest

import (
	"errors"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// memberChange reads "member 1f=voter 20=learner"; times=17 names so many.
func memberChange(_ *player, l *line) (table.Record, error) {
	c := &pb.MemberChange{}
	if n, ok := l.options["times"]; ok {
		count, err := strconv.Atoi(n)
		for i := range count {
			c.Members = append(c.Members, &pb.Member{RaftId: uint64(i + 1), Role: pb.MemberRole_MEMBER_ROLE_LEARNER})
		}
		return c, err
	}
	for id, role := range l.options { // order does not matter: a line names one
		n, err := strconv.ParseUint(id, 16, 64)
		number, ok := pb.MemberRole_value["MEMBER_ROLE_"+strings.ToUpper(role)]
		if err != nil || !ok {
			return nil, errors.Join(err, errors.New("there is no such member or role"))
		}
		c.Members = append(c.Members, &pb.Member{RaftId: n, Role: pb.MemberRole(number)})
	}
	return c, nil
}

// courierLease reads "lease c1 10s" and "lease c1 leave". The courier goes on
// with the lanes it has, or with so many of them.
func courierLease(s *player, l *line) (table.Record, error) {
	c := &pb.CourierLease{Courier: l.arg(0), Leave: l.arg(1) == "leave"}
	started, err := strconv.ParseInt(l.option("started", "1"), 10, 64)
	c.Started = started
	if !c.Leave {
		ms, err2 := duration(l.arg(1))
		c.LeaseMs, err = ms, errors.Join(err, err2)
	}
	return c, errors.Join(err, s.p.Read(func(r table.Reader) error {
		held := lane.Set{}
		if x, ok := lane.Get(r, c.Courier); ok {
			held = lane.Held(x)
		}
		switch n := l.option("holds", "all"); n {
		case "all":
		case "garbage":
			c.Holds = []byte(n)
			return nil
		default:
			most, err := strconv.Atoi(n)
			if err != nil {
				return err
			}
			held = held.Least(most)
		}
		c.Holds = held[:]
		return nil
	}))
}

// describeCourier says what a lease is.
func (s *player) describeCourier(c *pb.Courier) map[string]string {
	held := lane.Held(c)
	return map[string]string{"name": c.Name, "lanes": strconv.Itoa(held.Len()), "until": s.when(c.Until), "share": num(c.Share), "started": strconv.FormatInt(c.Started, 10)}
}
