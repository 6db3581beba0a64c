// Package qmp talks to QEMU's control socket: plugs devices in and out, pulls
// the network cable, types on the emulated keyboard.
package qmp

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// Client is one control connection. It may be used by several goroutines.
type Client struct {
	conn    net.Conn
	mu      sync.Mutex // one command at a time
	answers chan answer
}

type answer struct {
	Event  string // something that QEMU tells unasked; not used here
	Return json.RawMessage
	Error  *struct{ Desc string }
}

// Dial connects to the socket, and waits for QEMU to make it.
func Dial(path string, wait time.Duration) (*Client, error) {
	var conn net.Conn
	var err error
	for end := time.Now().Add(wait); ; time.Sleep(20 * time.Millisecond) {
		if conn, err = net.Dial("unix", path); err == nil {
			break
		}
		if time.Now().After(end) {
			return nil, err
		}
	}
	c := &Client{conn: conn, answers: make(chan answer, 1)}
	lines := bufio.NewReader(conn)
	if _, err = lines.ReadBytes('\n'); err == nil { // the greeting
		go c.read(lines)
		_, err = c.Do("qmp_capabilities", nil)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

func (c *Client) read(lines *bufio.Reader) {
	defer close(c.answers)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var a answer
		if json.Unmarshal(line, &a) == nil && a.Event == "" {
			c.answers <- a
		}
	}
}

// Arguments are those of a command.
type Arguments map[string]any

// Do runs one command.
func (c *Client) Do(command string, args Arguments) (json.RawMessage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	request := map[string]any{"execute": command}
	if args != nil {
		request["arguments"] = args
	}
	b, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	if _, err := c.conn.Write(append(b, '\n')); err != nil {
		return nil, fmt.Errorf("qmp: %s: %w", command, err)
	}
	switch a, ok := <-c.answers; {
	case !ok:
		return nil, fmt.Errorf("qmp: %s: QEMU has ended", command)
	case a.Error != nil:
		return nil, fmt.Errorf("qmp: %s: %s", command, a.Error.Desc)
	default:
		return a.Return, nil
	}
}

// Close ends the connection, not QEMU.
func (c *Client) Close() error { return c.conn.Close() }

// Plug adds a device.
func (c *Client) Plug(driver, id string, properties Arguments) error {
	args := Arguments{"driver": driver, "id": id}
	for key, value := range properties {
		args[key] = value
	}
	// A socket is let go a moment after the device that used it.
	var err error
	for range 100 {
		if _, err = c.Do("device_add", args); err == nil || !strings.Contains(err.Error(), "is in use") {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

// Unplug removes a device. Those on USB go at once.
func (c *Client) Unplug(id string) error {
	_, err := c.Do("device_del", Arguments{"id": id})
	return err
}

// Socket makes a socket that the far end of a device listens at.
func (c *Client) Socket(id, path string) error {
	_, err := c.Do("chardev-add", Arguments{"id": id, "backend": Arguments{"type": "socket", "data": Arguments{
		"addr": Arguments{"type": "unix", "data": Arguments{"path": path}}, "server": true, "wait": false}}})
	return err
}

// SetLink takes a network card's cable out, or puts it back.
func (c *Client) SetLink(id string, up bool) error {
	_, err := c.Do("set_link", Arguments{"name": id, "up": up})
	return err
}

// keys are the names of the keys that are not letters or digits.
var keys = map[rune]string{'-': "minus", '=': "equal", ';': "semicolon", '\'': "apostrophe", ',': "comma", '.': "dot", '/': "slash",
	'[': "bracket_left", ']': "bracket_right", ' ': "spc", '\n': "ret", '\t': "tab"}

// shifted are the characters that a US keyboard has above others.
var shifted = map[rune]rune{'!': '1', '@': '2', '#': '3', '$': '4', '%': '5', '^': '6', '&': '7', '*': '8', '(': '9', ')': '0',
	'_': '-', '+': '=', ':': ';', '"': '\'', '<': ',', '>': '.', '?': '/', '{': '[', '}': ']'}

// Type presses the keys of a US keyboard that make a text. Pause is the time
// from key to key: a keyboard has room for a few only.
func (c *Client) Type(text string, pause time.Duration) error {
	for _, r := range text {
		base, shift := shifted[r]
		if !shift {
			base = r
		}
		if r >= 'A' && r <= 'Z' {
			base, shift = r-'A'+'a', true
		}
		key := keys[base]
		if base >= 'a' && base <= 'z' || base >= '0' && base <= '9' {
			key = string(base)
		}
		if key == "" {
			return fmt.Errorf("qmp: no key for %q", r)
		}
		strokes := []stroke{{key, true}, {key, false}}
		if shift {
			strokes = []stroke{{"shift", true}, {key, true}, {key, false}, {"shift", false}}
		}
		for _, s := range strokes {
			event := Arguments{"type": "key", "data": Arguments{"down": s.down, "key": Arguments{"type": "qcode", "data": s.key}}}
			if _, err := c.Do("input-send-event", Arguments{"events": []any{event}}); err != nil {
				return err
			}
		}
		time.Sleep(pause)
	}
	return nil
}

type stroke struct {
	key  string
	down bool
}
