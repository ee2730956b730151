package drawing

import (
	_ "embed"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // other channels' codes come as pictures of either kind
	_ "image/png"
	"strings"
	"unicode/utf8"

	"github.com/signintech/gopdf"
	"rsc.io/qr"
)

// font has the characters of GB 2312 (font/LICENSE).
//
//go:embed font/microhei.ttf
var font []byte

// Paper is what a sheet is printed on, in millimetres.
type Paper struct{ Wide, High float64 }

// Papers are those that sheets are laid out for, by name.
var Papers = map[string]Paper{"a4": {210, 297}, "a6": {105, 148}}

// Sheet hangs at a till: its code in front, and room for other channels' codes at the
// back.
type Sheet struct {
	// Merchant and Till are names; Number is the till's.
	Merchant, Till, Number string
	// Link is what the code says.
	Link string
	// Back are other channels' codes, at most four.
	Back []Channel
}

// Channel is another channel's code: a link that is drawn, or a picture.
type Channel struct {
	Label, Link string
	Picture     image.Image
}

// MaxBack is how many codes the back has room for.
const MaxBack = 4

// Measures of a sheet on A6 paper, in millimetres; on A4 they are twice as much.
const (
	margin   = 5.0  // from the paper's edge to where it is cut
	mark     = 3.5  // how long cut marks are
	codeWide = 68.0 // the code with its border
	codeTop  = 26.0
	backWide = 40.0
	thin     = 0.1
)

// Sizes of letters on A6 paper, in points.
const (
	large, middle, small = 20.0, 12.0, 8.0
	least                = 6.0
)

// pointsPerMM converts to what a PDF measures in.
const pointsPerMM = 72 / 25.4

var errTooManyChannels = fmt.Errorf("the back has room for %d other codes", MaxBack)

// PDF is the sheet on a paper: two pages, front and back. Characters that the font lacks
// are refused by name rather than printed as gaps.
func (s *Sheet) PDF(p Paper) ([]byte, error) {
	if len(s.Back) > MaxBack {
		return nil, errTooManyChannels
	}
	c := &canvas{p: p, scale: p.Wide / Papers["a6"].Wide}
	if err := c.begin(s.Merchant + " " + s.Till); err != nil {
		return nil, err
	}
	c.page()
	s.front(c)
	c.page()
	s.back(c)
	if c.err == nil && len(c.missing) > 0 {
		c.err = fmt.Errorf("the sheet's font lacks %s: change the name, or print the code as svg", strings.Join(c.missing, " "))
	}
	if c.err != nil {
		return nil, c.err
	}
	out, err := c.pdf.GetBytesPdfReturnErr()
	if err != nil {
		return nil, fmt.Errorf("draw a sheet: %w", err)
	}
	return out, nil
}

func (s *Sheet) front(c *canvas) {
	c.text(14, large, "扫码付款  Scan to pay")
	c.code(s.Link, c.mid()-codeWide/2, codeTop, codeWide)
	c.text(codeTop+codeWide+8, large, s.Merchant)
	c.text(codeTop+codeWide+16, middle, s.Till)
	c.text(codeTop+codeWide+26, middle, "请输入金额，核对商户名称后付款")
	c.text(codeTop+codeWide+31, small, "Type the amount, check the name above, then pay")
	c.text(codeTop+codeWide+39, least, "Holdfast · "+s.Number)
}

// back has the other codes in two columns, the first in the middle when it is alone.
func (s *Sheet) back(c *canvas) {
	if len(s.Back) == 0 {
		c.text(14, middle, "其他收款码  Other codes")
	}
	for i, ch := range s.Back {
		x, y := margin+(c.p.Wide/c.scale-2*margin)*float64(1+2*(i%2))/4-backWide/2, 18+float64(i/2)*(backWide+20)
		if len(s.Back) == 1 {
			x = c.mid() - backWide/2
		}
		if ch.Picture != nil {
			c.picture(ch.Picture, x, y, backWide)
		} else {
			c.code(ch.Link, x, y, backWide)
		}
		c.textAt(x+backWide/2, y+backWide+7, middle, backWide+4, ch.Label)
	}
}

// canvas is a PDF that is drawn in the measures of A6. What goes wrong first stays in
// err.
type canvas struct {
	p       Paper
	scale   float64
	pdf     gopdf.GoPdf
	missing []string
	err     error
}

