//go:build linux

// Command guestd is the first process of the guest.
//
// It mounts what a system needs, loads the modules that /etc/rig/modules names,
// in that order, sets the addresses of the two network cards, and then does
// what the host asks by HTTP:
//
//	GET  /ready              seconds since the kernel's start
//	POST /exec               {"argv":[…]}             → {"status":n,"output":"…"}
//	POST /start              {"argv":[…],"log":FILE}  → {"pid":n}
//	POST /signal             {"pid":n,"signal":n}     → {"alive":bool}
//	POST /wait               {"pid":n}                → {"status":n}
//	PUT  /file?path=&mode=   writes a file
//	GET  /file?path=         reads one
//	GET  /page?url=          fetches a page that is to be seen in the guest only
//
// Whoever reaches it is root in the guest. Nobody but the test does: it listens
// behind a port of the host's loopback.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("rig: ")
	if os.Getpid() == 1 {
		setup()
	}
	s := &server{running: map[int]*process{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, uptime()) })
	mux.HandleFunc("POST /exec", s.exec)
	mux.HandleFunc("POST /start", s.start)
	mux.HandleFunc("POST /signal", s.signal)
	mux.HandleFunc("POST /wait", s.wait)
	mux.HandleFunc("PUT /file", put)
	mux.HandleFunc("GET /file", get)
	mux.HandleFunc("GET /page", page)
	log.Printf("ready at %s s", uptime())
	log.Fatal(http.ListenAndServe(":7000", mux))
}

func uptime() string {
	b, _ := os.ReadFile("/proc/uptime")
	s, _, _ := strings.Cut(string(b), " ")
	return s
}
