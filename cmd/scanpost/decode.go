package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"scanpost/devices"
	"scanpost/devices/profile"
	"scanpost/devices/wire"
)

func decode() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "decode --profile P [FILE]",
		Short: "Turn raw device bytes into sightings, one JSON line each",
		Long: `Reads the bytes that a device sent, from FILE or standard input, and prints each
sighting as a line of JSON. The end of the input counts as silence. For a HID
profile the input is a stream of whole reports: 8 bytes of a keyboard (9 with a
report number), 64 of others. Of a tag reader each tag heard is a line with its
epc, which identify understands. Bytes that are neither are counted by reason on standard error; the exit status is 0 all the same.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("%q is one argument too many", args[1])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := loadProfile(name)
			if err != nil {
				return err
			}
			in := cmd.InOrStdin()
			if len(args) > 0 && args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return fmt.Errorf("read the device's bytes: %w", err)
				}
				defer f.Close()
				in = f
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			found := faults{}
			err = errors.Join(decodeAll(p, in, out, found), out.Flush())
			found.print(cmd.ErrOrStderr())
			return err
		},
	}
	profileFlag(cmd, &name)
	return cmd
}

// hidReport is the length of a profile's reports.
func hidReport(p *profile.Profile) int {
	if p.Port.Usage != "keyboard" {
		return 64
	}
	if id, numbered := p.Options["report_id"].(int64); numbered && id != 0 {
		return 9
	}
	return 8
}

func decodeAll(p *profile.Profile, in io.Reader, w *bufio.Writer, found faults) error {
	decoder, err := devices.NewDecoder(p.Decoder, p.Options)
	if err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	read := in.Read
	if p.Port.Type == "hid" {
		buf = buf[:hidReport(p)]
		read = func(b []byte) (int, error) { return io.ReadFull(in, b) }
	}
	var out wire.Output
	for {
		n, err := read(buf)
		out.Reset()
		if errors.Is(err, io.ErrUnexpectedEOF) {
			out.Fault(fmt.Errorf("%d bytes at the end are no report: %w", n, wire.ErrShort))
			n = 0
		}
		if n > 0 {
			decoder.Decode(buf[:n], &out)
		}
		if err != nil {
			decoder.Silence(&out)
		}
		if err := printAll(w, &out, found); err != nil {
			return err
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return fmt.Errorf("read the device's bytes: %w", err)
		}
	}
}

// printAll prints what one call of a decoder produced, at once: the input may
// be a device.
func printAll(w *bufio.Writer, out *wire.Output, found faults) error {
	for _, fault := range out.Faults {
		found.count(fault)
	}
	for _, r := range out.Reads {
		line := struct {
			EPC     string `json:"epc"`
			PC      string `json:"pc,omitempty"`
			Antenna int    `json:"antenna,omitempty"`
			RSSI    *int   `json:"rssi,omitempty"`
			Count   int    `json:"reads"`
			Note    string `json:"note,omitempty"`
		}{EPC: fmt.Sprintf("%X", r.EPC), Antenna: r.Antenna, Count: max(1, r.Count), Note: r.Note}
		if r.HasPC {
			line.PC = fmt.Sprintf("%04X", r.PC)
		}
		if r.HasRSSI {
			line.RSSI = &r.RSSI
		}
		if err := printJSON(w, line); err != nil {
			return err
		}
	}
	for _, s := range out.Sightings {
		if err := printJSON(w, lineOf(s.Code, s.AIM, s.Symbology, s.NoRead, s.Note)); err != nil {
			return err
		}
	}
	return w.Flush()
}

// loadProfile loads a known profile by name, or a file by its path.
func loadProfile(name string) (*profile.Profile, error) {
	load := profile.Load
	if name == "" {
		return nil, usageError{errors.New("which profile? add --profile (scanpost devices profiles lists them)")}
	}
	if isFile(name) {
		load = profile.LoadFile
	}
	p, err := load(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, usageError{fmt.Errorf("there is no profile file %s", name)}
	}
	if err != nil {
		return nil, usageError{err}
	}
	return p, nil
}

func profileFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVarP(name, "profile", "p", "", "a profile's `NAME` (scanpost devices profiles), or the path of one ending in .toml")
}
