package e2e

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"scanpost/devices/sim"
)

// open makes a folder that any user of this machine can reach, as the one for
// the tests of another user's program has to be.
func open(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// plug makes a scanner that sends one code per line.
func plug(t testing.TB, link string) *sim.Scanner {
	t.Helper()
	s, err := sim.NewScanner(link, sim.Framing{Suffix: "\r"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// beeps is how often a scanner was told that its scan is saved.
func beeps(s *sim.Scanner) int { return bytes.Count(s.Heard(), beep) }

// saves scans a code and waits for the scanner's beep.
func saves(t *testing.T, s *sim.Scanner, code string) {
	t.Helper()
	before := beeps(s)
	if err := s.Scan("", code); err != nil {
		t.Fatal(err)
	}
	wait(t, fmt.Sprintf("%.40q is saved", code), func() bool { return beeps(s) > before })
}

// device is one [[device]] of a configuration.
func device(name, address string) string {
	return fmt.Sprintf("[[device]]\nname = %q\nprofile = \"honeywell-serial\"\nport = %q\n", name, address)
}

// station is the beginning of a configuration.
func station(data string) string {
	return fmt.Sprintf("[station]\nsite = \"ham1\"\nname = \"pack-07\"\ncheckpoint = \"pack\"\ndata = %q\n", data)
}

// calm fails if a program wrote what does not belong on a terminal or into a
// log: control characters, stack traces, the same sentence again and again.
func calm(t *testing.T, p *program, most int) {
	t.Helper()
	out := p.out.String()
	for _, bad := range []string{"panic", "goroutine ", "runtime error", "%!", "<nil>"} {
		if strings.Contains(out, bad) {
			t.Errorf("it wrote %q:\n%s", bad, out)
		}
	}
	for _, r := range out {
		if r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u202e') {
			t.Errorf("it wrote the control character %U:\n%q", r, out)
			break
		}
	}
	if n := strings.Count(out, "\n"); n > most {
		t.Errorf("it wrote %d lines, want at most %d:\n%s", n, most, out)
	}
}

// status fetches a page's status.
func status(url string) int {
	resp, err := http.Get(url)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// told is how often a station's screen told an outcome, any if none is named.
func told(screen, outcome string) int {
	sum := 0
	for line := range strings.Lines(get(screen + "/metrics")) {
		var n int
		_, value, found := strings.Cut(line, fmt.Sprintf("outcome=%q} ", outcome))
		if outcome == "" {
			_, value, found = strings.Cut(line, `"} `)
		}
		if strings.HasPrefix(line, "scanpost_told_total{") && found {
			fmt.Sscan(value, &n)
		}
		sum += n
	}
	return sum
}

// asNobody makes a command run as nobody, if the test runs as root: root may
// everything.
func asNobody(t *testing.T, cmd *exec.Cmd, folder string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	const nobody = 65534
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody, NoSetGroups: true}}
	if err := os.Chown(folder, nobody, nobody); err != nil {
		t.Fatal(err)
	}
}

// A machine that scans does so although its screen's, its board's and its
// broker's ports are taken: each is told in one sentence, and taken as soon as
// it is free.
func TestTakenPortsDoNotStopScanning(t *testing.T) {
	var taken []net.Listener
	var at []any
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		taken, at = append(taken, l), append(at, l.Addr().String())
	}
	scanner, err := sim.NewScanner(filepath.Join(t.TempDir(), "scanner"), sim.Framing{Suffix: "\r"})
	if err != nil {
		t.Fatal(err)
	}
	defer scanner.Close()
	dir := t.TempDir()
	p := scanpost(t, write(t, filepath.Join(dir, "station.toml"), station(filepath.Join(dir, "data"))+device("hand", scanner.Address())+
		fmt.Sprintf("[screen]\nlisten = %q\n[board]\nlisten = %q\n[broker]\nlisten = %q\n", at...)+
		"[[journey]]\nname = \"outbound\"\nsteps = [ { at = \"pack\" }, { at = \"load\" } ]\n"))
	b := &bench{t: t, scanner: scanner}
	b.scan("WHILE-TAKEN", nil)
	for _, what := range []string{"screen", "board", "broker"} {
		wait(t, "it says that the port of the "+what+" is taken", func() bool { return len(p.said("the "+what+" can not listen on")) > 0 })
	}
	for _, l := range taken {
		l.Close()
	}
	wait(t, "the screen and the board have their ports", func() bool {
		return told("http://"+at[0].(string), "saved")+told("http://"+at[0].(string), "saved-offline") == 1 && get("http://"+at[1].(string)+"/healthz") != ""
	})
	wait(t, "the broker has its port", func() bool { return listening(at[2].(string)) })
	b.scan("WHEN-FREE", nil)
	for _, what := range []string{"screen", "board", "broker"} {
		if got := p.said("the " + what + " can not listen on"); len(got) != 1 {
			t.Errorf("of the taken port of the %s it says %q, want one line", what, got)
		}
	}
}

// What can not run says why in one sentence, with what to do, and ends.
func TestRefusedAtStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	journey := "[[journey]]\nname = \"outbound\"\nsteps = [ { at = \"pack\" }, { at = \"load\" } ]\n"
	away := device("hand", "serial:/dev/does-not-exist")
	for name, c := range map[string]struct {
		config func(t *testing.T, dir string) string
		status int
		want   []string
	}{
		"an unknown key": {func(t *testing.T, dir string) string { return station(dir) + "colour = \"red\"\n" + away },
			2, []string{`station.toml:6: unknown key "colour" in [station]`}},
		"an unknown section": {func(t *testing.T, dir string) string {
			return station(dir) + away + "[scren]\nlisten = \"127.0.0.1:0\"\n"
		},
			2, []string{`station.toml:10: unknown key "scren" (did you mean "screen"?)`}},
		"the board's port in use": {func(t *testing.T, dir string) string {
			return station(dir) + journey + fmt.Sprintf("[board]\nlisten = %q\n[broker]\nlisten = \"127.0.0.1:0\"\n", taken.Addr())
		}, 1, []string{"the board can not listen on " + taken.Addr().String() + ": another program does", "[board] listen"}},
		"the broker's port in use": {func(t *testing.T, dir string) string {
			return station(dir) + fmt.Sprintf("[broker]\nlisten = %q\n", taken.Addr())
		}, 1, []string{"the broker can not listen on " + taken.Addr().String() + ": another program has this port"}},
		"a data folder that is a file": {func(t *testing.T, dir string) string { return station(write(t, filepath.Join(dir, "file"), "")) + away },
			1, []string{"/file", "not a directory (the data folder has to be a folder)"}},
		"a data folder of somebody else": {func(t *testing.T, dir string) string {
			data := filepath.Join(dir, "data")
			if err := os.Mkdir(data, 0o555); err != nil {
				t.Fatal(err)
			}
			return station(data) + away
		}, 1, []string{"/data", "permission denied (give ", "chown -R scanpost "}},
		"a data folder on a disk that is read-only": {func(t *testing.T, dir string) string {
			return station(filepath.Join(disk(t, syscall.MS_RDONLY, "size=1m"), "data")) + away
		}, 1, []string{"read-only file system (is the disk of ", "failing? dmesg tells)"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := open(t)
			config := write(t, filepath.Join(dir, "station.toml"), c.config(t, dir))
			os.Chmod(config, 0o644)
			binary, err := built()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(binary, "run", "-c", config)
			asNobody(t, cmd, dir)
			p := launch(t, cmd)
			if got := p.ended(); got != c.status {
				t.Errorf("status %d, want %d", got, c.status)
			}
			says := p.said("scanpost: ")
			if len(says) != 1 {
				t.Fatalf("want one sentence, got %q", says)
			}
			for _, want := range c.want {
				if !strings.Contains(says[0], want) {
					t.Errorf("it says %q, want %q in it", says[0], want)
				}
			}
			calm(t, p, 2) // an own broker may have said that it listens
		})
	}
}

