package brokers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"scanpost/sync/mqtt"
)

// Config is how a broker is set up, beside what is its own.
type Config struct {
	Defaults  bool   // its own limits of queues, and not those that docs/brokers.md recommends
	Kept      bool   // it keeps its memory on disk, where it can be told
	MaxEvent  int    // larger payloads are refused; 0 leaves it to the broker
	Rules     string // what scanpost acl prints for it
	Passwords map[string]string
	TLS       *TLS
}

// TLS are files in PEM form. With CA set, clients have to show a certificate
// that it signed.
type TLS struct{ CA, Cert, Key string }

// Broker is one broker; a cluster is one too.
type Broker struct {
	Nodes  []*Node
	config Config
}

// Node is a process that clients can connect to.
type Node struct {
	Addr   string // of its MQTT listener
	t      testing.TB
	dir    string // what it remembers
	limits bool
	run    func() *exec.Cmd
	*Process
}

// Kinds are the brokers, by name.
var Kinds = []string{"mosquitto", "nats", "nats, 3 nodes", "embedded broker"}

// Run starts a broker of a kind until the test ends, and skips the test if it
// is not installed.
func Run(t testing.TB, kind string, c Config) *Broker {
	t.Helper()
	b := &Broker{config: c}
	switch kind {
	case "mosquitto":
		b.Nodes = []*Node{mosquitto(t, c)}
	case "nats":
		b.Nodes = natsNodes(t, c, 1)
	case "nats, 3 nodes":
		b.Nodes = natsNodes(t, c, 3)
	case "embedded broker":
		b.Nodes = []*Node{embedded(t, c)}
	default:
		t.Fatalf("no broker is called %q", kind)
	}
	b.Start()
	return b
}

// Start starts the nodes that do not run, and returns when all of them serve.
func (b *Broker) Start() {
	for _, n := range b.Nodes {
		if n.Process == nil {
			n.Process = Start(n.t, n.run())
		}
	}
	for _, n := range b.Nodes {
		n.serves(b.config)
	}
}

