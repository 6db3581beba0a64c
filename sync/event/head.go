package event

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Head is a station's statement "my log holds Seq events, this is their root,
// and I have said everything up to this time". Signing is in sync/proof.
type Head struct {
	Site, Station string
	Epoch         string
	Seq           uint64   // 0 before the first event
	Root          [32]byte // RFC 6962 over the stored bytes of events 1 to Seq
	At            time.Time
}

// Text is what is signed:
//
//	scanpost/v1/ham1/pack-07                        origin
//	01JDC4X0M6Q3V9T2                                epoch
//	1042                                            sequence
//	9Wb6Sj6HYnE4gjCq6mVhZt1uJcF0sXKf0pZbGoHq3nM=    root
//	2026-11-21T10:15:30.123Z                        time
func (h Head) Text() string {
	var b []byte
	b = append(b, Topics{h.Site, h.Station}.Origin()...)
	b = append(b, '\n')
	b = append(b, h.Epoch...)
	b = append(b, '\n')
	b = strconv.AppendUint(b, h.Seq, 10)
	b = append(b, '\n')
	b = base64.StdEncoding.AppendEncode(b, h.Root[:])
	b = append(b, '\n')
	b = clamp(h.At).AppendFormat(b, timeFormat)
	b = append(b, '\n')
	return string(b)
}

var errNotHead = errors.New("not a head: want five lines with origin, epoch, sequence, root and time")

// ParseHead reads what [Head.Text] writes, and nothing else: what is signed
// has one form.
func ParseHead(text string) (Head, error) {
	if len(text) > 1000 {
		return Head{}, errNotHead
	}
	lines := strings.Split(text, "\n")
	if len(lines) != 6 || lines[5] != "" {
		return Head{}, errNotHead
	}
	site, station, ok := splitSource("/" + strings.TrimPrefix(lines[0], root))
	if !ok || !strings.HasPrefix(lines[0], root) {
		return Head{}, fmt.Errorf("head: origin %.100q is not %s<site>/<station>", lines[0], root)
	}
	h := Head{Site: site, Station: station, Epoch: lines[1]}
	if !validEpoch(h.Epoch) {
		return Head{}, fmt.Errorf("head: epoch %.40q is none", h.Epoch)
	}
	var err error
	if h.Seq, err = strconv.ParseUint(lines[2], 10, 64); err != nil {
		return Head{}, fmt.Errorf("head: sequence %.40q is no number", lines[2])
	}
	hash, err := base64.StdEncoding.DecodeString(lines[3])
	if err != nil || copy(h.Root[:], hash) != len(h.Root) || len(hash) != len(h.Root) {
		return Head{}, fmt.Errorf("head: root %.60q is not 32 bytes in base64", lines[3])
	}
	if h.At, err = time.Parse(timeFormat, lines[4]); err != nil {
		return Head{}, fmt.Errorf("head: time %.40q is not UTC to the millisecond", lines[4])
	}
	if h.Text() != text {
		return Head{}, errNotHead
	}
	return h, nil
}
