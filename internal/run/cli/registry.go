package cli

import "strings"

// purpose is a heading of the help with the commands below it.
type purpose struct {
	title    string
	commands []*Command
}

// purposes lists every subcommand under what one wants to do, in the order of the
// help and the manual. A new subcommand is one file with one value, and one word
// here.
func purposes() []purpose {
	return []purpose{
		{"try it, and build against it", []*Command{&devCommand, &devNode, &triggerCommand, &diagnoseCommand, &clockAdvance}},
		{"run nodes and couriers", []*Command{&initFolder, &serve, &courierCommand, &status}},
		{"one node, three or five", []*Command{&clusterStatus, &clusterInit, &clusterAdd, &clusterToken, &clusterJoin, &clusterPromote, &clusterRemove, &clusterTransfer, &levelSet}},
		{"merchants and people", []*Command{&merchantAdd, &merchantList, &merchantShow, &merchantKey, &merchantCallback, &personAdd, &personTopup, &personImport, &topupFile, &personPhone, &personBlock, &personShow, &personGrade, &personAppeals, &personDecide, &personErase, &limitsList, &limitsSet, &tillAdd, &tillList, &tillSet, &tillClose, &tillSheet, &tillBegin, &tillTake, &tillHand, &tillUndo, &tillShift, &tillShifts, &tillEnd, &tillReportList, &tillReportShow, &tillReportAnswer, &shopList, &shopShow, &shopApprove, &shopRefuse, &platformShow, &platformRotate}},
		{"who works here", []*Command{&staffAdd, &staffList, &staffShow, &staffRoles, &staffToken, &staffSignIn, &staffSessions, &staffPasskeys, &staffEnd}},
		{"a wallet of your own", []*Command{&walletEnrol, &walletShow, &walletPay, &walletCash, &walletCode, &walletAsked, &walletTransfer, &walletReceive, &walletAnswer, &walletThrow, &walletOpen, &walletPacket, &walletPIN, &walletBills, &walletAppeal, &walletEndDevice, &walletReport, &walletReports, &walletShopApply, &walletShopList, &walletShopSheet, &walletShopTake, &walletWorkList, &walletWorkSignIn, &walletWorkEnd}},
		{"look into a payment, and help", []*Command{&inspectOrder, &inspectRefund, &inspectAccount, &inspectNotice, &redeliver, &reportList, &reportShow, &reportAnswer, &receiptGet, &receiptVerify, &packetVerify}},
		{"check, measure, get going again", []*Command{&verifyFolder, &benchmark, &drillCommand, &quarantine, &version}},
	}
}

// Commands lists every subcommand in the order of the help and the manual.
func Commands() (all []*Command) {
	for _, p := range purposes() {
		all = append(all, p.commands...)
	}
	return all
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
