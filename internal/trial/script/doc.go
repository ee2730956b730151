// Package script is the language of fault scenarios: what clients ask of a
// cluster, what happens to its nodes, disks and links meanwhile, and what must
// hold afterwards. A script is a list of steps, one a line:
//
//	# Why: a payment that was acknowledged survives the node that took it.
//	nodes 3
//	create O1 10
//	pay O1 P1
//	crash n1
//	run 2s
//	expect O1 SUCCESS via n2
//
// A step ends when it is answered, unless its line ends with `&`: then it goes
// on while the next steps run. Text after # is a comment. A `show` step is
// followed by what it shows, each line begun with `> `.
//
// The verbs and their syntax are in verbs.go. Package trial/sim plays scripts on
// a simulated cluster, draws random ones from a seed, and shrinks one that
// fails.
package script
