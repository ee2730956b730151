// Package drawing draws what people scan: QR codes in a terminal, as SVG and as PNG,
// the bar code of a payer's code, and the sheet that hangs at a till.
package drawing

import (
	"errors"
	"fmt"
	"strconv"

	"rsc.io/qr"
	"rsc.io/qr/coding"
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

// Codes on paper get dirty. In a code of at least this version each module is so small
// against a stain that the stain spoils few codewords besides those it covers; and
// under this mask what fills the code up does not look like the patterns by which
// scanners find its middle. Both were chosen by trying (the test of dirty codes).
const (
	paperVersion = coding.Version(10)
	paperMask    = coding.Mask(4)
)

// paper is text as a QR code to be printed: it can be read with a tenth of it covered by
// opaque stains, if none lies on the three corners by which scanners find a code.
func paper(text string) (*qr.Code, error) {
	failed := func(err error) (*qr.Code, error) {
		return nil, fmt.Errorf("draw a QR code of %d bytes: %w", len(text), err)
	}
	content, version := coding.String(text), paperVersion
	for content.Bits(version) > 8*version.DataBytes(coding.H) {
		if version++; version > coding.MaxVersion {
			return failed(errors.New("text too long to encode as QR"))
		}
	}
	plan, err := coding.NewPlan(version, coding.H, paperMask)
	if err != nil {
		return failed(err)
	}
	code, err := plan.Encode(content)
	if err != nil {
		return failed(err)
	}
	return &qr.Code{Bitmap: code.Bitmap, Size: code.Size, Stride: code.Stride, Scale: 8}, nil
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

// SVG is text as a QR code of the given width, in millimetres, its border included, to be
// printed.
func SVG(text string, mm int) ([]byte, error) {
	code, err := paper(text)
	if err != nil {
		return nil, err
	}
	return svg(code, mm), nil
}

func svg(code *qr.Code, mm int) []byte {
	side := strconv.Itoa(code.Size + 2*quiet)
	b := []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="` + strconv.Itoa(mm) + `mm" height="` + strconv.Itoa(mm) + `mm" viewBox="0 0 ` + side + ` ` + side +
		`" shape-rendering="crispEdges"><rect width="` + side + `" height="` + side + `" fill="#fff"/><path fill="#000" d="`)
	runs(code, func(x, y, width int) {
		b = fmt.Appendf(b, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, width, width)
	})
	return append(b, `"/></svg>`+"\n"...)
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
