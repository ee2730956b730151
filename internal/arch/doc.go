// Package arch holds the house rules as tests: which layer may import which,
// where other people's modules enter, what deterministic code may not use, how
// long a function may be, what must be documented. It has no code of its own.
//
// A failure says what to do. Every rule is a function over one parsed file, and
// is itself tested against code that breaks it (rules_test.go), so that a rule
// that no longer sees anything is noticed.
package arch
