package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"scanpost/sync/event"
)

func acl() *cobra.Command {
	var site, kind string
	var stations, boards, consumers, orders []string
	cmd := &cobra.Command{
		Use:   "acl --for mosquitto|nats --site SITE --station NAME,…",
		Short: "Print a broker's rules: who may write and read what",
		Long: `Prints the rules that a broker needs, so that no station can speak as another and
no stranger can speak at all. Every station, and every other program, logs in as
a user of its own: a station as its name, a consumer as the name of its receipts.
A bench that is the board as well has one user, named under --station and --board.

For mosquitto it is a file for acl_file; for NATS an authorization block, whose
passwords come from the environment. The embedded broker holds the same rules by
itself as soon as it has a password_file.`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			users, err := usersOf(site, stations, boards, consumers, orders)
			if err != nil {
				return usageError{err}
			}
			switch kind {
			case "mosquitto":
				return mosquittoRules(cmd.OutOrStdout(), users)
			case "nats":
				return natsRules(cmd.OutOrStdout(), users)
			}
			return usageError{errors.New("rules for which broker? add --for mosquitto or --for nats")}
		},
	}
	f := cmd.Flags()
	f.StringVar(&kind, "for", "", "the `BROKER`: mosquitto or nats")
	f.StringVar(&site, "site", "", "the `SITE` of the stations")
	f.StringSliceVar(&stations, "station", nil, "the `NAMES` of the stations")
	f.StringSliceVar(&boards, "board", nil, "the `NAMES` of users that are the board")
	f.StringSliceVar(&consumers, "consumer", nil, "the `NAMES` of tracking systems that read and confirm")
	f.StringSliceVar(&orders, "orders", nil, "the `NAMES` of systems that announce what to expect")
	return cmd
}

// brokerUser is a user and what it may do.
type brokerUser struct {
	name  string
	rules []event.Rule
}

func usersOf(site string, stations, boards, consumers, orders []string) ([]brokerUser, error) {
	if !event.ValidName(site) {
		return nil, fmt.Errorf("--site %.60q is none: 1 to 40 of a-z, 0-9 and -", site)
	}
	var users []brokerUser
	for _, r := range []struct {
		names []string
		role  event.Role
	}{{stations, event.Station}, {boards, event.Board}, {consumers, event.Consumer}, {orders, event.Orders}} {
		for _, name := range r.names {
			if !event.ValidName(name) {
				return nil, fmt.Errorf("%.60q is no name: 1 to 40 of a-z, 0-9 and -", name)
			}
			at := slices.IndexFunc(users, func(u brokerUser) bool { return u.name == name })
			if at < 0 {
				at = len(users)
				users = append(users, brokerUser{name: name})
			}
			for _, rule := range event.Rules(site, name, r.role) {
				if !slices.Contains(users[at].rules, rule) {
					users[at].rules = append(users[at].rules, rule)
				}
			}
		}
	}
	if len(users) == 0 {
		return nil, errors.New("rules for whom? add --station NAME,…")
	}
	return users, nil
}

func mosquittoRules(w io.Writer, users []brokerUser) error {
	var b strings.Builder
	b.WriteString("# Made by scanpost acl. mosquitto.conf: acl_file this-file, password_file …, allow_anonymous false\n")
	for _, u := range users {
		fmt.Fprintf(&b, "\nuser %s\n", u.name)
		for _, r := range u.rules {
			access := "read"
			if r.Write {
				access = "write"
			}
			fmt.Fprintf(&b, "topic %s %s\n", access, r.Filter)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// natsRules writes subjects: a slash is a dot, one level is a star. A client of
// the MQTT listener also needs the subjects that it works with inside.
func natsRules(w io.Writer, users []brokerUser) error {
	var b strings.Builder
	b.WriteString("# Made by scanpost acl. The passwords come from the environment of nats-server.\nauthorization {\n  users = [\n")
	for _, u := range users {
		var write, read []string
		for _, r := range u.rules {
			subject := strings.NewReplacer("/", ".", "+", "*").Replace(r.Filter)
			if r.Write {
				write = append(write, subject)
			} else {
				read = append(read, subject)
			}
		}
		fmt.Fprintf(&b, "    { user: %q, password: $%s_PASSWORD, permissions: {\n", u.name, strings.ToUpper(strings.ReplaceAll(u.name, "-", "_")))
		fmt.Fprintf(&b, "      publish: { allow: [%s] }\n      subscribe: { allow: [%s] } } }\n", quotedList(append(write, "$MQTT.>")), quotedList(append(read, "$MQTT.>")))
	}
	b.WriteString("  ]\n}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func quotedList(list []string) string {
	var all []string
	for _, s := range list {
		all = append(all, fmt.Sprintf("%q", s))
	}
	return strings.Join(all, ", ")
}
