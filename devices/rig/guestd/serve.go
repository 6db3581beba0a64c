//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

type server struct {
	mu      sync.Mutex
	running map[int]*process // by pid; also those that have ended
}

type process struct {
	ended  chan struct{}
	status int // once ended
}

type request struct {
	Argv   []string
	Log    string
	Pid    int
	Signal int
}

// ask reads a request; what is wrong with it is the answer.
func ask(w http.ResponseWriter, r *http.Request) (q request, ok bool) {
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return q, false
	}
	return q, true
}

func answer(w http.ResponseWriter, v map[string]any) { json.NewEncoder(w).Encode(v) }

func refuse(w http.ResponseWriter, err error) {
	http.Error(w, err.Error(), http.StatusInternalServerError)
}

func (q request) command() *exec.Cmd {
	q.Argv = append(q.Argv, "") // never an index out of range
	c := exec.Command(q.Argv[0], q.Argv[1:len(q.Argv)-1]...)
	c.WaitDelay = time.Second // for children that keep its output open
	return c
}

func (s *server) exec(w http.ResponseWriter, r *http.Request) {
	q, ok := ask(w, r)
	if !ok {
		return
	}
	c := q.command()
	out, err := c.CombinedOutput()
	if c.ProcessState == nil {
		refuse(w, err)
		return
	}
	answer(w, map[string]any{"status": c.ProcessState.ExitCode(), "output": string(out)})
}

func (s *server) start(w http.ResponseWriter, r *http.Request) {
	q, ok := ask(w, r)
	if !ok {
		return
	}
	c := q.command()
	f, err := os.OpenFile(q.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		refuse(w, err)
		return
	}
	c.Stdout, c.Stderr = f, f
	err = c.Start()
	f.Close() // the process has its own
	if err != nil {
		refuse(w, err)
		return
	}
	p := &process{ended: make(chan struct{})}
	s.mu.Lock()
	s.running[c.Process.Pid] = p
	s.mu.Unlock()
	go func() {
		c.Wait()
		p.status = c.ProcessState.ExitCode()
		close(p.ended)
	}()
	answer(w, map[string]any{"pid": c.Process.Pid})
}

func (s *server) find(w http.ResponseWriter, pid int) *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.running[pid]
	if p == nil {
		refuse(w, errors.New("no such process was started"))
	}
	return p
}

func (s *server) signal(w http.ResponseWriter, r *http.Request) {
	q, ok := ask(w, r)
	if !ok {
		return
	}
	p := s.find(w, q.Pid)
	if p == nil {
		return
	}
	alive := false
	select {
	case <-p.ended:
	default:
		alive = true
		if q.Signal != 0 {
			syscall.Kill(q.Pid, syscall.Signal(q.Signal))
		}
	}
	answer(w, map[string]any{"alive": alive})
}

func (s *server) wait(w http.ResponseWriter, r *http.Request) {
	q, ok := ask(w, r)
	if !ok {
		return
	}
	if p := s.find(w, q.Pid); p != nil {
		<-p.ended
		answer(w, map[string]any{"status": p.status})
	}
}

func put(w http.ResponseWriter, r *http.Request) {
	mode, _ := strconv.ParseUint(r.URL.Query().Get("mode"), 8, 32)
	f, err := os.OpenFile(r.URL.Query().Get("path"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, os.FileMode(mode))
	if err == nil {
		_, err = io.Copy(f, r.Body)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		refuse(w, err)
	}
}

// get reads a file to its end; one of /proc has no length.
func get(w http.ResponseWriter, r *http.Request) {
	b, err := os.ReadFile(r.URL.Query().Get("path"))
	if err != nil {
		refuse(w, err)
		return
	}
	w.Write(b)
}

func page(w http.ResponseWriter, r *http.Request) {
	resp, err := http.Get(r.URL.Query().Get("url"))
	if err != nil {
		refuse(w, err)
		return
	}
	defer resp.Body.Close()
	w.WriteHeader(resp.StatusCode)
	io.Copy(w, resp.Body)
}
