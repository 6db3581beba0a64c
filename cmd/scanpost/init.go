package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"scanpost/cmd/config"
)

func initCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Print a commented configuration",
		Args:  takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				_, err := io.WriteString(cmd.OutOrStdout(), config.Sample)
				return err
			}
			return writeNew(out, config.Sample)
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "write it to this `FILE`, which must not exist yet")
	return cmd
}

// writeNew writes a file and never over another.
func writeNew(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is already there and stays as it is; name another file", name)
	}
	if err != nil {
		return fmt.Errorf("write the sample: %w", err)
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Close())
}
