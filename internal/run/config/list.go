package config

import (
	"slices"
	"strings"
)

// List is several words: an array in a file, words with commas between them in
// --set.
type List []string

// read takes the words of a flag. It is no UnmarshalText, with which decoders would
// take a bare word in a file for a list.
func (l *List) read(text string) {
	*l = nil
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			*l = append(*l, word)
		}
	}
}

// String is the list with commas between the words.
func (l List) String() string { return strings.Join(l, ",") }

// toml is the list as an array.
func (l List) toml() string {
	words := slices.Clone(l)
	for i, w := range words {
		words[i] = quoteTOML(w)
	}
	return "[" + strings.Join(words, ", ") + "]"
}
