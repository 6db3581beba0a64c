package trace

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// What is written reads back as the same trace, whatever the bytes are.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := &Trace{Header: Header{
			At:      time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "at")).UTC(),
			Port:    rapid.String().Draw(t, "port"),
			Profile: rapid.String().Draw(t, "profile"),
		}}
		for range rapid.IntRange(0, 5).Draw(t, "records") {
			want.Records = append(want.Records, Record{
				At:       time.Duration(rapid.Int64Range(0, 1e14).Draw(t, "micros")) * time.Microsecond,
				ToDevice: rapid.Bool().Draw(t, "to device"),
				Data:     rapid.SliceOf(rapid.Byte()).Draw(t, "data"),
			})
		}
		var file bytes.Buffer
		if err := want.Write(&file); err != nil {
			t.Fatal(err)
		}
		got, err := Parse(file.Bytes())
		if err != nil {
			t.Fatalf("%v in\n%s", err, file.Bytes())
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %#v\nwant %#v\nfile\n%s", got, want, file.Bytes())
		}
		for _, c := range file.String() {
			if c > '~' || c < ' ' && c != '\n' {
				t.Fatalf("%q is not printable ASCII in\n%s", c, file.Bytes())
			}
		}
	})
}

// The file looks as the package comment draws it.
func TestForm(t *testing.T) {
	var file bytes.Buffer
	tr := Trace{Header{time.Date(2026, 11, 21, 10, 15, 30, 123e6, time.UTC), "usb:05e0:1701", "zebra-ds2208-cdc"}, []Record{
		{0, false, []byte("]C100106141410000001238\r")},
		{4310 * time.Microsecond, true, []byte{6}},
		{1250112 * time.Microsecond, false, []byte{2, 0x1d, 0, 'A'}},
	}}
	if err := tr.Write(&file); err != nil {
		t.Fatal(err)
	}
	want := `scanpost-trace 1 at=2026-11-21T10:15:30.123Z port="usb:05e0:1701" profile="zebra-ds2208-cdc"
0.000000 < "]C100106141410000001238\r"
0.004310 > 06
1.250112 < 02 1d 00 41
`
	if file.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &file, want)
	}
}

// A damaged file is an error that names the line.
func TestDamaged(t *testing.T) {
	const head = "scanpost-trace 1 port=\"x\"\n"
	for file, want := range map[string]string{
		"":                              "the file is empty",
		"hello":                         "line 1: is no trace",
		"scanpost-trace 2":              "version \"2\" is not known",
		"scanpost-trace 1 port=\"x":     "quotes of port do not end",
		"scanpost-trace 1 at=noon":      "at=\"noon\" is no time",
		head + "0.5 < \"a":              "line 2: \"a is no quoted text",
		head + "# fine\n0.5 = 41":       "line 3: after the time comes < or >",
		head + "-1 < 41":                "\"-1\" is no time",
		head + "1.+5 < 41":              "\"1.+5\" is no time",
		head + "99999999999 < 41":       "is no time",
		head + "1 < 4x":                 "neither hex nor quoted",
		head + "1 <":                    "bytes are missing",
		head + strings.Repeat("x", 2e6): "after line 1",
	} {
		if _, err := Parse([]byte(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: got %v, want %q", file, err, want)
		}
	}
}

// Whatever the file holds, reading it does not panic; what reads, writes and
// reads again as the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte("scanpost-trace 1 at=2026-11-21T10:15:30.123Z port=\"p\" profile=\"q\" later=1\n0.5 < \"a\\x00\"\n1 > 06 07\n"))
	f.Add([]byte("scanpost-trace 1\n0.123456789 < 0g"))
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := Parse(b)
		if err != nil {
			return
		}
		var file bytes.Buffer
		if err := first.Write(&file); err != nil {
			t.Fatal(err)
		}
		again, err := Parse(file.Bytes())
		if err != nil {
			t.Fatalf("%v in\n%s", err, file.Bytes())
		}
		for i, r := range first.Records {
			r.At = r.At.Truncate(time.Microsecond)
			if !reflect.DeepEqual(r, again.Records[i]) {
				t.Errorf("record %d: %v, again %v", i, r, again.Records[i])
			}
		}
	})
}
