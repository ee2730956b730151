// Package worker is the workers' side of owed work of any kind (internal/edge/owed
// is the node's): a Link keeps a worker's lease, listens to what it is owed, and
// sends its reports. What is done with it is the worker's own: internal/edge/courier
// delivers notices.
//
// A worker has one goroutine that owns its state and runs the link's Events;
// everything that waits happens in others. It asks MaySend at the last moment
// before it does anything that must not be done twice, and reports what it did.
package worker
