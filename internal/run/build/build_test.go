package build

import "testing"

func TestString(t *testing.T) {
	t.Parallel()
	for want, i := range map[string]Info{
		"devel":                      {Version: "devel"},
		"v1.2.0 0123456789ab":        {Version: "v1.2.0", Commit: "0123456789abcdef"},
		"devel abc+changes":          {Version: "devel", Commit: "abc", Modified: true},
		"v0.0.0-2026-0123456789ab+d": {Version: "v0.0.0-2026-0123456789ab+d", Commit: "0123456789abcdef"},
	} {
		if got := i.String(); got != want {
			t.Errorf("%+v = %q, want %q", i, got, want)
		}
	}
	if Read().Version == "" {
		t.Error("a build without a version")
	}
}
