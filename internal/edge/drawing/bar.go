package drawing

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"github.com/boombuler/barcode/code128"
	"rsc.io/qr"
)

const (
	// barQuiet is the light border at each end of a bar code, in modules (ISO/IEC 15417).
	barQuiet = 10
	// barHigh is how high the bars are, in modules: scanners at tills want at least 15 %
	// of the width.
	barHigh = 40
)

// bars is text as a Code 128 bar code: which modules are dark. Pairs of digits take one
// symbol, so that a payer's code has nine.
func bars(text string) ([]bool, error) {
	code, err := code128.Encode(text)
	if err != nil {
		return nil, fmt.Errorf("draw a bar code of %d characters: %w", len(text), err)
	}
	dark := make([]bool, code.Bounds().Dx())
	for x := range dark {
		grey, _, _, _ := code.At(x, 0).RGBA()
		dark[x] = grey == 0
	}
	return dark, nil
}

// BarPNG is text as a Code 128 bar code with 4 pixels a module.
func BarPNG(text string) ([]byte, error) {
	dark, err := bars(text)
	if err != nil {
		return nil, err
	}
	const scale = 4
	img := image.NewGray(image.Rect(0, 0, (len(dark)+2*barQuiet)*scale, barHigh*scale))
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			m := x/scale - barQuiet
			if m < 0 || m >= len(dark) || !dark[m] {
				img.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("draw a bar code: %w", err)
	}
	return b.Bytes(), nil
}

// PayerSVG is a payer's code as tills read it, bar code above and QR code below it, with
// the digits between them.
func PayerSVG(code string) ([]byte, error) {
	dark, err := bars(code)
	if err != nil {
		return nil, err
	}
	drawn, err := encode(code, qr.Q) // on a screen
	if err != nil {
		return nil, err
	}
	below := svg(drawn, payerMM)
	wide := len(dark) + 2*barQuiet
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%dmm" height="%dmm" viewBox="0 0 %d %d"><rect width="%d" height="%d" fill="#fff"/><path fill="#000" shape-rendering="crispEdges" d="`,
		payerMM, payerMM*2, wide, wide*2, wide, wide*2)
	for x := 0; x < len(dark); x++ {
		from := x
		for x < len(dark) && dark[x] {
			x++
		}
		if x > from {
			fmt.Fprintf(&b, "M%d %dh%dv%dh-%dz", from+barQuiet, barQuiet, x-from, barHigh, x-from)
		}
	}
	fmt.Fprintf(&b, `"/><text x="%d" y="%d" font-family="monospace" font-size="10" text-anchor="middle">%s</text><svg y="%d" width="%d" height="%d"`,
		wide/2, barHigh+2*barQuiet+2, code, wide-barHigh, wide, wide)
	// The QR code's own svg element, without its size.
	at := bytes.Index(below, []byte(" viewBox"))
	b.Write(below[at:])
	b.WriteString("</svg>\n")
	return b.Bytes(), nil
}

// payerMM is how wide a payer's code is drawn, in millimetres.
const payerMM = 60
