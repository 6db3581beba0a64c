package event

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"scanpost/scan"
)

// Ids order as text the way they happened, and come apart as they were put
// together.
func TestID(t *testing.T) {
	if got, want := ID(scan.Number{Epoch: epoch, Seq: 1042}), "01JDC4X0M6Q3V9T2-00000000000000001042"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	rapid.Check(t, func(t *rapid.T) {
		n := scan.Number{Epoch: NewEpoch(), Seq: rapid.Uint64Min(1).Draw(t, "seq")}
		e, seq, ok := ParseID(ID(n))
		if !ok || e != n.Epoch || seq != n.Seq {
			t.Fatalf("got %s %d %v, want %s %d", e, seq, ok, n.Epoch, n.Seq)
		}
	})
	for _, bad := range []string{"", "-", epoch, epoch + "-1", epoch + "-+0000000000000000001", epoch + "_00000000000000000001",
		strings.ToLower(epoch) + "-00000000000000000001", epoch + "-99999999999999999999"} {
		if _, _, ok := ParseID(bad); ok {
			t.Errorf("%q was taken for an id", bad)
		}
	}
}

// Every topic we make comes apart into what it was made of.
func TestTopics(t *testing.T) {
	p := Topics{"ham1", "pack-07"}
	for topic, want := range map[string][4]string{
		p.Evt():         {"ham1", "pack-07", "evt", ""},
		p.State():       {"ham1", "pack-07", "state", ""},
		p.Head():        {"ham1", "pack-07", "head", ""},
		p.Req():         {"ham1", "pack-07", "req", ""},
		p.Res("board"):  {"ham1", "pack-07", "res", "board"},
		p.Ack("board"):  {"ham1", "pack-07", "ack", "board"},
		Expect("ham1"):  {"ham1", "", "expect", ""},
		"scanpost/v1/a": {}, "scanpost/v1/a/b": {}, "scanpost/v1/a/b/c": {}, "scanpost/v1/a/b/evt/": {},
		"scanpost/v1/a/b/res": {}, "scanpost/v1/a/b/res/": {}, "scanpost/v1/a/b/res/c/d": {}, "scanpost/v1/a/+/evt": {},
		"scanpost/v2/a/b/evt": {}, "scanpost/v1/A/b/evt": {}, "scanpost/v1//b/evt": {}, "scanpost/v1/a//evt": {}, "": {},
		"/scanpost/v1/a/b/evt": {}, "scanpost/v1/a/expect/": {}, "scanpost/v1/" + strings.Repeat("a", 41) + "/b/evt": {},
	} {
		site, station, leaf, rest, ok := Split(topic)
		if got := [4]string{site, station, leaf, rest}; got != want || ok != (want[0] != "") {
			t.Errorf("%s: got %q %v, want %q", topic, got, ok, want)
		}
	}
}

// A birth, a will, a request, an end and a receipt come back as they were sent.
func TestMessagesRoundTrip(t *testing.T) {
	birth := State{
		Online: true, Session: "s1", Epoch: epoch, First: 3, Last: 1042, Checkpoints: []string{"pack"},
		Devices: []Device{{Name: "hand", Checkpoint: "pack", Profile: "zebra-ds2208-cdc", Port: "usb:05e0:1701", Attached: true, Since: moment}},
		Version: "1.0", Key: "k", Depth: 12, Clock: Clock{Synced: true, OffsetMin: 60}, Since: moment, At: moment.Add(time.Second),
	}
	roundTrip(t, birth, State.JSON, ParseState)
	roundTrip(t, birth.Will(), State.JSON, ParseState)
	roundTrip(t, Request{ID: "7", From: "board", Replay: [][2]uint64{{1, 1}, {5, 1<<64 - 1}}, Epoch: epoch}, Request.JSON, ParseRequest)
	roundTrip(t, Request{ID: "board", Head: true}, Request.JSON, ParseRequest)
	roundTrip(t, End{ID: "7", End: true, Epoch: epoch, First: 3, Last: 1042, Sent: 17}, End.JSON, ParseEnd)
	roundTrip(t, Ack{Epoch: epoch, Upto: 1042, Missing: [][2]uint64{{7, 9}}, At: moment}, Ack.JSON, ParseAck)
	roundTrip(t, Ack{Epoch: epoch, At: moment}, Ack.JSON, ParseAck)
}

func roundTrip[T any](t *testing.T, want T, write func(T) []byte, read func([]byte) (T, error)) {
	t.Helper()
	got, err := read(write(want))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s\ngot  %+v and %v\nwant %+v", write(want), got, err, want)
	}
}

