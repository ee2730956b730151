// Package killtest holds the test that kills real processes: `holdfast dev` is
// started as a user starts it, loaded through the merchant API by the official
// SDK and through /sandbox/pay, and its node and courier are killed with
// SIGKILL at random moments. Afterwards every acknowledged payment must exist
// exactly once, the books must balance, and every notice must have arrived.
//
// HOLDFAST_KILLS sets how often (20 by default, 100 in the long run).
package killtest
