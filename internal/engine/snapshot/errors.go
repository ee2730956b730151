package snapshot

import "errors"

// What a keeper answers who wants a copy. They cross the wire (package peer).
var (
	// ErrNotYet says that a copy is being made: ask again shortly.
	ErrNotYet = errors.New("no snapshot yet; ask again shortly")
	// ErrGone says that the copy is no longer there: ask for a manifest again.
	ErrGone = errors.New("this snapshot is no longer there; ask for another one")
	// ErrRange says that what was asked for lies outside the copy.
	ErrRange = errors.New("not a part of the snapshot")
)

// ErrManifest says that a manifest is not one: it is refused before anything is
// fetched by it.
var ErrManifest = errors.New("snapshot manifest is not valid")

// HalfError is a fetched snapshot that is not whole, or not what its manifest
// says. Nothing of it is in use; fetch it again: what is good is not fetched
// twice.
type HalfError struct {
	Path string
	Text string
}

func (e *HalfError) Error() string {
	return "snapshot refused: " + e.Path + " " + e.Text + "; it is fetched again"
}
