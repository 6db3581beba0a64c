//go:build linux

package vm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"scanpost/devices/rig/qmp"
	"scanpost/devices/rig/usbdev"
	"scanpost/devices/rig/usbredir"
)

// Result is what a command in the guest came to.
type Result struct {
	Status int // exit status, -1 if it was killed
	Output string
}

// Exec runs a command in the guest and waits for it.
func (v *VM) Exec(argv ...string) (r Result, err error) {
	err = v.post("/exec", map[string]any{"argv": argv}, &r)
	return r, err
}

// Sh runs a shell line in the guest. What it wrote is the answer; if it could
// not be run, that is.
func (v *VM) Sh(line string) string {
	r, err := v.Exec("/bin/sh", "-c", line)
	if err != nil {
		return "rig: " + err.Error()
	}
	return r.Output
}

// Spawn starts a process in the guest; what it writes goes to a file there.
func (v *VM) Spawn(log string, argv ...string) (pid int, err error) {
	var r struct{ Pid int }
	err = v.post("/start", map[string]any{"argv": argv, "log": log}, &r)
	return r.Pid, err
}

// Signal sends a signal to a spawned process; 0 only asks whether it lives.
func (v *VM) Signal(pid, signal int) (alive bool, err error) {
	var r struct{ Alive bool }
	err = v.post("/signal", map[string]any{"pid": pid, "signal": signal}, &r)
	return r.Alive, err
}

// Wait waits for a spawned process and returns its exit status.
func (v *VM) Wait(pid int) (status int, err error) {
	var r struct{ Status int }
	err = v.post("/wait", map[string]any{"pid": pid}, &r)
	return r.Status, err
}

func (v *VM) post(path string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answer, err := v.call(http.MethodPost, path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, out)
}

func (v *VM) call(method, path string, body io.Reader) ([]byte, error) {
	q, err := http.NewRequest(method, v.url+path, body)
	if err != nil {
		return nil, err
	}
	r, err := v.client.Do(q)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	answer, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("guest: %s: %s", path, strings.TrimSpace(string(answer)))
	}
	return answer, err
}

// Put writes a file of the guest.
func (v *VM) Put(guest string, content []byte, mode os.FileMode) error {
	_, err := v.call(http.MethodPut, file(guest, mode), bytes.NewReader(content))
	return err
}

// Get reads a file of the guest.
func (v *VM) Get(guest string) ([]byte, error) { return v.call(http.MethodGet, file(guest, 0), nil) }

// Page fetches a page as a browser in the guest would.
func (v *VM) Page(address string) ([]byte, error) {
	return v.call(http.MethodGet, "/page?"+url.Values{"url": {address}}.Encode(), nil)
}

func file(guest string, mode os.FileMode) string {
	return "/file?" + url.Values{"path": {guest}, "mode": {fmt.Sprintf("%o", mode)}}.Encode()
}

// Socket is a USB socket of the guest that emulated devices are plugged into.
type Socket struct {
	vm   *VM
	id   string
	path string
}

// Socket prepares a socket by the guest's own name for it: "1-4", or "1-4.2" for
// one behind a hub. The name is given always: left to itself QEMU takes another
// at each plug-in.
func (v *VM) Socket(name string) (*Socket, error) {
	bus, port, _ := strings.Cut(name, "-")
	id := "socket-" + strings.ReplaceAll(name, ".", "-")
	s := &Socket{vm: v, id: id, path: filepath.Join(v.Dir, id)}
	if err := v.QMP.Socket("cable-"+id, s.path); err != nil {
		return nil, err
	}
	return s, v.QMP.Plug("usb-redir", id, qmp.Arguments{"chardev": "cable-" + id, "bus": "usb" + bus + ".0", "port": port})
}

// Plug puts a device in.
func (s *Socket) Plug(d *usbdev.Device) (*usbredir.Link, error) {
	conn, err := net.Dial("unix", s.path)
	if err != nil {
		return nil, err
	}
	return usbredir.Attach(conn, d)
}
