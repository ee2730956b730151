package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration written like 10s, 5m or 48h.
type Duration time.Duration

// Std is the value as the standard library knows it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// UnmarshalText reads a duration; a bare number is refused, it names no unit.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%.40q is not a time like 10s, 5m or 48h", text)
	}
	if v < 0 {
		return fmt.Errorf("%.40q is negative", text)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes the shortest exact form.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// Bytes is a size written like 64KiB, 1MiB, 2GiB, or a plain number of bytes.
type Bytes uint64

var units = []struct {
	name string
	size uint64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// UnmarshalText reads a size. Decimal units (MB) are refused: half of those
// who write them mean the binary ones.
func (b *Bytes) UnmarshalText(text []byte) error {
	digits, size := strings.TrimSpace(string(text)), uint64(1)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(digits, u.name); ok {
			digits, size = strings.TrimSpace(rest), u.size
			break
		}
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return fmt.Errorf("%.40q is not a size like 64KiB, 1MiB or 2GiB", text)
	}
	if n > math.MaxInt64/size { // sizes meet int64 everywhere
		return fmt.Errorf("%.40q is too large", text)
	}
	*b = Bytes(n * size)
	return nil
}

// MarshalText writes the size in its largest whole unit.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

func (b Bytes) String() string {
	for _, u := range units {
		if b != 0 && uint64(b)%u.size == 0 {
			return strconv.FormatUint(uint64(b)/u.size, 10) + u.name
		}
	}
	return strconv.FormatUint(uint64(b), 10)
}
