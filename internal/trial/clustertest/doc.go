// Package clustertest holds the tests that do to a cluster of real processes what
// machines, disks and networks do, under load through the merchant API by the
// official SDK: nodes killed one by one and all at once, the leader stopped and
// continued, a data folder deleted, files damaged, links cut one way and
// flapping, the cluster grown and shrunk, and nodes that must not be let in.
//
// HOLDFAST_CLUSTER_KILLS is how often nodes are killed (10 by default, 200 in the
// long run); HOLDFAST_CLUSTER_SOAK=1 makes the leader stop for up to 30 s and
// damages every kind of file; HOLDFAST_SEED repeats the choices of a run.
package clustertest
