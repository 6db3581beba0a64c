package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A card that the site printed signs a person on. One that was made with
// another key does nothing, on whatever parcel it sticks. A card that is lost is
// revoked while the station runs, and the others go on working.
func TestCommandCards(t *testing.T) {
	dir := t.TempDir()
	screen := "http://" + freePort(t)
	scanner := plug(t, filepath.Join(dir, "scanner"))
	key := write(t, filepath.Join(dir, "command.key"), "the-key-of-this-site")
	write(t, filepath.Join(dir, "other.key"), "the-key-of-somebody-else")
	text := station(filepath.Join(dir, "data")) + "command_key_file = \"command.key\"\n" + device("hand", scanner.Address()) + fmt.Sprintf("[screen]\nlisten = %q\n", screen[7:])
	config := write(t, filepath.Join(dir, "station.toml"), text)
	stranger := write(t, filepath.Join(dir, "stranger.toml"), strings.Replace(text, "command.key", "other.key", 1))

	scanpost(t, config)
	wait(t, "the screen is there", func() bool { return status(screen+"/healthz") == 200 })
	tell := func(code, outcome, says string) {
		t.Helper()
		before := told(screen, outcome)
		if err := scanner.Scan("", code); err != nil {
			t.Fatal(err)
		}
		wait(t, fmt.Sprintf("%s is told as %s", code, outcome), func() bool { return told(screen, outcome) > before })
		wait(t, "the screen says "+says, func() bool { return strings.Contains(get(screen), says) })
	}
	ours, theirs := printed(t, config, "JN", "MAIRA"), printed(t, stranger, "JN", "MAIRA")
	tell(ours["sign-on JN"].Code, "command-done", "Signed on: JN")
	tell(theirs["sign-on MAIRA"].Code, "not-understood", "a command card of another site")
	tell("PARCEL-AT-THE-BENCH-1", "saved-offline", "PARCEL-AT-THE")
	tell(theirs["undo"].Code, "not-understood", "a command card of another site")
	tell(ours["undo"].Code, "command-done", "Undone: the last scan")

	lost := ours["sign-on JN"]
	write(t, key, "the-key-of-this-site\nrevoked "+lost.Card+"  # in the car park\n")
	tell(lost.Code, "not-understood", "a revoked command card: "+lost.Card)
	tell(ours["sign-on MAIRA"].Code, "command-done", "Signed on: MAIRA")
	os.Remove(key)
	tell(lost.Code, "not-understood", "a revoked command card: "+lost.Card)
	tell(ours["sign-off"].Code, "command-done", "Signed off: MAIRA")
}

type printedCard struct{ Card, Do, Arg, Code string }

// printed are the cards that the program prints for these operators, by what
// they do.
func printed(t *testing.T, config string, signs ...string) map[string]printedCard {
	t.Helper()
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(binary, append([]string{"command-sheet", "--json", "-c", config}, signs...)...).Output()
	var cards []printedCard
	if err == nil {
		err = json.Unmarshal(out, &cards)
	}
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]printedCard{}
	for _, c := range cards {
		by[strings.TrimSpace(c.Do+" "+c.Arg)] = c
	}
	return by
}
