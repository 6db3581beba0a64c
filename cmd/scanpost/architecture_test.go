package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The shape of the program in three sentences (docs in the package comments):
// everything points at scan; scan points at nothing but the standard library;
// each vendor library has one importer. Changing these maps is fine, and
// visible in review.

// mayImport says which of our own packages an area may use beside itself. The
// longest name that fits counts.
var mayImport = map[string][]string{
	"scan":             {},
	"firmware-configs": {},
	"devices":          {"scan", "firmware-configs"},
	"sync":             {"scan"},
	"cmd/config":       {"scan", "devices", "sync/event", "sync/broker"},
	"cmd":              {"scan", "devices", "sync", "firmware-configs"},
}

// importers says who may use a library. Tests may use any.
var importers = map[string][]string{
	"go.bug.st/serial":                    {"devices/port"},
	"github.com/karalabe/hid":             {"devices/port"},
	"github.com/pelletier/go-toml/v2":     {"devices/strict"},
	"github.com/eclipse/paho.mqtt.golang": {"sync/mqtt"},
	"github.com/mochi-mqtt/server/v2":     {"sync/broker"},
	"go.etcd.io/bbolt":                    {"sync/outbox", "sync/ledger"},
	"golang.org/x/mod/sumdb":              {"sync/proof"},
	"github.com/spf13/cobra":              {"cmd/scanpost"},
	"github.com/boombuler/barcode":        {"cmd/sheet"},
	"github.com/prometheus/client_golang": {"cmd/machine"},
}

// Decoders and everything that gives a code its meaning are given bytes and
// time, and take neither for themselves. These below devices are the others.
var edges = []string{"devices", "devices/port", "devices/profile", "devices/sim", "devices/rig"}

var impure = []string{"os", "net", "net/http", "log", "log/slog", "syscall", "golang.org/x/sys/unix"}

type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Module     *struct{ Path string }
}

func TestArchitecture(t *testing.T) {
	packages := goList(t)
	for _, p := range packages {
		name, ours := strings.CutPrefix(p.ImportPath, "scanpost/")
		if !ours {
			continue
		}
		if name == "sync" {
			t.Error("sync/ is a folder and never a package, so that the word sync in a file is the standard library")
		}
		for _, i := range p.Imports {
			checkImport(t, packages, name, i)
		}
	}
}

func checkImport(t *testing.T, packages map[string]listed, name, imported string) {
	if isPure(name) && slices.Contains(impure, imported) {
		t.Errorf("%s imports %s, but it is pure: hand it what it needs as an argument", name, imported)
	}
	if own, ok := strings.CutPrefix(imported, "scanpost/"); ok {
		area, allowed := areaOf(name)
		if !slices.ContainsFunc(append(allowed, area), func(a string) bool { return within(own, a) }) {
			t.Errorf("%s imports %s; %s may import only itself and %v", name, own, area, allowed)
		}
		return
	}
	if packages[imported].Standard || imported == "C" {
		return
	}
	if within(name, "scan") {
		t.Errorf("%s imports %s; scan points at nothing but the standard library", name, imported)
	}
	if within(imported, "golang.org/x/sys") {
		return // the system's own calls, which any edge of the program may need
	}
	for library, who := range importers {
		if within(imported, library) {
			if !slices.Contains(who, name) {
				t.Errorf("%s imports %s, which is for %v only", name, imported, who)
			}
			return
		}
	}
	t.Errorf("%s imports %s, a library that is not in the list of this test yet", name, imported)
}

func isPure(name string) bool {
	if name == "scan" || within(name, "scan/identity") || within(name, "scan/pass") {
		return true
	}
	return within(name, "devices") && name != "devices" &&
		!slices.ContainsFunc(edges[1:], func(e string) bool { return within(name, e) })
}

func areaOf(name string) (area string, allowed []string) {
	for a, list := range mayImport {
		if within(name, a) && len(a) > len(area) {
			area, allowed = a, slices.Clone(list)
		}
	}
	return area, allowed
}

// within reports whether a package is the area's or below it.
func within(name, area string) bool {
	return name == area || strings.HasPrefix(name, area+"/")
}

func goList(t *testing.T) map[string]listed {
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Imports,Module", "scanpost/...")
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, errs.String())
	}
	packages := map[string]listed{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		packages[p.ImportPath] = p
	}
}
