package wechatv3

import (
	"strconv"
	"testing"
)

// TestPollsAreBounded: the memory of answers has an end.
func TestPollsAreBounded(t *testing.T) {
	t.Parallel()
	var p polls
	for i := range 5 * maxPolled {
		p.put(pollKey{number: strconv.Itoa(i)}, polled{})
	}
	if n := len(p.young) + len(p.old); n > 2*maxPolled {
		t.Errorf("%d answers are kept", n)
	}
	if _, ok := p.get(pollKey{number: strconv.Itoa(5*maxPolled - 1)}); !ok {
		t.Error("the newest is forgotten")
	}
}
