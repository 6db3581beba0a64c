package main

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"scanpost/scan"
	"scanpost/sync/outbox"
	"scanpost/sync/proof"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"scanpost": main})
}

// The command line, as it is used: testdata/script reads like a manual page.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"bytes":    writeBytes,
			"mkoutbox": makeOutbox,
			"await":    await,
			"awaits":   awaitText,
			"scanner":  simulate,
			"reader":   simulateReader,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector waits a second at each exit
			// Secrets are refused if everybody can read them, and the files of
			// a script are made for everybody.
			return filepath.WalkDir(env.WorkDir, func(path string, d os.DirEntry, err error) error {
				if err == nil && (filepath.Ext(path) == ".key" || filepath.Ext(path) == ".password") {
					return os.Chmod(path, 0o600)
				}
				return err
			})
		},
	})
}

// writeBytes is the script command "bytes FILE TEXT": TEXT with Go's escapes,
// since the files of a script can hold text only.
func writeBytes(ts *testscript.TestScript, _ bool, args []string) {
	text, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// makeOutbox is the script command "mkoutbox DIR CODE...": a station that has
// scanned these and was stopped.
func makeOutbox(ts *testscript.TestScript, _ bool, args []string) {
	o, err := outbox.Open(ts.MkAbs(args[0]), outbox.Options{Site: "ham1", Station: "pack-07"})
	ts.Check(err)
	for _, code := range args[1:] {
		text, err := strconv.Unquote(`"` + code + `"`)
		ts.Check(err)
		_, err = o.Write(&scan.Scan{Checkpoint: "pack", Verdict: scan.OK, Unit: "code:" + strconv.Itoa(len(text)), Raw: text, Device: "hand", Operator: "JN"})
		ts.Check(err)
	}
	ts.Check(o.Confirm("board", o.Epoch(), 1))
	ts.Check(o.Close())
	_, err = proof.LoadOrMakeSigner(ts.MkAbs(args[0]), "scanpost/v1/ham1/pack-07")
	ts.Check(err)
}

// await is the script command "await FILE": until something in the background
// has made it.
func await(ts *testscript.TestScript, _ bool, args []string) {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	patience := time.After(20 * time.Second)
	for {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		select {
		case <-look.C:
		case <-patience:
			ts.Fatalf("%s has not come", args[0])
		}
	}
}
