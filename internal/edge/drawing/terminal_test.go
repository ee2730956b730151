package drawing

import (
	"bytes"
	"image/png"
	"strings"
	"testing"

	rsc "rsc.io/qr"
)

// The drawing is read back module by module and compared with the code.
func TestTerminalDrawsEveryModule(t *testing.T) {
	t.Parallel()
	const text = "http://127.0.0.1:9080/pay/wx20181121002330a1b2c3d4e5f60718293a"
	code, err := rsc.Encode(text, rsc.L)
	if err != nil {
		t.Fatal(err)
	}
	for _, colour := range []bool{true, false} {
		drawn, err := Terminal(text, "  ", colour)
		if err != nil {
			t.Fatal(err)
		}
		modules := readBack(t, drawn, colour)
		for y := -quiet; y < code.Size+quiet; y++ {
			for x := -quiet; x < code.Size+quiet; x++ {
				if got := modules[y+quiet][x+quiet]; got != code.Black(x, y) {
					t.Fatalf("colour %v: module (%d,%d) drawn %v, code says %v", colour, x, y, got, code.Black(x, y))
				}
			}
		}
	}
}

func readBack(t *testing.T, drawn string, colour bool) [][]bool {
	t.Helper()
	drawn = strings.NewReplacer("\x1b[30;107m", "", "\x1b[0m", "").Replace(drawn)
	var rows [][]bool
	for line := range strings.Lines(drawn) {
		line = strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "  ")
		var upper, lower []bool
		for _, r := range line {
			u, l := r == '█' || r == '▀', r == '█' || r == '▄'
			upper, lower = append(upper, u == colour), append(lower, l == colour)
		}
		rows = append(rows, upper, lower)
	}
	return rows
}

func TestPNGIsAnImageOfTheCode(t *testing.T) {
	t.Parallel()
	data, err := PNG("https://pay.example/pay/wx1")
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if w := img.Bounds().Dx(); w < 100 || w != img.Bounds().Dy() {
		t.Fatalf("image is %v", img.Bounds())
	}
}

func TestTooLongIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := Terminal(strings.Repeat("x", 4000), "", false); err == nil {
		t.Fatal("4,000 bytes fit into no QR code")
	}
	if _, err := PNG(strings.Repeat("x", 4000)); err == nil {
		t.Fatal("4,000 bytes fit into no QR code")
	}
}
