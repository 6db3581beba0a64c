package mqtt

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"scanpost/sync/mqtt/mqtttest"
)

// A broker that can not be reached is tried for ever, at growing distances of
// at most ten seconds, and its absence is told once.
func TestKeepTriesForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		var at []time.Time
		o := Options{URL: "mqtt://broker", Dial: func(context.Context, string, string) (net.Conn, error) {
			if at = append(at, time.Now()); len(at) == 30 {
				cancel()
			}
			return nil, syscall.ECONNREFUSED
		}}
		var told []string
		err := Keep(ctx, o, nil, func(up bool, err error) { told = append(told, err.Error()) })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if len(told) != 1 || !strings.Contains(told[0], "is the broker running?") {
			t.Errorf("told %q, want one line", told)
		}
		for i := 1; i < len(at); i++ {
			most := min(200*time.Millisecond<<(i-1), 10*time.Second)
			if i > 10 {
				most = 10 * time.Second
			}
			if d := at[i].Sub(at[i-1]); d < most/2 || d > most {
				t.Errorf("try %d came after %v, want between %v and %v", i, d, most/2, most)
			}
		}
	})
}

// Each session has a connection of its own, fresh options and the truth about
// its end; what changes is told, and nothing else.
func TestKeepSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		b := &mqtttest.Broker{}
		o := over(b)
		n := 0
		o.Prepare = func(o *Options) {
			n++
			o.Will = &Message{Topic: "will", Payload: []byte{'0' + byte(n)}, Retained: true}
		}
		var told []string
		err := Keep(ctx, o, func(ctx context.Context, l *Link) error {
			switch n {
			case 1: // lasts, then the broker goes
				time.Sleep(lasting) // the bubble's clock
				b.HangUpAll()
				<-l.Done()
				return nil
			case 2: // ends at once, three times, by itself
				return errors.New("not today")
			case 3:
				return errors.New("not today")
			case 4:
				return errors.New("not today")
			case 5: // lasts again
				time.Sleep(lasting + time.Second)
				cancel()
				<-ctx.Done()
			}
			return ctx.Err()
		}, func(up bool, err error) {
			if up {
				told = append(told, "up")
			} else {
				told = append(told, err.Error())
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		want := []string{"up", "the broker broker:1883 closed the connection", "up", "not today",
			`not today, again and again (does another program use the client id "test"?)`, "up"}
		if !slices.Equal(told, want) {
			t.Errorf("told\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
		}
		synctest.Wait()
		for i, c := range b.Connects() {
			if !c.HasWill || c.WillTopic != "will" || c.WillPayload != string(rune('1'+i)) || !c.WillRetained {
				t.Errorf("connection %d had the will %+v", i+1, c)
			}
			if c.Goodbye != (i > 0) {
				t.Errorf("connection %d: goodbye %t", i+1, c.Goodbye)
			}
		}
	})
}

// What can never work is said at once.
func TestKeepBadURL(t *testing.T) {
	if err := Keep(context.Background(), Options{URL: "http://broker"}, nil, nil); err == nil || !strings.Contains(err.Error(), "mqtt://") {
		t.Errorf("got %v", err)
	}
}