// serves waits until the node takes a connection and a subscription: a cluster
// listens long before it has found itself. Where users are needed, listening
// has to do.
func (n *Node) serves(c Config) {
	n.t.Helper()
	Wait(n.t, n.Addr+" serves", func() bool {
		if n.ended() {
			n.t.Fatal("the broker has ended")
		}
		if c.Rules != "" || c.Passwords != nil || c.TLS != nil {
			return listens(n.Addr)
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		link, err := mqtt.Dial(ctx, mqtt.Options{URL: "mqtt://" + n.Addr, ClientID: "looks-whether-it-serves"})
		if err != nil {
			return false
		}
		defer link.Close(ctx)
		return link.Subscribe(ctx, func(mqtt.Message) {}, "nothing/at/all") == nil
	})
}

// Stop ends all nodes in order.
func (b *Broker) Stop() {
	for _, n := range b.Nodes {
		if n.Process != nil {
			n.Process.Stop()
			n.Process = nil
		}
	}
}

// Kill ends all nodes without a word to them.
func (b *Broker) Kill() {
	for _, n := range b.Nodes {
		n.Kill()
	}
}

// Kill ends a node without a word to it.
func (n *Node) Kill() {
	if n.Process != nil {
		n.Process.Kill()
		n.Process = nil
	}
}

// Forget deletes what the nodes that do not run have kept.
func (b *Broker) Forget() {
	for _, n := range b.Nodes {
		n.Forget()
	}
}

// Forget deletes what the node has kept; it must not run.
func (n *Node) Forget() {
	if n.Process != nil {
		n.t.Fatal("a broker that runs is not robbed of its files")
	}
	if err := os.RemoveAll(n.dir); err != nil {
		n.t.Fatal(err)
	}
	if err := os.MkdirAll(n.dir, 0o700); err != nil {
		n.t.Fatal(err)
	}
}

// Addrs are where clients connect.
func (b *Broker) Addrs() (all []string) {
	for _, n := range b.Nodes {
		all = append(all, n.Addr)
	}
	return all
}

// find looks for a program where it may be installed.
func find(t testing.TB, name, how string) string {
	t.Helper()
	cache, _ := os.UserCacheDir()
	for _, place := range []string{name, filepath.Join("/usr/sbin", name), filepath.Join(cache, "scanpost-tools", name)} {
		if path, err := exec.LookPath(place); err == nil {
			return path
		}
	}
	t.Skipf("skipped: %s is not installed (%s)", name, how)
	return ""
}

func mosquitto(t testing.TB, c Config) *Node {
	t.Helper()
	path := find(t, "mosquitto", "apt-get install mosquitto, or make tools")
	n := &Node{Addr: FreePort(t), t: t, dir: t.TempDir(), limits: true}
	conf := "listener " + portOf(n.Addr) + " 127.0.0.1\n"
	if os.Getuid() == 0 {
		conf += "user root\n" // else it becomes somebody who may not read this folder
	}
	if !c.Defaults {
		conf += "max_queued_messages 0\n"
	}
	if c.Kept {
		conf += "persistence true\nautosave_interval 1\npersistence_location " + n.dir + "/\n"
	}
	if c.MaxEvent > 0 {
		conf += fmt.Sprintf("max_packet_size %d\n", c.MaxEvent)
	}
	own := t.TempDir()
	if c.Passwords == nil {
		conf += "allow_anonymous true\n"
	} else {
		users := write(t, filepath.Join(own, "passwords"), "")
		tool := find(t, "mosquitto_passwd", "apt-get install mosquitto, or make tools")
		for user, password := range c.Passwords {
			if out, err := exec.Command(tool, "-b", users, user, password).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
		conf += "allow_anonymous false\npassword_file " + users + "\n"
	}
	if c.Rules != "" {
		conf += "acl_file " + write(t, filepath.Join(own, "rules"), c.Rules) + "\n"
	}
	if c.TLS != nil {
		conf += fmt.Sprintf("certfile %s\nkeyfile %s\n", c.TLS.Cert, c.TLS.Key)
		if c.TLS.CA != "" {
			conf += fmt.Sprintf("cafile %s\nrequire_certificate true\n", c.TLS.CA)
		}
	}
	file := write(t, filepath.Join(own, "mosquitto.conf"), conf)
	n.run = func() *exec.Cmd { return exec.Command(path, "-c", file) }
	return n
}

func natsNodes(t testing.TB, c Config, count int) (nodes []*Node) {
	t.Helper()
	path := find(t, "nats-server", "make tools")
	var routes []string
	for range count {
		routes = append(routes, FreePort(t))
	}
	for i := range count {
		n := &Node{Addr: FreePort(t), t: t, dir: t.TempDir(), limits: true}
		// What an open port of the MQTT listener says is all that is needed
		// here; NATS wants one of its own as well.
		conf := fmt.Sprintf("server_name: n%d\nlisten: %q\njetstream { store_dir: %q, max_memory_store: 64MB, max_file_store: 2GB }\n", i+1, FreePort(t), n.dir)
		conf += fmt.Sprintf("mqtt {\n  listen: %q\n", n.Addr)
		if !c.Defaults {
			conf += "  max_ack_pending: 4096\n"
		}
		if c.TLS != nil {
			conf += fmt.Sprintf("  tls { cert_file: %q, key_file: %q", c.TLS.Cert, c.TLS.Key)
			if c.TLS.CA != "" {
				conf += fmt.Sprintf(", ca_file: %q, verify: true", c.TLS.CA)
			}
			conf += " }\n"
		}
		conf += "}\n"
		if c.MaxEvent > 0 {
			conf += fmt.Sprintf("max_payload: %d\n", c.MaxEvent)
		}
		if count > 1 {
			conf += fmt.Sprintf("cluster { name: site, listen: %q, routes: [", routes[i])
			for _, r := range routes {
				conf += fmt.Sprintf(" %q,", "nats://"+r)
			}
			conf += " ] }\n"
		}
		conf += c.Rules
		file := write(t, filepath.Join(t.TempDir(), "nats.conf"), conf)
		n.run = func() *exec.Cmd {
			cmd := exec.Command(path, "-c", file)
			cmd.Env = os.Environ()
			for user, password := range c.Passwords {
				cmd.Env = append(cmd.Env, strings.ToUpper(strings.ReplaceAll(user, "-", "_"))+"_PASSWORD="+password)
			}
			return cmd
		}
		nodes = append(nodes, n)
	}
	return nodes
}

func embedded(t testing.TB, c Config) *Node {
	t.Helper()
	binary := Program(t)
	n := &Node{Addr: FreePort(t), t: t, dir: t.TempDir()}
	own := t.TempDir()
	conf := fmt.Sprintf("[station]\nsite = \"ham1\"\ndata = %q\n[broker]\nlisten = %q\n", n.dir, n.Addr)
	if c.Passwords != nil {
		users := ""
		for user, password := range c.Passwords {
			users += user + ":" + password + "\n"
		}
		conf += fmt.Sprintf("password_file = %q\n", write(t, filepath.Join(own, "users"), users))
	}
	conf += c.Rules
	if c.TLS != nil {
		conf += fmt.Sprintf("cert = %q\nkey = %q\n", c.TLS.Cert, c.TLS.Key)
		if c.TLS.CA != "" {
			conf += fmt.Sprintf("ca = %q\n", c.TLS.CA)
		}
	}
	file := write(t, filepath.Join(own, "broker.toml"), conf)
	n.run = func() *exec.Cmd { return exec.Command(binary, "run", "-c", file) }
	return n
}

// Limits reports whether the broker has a limit for the size of an event that
// can be set; the embedded one has one above the largest event.
func (b *Broker) Limits() bool { return b.config.MaxEvent > 0 && b.Nodes[0].limits }
