package journal

import (
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// ParseVerifier reads the text of a journal's public key ("name+hash+key", as
// keystores publish it): what checks its checkpoints and receipts.
func ParseVerifier(text string) (note.Verifier, error) {
	v, err := note.NewVerifier(strings.TrimSpace(text))
	if err != nil {
		return nil, fmt.Errorf("verifier key: %w", err)
	}
	return v, nil
}
