package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"scanpost/devices/port"
	"scanpost/devices/profile"
)

func devicesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "devices",
		Short: "Show what is plugged in, which profile fits, and what to write as port",
		Args:  knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := port.List()
			if err != nil {
				return err
			}
			known, err := profile.All()
			if err != nil {
				return err
			}
			return showDevices(cmd.OutOrStdout(), found, known, surroundings())
		},
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "profiles",
		Short: "List the known profiles",
		Args:  takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			known, err := profile.All()
			if err != nil {
				return err
			}
			return showProfiles(cmd.OutOrStdout(), known)
		},
	})
	return cmd
}

// surroundings says what keeps devices from being seen at all.
func surroundings() []string {
	var notes []string
	if !port.HIDSupported() {
		notes = append(notes, "This build can not read HID devices: it was built without cgo. Install the release for this machine, or build with CGO_ENABLED=1 (make build does).")
	}
	if _, err := os.Stat("/dev/bus/usb"); err != nil {
		notes = append(notes, "This machine shows no USB bus (no /dev/bus/usb). In a container, hand /dev in with its devices; else look at the firmware's settings.")
	}
	return notes
}

func showDevices(w io.Writer, found []port.Found, known []*profile.Profile, notes []string) error {
	if len(found) == 0 {
		fmt.Fprintln(w, "Nothing is plugged in that could be a scanner: no serial port and no HID device.")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(found) > 0 {
		fmt.Fprintln(t, "PORT\tDEVICE\tPROFILE\tWHY")
	}
	closed := ""
	for _, f := range found {
		fits := fitting(f, known)
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", harmless(f.Address), nameOf(f), fits[0].name, fits[0].why)
		for _, more := range fits[1:] {
			fmt.Fprintf(t, "\t\t%s\t%s\n", more.name, more.why)
		}
		if f.Access != nil {
			closed += "\nNot to be opened by this user: " + harmless(f.Access.Error()) + "\n"
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if closed != "" {
		closed += "\nThe rules for all known makers are in deploy/99-scanpost.rules.\n"
	}
	for _, n := range notes {
		closed += "\n" + n + "\n"
	}
	_, err := io.WriteString(w, closed)
	return err
}

type fit struct{ name, why string }

// fitting names the profiles that a device may be of; there is always one
// line, if only to say that there are none.
func fitting(f port.Found, known []*profile.Profile) []fit {
	kind, wire := "serial", "a serial port"
	if f.Kind == port.HID {
		kind, wire = "hid", "a HID device"
	}
	if f.VendorID == 0 {
		return []fit{{"?", "a plain serial port does not tell what is behind it; see scanpost devices profiles"}}
	}
	if f.Usage == "mouse" {
		return []fit{{"-", "it is a mouse"}}
	}
	var fits []fit
	for _, p := range known {
		if p.Fits(kind, f.VendorID, f.ProductID) {
			fits = append(fits, fit{p.Name, "USB id " + f.ID() + ", " + wire})
		}
	}
	switch {
	case len(fits) > 0:
		return fits
	case f.Usage == "keyboard":
		return []fit{{"-", "a keyboard, perhaps the operator's; if it is a scanner: generic-hid-keyboard"}}
	case f.Usage == "pos":
		return []fit{{"-", "a scanner (HID point of sale) of a model without a profile yet"}}
	case kind == "serial":
		return []fit{{"?", "no profile names " + f.ID() + "; if it is a scanner: generic-serial"}}
	}
	return []fit{{"-", "no profile names " + f.ID()}}
}

// nameOf is what a device calls itself. It can call itself anything.
func nameOf(f port.Found) string {
	name := strings.TrimSpace(f.Manufacturer + " " + f.Product)
	if name == "" {
		name = f.Node
	}
	if f.Serial != "" {
		name += " (serial number " + f.Serial + ")"
	}
	return strings.ReplaceAll(harmless(name), "\n", " ")
}

func showProfiles(w io.Writer, known []*profile.Profile) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PROFILE\tDEVICE\tWIRE\tUSB IDS")
	for _, p := range known {
		ids := strings.Join(p.Port.USB, " ")
		if len(p.Port.USB) > 4 {
			ids = fmt.Sprintf("%s and %d more", strings.Join(p.Port.USB[:3], " "), len(p.Port.USB)-3)
		}
		fmt.Fprintf(t, "%s\t%s, %s\t%s\t%s\n", p.Name, p.Model, p.Mode, p.Port.Type, ids)
	}
	return t.Flush()
}
