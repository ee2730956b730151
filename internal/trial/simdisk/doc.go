// Package simdisk runs nodes with their real stores (raft log, state, machine,
// member, scrubber) on disks that fail in every way we know of, one node alone or
// three together, in one process and from one seed:
//
//	power cuts, also in the middle of a write, that keep any part of what was
//	not synced; killed processes; a sync or a write that fails; a full disk; a
//	slow one; flipped bits, at rest and under a running node; reads that answer
//	another block; disks that are lost, or come back from an old copy
//
// Half of the runs begin at the feature level before the newest, which is raised
// in the middle of some frame: both layouts of what is stored are met.
//
// What must hold for every seed (check.go): what was acknowledged is there after
// every restart; damage is named and never served; a failed sync stops the
// process; a full disk refuses writes, goes on reading, and recovers by itself;
// a node that was damaged heals from a proven copy, and in the end all hold the
// same state.
//
// The raft part is driven by one goroutine. Pebble has its own in the background,
// so that a run is not bit-exact: a seed draws the faults and when they come, not
// how far a flush had got. The verdict must hold all the same. The simulation
// that is bit-exact is internal/trial/sim.
//
// To see that the checkers see, broken.go lists variants that are wrong on
// purpose; each must be caught.
package simdisk