// A will with the session of a birth says offline and nothing else.
func TestWill(t *testing.T) {
	s := State{Online: true, Session: "s1", Epoch: epoch, Last: 7, At: moment}
	if got, want := string(s.Will().JSON()), `{"online":false,"session":"s1","epoch":"01JDC4X0M6Q3V9T2"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Messages from elsewhere are bounded, and can not smuggle a topic.
func TestMessagesRefused(t *testing.T) {
	many := strings.Repeat("[1,1],", maxList) + "[1,1]"
	for name, c := range map[string]struct {
		read func([]byte) error
		in   string
	}{
		"a range that ends before it begins": {request, `{"id":"board","replay":[[2,1]]}`},
		"a range from zero":                  {request, `{"id":"board","replay":[[0,1]]}`},
		"a negative range":                   {request, `{"id":"board","replay":[[-1,1]]}`},
		"more than 1000 ranges":              {request, `{"id":"board","replay":[` + many + `]}`},
		"a requester with a wildcard":        {request, `{"id":"7","from":"#","head":true}`},
		"a requester with a slash":           {request, `{"id":"a/b","head":true}`},
		"no requester":                       {request, `{"head":true}`},
		"a long id":                          {request, `{"from":"board","id":"` + strings.Repeat("x", 65) + `"}`},
		"a foreign epoch":                    {request, `{"id":"board","epoch":"x"}`},
		"a receipt without an epoch":         {ack, `{"upto":3}`},
		"a receipt missing a wrong range":    {ack, `{"epoch":"` + epoch + `","upto":3,"missing":[[3,2]]}`},
		"a birth without a session":          {state, `{"online":true,"epoch":"` + epoch + `"}`},
		"a birth without an epoch":           {state, `{"online":true,"session":"s"}`},
		"a birth that begins after its end":  {state, `{"online":true,"session":"s","epoch":"` + epoch + `","first":9,"last":7}`},
		"an event taken for an end":          {end, string(Append(nil, numbered(1, plainScan())))},
		"more than 64 KiB":                   {ack, strings.Repeat(" ", MaxSize+1)},
		"no JSON":                            {state, `online`},
	} {
		if err := c.read([]byte(c.in)); err == nil {
			t.Errorf("%s: %.200s was accepted", name, c.in)
		}
	}
}

func request(b []byte) error { _, err := ParseRequest(b); return err }
func ack(b []byte) error     { _, err := ParseAck(b); return err }
func state(b []byte) error   { _, err := ParseState(b); return err }
func end(b []byte) error     { _, err := ParseEnd(b); return err }

// A head has one text, and that text is the head.
func TestHead(t *testing.T) {
	h := Head{Site: "ham1", Station: "pack-07", Epoch: epoch, Seq: 1042, Root: [32]byte{1, 2, 3}, At: moment}
	const want = "scanpost/v1/ham1/pack-07\n01JDC4X0M6Q3V9T2\n1042\nAQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n2026-11-21T10:15:30.123Z\n"
	if got := h.Text(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, err := ParseHead(want); err != nil || got != h {
		t.Errorf("got %+v and %v, want %+v", got, err, h)
	}
	for _, change := range [][2]string{
		{"\n1042\n", "\n01042\n"}, {"\n1042\n", "\n+1042\n"}, {"\n1042\n", "\n-1\n"}, {"123Z\n", "123Z"}, {"123Z", "1230Z"},
		{"123Z", "123+00:00"}, {"scanpost/v1", "scanpost/v2"}, {"AQID", "AQI"}, {"AAA=", "AAAAAAA="}, {"01JD", "01Jd"},
		{"pack-07", "pack_07"}, {"ham1/", ""}, {"\n1042", ""}, {"AAA=", "AAB="}, {"2026-", "12026-"},
	} {
		if got, err := ParseHead(strings.Replace(want, change[0], change[1], 1)); err == nil {
			t.Errorf("with %q for %q it was read as %+v", change[1], change[0], got)
		}
	}
}

// Whatever arrives in place of a message, reading it returns.
func FuzzMessages(f *testing.F) {
	f.Add([]byte(`{"id":"board","replay":[[1,2]],"end":true,"epoch":"` + epoch + `","session":"s","upto":3}`))
	f.Add([]byte(Head{Site: "a", Station: "b", Epoch: epoch, At: moment}.Text()))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := ParseRequest(b); err == nil {
			if _, _, _, _, ok := Split(Topics{"a", "b"}.Res(r.Requester())); !ok {
				t.Errorf("%q answers to no topic", b)
			}
		}
		if s, err := ParseState(b); err == nil {
			again, err := ParseState(s.JSON())
			if err != nil || again.Session != s.Session || !again.At.Equal(s.At) {
				t.Errorf("got %+v and %v, want %+v", again, err, s)
			}
		}
		if a, err := ParseAck(b); err == nil {
			a.JSON()
		}
		_, _ = ParseEnd(b)
		if h, err := ParseHead(string(b)); err == nil && h.Text() != string(b) {
			t.Errorf("%q is another form of %q", b, h.Text())
		}
		Split(string(b))
		ParseID(string(b))
	})
}
