// Package browser drives Debian's Chromium for tests of pages: one process for all
// tests of a package, a window with cookies and storage of its own for each phone.
package browser

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// chromium is one browser for all tests, started when the first one asks.
var chromium struct {
	sync.Once
	ctx  context.Context
	stop func()
	err  error
	// camera is where the camera's picture lies.
	camera string
}

func start() {
	path, err := exec.LookPath("chromium")
	if err != nil {
		chromium.err = errors.New("chromium is not installed: apt-get install chromium")
		return
	}
	dir, err := os.MkdirTemp("", "holdfast-chromium")
	if err != nil {
		chromium.err = err
		return
	}
	chromium.camera = filepath.Join(dir, camera)
	flags := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(dir),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-file-for-fake-video-capture", chromium.camera))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), flags...)
	ctx, cancel := chromedp.NewContext(alloc, chromedp.WithErrorf(func(string, ...any) {}))
	chromium.ctx = ctx
	chromium.stop = func() {
		cancel()
		stop()
		_ = os.RemoveAll(dir) // it is in the temporary folder
	}
	chromium.err = chromedp.Do(ctx) // starts it
}

// Main runs a package's tests and ends the browser. Call it from TestMain.
func Main(m *testing.M) {
	out := m.Run()
	if chromium.stop != nil {
		chromium.stop()
	}
	os.Exit(out)
}

// Shots names the folder that tests keep pictures in, in the environment.
const Shots = "HOLDFAST_SHOTS"

// patience bounds how long a test may use a window: longer where it takes pictures.
func patience() time.Duration {
	if os.Getenv(Shots) != "" {
		return 20 * time.Minute
	}
	return 4 * time.Minute
}

// Phone opens a window of its own, with cookies of its own: a phone of 360 by 640
// points that speaks lang. Without Chromium the test is skipped, except where CI is
// set.
func Phone(t *testing.T, lang string) context.Context {
	t.Helper()
	chromium.Do(start)
	if chromium.err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(chromium.err)
		}
		t.Skip(chromium.err)
	}
	ctx, cancel := chromedp.NewContext(chromium.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	speaks := chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": lang}})
		return err
	})
	if err := chromedp.Do(ctx, On(Small), speaks); err != nil {
		t.Fatal(err)
	}
	ctx, expire := context.WithTimeout(ctx, patience())
	t.Cleanup(expire)
	return ctx
}

// Step does the actions or ends the test.
func Step(ctx context.Context, t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// Read does an action that returns something, or ends the test.
func Read[T any](ctx context.Context, t *testing.T, a chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// Scheme shows the page as a phone in light or dark mode does.
func Scheme(mode string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: mode}}})
		return err
	})
}
