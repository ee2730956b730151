package drawing

import (
	"strings"

	"rsc.io/qr"
)

// Terminal draws text as a QR code, two rows of modules in one line of
// characters, each line begun with indent. With colour the code is black on
// white whatever the terminal's theme; without, light modules are drawn as
// blocks, which scans on a dark background.
func Terminal(text, indent string, colour bool) (string, error) {
	code, err := encode(text, qr.L)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		b.WriteString(indent)
		if colour {
			b.WriteString("\x1b[30;107m")
		}
		for x := -quiet; x < code.Size+quiet; x++ {
			b.WriteString(half(code.Black(x, y), code.Black(x, y+1), colour))
		}
		if colour {
			b.WriteString("\x1b[0m")
		}
		b.WriteByte('\n')
	}
	return b.String(), nil
}

// half picks the character for an upper and a lower module. With colour the
// character's ink is the dark module; without, it is the light one.
func half(upper, lower, colour bool) string {
	if !colour {
		upper, lower = !upper, !lower
	}
	switch {
	case upper && lower:
		return "█"
	case upper:
		return "▀"
	case lower:
		return "▄"
	default:
		return " "
	}
}
