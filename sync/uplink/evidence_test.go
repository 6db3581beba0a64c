package uplink

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"scanpost/sync/event"
	"scanpost/sync/mqtt/mqtttest"
)

// headless is an outbox that can make no head: its clock has stepped, and the
// disk is too full for the event that says so.
type headless struct{ *box }

func (headless) Head() (event.Head, []byte, error) {
	return event.Head{}, nil, errors.New("save a scan: the disk is full")
}

// What is saved is sent all the same.
func TestEventsLeaveWithoutAHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, box := &mqtttest.Broker{}, newBox(100)
		_, stop := run(t, b, Options{Outbox: headless{box}})
		time.Sleep(time.Minute)
		synctest.Wait()
		if p := box.Published(); p != 100 {
			t.Errorf("%d of 100 events were sent, on %d connections", p, len(b.Connects()))
		}
		stop()
	})
}

// A new board says that it lacks 1 to 30, which were trimmed long ago, and
// 60, which is damaged here. Nobody can ever give it those: the rest is
// trimmed, or the disk fills up and scanning ends.
func TestReceiptsOfANewBoardLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, box := &mqtttest.Broker{}, newBox(100)
		box.first, box.published, box.damaged = 31, 30, 60
		box.confirmed["board"] = 30
		_, stop := run(t, b, Options{Outbox: box})
		synctest.Wait()
		b.Send(station.Ack("board"), string(event.Ack{Epoch: epoch, Upto: 100, Missing: [][2]uint64{{1, 30}, {60, 60}}}.JSON()), true)
		synctest.Wait()
		if n := box.receipts()["board"]; n != 100 {
			t.Errorf("confirmed up to %d, want 100", n)
		}
		stop()
	})
}

// A consumer that has to confirm and does not is named, in the log and in the
// birth, and no longer when it does.
func TestSilentConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, box := &mqtttest.Broker{}, newBox(5)
		u, stop := run(t, b, Options{Outbox: box, Required: []string{"board", "erp"}})
		time.Sleep(time.Second)
		synctest.Wait()
		if err := b.Send(station.Ack("board"), `{"epoch":"`+epoch+`","upto":5,"missing":[],"at":"2026-11-21T10:00:00.000Z"}`, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(9 * time.Minute)
		synctest.Wait()
		equal(t, "silent after 9 minutes", u.Silent(), nil)
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		equal(t, "silent after 12 minutes", u.Silent(), []string{"erp"})
		s := states(t, b.Published())
		equal(t, "in the birth", s[len(s)-1].Unconfirmed, []string{"erp"})
		if err := b.Send(station.Ack("erp"), `{"epoch":"`+epoch+`","upto":4,"missing":[],"at":"2026-11-21T10:00:00.000Z"}`, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		equal(t, "silent after a receipt", u.Silent(), nil)
		stop()
	})
}
