package nearest

import "testing"

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "abc", 0}, {"serve", "sevre", 1},
		{"merchnat", "merchant", 1}, {"statsu", "status", 1}, {"kitten", "sitting", 3}, {"订单", "账单", 1},
	} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if Distance(c.a, c.b) != Distance(c.b, c.a) {
			t.Errorf("Distance(%q, %q) depends on the order", c.a, c.b)
		}
	}
}

func TestWord(t *testing.T) {
	t.Parallel()
	known := []string{"serve", "status", "merchant add", "version"}
	for _, c := range []struct {
		typed, want string
		ok          bool
	}{
		{"sevre", "serve", true}, {"stauts", "status", true}, {"merchant ad", "merchant add", true},
		{"verison", "version", true}, {"frobnicate", "", false}, {"", "", false}, {"x", "", false},
	} {
		got, ok := Word(c.typed, known)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("Word(%q) = %q, %v; want %q, %v", c.typed, got, ok, c.want, c.ok)
		}
	}
	if got, ok := Word("a", nil); ok {
		t.Errorf("Word among none = %q", got)
	}
}
