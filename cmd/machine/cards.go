package machine

import (
	"log/slog"
	"os"
	"sync"
	"time"

	"scanpost/cmd/config"
	"scanpost/scan/identity/command"
)

// cards are the site's command cards as the key file tells them now: it is
// looked at with each card that is scanned, so that a revoked card or a new key
// needs no restart. A file that is gone or has a mistake in it changes nothing
// until it is right again: whoever edits it is not to lock the benches out.
type cards struct {
	file string // empty: no card is obeyed
	log  *slog.Logger

	mu    sync.Mutex
	site  command.Site
	stamp stamp
}

// stamp tells one state of a file from another.
type stamp struct {
	at   time.Time
	size int64
	info os.FileInfo // which file it is: one moved into place may have any age
	err  string
}

func (s stamp) same(t stamp) bool {
	same := s.info == nil && t.info == nil || s.info != nil && t.info != nil && os.SameFile(s.info, t.info)
	return same && s.at.Equal(t.at) && s.size == t.size && s.err == t.err
}

func stampOf(file string) stamp {
	info, err := os.Stat(file)
	if err != nil {
		return stamp{err: err.Error()}
	}
	return stamp{at: info.ModTime(), size: info.Size(), info: info}
}

// openCards begins with what was read at start. The stamp is left open: the
// file may have changed since.
func openCards(c config.Station, log *slog.Logger) *cards {
	return &cards{file: c.CommandFile, site: c.Commands, log: log}
}

// now is what holds for the card that is being scanned.
func (c *cards) now() command.Site {
	if c.file == "" {
		return c.site
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	stamp := stampOf(c.file)
	if stamp.same(c.stamp) {
		return c.site
	}
	c.stamp = stamp
	site, err := config.ReadCommands(c.file)
	if err != nil {
		c.log.Warn("the command key file can not be read: the cards known before are obeyed", "err", err)
		return c.site
	}
	c.site = site
	return site
}
