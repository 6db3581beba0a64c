// Command scanpost is the agent of a packing station: see its subcommands.
//
// Every subcommand is a function that returns an error; this file is the only
// place that prints one and the only one that exits.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"unicode"

	"scanpost/devices/strict"
)

// version is set by the build (make build).
var version = ""

// Exit statuses. systemd does not restart a station whose configuration is
// wrong, so that is not an ordinary failure.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// garbagePercent lets the collector begin when the heap has grown by so much. A
// station shares a small machine with others, and a full outbox has to fit beside
// them: with a million events in it, 60 instead of 100 saves a tenth of the
// memory. GOGC in the environment overrides it.
const garbagePercent = 60

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(args []string, in io.Reader, out, errs io.Writer) int {
	stop := make(chan os.Signal, 2)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(stop)
	ctx, goodbye, done := leave(stop)
	defer done()

	a := &app{goodbye: goodbye}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	if !a.started {
		err = fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	}
	if !errors.Is(err, errSilent) {
		fmt.Fprintf(errs, "scanpost: %s\n", harmless(sentence(err)))
	}
	if a.isUsage(err) {
		return exitUsage
	}
	return exitFailure
}

// sentence is the error's own, with a count in front if there are several.
func sentence(err error) string {
	var mistakes strict.Mistakes
	if errors.As(err, &mistakes) && len(mistakes) > 1 {
		return fmt.Sprintf("%d mistakes\n%v", len(mistakes), mistakes)
	}
	return err.Error()
}

// leave turns signals into two contexts: the first signal ends the work, and
// the second one the patience with which it says goodbye.
func leave(stop <-chan os.Signal) (work, goodbye context.Context, done func()) {
	work, endWork := context.WithCancel(context.Background())
	goodbye, endGoodbye := context.WithCancel(context.Background())
	quit := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for _, end := range []func(){endWork, endGoodbye} {
			select {
			case <-stop:
				end()
			case <-quit:
				return
			}
		}
	}()
	return work, goodbye, func() {
		close(quit)
		<-ended
		endWork()
		endGoodbye()
	}
}

// harmless makes a text fit for a terminal: what was in a bar code or a file
// may be in a sentence, and an escape sequence in it would be obeyed.
func harmless(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return '\ufffd'
		}
		return r
	}, s)
}
