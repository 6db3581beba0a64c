package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"scanpost/devices"
)

func check() *cobra.Command {
	return &cobra.Command{
		Use:   "check PROFILE.toml...",
		Short: "Prove profiles by their own examples",
		Args:  atLeastOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, name := range args {
				p, err := loadProfile(name)
				if err != nil {
					return err
				}
				if err := p.Check(devices.NewDecoder); err != nil {
					return err
				}
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, %s, all as they should be\n", name, p.Model, counted(len(p.Examples), "example")); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func atLeastOne(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errors.New("PROFILE.toml is missing")
	}
	return nil
}
