package dev

import (
	"context"
	"fmt"
	"time"
)

// failures says which nodes there are, who leads, and what can be done to them.
func (s *site) failures(ctx context.Context, story *story) {
	if !s.folder.several() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	story.line("\n%s", story.bold(story.in("节点", "Nodes")))
	var leader, other *station
	for _, n := range s.platform.nodes {
		role := story.in("跟随者", "follows")
		if own := s.platform.own(ctx, n); own == nil {
			role = story.in("没有应答", "does not answer")
		} else if own.Leader {
			role, leader = story.in("领导者", "leads"), n
		}
		if n != leader && other == nil {
			other = n
		}
		story.line("  %s  %-8s  pid %-7d  API http://%s  %s http://%s  %s", n.Name, role, n.child.pid.Load(), n.Platform,
			story.in("管理", "administration"), n.Admin, s.folder.data(n.Name))
	}
	if leader == nil {
		leader = s.platform.nodes[0]
	}
	if other == nil || other == leader {
		other = s.platform.nodes[len(s.platform.nodes)-1]
	}
	folder := quoteShell(s.folder.data(other.Name))
	for _, l := range []string{
		"",
		story.bold(story.in("试试故障（付款照常，不丢一分钱）", "Try failures (payments go on, and not a fen is lost)")),
		story.in("  # 谁是领导者，谁落后，为什么", "  # who leads, who is behind, and why"),
		"  holdfast cluster status --data " + quoteShell(s.folder.first()),
		story.in("  # 杀掉领导者：几秒之内由另一个节点接替；dev 会重启它", "  # kill the leader: another node takes over; dev starts it again"),
		fmt.Sprintf("  kill -9 %d", leader.child.pid.Load()),
		story.in("  # 让领导者停顿五秒", "  # stop the leader for five seconds"),
		fmt.Sprintf("  kill -STOP %d; sleep 5; kill -CONT %[1]d", leader.child.pid.Load()),
		story.in("  # 删掉一个节点的数据：它重新加入，从其他节点取回全部数据，再拿回投票权", "  # delete a node's data: it joins anew, fetches everything from the others, and gets its vote back"),
		fmt.Sprintf("  kill -9 %d; rm -rf %s", other.child.pid.Load(), folder),
	} {
		story.line("%s", l)
	}
}
