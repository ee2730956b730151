//go:build race

package gate

// hurried makes the stories a sixth as long: the race detector makes them ten
// times as slow, and what it looks for happens early.
const hurried = 6
