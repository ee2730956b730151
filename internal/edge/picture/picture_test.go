package picture_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/edge/picture"
)

const most = 32 << 10

func drawn(t *testing.T, m image.Image, jpg bool) []byte {
	t.Helper()
	var b bytes.Buffer
	err := png.Encode(&b, m)
	if jpg {
		b.Reset()
		err = jpeg.Encode(&b, m, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func square(side int) image.Image { return image.NewGray(image.Rect(0, 0, side, side)) }

// What comes out is a JPEG of the same size, and has nothing that a camera added, nor
// what follows the picture in the file.
func TestPicturesAreDrawnAnew(t *testing.T) {
	t.Parallel()
	place := []byte("GPS 31.2304 N 121.4737 E")
	for _, jpg := range []bool{false, true} {
		plain := drawn(t, square(40), jpg)
		want, err := picture.Redraw(t.Context(), plain, most)
		if err != nil {
			t.Fatal(err)
		}
		got, err := picture.Redraw(t.Context(), append(withPlace(plain, place, jpg), place...), most)
		if err != nil || !bytes.Equal(got, want) || bytes.Contains(got, place) {
			t.Errorf("JPEG %v: the place is still in it, %v", jpg, err)
		}
		size, kind, err := image.DecodeConfig(bytes.NewReader(got))
		if err != nil || kind != "jpeg" || size.Width != 40 || size.Height != 40 {
			t.Errorf("JPEG %v: it is a %s of %d x %d, %v", jpg, kind, size.Width, size.Height, err)
		}
	}
}

// withPlace puts a text into a picture as cameras do.
func withPlace(plain, text []byte, jpg bool) []byte {
	if jpg {
		segment := append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(text)+2)), text...)
		return slices.Insert(slices.Clone(plain), 2, segment...)
	}
	chunk := append([]byte("tEXt"), text...)
	whole := append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), chunk...)
	whole = binary.BigEndian.AppendUint32(whole, crc32.ChecksumIEEE(chunk))
	return slices.Insert(slices.Clone(plain), 33, whole...) // behind IHDR
}

// Noise compresses badly: it gets smaller until it fits.
func TestWhatIsTooLargeGetsSmaller(t *testing.T) {
	t.Parallel()
	m := image.NewRGBA(image.Rect(0, 0, picture.MaxSide, picture.MaxSide-1))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		m.Pix[i] = byte(r.Uint32())
	}
	got, err := picture.Redraw(t.Context(), drawn(t, m, true), most)
	if err != nil || len(got) > most {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	size, _, err := image.DecodeConfig(bytes.NewReader(got))
	if err != nil || size.Width != 256 && size.Width != 128 {
		t.Errorf("it is %d wide, %v", size.Width, err)
	}
}

// A photo as cameras make it is made small before it is sent.
func TestPhotosAreMadeToFit(t *testing.T) {
	t.Parallel()
	sent, err := picture.Fit(drawn(t, image.NewGray(image.Rect(0, 0, 2050, 1500)), true))
	if err != nil || len(sent) > picture.MaxSent {
		t.Fatalf("%d bytes, %v", len(sent), err)
	}
	if _, err := picture.Redraw(t.Context(), sent, most); err != nil {
		t.Error("what fits is refused")
	}
	if _, err := picture.Fit([]byte("hello")); err == nil {
		t.Error("a text fits")
	}
}

// What lets something through lies on white.
func TestClearPixelsAreWhite(t *testing.T) {
	t.Parallel()
	got, err := picture.Redraw(t.Context(), drawn(t, image.NewNRGBA(image.Rect(0, 0, 16, 16)), false), most)
	if err != nil {
		t.Fatal(err)
	}
	m, err := jpeg.Decode(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	if c := color.GrayModel.Convert(m.At(8, 8)).(color.Gray); c.Y < 250 {
		t.Errorf("it is %d", c.Y)
	}
}

func TestWhatIsNoPictureIsRefused(t *testing.T) {
	t.Parallel()
	small, dot := drawn(t, square(40), true), drawn(t, square(1), false)
	huge := slices.Clone(dot)
	binary.BigEndian.PutUint32(huge[16:], 60_000) // its width, as a bomb says it
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	for name, raw := range map[string][]byte{
		"nothing": nil, "text": []byte("hello"), "a GIF": []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), "a wide one": drawn(t, square(picture.MaxSide+1), false),
		"half a JPEG": small[:len(small)/2], "half a PNG": drawn(t, square(40), false)[:50], "one that says it is huge": huge,
		"one of many passes": append(slices.Clone(small), bytes.Repeat([]byte{0xff, 0xda, 0, 2}, 50)...),
	} {
		if _, err := picture.Redraw(t.Context(), raw, most); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 10 { // a place may be free all the same
		if _, err := picture.Redraw(gone, small, most); err != nil && err != context.Canceled {
			t.Error(err)
		}
	}
}

func FuzzRedraw(f *testing.F) {
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Add([]byte{0xff, 0xd8, 0xff, 0xda, 0, 2})
	f.Fuzz(func(t *testing.T, raw []byte) {
		clean, err := picture.Redraw(t.Context(), raw, most)
		if err != nil {
			return
		}
		if again, err := picture.Redraw(t.Context(), clean, most); err != nil || len(again) > most {
			t.Errorf("drawing it again: %v", err)
		}
	})
}