const face = "microhei"

func (c *canvas) begin(title string) error {
	c.pdf.Start(gopdf.Config{PageSize: gopdf.Rect{W: c.p.Wide * pointsPerMM, H: c.p.High * pointsPerMM}})
	c.pdf.SetInfo(gopdf.PdfInfo{Title: title, Creator: "holdfast till sheet"})
	lacks := func(r rune) {
		if name := fmt.Sprintf("%c (U+%04X)", r, r); !strings.Contains(strings.Join(c.missing, " "), name) {
			c.missing = append(c.missing, name)
		}
	}
	if err := c.pdf.AddTTFFontDataWithOption(face, font, gopdf.TtfOption{OnGlyphNotFound: lacks}); err != nil {
		return fmt.Errorf("read the sheet's font: %w", err)
	}
	return nil
}

func (c *canvas) do(err error) {
	if c.err == nil && err != nil {
		c.err = fmt.Errorf("draw a sheet: %w", err)
	}
}

// mid is the middle of the paper in the measures of A6.
func (c *canvas) mid() float64 { return c.p.Wide / c.scale / 2 }

// at converts a length.
func (c *canvas) at(mm float64) float64 { return mm * c.scale * pointsPerMM }

// page begins a page with marks where it is cut.
func (c *canvas) page() {
	c.pdf.AddPage()
	c.pdf.SetLineWidth(c.at(thin))
	wide, high := c.p.Wide/c.scale, c.p.High/c.scale
	for _, x := range []float64{margin, wide - margin} {
		for _, y := range []float64{0, high - mark} {
			c.pdf.Line(c.at(x), c.at(y), c.at(x), c.at(y+mark))
		}
	}
	for _, y := range []float64{margin, high - margin} {
		for _, x := range []float64{0, wide - mark} {
			c.pdf.Line(c.at(x), c.at(y), c.at(x+mark), c.at(y))
		}
	}
}

// code draws a QR code, its border included. It can be read with 30 % of it hidden.
func (c *canvas) code(text string, x, y, wide float64) {
	code, err := encode(text, qr.H)
	if err != nil {
		c.do(err)
		return
	}
	module := wide / float64(code.Size+2*quiet)
	c.pdf.SetFillColor(0, 0, 0)
	runs(code, func(mx, my, width int) {
		// A hair higher than a module, so that no light line shows between rows.
		c.pdf.RectFromUpperLeftWithStyle(c.at(x+float64(mx+quiet)*module), c.at(y+float64(my+quiet)*module), c.at(float64(width)*module), c.at(module*1.02), "F")
	})
}

func (c *canvas) picture(img image.Image, x, y, wide float64) {
	c.do(c.pdf.ImageFrom(img, c.at(x), c.at(y), &gopdf.Rect{W: c.at(wide), H: c.at(wide)}))
}

// text writes a line in the middle of the paper.
func (c *canvas) text(y, size float64, s string) {
	c.textAt(c.mid(), y, size, c.p.Wide/c.scale-4*margin, s)
}

// textAt writes a line around a point, smaller where it would be wider than it may, and
// cut off where it would be too small to read.
func (c *canvas) textAt(x, y, size, most float64, s string) {
	if s == "" || c.err != nil {
		return
	}
	for {
		c.do(c.pdf.SetFont(face, "", size*c.scale))
		wide, err := c.pdf.MeasureTextWidth(s)
		if c.do(err); c.err != nil {
			return
		}
		switch {
		case wide <= c.at(most):
			c.pdf.SetXY(c.at(x)-wide/2, c.at(y)-size*c.scale*0.8)
			c.do(c.pdf.Cell(nil, s))
			return
		case size > least:
			size--
		default:
			s = shorter(s)
		}
	}
}

// shorter is a text without its last character, which three dots stand for.
func shorter(s string) string {
	s = strings.TrimSuffix(s, "…")
	_, n := utf8.DecodeLastRuneInString(s)
	return s[:len(s)-n] + "…"
}

// Picture reads another channel's code from a PNG or JPEG.
func Picture(data string) (image.Image, error) {
	img, _, err := image.Decode(strings.NewReader(data))
	if err != nil {
		return nil, errors.New("the picture is neither PNG nor JPEG")
	}
	return img, nil
}
