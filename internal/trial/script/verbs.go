package script

// syntax lists every verb's forms. A word in capitals is an argument of the
// kind it names (kinds.go), one with bars a choice, words in brackets may be
// left out, and dots repeat the word before them.
var syntax = []string{
	// The world, at the beginning of a script.
	"nodes NUMBER",
	"seed NUMBER",
	"broken VARIANT",
	"weather calm|fair|rough",
	"level NUMBER",
	"keyring",

	// What clients ask for.
	"create ORDER AMOUNT [via NODE]",
	"pay ORDER PAYMENT [by PERSON] [via NODE]",
	"close ORDER [via NODE]",
	"refund ORDER REFUND AMOUNT [via NODE]",
	"topup PERSON TOPUP AMOUNT [via NODE]",
	"query ORDER [via NODE]",

	// What friends do with each other's money.
	"send FRIEND FRIEND TRANSFER AMOUNT [waits] [via NODE]",
	"answer TRANSFER accept|decline [via NODE]",
	"throw FRIEND PACKET NUMBER AMOUNT [lucky] [via NODE]",
	"grab FRIEND PACKET [via NODE]",

	// What is done at tills: printed codes, shifts, and cash in and out of friends'
	// wallets. A till's cap is on each deed.
	"till TILL [via NODE]",
	"cap TILL AMOUNT [via NODE]",
	"shut TILL [via NODE]",
	"open TILL NUMBER AMOUNT by STAFF [via NODE]",
	"count TILL NUMBER AMOUNT [via NODE]",
	"take TILL CASH AMOUNT FRIEND by STAFF [via NODE]",
	"hand TILL CASH AMOUNT FRIEND [via NODE]",
	"undo TILL CASH by STAFF [via NODE]",
	"scan TILL PAYMENT AMOUNT FRIEND [via NODE]",

	// Codes that friends show. Above a limit the friend is asked and replies; a guess is
	// a wrong code that a merchant's till reads.
	"charge SHOWN PAYMENT AMOUNT [via NODE]",
	"pocket SHOWN CASH AMOUNT in|out [via NODE]",
	"confirm SHOWN CASH pay|refuse [via NODE]",
	"call-off SHOWN CASH [via NODE]",
	"find FRIEND NUMBER [via NODE]",
	"hide FRIEND on|off [via NODE]",
	"rephone FRIEND NUMBER [via NODE]",
	"advance NUMBER [via NODE]",
	"guess-pin FRIEND [via NODE]",
	"forget-pin FRIEND [via NODE]",
	"new-pin FRIEND [via NODE]",
	"seen FRIEND [via NODE]",
	"reply SHOWN PAYMENT pay|refuse [via NODE]",
	"guess NUMBER [via NODE]",
	"renew FRIEND [via NODE]",
	"receive FRIEND RECEIVE [via NODE]",

	// People whose details are sealed under keys of their own, and erased.
	"enter ENTRANT [via NODE]",
	"erase ENTRANT [via NODE]",

	// What is done in offices: staff with tokens, passkeys and sessions, by their numbers; blocks
	// and appeals; what the payer of a transfer reports.
	"hire MEMBER NUMBER [via NODE]",
	"dismiss MEMBER [via NODE]",
	"reassign MEMBER NUMBER [via NODE]",
	"token MEMBER NUMBER [via NODE]",
	"enter-office MEMBER NUMBER with NUMBER [via NODE]",
	"leave-office MEMBER [via NODE]",
	"office-key MEMBER NUMBER with NUMBER [via NODE]",
	"end-office-key MEMBER NUMBER [via NODE]",
	"key-office MEMBER NUMBER with NUMBER [via NODE]",
	"work MEMBER NUMBER [via NODE]",
	"block FRIEND [via NODE]",
	"unblock FRIEND [via NODE]",
	"appeal FRIEND APPEAL [via NODE]",
	"decide FRIEND NUMBER grant|uphold [via NODE]",
	"report REPORT TRANSFER [via NODE]",
	"reply-report FRIEND REPORT NUMBER [via NODE]",
	"close-report FRIEND REPORT [via NODE]",

	// Friends' shops: the owner applies with one picture or another, an operator decides,
	// others pay by the printed code, and the owner, or who tries to be, collects.
	"apply FRIEND SHOP NUMBER [via NODE]",
	"approve FRIEND SHOP [via NODE]",
	"turn-down FRIEND SHOP NUMBER [via NODE]",
	"visit FRIEND SHOP PAYMENT AMOUNT FRIEND [via NODE]",
	"collect FRIEND SHOP TAKING AMOUNT [by FRIEND] [via NODE]",

	// Friends' passkeys, by their numbers; each signs the next challenge.
	"passkey FRIEND NUMBER [via NODE]",
	"end-passkey FRIEND NUMBER [via NODE]",
	"sign FRIEND NUMBER [via NODE]",

	// Processes. A crash loses what was not synced; at append: in the middle of
	// the next write to the log.
	"crash NODE [at append]",
	"restart NODE",
	"pause NODE TIME",
	"skew NODE OFFSET",

	// Feature levels. binary is what a node knows from its next start on; raise has
	// the leader set the level without asking what the others know.
	"binary NODE NUMBER",
	"raise NUMBER",

	// Disks. save keeps a copy that a later restart may be given.
	"save NODE",
	"restart NODE with old|lost|foreign disk",
	"restart NODE with copy of NODE",
	"slow NODE TIME",
	"compact NODE",
	"flush NODE",

	// Links.
	"partition NODE... | NODE...",
	"cut NODE -> NODE",
	"flap NODE NODE TIME",
	"heal",

	// Members. A replaced node's folder is gone; it comes back as a learner.
	"add NODE",
	"promote NODE",
	"remove NODE",
	"replace NODE",
	"transfer NODE",
	"mend on|off",

	"courier COURIER start|stop|crash",
	"courier COURIER pause TIME",
	"merchant down|up",

	// Time, and what must hold.
	"run TIME",
	"settle",
	"expect ORDER STATE [via NODE]",
	"expect digests equal",
	"expect leader NODE",
	"expect NODE refused REASON",
	"expect NODE stopped",
	"expect NODE outdated",
	"expect NODE ROLE",
	"expect voters NUMBER",
	"expect terms at most NUMBER",
	"show ORDER...",
	"show members",
	"show notices",
}
