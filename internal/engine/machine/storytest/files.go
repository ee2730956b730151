package storytest

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed testdata/*.txt
var files embed.FS

// Story is one of the stories that come with this package.
type Story struct{ Name, Text string }

// Stories lists them in the order of their names.
func Stories() (all []Story) {
	entries, err := fs.ReadDir(files, "testdata")
	if err != nil {
		panic(err) // the folder is part of the binary
	}
	for _, e := range entries {
		text, err := fs.ReadFile(files, "testdata/"+e.Name())
		if err != nil {
			panic(err)
		}
		all = append(all, Story{strings.TrimSuffix(e.Name(), ".txt"), string(text)})
	}
	return all
}
