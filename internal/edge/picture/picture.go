// Package picture reads pictures that people send, PNG or JPEG within bounds, and draws
// them anew: what comes out is a JPEG that this program made, with nothing in it of
// where and when it was taken, by whom, or of whatever else a file can carry.
package picture

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	_ "image/png" // read
)

const (
	// MaxSide is the longest side of a picture in pixels.
	MaxSide = 1024
	// maxScans bounds the passes over a progressive JPEG: each costs the time of the
	// whole picture, and takes only a few bytes.
	maxScans = 32
	// atOnce is how many are drawn at a time: each takes a core, and up to 10 MB.
	atOnce = 2
)

// ErrPicture says that something is no picture that is taken.
var ErrPicture = errors.New("no PNG or JPEG within the bounds")

// qualities are tried in turn until a picture is small enough.
var qualities = []int{85, 70, 50, 30}

var drawing = make(chan struct{}, atOnce)

// Redraw checks a picture and draws it anew, in at most so many bytes. It looks at the
// size before it decodes anything: a small file can say that it is a huge picture. Any
// error but ctx's is ErrPicture.
func Redraw(ctx context.Context, raw []byte, most int) ([]byte, error) {
	size, kind, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil || size.Width < 1 || size.Height < 1 || size.Width > MaxSide || size.Height > MaxSide {
		return nil, ErrPicture
	}
	if kind == "jpeg" && bytes.Count(raw, []byte{0xff, 0xda}) > maxScans {
		return nil, ErrPicture
	}
	select {
	case drawing <- struct{}{}:
		defer func() { <-drawing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	m, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, ErrPicture
	}
	return encode(onWhite(m), most)
}

// onWhite lays a picture on white, where it lets something through.
func onWhite(m image.Image) image.Image {
	if o, ok := m.(interface{ Opaque() bool }); ok && o.Opaque() {
		return m
	}
	flat := image.NewRGBA(m.Bounds())
	draw.Draw(flat, flat.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(flat, flat.Rect, m, m.Bounds().Min, draw.Over)
	return flat
}

const (
	// MaxSent is how large a picture may be that is sent, in bytes.
	MaxSent = 40 << 10
	// maxPixels bounds what a sender makes smaller.
	maxPixels = 100 << 20
)

// Fit makes a photo small enough to be sent. It is for the sender's own machine: it
// decodes what is far larger than a node would look at.
func Fit(raw []byte) ([]byte, error) {
	size, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil || size.Width < 1 || size.Height < 1 || size.Width > maxPixels/size.Height {
		return nil, ErrPicture
	}
	m, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, ErrPicture
	}
	for m.Bounds().Dx() > MaxSide || m.Bounds().Dy() > MaxSide {
		m = half(m)
	}
	return encode(onWhite(m), MaxSent)
}

func encode(m image.Image, most int) ([]byte, error) {
	var b bytes.Buffer
	for _, q := range qualities {
		b.Reset()
		if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: q}); err != nil {
			return nil, ErrPicture
		}
		if b.Len() <= most {
			return b.Bytes(), nil
		}
	}
	return encode(half(m), most)
}

// half is a picture with every second pixel, each way: 1,024 a side are small enough
// long before there is nothing left.
func half(m image.Image) image.Image {
	from := m.Bounds()
	small := image.NewRGBA(image.Rect(0, 0, (from.Dx()+1)/2, (from.Dy()+1)/2))
	for y := range small.Rect.Dy() {
		for x := range small.Rect.Dx() {
			small.Set(x, y, m.At(from.Min.X+2*x, from.Min.Y+2*y))
		}
	}
	return small
}
