package e2e

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"scanpost/cmd/demo"
)

var pictures = flag.Bool("pictures", false, "take the README's pictures anew, into docs/img")

// browser starts Chromium, or skips the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("skipped: Chromium is not installed (apt-get install chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.WindowSize(1440, 1000))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return ctx
}

// tab opens a page in a tab of its own. A script that fails there, or that
// writes an error to the console, fails the test.
func tab(t *testing.T, browser context.Context, url string, width, height int64) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithListener(func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("%s: a script failed: %+v", url, e.ExceptionDetails)
		case *runtime.EventConsoleAPICalled:
			if e.Type == "error" {
				t.Errorf("%s wrote an error to its console: %+v", url, e.Args)
			}
		}
	}))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height), chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// do runs actions in a tab.
func do(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := chromedp.Do(bounded, actions...); err != nil {
		t.Fatal(err)
	}
}

// script runs a script in a tab and returns what it says.
func script[T any](t *testing.T, ctx context.Context, text string) T {
	t.Helper()
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	got, err := chromedp.Run(bounded, chromedp.Evaluate[T](text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return got
}

// until waits until a condition holds on the page.
func until(t *testing.T, ctx context.Context, condition string) {
	t.Helper()
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := chromedp.Run(bounded, chromedp.Poll[bool]("!!("+condition+")", chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(patience)))
	if err != nil {
		t.Fatalf("waited in vain for %s: %v", condition, err)
	}
}

func colours(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	})
}

// picture takes one, for a person to look at.
func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	png, err := chromedp.Run(bounded, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if *pictures {
		dir = filepath.Join("..", "..", "docs", "img")
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// A person looks at the demo: a skipped scan appears on the board without a
// reload, the operator is warned with the parcel in the hand, and the parcel's
// page says what is missing and on what evidence.
func TestBrowser(t *testing.T) {
	chromium := browser(t)
	built := make(chan demo.Site, 1)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	var out bytes.Buffer
	go func() {
		ended <- demo.Run(ctx, demo.Options{Speed: 1, Seed: 1, Board: "127.0.0.1:0", Out: &out, Log: slog.New(slog.DiscardHandler), Version: "test",
			Built: func(s demo.Site) { built <- s }})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the demo ended with %v", err)
		}
	})
	site := <-built

	// Pages that are open before anything happens, and are never loaded again.
	board := tab(t, chromium, site.Board+"/", 1440, 1000)
	label := tab(t, chromium, site.Screens[2]+"/", 1024, 600)
	script[bool](t, board, `window.sameLoad = true`)
	script[bool](t, label, `window.titles = [];
		new MutationObserver(() => { const h = document.querySelector("#outcome h1"); if (h) titles.push(h.textContent.trim().toUpperCase()); })
			.observe(document.getElementById("outcome"), {childList: true, subtree: true}); true`)

	// The third parcel skips Pack just before the network of Pack goes down:
	// unknown first.
	const skipped = "00033"
	row := `[...document.querySelectorAll("#rows tr")].find(r => r.textContent.includes("` + skipped + `"))`
	until(t, board, row+`?.textContent.includes("Unknown at Pack")`)
	picture(t, board, "board-unknown")
	until(t, board, row+`?.textContent.includes("Missing at Pack")`)
	until(t, label, `titles.includes("SAVED")`)

	// The second skip, with all stations heard, is told in the hand.
	until(t, label, `titles.includes("NOT SEEN AT PACK")`)
	picture(t, label, "screen-missing")
	until(t, board, `[...document.querySelectorAll("#rows tr")].filter(r => r.textContent.includes("Missing at")).length >= 3`)
	picture(t, board, "board-light")
	do(t, board, colours("dark"))
	picture(t, board, "board-dark")
	do(t, board, colours("light"))
	if !script[bool](t, board, `window.sameLoad === true`) {
		t.Error("the board was loaded again: its stream of changes did not bring the rows")
	}

	// Open the parcel from its row.
	script[bool](t, board, row+`.querySelector("a").click() || true`)
	do(t, board, chromedp.WaitVisible(chromedp.CSS(`#line .gapbox`)))
	text := script[string](t, board, `document.getElementById("line").textContent`)
	for _, want := range []string{"Missing at Pack", "Passed Pack without a scan", "receive-01", "label-01"} {
		if !strings.Contains(text, want) {
			t.Errorf("the parcel's page lacks %q:\n%s", want, text)
		}
	}
	picture(t, board, "unit-light")
	do(t, board, colours("dark"))
	picture(t, board, "unit-dark")

	// A decision closes the gap, with a name.
	do(t, board, chromedp.SetValue(chromedp.CSS(`form.decide input[name=by]`), "MK"), chromedp.Click(chromedp.CSS(`form.decide .btn-main`)))
	wait(t, "the decision is kept", func() bool {
		got := get(site.Board + "/api/v1/gaps?state=closed&q=" + skipped)
		return strings.Contains(got, `"closed_as": "resolved"`) && strings.Contains(got, `"by": "MK"`)
	})
}
