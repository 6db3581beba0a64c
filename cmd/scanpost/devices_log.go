package main

import (
	"context"
	"log/slog"
	"strings"
)

// troubleLog is a device's log for a person who looks on: why it can not be
// opened comes as a sentence. The rest they see by other ways.
func troubleLog(say func(sentence string)) *slog.Logger { return slog.New(trouble(say)) }

type trouble func(sentence string)

func (t trouble) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

func (t trouble) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "device not there" {
		return nil
	}
	sentence, reason := "", ""
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "err":
			sentence = a.Value.String()
		case "reason":
			reason = a.Value.String()
		}
		return true
	})
	if strings.Contains(reason, "print sheet") { // it is there, in another mode
		sentence = reason
	}
	t(sentence)
	return nil
}

func (t trouble) WithAttrs([]slog.Attr) slog.Handler { return t }
func (t trouble) WithGroup(string) slog.Handler      { return t }
