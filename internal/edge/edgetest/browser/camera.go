package browser

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// camera is the file that stands in for what the camera sees. All windows have the same
// camera, and none may look through it before AllowCamera.
const camera = "camera.y4m"

// The picture that a camera takes.
const cameraWide, cameraHigh = 640, 480

// held is locked while something is before the camera.
var held sync.Mutex

// Show holds a picture before the camera until away is called. Call it before a page
// looks; whoever has another picture waits.
func Show(t *testing.T, picture []byte) (away func()) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	held.Lock()
	if err := os.WriteFile(chromium.camera, film(img), 0o600); err != nil {
		held.Unlock()
		t.Fatal(err)
	}
	return held.Unlock
}

// film is a second of a picture in the middle of a white wall, as YUV4MPEG2.
func film(img image.Image) []byte {
	const side = cameraHigh * 9 / 10
	frame := bytes.Repeat([]byte{230}, cameraWide*cameraHigh)
	from := img.Bounds()
	for y := range side {
		for x := range side {
			r, g, b, _ := img.At(from.Min.X+x*from.Dx()/side, from.Min.Y+y*from.Dy()/side).RGBA()
			grey := (299*r + 587*g + 114*b) / 1000 >> 8
			frame[(y+(cameraHigh-side)/2)*cameraWide+x+(cameraWide-side)/2] = byte(20 + grey*210/255)
		}
	}
	frame = append(frame, bytes.Repeat([]byte{128}, cameraWide*cameraHigh/2)...)
	film := fmt.Appendf(nil, "YUV4MPEG2 W%d H%d F30:1 Ip A1:1 C420jpeg\n", cameraWide, cameraHigh)
	for range 30 {
		film = append(append(film, "FRAME\n"...), frame...)
	}
	return film
}

// AllowCamera lets a window's pages look through the camera.
func AllowCamera() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		window, err := cdp.Call(ctx, tab, target.GetTargetInfo, target.GetTargetInfoParams{})
		if err != nil {
			return err
		}
		_, err = cdp.Call(ctx, tab, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: "camera"}, Setting: browser.PermissionSettingGranted, BrowserContextID: window.TargetInfo.BrowserContextID})
		return err
	})
}