// A port that is missing, held by another program or not permitted is told
// once, with what to do; the other scanners go on; and each port works as soon
// as it can.
func TestPorts(t *testing.T) {
	dir := open(t)
	link := func(name string) string { return filepath.Join(dir, name) }
	node := func(name string, mode os.FileMode) string {
		path, err := filepath.EvalSymlinks(link(name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fine, held, shut := plug(t, link("fine")), plug(t, link("held")), plug(t, link("shut"))
	node("fine", 0o666)
	lock, err := os.OpenFile(node("held", 0o666), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	node("shut", 0)

	screen := freePort(t)
	config := write(t, link("station.toml"), station(link("data"))+
		device("fine", "serial:"+link("fine"))+device("late", "serial:"+link("late"))+
		device("held", "serial:"+link("held"))+device("shut", "serial:"+link("shut"))+
		fmt.Sprintf("[screen]\nlisten = %q\n", screen))
	os.Chmod(config, 0o644)
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "run", "-c", config)
	asNobody(t, cmd, dir)
	p := launch(t, cmd)

	troubles := map[string][]string{ // by device: the reason, and what to do
		"late": {`reason="no such port"`, "is the cable in?"},
		"held": {`reason="in use by another program"`, "is in use by another process; stop "},
		"shut": {`reason="no permission"`, "add the user to group"},
	}
	wait(t, "all three troubles are told", func() bool { return len(p.said("device not there")) == len(troubles) })
	for name, want := range troubles {
		for _, text := range append(want, link(name)) {
			if lines := p.said("device=" + name + " "); len(lines) != 1 || !strings.Contains(lines[0], text) {
				t.Errorf("%s: it says %q, want one line with %q", name, lines, text)
			}
		}
	}
	saves(t, fine, "WITHOUT-THE-OTHERS")
	if got := get("http://" + screen + "/healthz"); status("http://"+screen+"/healthz") != http.StatusServiceUnavailable || !strings.Contains(got, "is not there: ") {
		t.Errorf("/healthz says %q with three scanners out", got)
	}

	late := plug(t, link("late"))
	node("late", 0o666)
	lock.Close()
	node("shut", 0o666)
	for name, s := range map[string]*sim.Scanner{"late": late, "held": held, "shut": shut} {
		wait(t, name+" is open", func() bool { return len(p.said("device="+name+" ")) == 2 })
		saves(t, s, "FROM-"+name)
	}
	wait(t, "/healthz is content", func() bool { return status("http://"+screen+"/healthz") == http.StatusOK })
	metrics := get("http://" + screen + "/metrics")
	for _, want := range []string{`scanpost_told_total{checkpoint="pack",outcome="saved-offline"} 4`, `scanpost_device_sightings{device="late",station="pack-07"} 1`} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("/metrics lacks %s", want)
		}
	}

	// A second program on a port that we hold is told so as well.
	second := start(t, binary, "record", "--profile", "honeywell-serial", "--port", "serial:"+link("fine"), link("out.trace"))
	wait(t, "the second program says why", func() bool { return len(second.said(`reason="in use by another program"`)) == 1 })
	if got := second.stop(); got != 0 {
		t.Errorf("stopping the recording: status %d", got)
	}
	// And a second program on our data folder, which says whose it is.
	other := scanpost(t, config)
	if got := other.ended(); got != 1 {
		t.Errorf("a second program on the same data folder: status %d, want 1", got)
	}
	if says := other.said("scanpost: "); len(says) != 1 || !strings.Contains(says[0], fmt.Sprintf("(process id %d)", p.cmd.Process.Pid)) || !strings.Contains(says[0], link("data")) {
		t.Errorf("a second program on the same data folder says %q, want the process id %d", says, p.cmd.Process.Pid)
	}
	calm(t, other, 2) // and a hint
	saves(t, fine, "AFTER-THE-OTHERS")

	if got := p.stop(); got != 0 {
		t.Errorf("stopped with status %d", got)
	}
	// A hint that there is no broker, running, three troubles, four devices.
	calm(t, p, 1+1+3+4)
}

// A broker that refuses the password is told once, in words that name what to
// look at; scanning goes on; and doctor says the same.
func TestBrokerRefuses(t *testing.T) {
	for name, broker := range map[string]func(*testing.T, string){
		"mosquitto": func(t *testing.T, address string) {
			tool, err := exec.LookPath("mosquitto_passwd")
			if err != nil {
				t.Skip("skipped: mosquitto is not installed (apt-get install mosquitto)")
			}
			users := filepath.Join(open(t), "users")
			if out, err := exec.Command(tool, "-b", "-c", users, "pack-07", "right").CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			os.Chmod(users, 0o644) // it may run as a user of its own
			mosquittoWith(t, address, "password_file "+users)
		},
		"embedded broker": func(t *testing.T, address string) {
			dir := t.TempDir()
			users := write(t, filepath.Join(dir, "users"), "pack-07:right\n")
			scanpost(t, write(t, filepath.Join(dir, "broker.toml"),
				fmt.Sprintf("[station]\nsite = \"ham1\"\ndata = %q\n[broker]\nlisten = %q\npassword_file = %q\n", dir, address, users)))
			wait(t, "the broker listens", func() bool { return listening(address) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			address, dir := freePort(t), t.TempDir()
			broker(t, address)
			scanner := plug(t, filepath.Join(dir, "scanner"))
			config := write(t, filepath.Join(dir, "station.toml"), station(filepath.Join(dir, "data"))+device("hand", scanner.Address())+
				fmt.Sprintf("[mqtt]\nurl = \"mqtt://%s\"\nuser = \"pack-07\"\npassword_file = \"password\"\n", address))
			password := write(t, filepath.Join(dir, "password"), "wrong\n")
			p := scanpost(t, config)
			const want = `refuses user "pack-07": check user and password_file`
			wait(t, "the refusal is told", func() bool { return len(p.said("broker not connected")) > 0 })
			saves(t, scanner, "WITHOUT-A-BROKER")
			if says := p.said("broker not connected"); len(says) != 1 || !strings.Contains(strings.ReplaceAll(says[0], `\"`, `"`), want) {
				t.Errorf("it says %q, want one line with %q", says, want)
			}
			out, err := exec.Command(p.cmd.Path, "doctor", "-c", config).CombinedOutput()
			if err == nil || !strings.Contains(string(out), want) {
				t.Errorf("doctor (%v) says, without %q:\n%s", err, want, out)
			}
			if got := p.stop(); got != 0 {
				t.Errorf("stopped with status %d", got)
			}
			calm(t, p, 4)

			write(t, password, "right\n")
			p = scanpost(t, config)
			wait(t, "the broker lets it in", func() bool { return len(p.said("broker connected")) > 0 })
		})
	}
}

// Stopping is bounded though the broker has stopped answering, a second Ctrl-C
// cuts the goodbye short, both are no failure, and nothing is lost by either.
func TestStop(t *testing.T) {
	address, screen, dir := freePort(t), freePort(t), t.TempDir()
	broker := mosquitto(t, address)
	scanner := plug(t, filepath.Join(dir, "scanner"))
	config := write(t, filepath.Join(dir, "station.toml"), station(filepath.Join(dir, "data"))+device("hand", scanner.Address())+
		fmt.Sprintf("[mqtt]\nurl = \"mqtt://%s\"\n[screen]\nlisten = %q\n", address, screen))
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	tracker := newTracking(t, address)
	for name, c := range map[string]struct {
		signal os.Signal
		second bool
		why    string // the goodbye was not said
	}{
		"SIGTERM":      {syscall.SIGTERM, false, "context deadline exceeded"},
		"Ctrl-C twice": {os.Interrupt, true, "context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, binary, "run", "-v", "-c", config)
			// Connected is not enough: it sends when the broker has told what it knows of it.
			wait(t, "it is attached", func() bool { return len(p.said("device attached")) > 0 })
			saves(t, scanner, "ARRIVES-"+name)
			wait(t, "it sends", func() bool { return tracker.lacks([]string{"ARRIVES-" + name}) == "" })
			broker.cmd.Process.Signal(syscall.SIGSTOP)
			defer broker.cmd.Process.Signal(syscall.SIGCONT)
			saves(t, scanner, "NOBODY-TAKES-IT-"+name)
			p.cmd.Process.Signal(c.signal)
			if c.second {
				wait(t, "it is stopping", func() bool { return !listening(screen) })
				p.cmd.Process.Signal(c.signal)
			}
			if got := p.ended(); got != 0 {
				t.Errorf("status %d, want 0", got)
			}
			if got := p.said("no goodbye"); len(got) != 1 || !strings.Contains(got[0], c.why) {
				t.Errorf("of the goodbye it says %q, want %q", got, c.why)
			}
			calm(t, p, 8)
		})
	}
	p := scanpost(t, config)
	wait(t, "it runs", func() bool { return len(p.said("device attached")) > 0 })
	wait(t, "what nobody took has arrived", func() bool {
		return tracker.lacks([]string{"NOBODY-TAKES-IT-SIGTERM", "NOBODY-TAKES-IT-Ctrl-C twice"}) == ""
	})
	if got := p.stop(); got != 0 {
		t.Errorf("status %d, want 0", got)
	}
}
