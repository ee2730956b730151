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
	margin    = 5.0  // from the paper's edge to where it is cut
	mark      = 3.5  // how long cut marks are
	bandHigh  = 26.0 // the coloured band on top, from the paper's edge on
	codeWide  = 66.0 // the code with its border
	codeTop   = 46.0
	backTop   = 28.0
	backWide  = 40.0
	backLarge = 44.0 // where there are one or two
	backGap   = 9.0  // for the label beneath
	thin      = 0.1
)

// Sizes of letters on A6 paper, in points.
const (
	huge, large, middle, small = 24.0, 18.0, 11.0, 8.0
	least                      = 6.0
)

// colour is red, green and blue.
type colour [3]uint8

// The sheet's colours. Codes are black on white, as scanners want them.
var (
	black = colour{}
	white = colour{255, 255, 255}
	grey  = colour{85, 99, 92}
	green = colour{11, 107, 70}
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
	s.front(c)
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
	c.page(bandHigh)
	c.ink(white)
	c.text(15.5, huge, "扫码付款")
	c.text(21.5, middle, "Scan to pay")
	c.ink(black)
	c.text(bandHigh+11, large, s.Merchant)
	c.ink(grey)
	c.text(bandHigh+17, middle, s.Till)
	c.ink(black)
	c.code(s.Link, c.mid()-codeWide/2, codeTop, codeWide)
	c.text(codeTop+codeWide+7, middle, "输入金额，核对商户名称后付款")
	c.ink(grey)
	c.text(codeTop+codeWide+12, small, "Enter the amount, check the name above, then pay")
	c.text(c.p.High/c.scale-margin-4, least, "Holdfast · "+s.Number)
}

// back has the other codes: as large as their number allows, in the middle.
func (s *Sheet) back(c *canvas) {
	c.page(0)
	c.ink(black)
	c.text(18, large, "其他收款方式")
	c.ink(grey)
	c.text(24, middle, "Other ways to pay")
	c.ink(black)
	for i, ch := range s.Back {
		x, y, wide := s.place(c.p.Wide/c.scale, c.p.High/c.scale, i)
		if ch.Picture != nil {
			c.picture(ch.Picture, x, y, wide)
		} else {
			c.code(ch.Link, x, y, wide)
		}
		c.textAt(x+wide/2, y+wide+4, middle, wide+4, ch.Label)
	}
}

// place is where a code stands at the back, and how wide it is: one or two are larger,
// one above the other; what is alone in its row is in the middle.
func (s *Sheet) place(paperWide, paperHigh float64, i int) (x, y, wide float64) {
	columns, wide := 2, backWide
	if len(s.Back) <= 2 {
		columns, wide = 1, backLarge
	}
	rows := (len(s.Back) + columns - 1) / columns
	room := paperHigh - margin - backTop
	x = margin + (paperWide-2*margin)*float64(1+2*(i%columns))/float64(2*columns) - wide/2
	y = backTop + (room-float64(rows)*(wide+backGap))/2 + float64(i/columns)*(wide+backGap)
	if i == len(s.Back)-1 && i%columns == 0 {
		x = paperWide/2 - wide/2
	}
	return x, y, wide
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

// ink is what the text that follows is written with.
func (c *canvas) ink(k colour) { c.pdf.SetTextColor(k[0], k[1], k[2]) }

// page begins a page with marks where it is cut, and a coloured band on top of the
// height, beyond the cut, so that no white edge is left.
func (c *canvas) page(band float64) {
	c.pdf.AddPage()
	if band > 0 {
		c.pdf.SetFillColor(green[0], green[1], green[2])
		c.pdf.RectFromUpperLeftWithStyle(0, 0, c.at(c.p.Wide/c.scale), c.at(band), "F")
	}
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

// code draws a QR code, its border included.
func (c *canvas) code(text string, x, y, wide float64) {
	code, err := paper(text)
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
