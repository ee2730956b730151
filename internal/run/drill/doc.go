// Package drill shows on a running cluster what the platform promises: people pay, send
// money and throw red packets while nodes are killed, and each requirement that was
// looked at becomes one line that says whether it was kept, what was measured, and what
// is promised.
//
// A drill is one file with one value, and one word in drills. It works on a Ground: a
// cluster of real processes, which `holdfast dev --nodes 3` runs, with people who have
// devices of their own.
package drill
