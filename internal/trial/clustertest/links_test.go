//go:build linux

package clustertest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// links are the connections between the nodes, led through the test: each node
// advertises an address that is the test's. A link is cut one way: what its first
// end sends to the second, over connections that the first end makes, waits until
// the link is back, as lost packets do that TCP sends again.
type links struct {
	pids func(name string) int

	mu  sync.Mutex
	cut map[[2]string]bool

	known atomic.Int64 // connections whose ends are known
}

// set cuts a link or brings it back.
func (l *links) set(from, to string, cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut[[2]string{from, to}] = cut
}

// heal brings all links back.
func (l *links) heal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = map[[2]string]bool{}
}

func (l *links) isCut(from, to string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut[[2]string{from, to}]
}

// serve leads connections at one node's advertised address to the node.
func (l *links) serve(t *testing.T, to, advertised, address string) {
	t.Helper()
	door, err := net.Listen("tcp", advertised)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = door.Close() })
	go func() {
		for {
			c, err := door.Accept()
			if err != nil {
				return // the test has ended
			}
			go l.lead(c, to, address)
		}
	}()
}

func (l *links) lead(c net.Conn, to, address string) {
	defer c.Close()
	from := l.whose(c.RemoteAddr().(*net.TCPAddr).Port)
	if from != "" {
		l.known.Add(1)
	}
	node, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return
	}
	defer node.Close()
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{c, node}, {node, c}} {
		go func() {
			defer func() { ended <- struct{}{} }()
			l.copy(way[1], way[0], from, to)
		}()
	}
	<-ended // either end closes both
}

func (l *links) copy(to, from net.Conn, a, b string) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		for l.isCut(a, b) {
			time.Sleep(5 * time.Millisecond) // the link is down for as long as the test says
		}
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// whose finds the node that a connection from this port belongs to: by the
// system's list of sockets, as the nodes don't say it in the clear.
func (l *links) whose(port int) string {
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return ""
	}
	inode, want := "", fmt.Sprintf("0100007F:%04X", port)
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); len(f) > 9 && f[1] == want {
			inode = "socket:[" + f[9] + "]"
		}
	}
	for _, name := range []string{"n1", "n2", "n3"} {
		list, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", l.pids(name)))
		for _, fd := range list {
			if target, err := os.Readlink(fd); err == nil && target == inode {
				return name
			}
		}
	}
	return ""
}
