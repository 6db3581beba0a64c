package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for something that must happen. It is there so
// that a test ends, not to measure anything.
const patience = 60 * time.Second

var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "scanpost-e2e-")
	if err != nil {
		return "", err
	}
	os.Chmod(dir, 0o755) // it is also run as nobody
	binary := filepath.Join(dir, "scanpost")
	out, err := exec.Command("go", "build", "-o", binary, "scanpost/cmd/scanpost").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the program: %v\n%s", err, out)
	}
	return binary, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if binary, err := built(); err == nil {
		os.RemoveAll(filepath.Dir(binary))
	}
	os.Exit(code)
}

// program is one running process, with what it wrote.
type program struct {
	t    testing.TB
	cmd  *exec.Cmd
	out  lockedBuffer
	done chan struct{}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func start(t testing.TB, name string, args ...string) *program {
	t.Helper()
	return launch(t, exec.Command(name, args...))
}

func launch(t testing.TB, cmd *exec.Cmd) *program {
	t.Helper()
	p := &program{t: t, cmd: cmd, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s wrote:\n%s", filepath.Base(cmd.Path), p.out.String())
		}
	})
	return p
}

// scanpost starts the program with a configuration.
func scanpost(t testing.TB, config string) *program {
	t.Helper()
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return start(t, binary, "run", "-c", config)
}

// ended waits until it has ended by itself, and returns its exit status.
func (p *program) ended() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Errorf("the program did not end")
		p.kill()
	}
	return p.cmd.ProcessState.ExitCode()
}

// said returns the lines it wrote that hold a text.
func (p *program) said(text string) []string {
	var found []string
	for line := range strings.Lines(p.out.String()) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// kill is a power cut for the process.
func (p *program) kill() {
	p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.done
}

// stop asks it to end and returns its exit status.
func (p *program) stop() int {
	p.t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	return p.ended()
}

// wait waits until a condition holds.
func wait(t testing.TB, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func write(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func listening(address string) bool {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

func get(url string) string {
	resp, err := http.Get(url)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	b.ReadFrom(resp.Body)
	return b.String()
}

// decide posts a decision to a board.
func decide(t *testing.T, url, body string) {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var b bytes.Buffer
		b.ReadFrom(resp.Body)
		t.Fatalf("POST %s: %s\n%s", url, resp.Status, b.String())
	}
}

// mosquitto starts the real broker on an address.
func mosquitto(t *testing.T, address string) *program {
	t.Helper()
	return mosquittoWith(t, address, "allow_anonymous true")
}

// mosquittoWith starts it with a line of configuration that says who may in.
func mosquittoWith(t testing.TB, address, who string) *program {
	t.Helper()
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto"
		if _, err := os.Stat(path); err != nil {
			t.Skip("skipped: mosquitto is not installed (apt-get install mosquitto)")
		}
	}
	host, port, _ := net.SplitHostPort(address)
	config := write(t, filepath.Join(t.TempDir(), "mosquitto.conf"), fmt.Sprintf("listener %s %s\n%s\nmax_queued_messages 0\n", port, host, who))
	p := start(t, path, "-c", config)
	wait(t, "mosquitto listens", func() bool { return listening(address) })
	return p
}

// embedded starts the program as nothing but a broker.
func embedded(t *testing.T, address string) *program {
	t.Helper()
	dir := t.TempDir()
	config := write(t, filepath.Join(dir, "broker.toml"), fmt.Sprintf("[station]\nsite = \"ham1\"\ndata = %q\n[broker]\nlisten = %q\n", dir, address))
	p := scanpost(t, config)
	wait(t, "the broker listens", func() bool { return listening(address) || strings.Contains(p.out.String(), "scanpost:") })
	return p
}
