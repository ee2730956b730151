package cli

import "strings"

// Commands lists every subcommand in the order of the help and the manual. A
// new subcommand is one file with one value, and one line here.
func Commands() []*Command {
	return []*Command{
		&version,
		&devCommand, &devNode,
		&initFolder,
		&serve,
		&courierCommand,
		&status,
		&clusterStatus, &clusterInit, &clusterAdd, &clusterToken, &clusterJoin, &clusterPromote, &clusterRemove, &clusterTransfer,
		&levelSet,
		&merchantAdd, &merchantList, &merchantShow, &merchantKey, &merchantCallback,
		&personAdd, &personTopup, &personShow,
		&inspectOrder, &inspectRefund, &inspectAccount, &inspectNotice,
		&redeliver,
		&triggerCommand, &diagnoseCommand,
		&receiptGet, &receiptVerify,
		&platformShow, &platformRotate,
		&clockAdvance,
		&verifyFolder,
		&benchmark,
		&quarantine,
	}
}

// group lists the commands whose first of several words is word.
func group(word string) []*Command {
	var g []*Command
	for _, c := range Commands() {
		if strings.HasPrefix(c.Name, word+" ") {
			g = append(g, c)
		}
	}
	return g
}

func names(commands []*Command) []string {
	list := make([]string, len(commands))
	for i, c := range commands {
		list[i] = c.Name
	}
	return list
}
