package e2e

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/sim"
	"scanpost/scan"
	"scanpost/sync/ledger"
)

// belonging are the links and packings that a tracking system has received.
func (tr *tracking) belonging(t *testing.T) (list []string) {
	t.Helper()
	err := tr.ledger.Each(func(h ledger.Heard) error {
		switch e := h.Entry.(type) {
		case *scan.Linked:
			list = append(list, strings.TrimSpace(fmt.Sprint(e.How, " ", e.IDs, " at ", e.Checkpoint, " by ", e.Operator, undone(e.Undo))))
		case *scan.Packed:
			list = append(list, fmt.Sprint(e.Action, " ", e.Container, " ", e.Contents, undone(e.Undo)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func undone(id string) string {
	if id == "" {
		return ""
	}
	return " taken back"
}

// timeline is where the board says that a parcel was seen, by any of its
// numbers: "checkpoint", with the container it was inferred from.
func timeline(board, id string) (key string, at []string) {
	var u scan.UnitView
	if json.Unmarshal([]byte(get(board+"/api/v1/units/"+id)), &u) != nil {
		return "", nil
	}
	for _, s := range u.Steps {
		for _, one := range s.Scans {
			where := s.Checkpoint
			if one.Inferred != "" {
				where += " in " + one.Inferred
			}
			if !one.Voided {
				at = append(at, where)
			}
		}
	}
	return u.Key, at
}

// A parcel is received by its SSCC, gets a carrier's label, goes onto a pallet
// and is loaded with it. Either of its numbers finds all of it on the board;
// its labels that were linked by mistake are parted by a card.
func TestParcelWithTwoLabels(t *testing.T) {
	const (
		sscc, other, pallet = "106141410000001238", "106141410000001245", "106141410000001252"
		carrier             = "1Z999AA10123456784"
	)
	broker := freePort(t)
	mosquitto(t, broker)
	tr := newTracking(t, broker)
	key := write(t, filepath.Join(t.TempDir(), "command.key"), "the-key-of-this-site")
	rules := "[rules]\nmargin = \"200ms\"\ntransit = \"100ms\"\nhead_every = \"200ms\"\nsilent_after = \"5s\"\n" +
		"[[journey]]\nname = \"outbound\"\nsteps = [ { at = \"receive\" }, { at = \"label\" }, { at = \"load\" } ]\n"
	benches, screens := map[string]*bench{}, map[string]string{}
	var cards map[string]printedCard
	for _, place := range []string{"receive", "label", "load"} {
		scanner, err := sim.NewScanner(filepath.Join(t.TempDir(), "scanner"), sim.Framing{Suffix: "\r"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { scanner.Close() })
		dir, screen := t.TempDir(), freePort(t)
		config := write(t, filepath.Join(dir, "station.toml"), fmt.Sprintf("[station]\nsite = \"ham1\"\nname = \"%s-01\"\ncheckpoint = %q\ndata = %q\ncommand_key_file = %q\nconsumers = [\"tracking\"]\n"+
			"[mqtt]\nurl = \"mqtt://%s\"\n[screen]\nlisten = %q\n[[link]]\nat = \"label\"\n", place, place, filepath.Join(dir, "data"), key, broker, screen)+
			device("hand", scanner.Address())+rules)
		if place == "label" {
			cards = printed(t, config, "JN")
		}
		scanpost(t, config)
		benches[place], screens[place] = &bench{t: t, scanner: scanner}, "http://"+screen
	}
	dir, board := t.TempDir(), freePort(t)
	config := write(t, filepath.Join(dir, "board.toml"), fmt.Sprintf("[station]\nsite = \"ham1\"\ndata = %q\n[mqtt]\nurl = \"mqtt://%s\"\n[board]\nlisten = %q\n",
		filepath.Join(dir, "data"), broker, board)+rules)
	running := scanpost(t, config)
	board = "http://" + board
	heard := func() bool { return strings.Count(get(board+"/api/v1/stations"), `"heard_to"`) == 3 }
	wait(t, "the board hears three stations", heard)

	label := benches["label"]
	benches["receive"].scan("00"+sscc, nil)
	label.scan(cards["sign-on JN"].Code, nil)
	label.scan("00"+sscc, nil)
	wait(t, "the screen asks for the other label", func() bool { return strings.Contains(get(screens["label"]), "Now scan its other label") })
	label.scan(carrier, nil)
	wait(t, "the screen says that they are one parcel", func() bool {
		return strings.Contains(get(screens["label"]), "SSCC …01238 and UPS …56784 are one parcel")
	})
	for _, code := range []string{cards["pack"].Code, "00" + pallet, carrier, cards["close"].Code} {
		label.scan(code, nil)
	}
	benches["load"].scan("00"+pallet, nil)

	want := []string{"receive", "label", "label", "label", "load in sscc:" + pallet}
	for _, id := range []string{"sscc:" + sscc, "ups:" + carrier} {
		wait(t, "the board knows the parcel as "+id, func() bool {
			key, at := timeline(board, id)
			return key == "sscc:"+sscc && slices.Equal(at, want)
		})
	}
	if page := get(board + "/search?q=" + carrier); !strings.Contains(page, "01238") || !strings.Contains(page, "are one parcel: scanned one after the other") {
		t.Error("a search for the carrier's number does not lead to the parcel's page")
	}
	wait(t, "nothing is missing", func() bool {
		return strings.Contains(get(board+"/api/v1/gaps?q="+sscc), `"count": 0`) && strings.Contains(get(board+"/api/v1/gaps?q="+pallet), `"count": 0`)
	})
	one := fmt.Sprintf("scanned [sscc:%s ups:%s] at label by JN", sscc, carrier)
	in := []string{one, fmt.Sprintf("add sscc:%s []", pallet), fmt.Sprintf("add sscc:%s [ups:%s]", pallet, carrier), fmt.Sprintf("close sscc:%s []", pallet)}
	wait(t, "a tracking system has it", func() bool { return slices.Equal(tr.belonging(t), in) })

	// The label belonged to another parcel, as it turns out.
	label.scan(cards["unlink"].Code, nil)
	label.scan(carrier, nil)
	wait(t, "they are two again", func() bool {
		a, _ := timeline(board, "sscc:"+sscc)
		b, at := timeline(board, "ups:"+carrier)
		return a == "sscc:"+sscc && b == "ups:"+carrier && slices.Contains(at, "load in sscc:"+pallet)
	})
	label.scan("00"+other, nil)
	label.scan(carrier, nil)
	both := func() bool {
		key, at := timeline(board, "ups:"+carrier)
		return key == "sscc:"+other && slices.Contains(at, "load in sscc:"+pallet)
	}
	wait(t, "the label is the other parcel's", both)
	if page := get(board + "/units/sscc:" + sscc); !strings.Contains(page, `class="struck"`) || !strings.Contains(page, "taken back") {
		t.Error("the first parcel's page does not show that a link was taken back")
	}

	// A board that starts again knows the same.
	running.kill()
	scanpost(t, config)
	wait(t, "the board hears three stations again", heard)
	wait(t, "the label is still the other parcel's", both)
}
