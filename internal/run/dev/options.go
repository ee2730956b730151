package dev

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// DefaultData is the folder used when none is named.
const DefaultData = "holdfast-data"

// Options are what the command line says.
type Options struct {
	// Data is the folder, made when it does not exist.
	Data string
	// Addr is where the platform listens, HOST:PORT; "" picks 127.0.0.1:9080,
	// or another port when that one is taken.
	Addr string
	// TLS is where the door answers besides its own address, HOST:PORT, for
	// programs that ignore proxies and go by the hosts file; "" is nowhere.
	TLS string
	// Nodes is how many nodes run: 1, 3 or 5; 0 is what the folder has, or 1.
	Nodes int
	// LogLevel is that of the nodes' logs in DIR/logs; "" is info. At debug each
	// request of a merchant is a line with its Request-ID.
	LogLevel string
	// Once ends the run after the purchase.
	Once bool
	// Executable is the holdfast binary that the children run.
	Executable string
	// Tell takes the narration.
	Tell io.Writer
	// Colour allows escape codes in the narration.
	Colour bool
	// Chinese tells the story in Chinese.
	Chinese bool
	// Began is when the process was started, for the figures; zero is now.
	Began time.Time
	// Bought is called once with the purchase's outcome.
	Bought func(*Purchase) error
}

// Failure is an error with what to do about it.
type Failure struct {
	Err  error
	Hint string
	// Usage says that the command line is to blame.
	Usage bool
	// Exit is the exit code of the child that failed, 0 when none did.
	Exit int
}

func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

func (o *Options) check() error {
	if o.Data == "" {
		o.Data = DefaultData
	}
	if o.Began.IsZero() {
		o.Began = time.Now()
	}
	if o.Bought == nil {
		o.Bought = func(*Purchase) error { return nil }
	}
	if o.Executable == "" || o.Tell == nil {
		return errors.New("dev: Executable and Tell are needed")
	}
	switch o.Nodes {
	case 0, 1, 3, 5:
	default:
		return &Failure{Err: fmt.Errorf("--nodes %d: a sandbox has 1, 3 or 5 nodes", o.Nodes), Hint: "3 survive the loss of one, 5 of two; an even number survives no more than one less", Usage: true}
	}
	if err := checkAddress("--addr", o.Addr, "127.0.0.1:9080, or 127.0.0.1:0 for any free port"); err != nil {
		return err
	}
	return checkAddress("--tls", o.TLS, "127.0.0.1:443")
}

// checkAddress refuses what is neither empty nor HOST:PORT.
func checkAddress(flag, address, example string) error {
	if address == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(address)
	if _, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil {
		return &Failure{Err: fmt.Errorf("%s %q is not HOST:PORT", flag, address), Hint: "for example " + flag + " " + example, Usage: true}
	}
	return nil
}
