package keystore

import "golang.org/x/mod/sumdb/note"

// CheckpointSigner signs checkpoints: Ed25519 in the note format, under the
// log's name.
func (s *Store) CheckpointSigner() note.Signer { return s.current.Load().checkpoint }

// CheckpointVerifier is the text that note.NewVerifier takes to check what
// CheckpointSigner signs. It is public.
func (s *Store) CheckpointVerifier() string { return s.current.Load().contents.Checkpoint.Verifier }
