// Package drawing draws what people scan: QR codes in a terminal, as SVG and as PNG,
// the bar code of a payer's code, and the sheet that hangs at a till.
package drawing

import (
	"fmt"
	"strconv"

	"rsc.io/qr"
)

// quiet is the light border, in modules, that ISO/IEC 18004 asks for.
const quiet = 4

func encode(text string, level qr.Level) (*qr.Code, error) {
	code, err := qr.Encode(text, level)
	if err != nil {
		return nil, fmt.Errorf("draw a QR code of %d bytes: %w", len(text), err)
	}
	return code, nil
}

// PNG is text as a QR code image with 8 pixels a module. It can be read with 15 % of it
// hidden.
func PNG(text string) ([]byte, error) {
	code, err := encode(text, qr.M)
	if err != nil {
		return nil, err
	}
	return code.PNG(), nil
}

// SVG is text as a QR code of the given width, in millimetres, its border included. It
// can be read with 25 % of it hidden, for prints that get dirty.
func SVG(text string, mm int) ([]byte, error) {
	code, err := encode(text, qr.Q)
	if err != nil {
		return nil, err
	}
	side := strconv.Itoa(code.Size + 2*quiet)
	b := []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="` + strconv.Itoa(mm) + `mm" height="` + strconv.Itoa(mm) + `mm" viewBox="0 0 ` + side + ` ` + side +
		`" shape-rendering="crispEdges"><rect width="` + side + `" height="` + side + `" fill="#fff"/><path fill="#000" d="`)
	runs(code, func(x, y, width int) {
		b = fmt.Appendf(b, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, width, width)
	})
	return append(b, `"/></svg>`+"\n"...), nil
}

// runs visits the dark modules of a code, row by row, those beside each other at once.
func runs(code *qr.Code, visit func(x, y, width int)) {
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > from {
				visit(from, y, x-from)
			}
		}
	}
}
