package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Storm is what the process that overloads a node is told, as a JSON file.
type Storm struct {
	// Address is host:port, plain HTTP on loopback.
	Address string
	// Shots are fired in turns, over and over: a repeated prepay is work like the
	// first.
	Shots []StormShot
	// Phases come one after the other. The first has rate 0 and finds the most
	// the node does; the others are multiples of it.
	Phases []Phase
}

// StormShot is one signed request as it goes over the wire.
type StormShot struct {
	Wire string
	Pay  bool
}

// Phase is a stretch of load.
type Phase struct {
	Name string
	// Times is the rate as a multiple of the first phase's answers; 0 sends as
	// fast as answers come.
	Times       float64
	Seconds     float64
	Connections int
}

// Weather is what became of one phase.
type Weather struct {
	Seconds float64
	// Began and Ended are Unix milliseconds.
	Began, Ended int64
	// Sent are requests, Good answered 200, Refused 429 or 503, Lost neither.
	Sent, Good, Refused, Lost int
	PayP50, PayP99            float64 // milliseconds, of good ones
	RefusedP50                float64
	// CPU is what the process that sends used, in cores.
	CPU float64
	// UnsettledMS is how long after the beginning the last tenth of a second
	// began in which more than a twentieth was not answered 200.
	UnsettledMS float64
}

func (w Weather) goodput() float64 { return float64(w.Good) / w.Seconds }

// RunStorm overloads a node and returns what became of each phase. It is what the
// process started with --storm does.
func RunStorm(ctx context.Context, file string) ([]Weather, error) {
	var s Storm
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		return nil, fmt.Errorf("read the storm: %w", err)
	}
	most := 0
	for _, p := range s.Phases {
		most = max(most, p.Connections)
	}
	guns := make([]gun, most)
	var all []Weather
	for _, p := range s.Phases {
		rate := 0.0
		if p.Times > 0 {
			rate = p.Times * all[0].goodput()
		}
		all = append(all, s.blow(ctx, guns[:p.Connections], rate, time.Duration(p.Seconds*float64(time.Second))))
	}
	for i := range guns {
		guns[i].close()
	}
	return all, ctx.Err()
}

// landings collects what the connections of a phase see.
type landings struct {
	mu            sync.Mutex
	weather       Weather
	pay, refused  *hdrhistogram.Histogram
	sent, notGood []int // by tenths of a second
}

func (l *landings) land(began, took time.Duration, pay bool, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	tenth := int(began / (100 * time.Millisecond))
	for len(l.sent) <= tenth {
		l.sent, l.notGood = append(l.sent, 0), append(l.notGood, 0)
	}
	l.weather.Sent++
	l.sent[tenth]++
	switch status {
	case http.StatusOK:
		l.weather.Good++
		if pay {
			_ = l.pay.RecordValue(took.Microseconds())
		}
		return
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		l.weather.Refused++
		_ = l.refused.RecordValue(took.Microseconds())
	default:
		l.weather.Lost++
	}
	l.notGood[tenth]++
}

// blow sends at a rate, spread over the connections; whoever is late sends at
// once. Rate 0 sends as fast as answers come.
func (s *Storm) blow(ctx context.Context, guns []gun, rate float64, d time.Duration) Weather {
	l := &landings{pay: newHistogram(), refused: newHistogram()}
	var next atomic.Int64
	busy, begin := cpu(), time.Now()
	var wg sync.WaitGroup
	for i := range guns {
		wg.Go(func() {
			for ctx.Err() == nil {
				n := next.Add(1) - 1
				if rate > 0 {
					due := time.Duration(float64(n) / rate * float64(time.Second))
					if due >= d {
						return
					}
					time.Sleep(due - time.Since(begin))
				}
				at := time.Now()
				if at.Sub(begin) >= d {
					return
				}
				shot := s.Shots[int(n)%len(s.Shots)]
				status := guns[i].fire(s.Address, shot.Wire)
				l.land(at.Sub(begin), time.Since(at), shot.Pay, status)
			}
		})
	}
	wg.Wait()
	w := l.weather
	w.Seconds = time.Since(begin).Seconds()
	w.Began, w.Ended = begin.UnixMilli(), time.Now().UnixMilli()
	w.CPU = (cpu() - busy).Seconds() / w.Seconds
	w.PayP50, w.PayP99 = float64(l.pay.ValueAtQuantile(50))/1000, float64(l.pay.ValueAtQuantile(99))/1000
	w.RefusedP50 = float64(l.refused.ValueAtQuantile(50)) / 1000
	for i := range l.sent {
		if l.notGood[i]*20 > l.sent[i] {
			w.UnsettledMS = float64(i+1) * 100
		}
	}
	return w
}

// gun is one connection. It writes prepared bytes and reads no more of an answer
// than it must, so that sending costs little beside answering.
type gun struct {
	conn net.Conn
	in   *bufio.Reader
}

// fire sends one request and returns its status; 0 for none.
func (g *gun) fire(address, wire string) int {
	if g.conn == nil {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return 0
		}
		g.conn, g.in = conn, bufio.NewReaderSize(conn, 2048)
	}
	_ = g.conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := g.conn.Write([]byte(wire)); err != nil {
		g.close()
		return 0
	}
	status, err := skipAnswer(g.in)
	if err != nil {
		g.close()
		return 0
	}
	return status
}

func (g *gun) close() {
	if g.conn != nil {
		_ = g.conn.Close() // nothing was promised
		g.conn = nil
	}
}

// skipAnswer reads one answer's status and passes its body over, which has a length or
// comes in chunks (RFC 9112, section 7.1).
func skipAnswer(r *bufio.Reader) (status int, err error) {
	length, chunked := 0, false
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		text := strings.TrimRight(string(line), "\r\n")
		switch {
		case first:
			if len(text) < 12 {
				return 0, errors.New("no status line")
			}
			if status, err = strconv.Atoi(text[9:12]); err != nil {
				return 0, err
			}
		case text == "":
			if chunked {
				return status, skipChunks(r)
			}
			_, err := r.Discard(length)
			return status, err
		case text == "Transfer-Encoding: chunked":
			chunked = true
		case strings.HasPrefix(text, "Content-Length: "):
			if length, err = strconv.Atoi(text[16:]); err != nil {
				return 0, err
			}
		}
	}
}

// skipChunks passes over a body that comes in chunks, without trailers.
func skipChunks(r *bufio.Reader) error {
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseUint(strings.TrimRight(string(line), "\r\n"), 16, 31)
		if err != nil {
			return fmt.Errorf("read a chunk's size: %w", err)
		}
		if _, err := r.Discard(int(size) + len("\r\n")); err != nil || size == 0 {
			return err
		}
	}
}
