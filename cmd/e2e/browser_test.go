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
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return ctx
}

// tab opens a page in a tab of its own, and fails the test if the page says
// anything on its console or breaks its content security policy.
func tab(t *testing.T, browser context.Context, url string, width, height int64) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	chromedp.ListenTarget(ctx, func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("%s: %s", url, e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.APITypeError {
				t.Errorf("%s wrote an error to its console: %s", url, e.Args[0].Value)
			}
		}
	})
	run(t, ctx, chromedp.EmulateViewport(width, height), chromedp.Navigate(url))
	return ctx
}

func run(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := chromedp.Run(bounded, actions...); err != nil {
		t.Fatal(err)
	}
}

func colours(scheme string) chromedp.Action {
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}})
}

// picture takes one, for a person to look at.
func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	var png []byte
	run(t, ctx, chromedp.CaptureScreenshot(&png))
	dir := t.TempDir()
	if *pictures {
		dir = filepath.Join("..", "..", "docs", "img")
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// until waits until an expression of the page is true.
func until(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	run(t, ctx, chromedp.Poll(expression, nil, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(patience)))
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
	run(t, board, chromedp.Evaluate(`window.sameLoad = true`, nil))
	run(t, label, chromedp.WaitVisible(`#outcome .idle`), chromedp.Evaluate(`
		window.titles = [];
		new MutationObserver(() => { const h = document.querySelector("#outcome h1"); if (h) titles.push(h.textContent.trim()); })
			.observe(document.getElementById("outcome"), {childList: true, subtree: true}); true`, nil))

	const skipped = "00033" // the third parcel skips Pack while the network of Pack is down: unknown first
	row := `[...document.querySelectorAll("#rows tr")].find(r => r.textContent.includes("` + skipped + `"))`
	until(t, board, row+`?.textContent.includes("Unknown at Pack")`)
	picture(t, board, "board-unknown")
	until(t, board, row+`?.textContent.includes("Missing at Pack")`)
	until(t, label, `titles.includes("Saved")`)

	// The second skip, with all stations heard, is told in the hand.
	until(t, label, `titles.some(t => t.toUpperCase() === "NOT SEEN AT PACK")`)
	picture(t, label, "screen-missing")
	until(t, board, `document.querySelectorAll("#rows tr").length >= 2`)
	picture(t, board, "board-light")
	run(t, board, colours("dark"))
	picture(t, board, "board-dark")
	run(t, board, colours("light"))
	var same bool
	run(t, board, chromedp.Evaluate(`window.sameLoad === true`, &same))
	if !same {
		t.Error("the board was loaded again: its stream of changes did not bring the row")
	}

	// Open the parcel from its row.
	run(t, board, chromedp.Evaluate(row+`.querySelector("a").click()`, nil), chromedp.WaitVisible(`#line .gapbox`))
	var text string
	run(t, board, chromedp.Text(`#line`, &text))
	for _, want := range []string{"Missing at Pack", "Passed Pack without a scan", "receive-01", "label-01"} {
		if !strings.Contains(text, want) {
			t.Errorf("the parcel's page lacks %q:\n%s", want, text)
		}
	}
	picture(t, board, "unit-light")
	run(t, board, colours("dark"))
	picture(t, board, "unit-dark")

	// A decision closes the gap, with a name.
	run(t, board, chromedp.SetValue(`form.decide input[name=by]`, "MK"), chromedp.Click(`form.decide .btn-main`), chromedp.WaitVisible(`#line`))
	until(t, board, `!document.querySelector("#line .gapbox") || document.body.textContent.includes("MK")`)
	if got := get(site.Board + "/api/v1/gaps?state=closed&q=" + skipped); !strings.Contains(got, `"closed_as": "resolved"`) || !strings.Contains(got, `"by": "MK"`) {
		t.Errorf("after the decision the board says\n%s", got)
	}
}
