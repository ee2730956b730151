package node

import (
	"cmp"
	"context"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// firstCommand begins a new log.
type firstCommand struct{ part }

// Start begins a new log, and refuses a folder of the other kind.
func (n *firstCommand) Start(ctx context.Context) error {
	p := n.replica.Position()
	if p.Level == 0 && n.blocked == nil && n.replica.Leads() {
		genesis := &pb.Genesis{LogName: n.keys.LogName(), Level: cmp.Or(n.opt.level, machine.MaxLevel), Sandbox: n.sandbox, CutoffOffsetS: stamp.Business}
		_, out, err := machine.Genesis.Do(ctx, n.replica, "node/start", "", genesis)
		switch {
		case err != nil:
			return err
		case out != code.OK:
			return out.Err()
		}
		p = n.replica.Position()
	}
	switch {
	case p.LogName != n.keys.LogName():
		return &Damaged{n.dir, fmt.Sprintf("the log is of journal %q, the keystore of %q; put the right one back", p.LogName, n.keys.LogName())}
	case p.Sandbox && !n.sandbox:
		return fmt.Errorf("%s is a sandbox, made by `holdfast dev`: its money is not real; name another data folder", n.dir)
	case !p.Sandbox && n.sandbox:
		return fmt.Errorf("%s is not a sandbox: its money may be real; name another data folder", n.dir)
	}
	return n.introduce(ctx)
}
