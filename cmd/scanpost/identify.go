package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"scanpost/scan/identity"
)

func identify() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "identify",
		Short: "Say what each code is: JSON lines in, JSON lines out",
		Long: `Reads lines such as {"raw":"]C100106141410000001238"} and answers each with one
line that says what the code is. A leading AIM identifier is recognised; GS is
written \u001d. What scanpost decode prints can be piped in.

Every carrier that a number can belong to is told, with what speaks for it; it
is nobody's where it can be two's (docs/identity.md).

The line of an RFID tag is {"epc":"3154F4E4E4CE0A6A14000000"}, the bytes of its EPC
in hex, with its PC word as "pc":"3000" if the reader sent it. What is no EPC of
GS1 is answered with its raw URI and the reason.

The exit status is 0 when all lines were answered, whatever they held.`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var i identity.Identifier
			if file != "" {
				cfg, err := loadConfig(file)
				if err != nil {
					return err
				}
				i = cfg.Identifier()
			}
			return identifyLines(i, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "", "the station.toml `FILE` of a machine, to read codes as it does: command cards, [identity], company prefixes")
	return cmd
}

const longestLine = 1 << 20

// identifyLines writes one line for each line it reads, and never stops at a
// bad one: whoever feeds it counts on the lines staying side by side.
func identifyLines(i identity.Identifier, in io.Reader, out io.Writer) error {
	r := bufio.NewReaderSize(in, 64<<10)
	w := bufio.NewWriter(out)
	for {
		line, tooLong, err := readLine(r)
		if err == io.EOF {
			return w.Flush()
		}
		if err != nil {
			return errors.Join(err, w.Flush())
		}
		answer := tooLongAnswer
		if !tooLong {
			answer = i.IdentifyLine(line)
		}
		w.Write(answer) // an error comes back from Flush
		w.WriteByte('\n')
		if r.Buffered() == 0 { // a person, or a program that waits for the answer
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
}

var tooLongAnswer = func() []byte {
	b, err := json.Marshal(identity.Result{
		Kind:  identity.Text,
		Error: &identity.Error{Code: identity.TooLong, Message: "a line of more than 1 MiB"},
	})
	if err != nil {
		panic(err)
	}
	return b
}()

// readLine reads to the end of a line or of the input. Of a line that is too
// long it keeps nothing.
func readLine(r *bufio.Reader) (line []byte, tooLong bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > longestLine+1 {
			tooLong, line = true, line[:0]
		}
		if !tooLong {
			line = append(line, part...)
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF && (len(line) > 0 || tooLong):
			err = nil
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		return bytes.TrimSuffix(line, []byte("\r")), tooLong, err
	}
}
