package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

const (
	// httpFloor is how many requests a second are answered to 64 connections, each
	// with one durable transfer, the generator on the same cores.
	httpFloor = 10_000
	// httpBudget is the CPU of a request besides the engine's, in microseconds.
	httpBudget = 60
	// httpCallers is the concurrency that both are measured at.
	httpCallers = 64
)

// Stream is what the process that sends transfers is told, as a JSON file.
type Stream struct {
	// Address is host:port, plain HTTP on loopback; Token may administer the node.
	Address, Token string
	Connections    int
	Seconds        float64
	// Round is what no other stream's references begin with.
	Round string
	UIDs  []uint64
}

// Streamed is what became of a stream.
type Streamed struct {
	Done             int
	Rate, P50, P99   float64 // requests/s, milliseconds
	GeneratorCPUEach float64 // microseconds a request
}

// httpSuite: one durable transfer a request through the administration's API, and
// the same transfers without it, in turns.
func httpSuite(ctx context.Context, r *run) error {
	g, err := r.newLoggingRig(ctx)
	if err != nil {
		return err
	}
	defer g.close()
	token, err := admin.ReadToken(admin.TokenFile(filepath.Join(g.dir, "node")))
	if err != nil {
		return err
	}
	s := Stream{Address: strings.TrimPrefix(g.node.Addresses().Admin, "http://"), Token: token, UIDs: g.uids[:1000], Seconds: pick(r, 1.5, 5.0)}
	connections := []int{1, 16, httpCallers, 256}
	at := map[int][]httpFigures{}
	var engine, besides []float64
	for round := range pick(r, 3, 7) {
		alone, err := g.transfers(ctx, s, round)
		if err != nil {
			return err
		}
		engine = append(engine, alone)
		for _, s.Connections = range connections {
			s.Round = fmt.Sprintf("H%d-%d", round, s.Connections)
			f, err := r.stream(ctx, g, s)
			if err != nil {
				return err
			}
			at[s.Connections] = append(at[s.Connections], f)
			if s.Connections == httpCallers {
				besides = append(besides, f.cpu-alone)
			}
		}
	}
	for _, n := range connections {
		r.reportHTTP(n, at[n])
	}
	r.plain("cpu_per_transfer", median(engine), "us, 64 callers in the process")
	r.atMost("cpu_besides_the_engines", median(besides), "us a request of 64 connections", httpBudget)
	return nil
}

// httpFigures are one stream's.
type httpFigures struct {
	Streamed
	cpu   float64 // this process's, microseconds a request
	frame float64 // commands a frame
}

func (r *run) reportHTTP(connections int, rounds []httpFigures) {
	of := func(value func(httpFigures) float64) float64 {
		var list []float64
		for _, f := range rounds {
			list = append(list, value(f))
		}
		return median(list)
	}
	named := func(what string) string { return fmt.Sprintf("%s_%d", what, connections) }
	rate := of(func(f httpFigures) float64 { return f.Rate })
	if connections == httpCallers {
		r.atLeast(named("requests_per_second"), rate, "requests/s, the generator on the same cores", httpFloor)
	} else {
		r.plain(named("requests_per_second"), rate, "requests/s")
	}
	r.plain(named("request_p50"), of(func(f httpFigures) float64 { return f.P50 }), "ms")
	r.plain(named("request_p99"), of(func(f httpFigures) float64 { return f.P99 }), "ms")
	r.plain(named("cpu_per_request"), of(func(f httpFigures) float64 { return f.cpu }), "us, the engine's included")
	r.plain(named("commands_per_frame"), of(func(f httpFigures) float64 { return f.frame }), "commands: what a frame costs is shared by so many")
	r.plain(named("generator_cpu"), of(func(f httpFigures) float64 { return f.GeneratorCPUEach }), "us a request")
}

// transfers sends the stream's transfers to the engine itself, and returns the CPU
// of one in microseconds.
func (g *rig) transfers(ctx context.Context, s Stream, round int) (float64, error) {
	if err := g.settle(ctx); err != nil {
		return 0, err
	}
	out, err := closedLoop(ctx, httpCallers, time.Duration(s.Seconds*float64(time.Second)), func(caller, i int) error {
		_, err := do(ctx, g, person.Topup, &pb.PersonTopup{
			Uid: s.uid(caller, i), Amount: 1, Currency: money.CNY, Ref: number(fmt.Sprintf("E%d", round), caller, i), Line: "bench",
		})
		return err
	})
	return out.cpuMicros(), err
}

func (s *Stream) uid(caller, i int) uint64 { return s.UIDs[(caller*13+i*29)%len(s.UIDs)] }

// stream runs the process that sends.
func (r *run) stream(ctx context.Context, g *rig, s Stream) (f httpFigures, err error) {
	if err := g.settle(ctx); err != nil {
		return f, err
	}
	file := filepath.Join(g.dir, "stream.json")
	text, err := json.Marshal(s)
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		return f, fmt.Errorf("write the stream: %w", err)
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, r.Self, "bench", "--stream", file)
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	busy, before := cpu(), g.node.Replica().Totals()
	if err := cmd.Run(); err != nil {
		return f, fmt.Errorf("send the stream: %w", err)
	}
	used, after := cpu()-busy, g.node.Replica().Totals()
	f.frame = float64(after.Commands-before.Commands) / float64(max(after.Frames-before.Frames, 1))
	if err := json.Unmarshal(out.Bytes(), &f.Streamed); err != nil || f.Done == 0 {
		return f, errors.Join(errors.New("the stream did nothing"), err)
	}
	f.cpu = micros(used) / float64(f.Done)
	r.Progress("http: %3d connections: %.0f requests/s, p50 %.2f ms, %.0f us CPU a request, %.1f commands a frame", s.Connections, f.Rate, f.P50, f.cpu, f.frame)
	return f, nil
}

// RunStream sends transfers one after the other on each connection. It is what
// the process started with --stream does.
func RunStream(ctx context.Context, file string) (Streamed, error) {
	var s Stream
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		return Streamed{}, fmt.Errorf("read the stream: %w", err)
	}
	guns := make([]gun, s.Connections)
	out, err := closedLoop(ctx, s.Connections, time.Duration(s.Seconds*float64(time.Second)), func(caller, i int) error {
		if status := guns[caller].fire(s.Address, s.wire(caller, i)); status != 200 {
			return fmt.Errorf("answered with status %d", status)
		}
		return nil
	})
	for i := range guns {
		guns[i].close()
	}
	return out.streamed(), err
}

func (o outcome) streamed() Streamed {
	return Streamed{
		Done: o.done, Rate: o.rate(), GeneratorCPUEach: o.cpuMicros(),
		P50: float64(o.latency.ValueAtQuantile(50)) / 1000, P99: float64(o.latency.ValueAtQuantile(99)) / 1000,
	}
}

// wire is one request as it goes over the wire, in the JSON that any client sends.
func (s *Stream) wire(caller, i int) string {
	body := fmt.Sprintf(`{"uid":"%d","amount":"1","ref":"%s"}`, s.uid(caller, i), number(s.Round, caller, i))
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nAccept: */*\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		pbconnect.AdminServicePersonTopupProcedure, s.Token, len(body), body)
}
