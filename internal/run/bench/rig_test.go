package bench

import (
	"bufio"
	"fmt"
	"strings"
	"testing"
)

// Numbers made by hand are those that fmt made, so that no two callers share one.
func TestNumber(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]int{{0, 0}, {7, 9}, {499, 10_000_000}, {9999, 999_999_999_999}} {
		want := fmt.Sprintf("E1-%04d-%012d", c[0], c[1])
		if got := number("E1", c[0], c[1]); got != want {
			t.Errorf("caller %d, order %d: %s, want %s", c[0], c[1], got, want)
		}
	}
}

// The generator reads each answer to its end, also one in chunks: what it left would be
// taken for the next answer, and the call be made once more.
func TestSkipAnswer(t *testing.T) {
	t.Parallel()
	const sized = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"
	const chunked = "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmore\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n"
	r := bufio.NewReaderSize(strings.NewReader(sized+chunked+sized), 32)
	for _, want := range []int{200, 201, 200} {
		if got, err := skipAnswer(r); got != want || err != nil {
			t.Fatalf("read %d, %v, want %d", got, err, want)
		}
	}
	for _, broken := range []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"} {
		if _, err := skipAnswer(bufio.NewReader(strings.NewReader(broken))); err == nil {
			t.Errorf("%q is taken for an answer", broken)
		}
	}
}
