package drawing

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// What the codes say that people draw here: an order's, a printed one, one to be paid by
// and a payer's.
var said = map[string]string{
	"order":   "https://pay.example.com/pay/wx20181121002330a1b2c3d4e5f60718293a",
	"printed": "https://pay.example.com/c/ABEiM0RVZneImaq7zN3u_w",
	"receive": "holdfast:receive/00112233445566778899aabbccddeeff/1250/0123456789abcdef",
	"payer":   payers,
}

const payers = "131234567890123456"

func scanned(img image.Image, by gozxing.Reader) string {
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		return err.Error()
	}
	got, err := by.Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		return "unread: " + err.Error()
	}
	return got.GetText()
}

func decoded(t *testing.T, data []byte, err error) image.Image {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// A scanner reads every code as PNG, as SVG and off the terminal.
func TestScannerReadsEveryCode(t *testing.T) {
	t.Parallel()
	for name, text := range said {
		data, err := PNG(text)
		if got := scanned(decoded(t, data, err), qrcode.NewQRCodeReader()); got != text {
			t.Errorf("%s as PNG is read as %q", name, got)
		}
		svg, err := SVG(text, 40)
		if err != nil {
			t.Fatal(err)
		}
		if got := scanned(painted(t, string(svg)), qrcode.NewQRCodeReader()); got != text {
			t.Errorf("%s as SVG is read as %q", name, got)
		}
		for _, colour := range []bool{true, false} {
			drawn, err := Terminal(text, "  ", colour)
			if err != nil {
				t.Fatal(err)
			}
			if got := scanned(enlarged(readBack(t, drawn, colour)), qrcode.NewQRCodeReader()); got != text {
				t.Errorf("%s in the terminal is read as %q", name, got)
			}
		}
	}
	data, err := BarPNG(payers)
	if got := scanned(decoded(t, data, err), oned.NewCode128Reader()); got != payers {
		t.Errorf("the bar code is read as %q", got)
	}
}

// The picture of a payer's code has both, and the digits.
func TestPayersPictureHasBoth(t *testing.T) {
	t.Parallel()
	svg, err := PayerSVG(payers)
	if err != nil {
		t.Fatal(err)
	}
	outer, inner, ok := strings.Cut(string(svg), "<text ")
	if !ok || !strings.Contains(inner, ">"+payers+"<") {
		t.Fatalf("drawn %s", svg)
	}
	if got := scanned(painted(t, outer), oned.NewCode128Reader()); got != payers {
		t.Errorf("its bar code is read as %q", got)
	}
	at := strings.Index(inner, "<svg ")
	if got := scanned(painted(t, inner[at:]), qrcode.NewQRCodeReader()); got != payers {
		t.Errorf("its QR code is read as %q", got)
	}
}

var (
	viewBox = regexp.MustCompile(`viewBox="0 0 (\d+) (\d+)"`)
	runOf   = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v(\d+)h-\d+z`)
)

// painted paints the rectangles of an SVG's path, 6 pixels a unit.
func painted(t *testing.T, svg string) image.Image {
	t.Helper()
	number := func(s string) int { n, _ := strconv.Atoi(s); return n * 6 }
	box := viewBox.FindStringSubmatch(svg)
	if box == nil {
		t.Fatalf("no viewBox in %.100s", svg)
	}
	img := image.NewGray(image.Rect(0, 0, number(box[1]), number(box[2])))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	for _, r := range runOf.FindAllStringSubmatch(svg, -1) {
		x, y := number(r[1]), number(r[2])
		draw.Draw(img, image.Rect(x, y, x+number(r[3]), y+number(r[4])), image.Black, image.Point{}, draw.Src)
	}
	return img
}

func enlarged(modules [][]bool) image.Image {
	img := image.NewGray(image.Rect(0, 0, len(modules[0])*6, len(modules)*6))
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			if !modules[y/6][x/6] {
				img.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	return img
}

func sheet() *Sheet {
	return &Sheet{
		Merchant: "老王茶铺 Wang's Tea", Till: "二号柜台 Counter 2", Number: "till 7", Link: said["printed"],
		Back: []Channel{{Label: "微信 WeChat", Link: "wxp://f2f0abcdefghijklmnopqrstuvwxyz"}, {Label: "支付宝 Alipay", Link: "https://qr.example.com/fkx00001abcdef"}},
	}
}

// A scanner reads the sheet as it comes out of a printer of 200 dots an inch, on both
// papers, with stains on each code; and the words on it are words.
func TestScannerReadsADirtySheet(t *testing.T) {
	t.Parallel()
	for name, paper := range Papers {
		pdf, err := sheet().PDF(paper)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(pdf, []byte("%PDF-")) || len(pdf) > 200_000 {
			t.Fatalf("%s: %d bytes that begin with %.10q", name, len(pdf), pdf)
		}
		pages := printed(t, pdf)
		if len(pages) != 2 {
			t.Fatalf("%s has %d pages", name, len(pages))
		}
		scale := paper.Wide / Papers["a6"].Wide
		dot := func(mm float64) int { return int(mm * scale * 200 / 25.4) }
		front := image.Rect(dot(52.5-codeWide/2), dot(codeTop), dot(52.5+codeWide/2), dot(codeTop+codeWide))
		seeds := uint64(40)
		if name == "a4" { // its code is the same, four times as large
			seeds = 4
		}
		var lost []uint64
		for seed := range seeds {
			if seed < 12 {
				if got := scanned(dirty(pages[0], front, seed, true), qrcode.NewQRCodeReader()); got != said["printed"] {
					t.Errorf("%s, coffee %d: the code is read as %q", name, seed, got)
				}
			}
			if got := scanned(dirty(pages[0], front, seed, false), qrcode.NewQRCodeReader()); got != said["printed"] {
				lost = append(lost, seed)
			}
		}
		// All stains may lie on one block of codewords, which no code can make up for.
		if len(lost) > 1 {
			t.Errorf("%s: of %d codes with ink on them these are not read: %v", name, seeds, lost)
		}
		for i, ch := range sheet().Back {
			x, y, wide := sheet().place(105, paper.High/scale, i)
			at := image.Rect(dot(x), dot(y), dot(x+wide), dot(y+wide))
			if got := scanned(dirty(pages[1], at, 1, i == 0), qrcode.NewQRCodeReader()); got != ch.Link {
				t.Errorf("%s: the code of %s is read as %q", name, ch.Label, got)
			}
		}
	}
}

// dirty is a code, cut out with what is around it, with stains over a tenth of it: of
// coffee, which is not opaque, or of ink and scratches, which are and spare the three
// corners by which scanners find a code.
func dirty(page image.Image, at image.Rectangle, seed uint64, coffee bool) image.Image {
	img := image.NewGray(at.Inset(-10))
	draw.Draw(img, img.Rect, page, img.Rect.Min, draw.Src)
	draws, side := rand.New(rand.NewPCG(seed, 7)), at.Dx()
	const share = 10
	covered := make(map[image.Point]bool, side*side/share)
	for len(covered) < side*side/share {
		radius := side/16 + draws.IntN(side/16)
		c := image.Pt(at.Min.X+draws.IntN(side), at.Min.Y+draws.IntN(side))
		ink := uint8(draws.IntN(2) * 255)
		for y := -radius; y <= radius; y++ {
			for x := -radius; x <= radius; x++ {
				p := c.Add(image.Pt(x, y))
				if x*x+y*y > radius*radius || !p.In(at) || covered[p] || !coffee && corner(p.Sub(at.Min), side) {
					continue
				}
				covered[p] = true
				if coffee {
					img.SetGray(p.X, p.Y, color.Gray{Y: uint8(int(img.GrayAt(p.X, p.Y).Y) * 3 / 4)})
				} else {
					img.SetGray(p.X, p.Y, color.Gray{Y: ink})
				}
			}
		}
	}
	return img
}

// corner says whether a point lies in one of the three corners that scanners look for.
func corner(p image.Point, side int) bool {
	near, far := side/3, side*2/3
	return p.X < near && p.Y < near || p.X > far && p.Y < near || p.X < near && p.Y > far
}

// printed are a PDF's pages at 200 dots an inch.
func printed(t *testing.T, pdf []byte) (pages []image.Image) {
	t.Helper()
	if _, err := exec.LookPath("pdftoppm"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("pdftoppm is missing: make deps")
		}
		t.Skip("pdftoppm is missing: make deps")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "sheet.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "pdftoppm", "-r", "200", "-gray", "-png", file, filepath.Join(dir, "page")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := exec.CommandContext(t.Context(), "pdftotext", file, "-").CombinedOutput()
	if err != nil || !strings.Contains(string(text), "老王茶铺") || !strings.Contains(string(text), "Counter 2") {
		t.Errorf("the sheet's words are %q, %v", text, err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "page*.png"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		pages = append(pages, decoded(t, data, err))
	}
	return pages
}

// What the font lacks is named, more channels than there is room for are refused, and a
// long name is made to fit.
func TestWhatASheetRefuses(t *testing.T) {
	t.Parallel()
	s := sheet()
	s.Merchant = "𠮷野家"
	if _, err := s.PDF(Papers["a6"]); err == nil || !strings.Contains(err.Error(), "U+20BB7") {
		t.Errorf("a character that the font lacks: %v", err)
	}
	s = sheet()
	s.Back = make([]Channel, 5)
	if _, err := s.PDF(Papers["a6"]); err == nil {
		t.Error("five channels at the back")
	}
	s = sheet()
	s.Merchant = strings.Repeat("很长的商户名称", 12)
	if _, err := s.PDF(Papers["a6"]); err != nil {
		t.Errorf("a long name: %v", err)
	}
	if _, err := Picture("no picture"); err == nil {
		t.Error("no picture is one")
	}
}
