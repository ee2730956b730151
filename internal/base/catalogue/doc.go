// Package catalogue is how a rule says what it brings: its commands, the tables
// it keeps, what becomes due, what a new level has to fill in, and what must
// hold of its rows.
//
// A rule package exports one Rule. engine/machine lists the rules; whatever
// applies, ticks, verifies, simulates or shows iterates over that list, so
// that a new rule is one package, one line among the Numbers and one line in
// the list of rules.
//
// A command has a typed descriptor (Command) beside its handler. It makes the
// command and reads what comes back, so that no caller states a type twice.
package catalogue
