package main

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"scanpost/devices/profile"
)

// Every device that a profile names belongs to the group: the USB device
// itself, and its serial port if the profile reads one. Adapters and strangers
// are given to nobody.
func TestUdevCoversProfiles(t *testing.T) {
	all, err := profile.All()
	if err != nil {
		t.Fatal(err)
	}
	rules := parseRules(t, udevRules(all, "scanpost"))
	given := func(subsystem, attr, id string) bool {
		vendor, product, _ := strings.Cut(id, ":")
		for _, r := range rules {
			if r["SUBSYSTEM=="] != subsystem || r[attr+"{idVendor}=="] != vendor || r[`GROUP=`] != "scanpost" {
				continue
			}
			if pattern, some := r[attr+"{idProduct}=="]; some {
				if fits, _ := path.Match(pattern, product); !fits && pattern != product {
					continue
				}
			}
			return true
		}
		return false
	}
	for _, p := range all {
		for _, id := range p.Port.USB {
			if vendor, _, _ := strings.Cut(id, ":"); isAdapter(vendor) {
				continue
			}
			if !given("usb", "ATTR", id) {
				t.Errorf("%s: no rule gives %s to the group", p.Name, id)
			}
			if p.Port.Type == "serial" && !given("tty", "ATTRS", id) {
				t.Errorf("%s: no rule gives the serial port of %s to the group", p.Name, id)
			}
		}
	}
	for _, id := range []string{"0403:6001", "067b:2303", "10c4:ea60", "1a86:7523", "046d:c31c", "04b4:8613"} {
		if given("usb", "ATTR", id) || given("tty", "ATTRS", id) {
			t.Errorf("%s is no scanner, and is given to the group", id)
		}
	}
}

// A shield takes away a keyboard's interface of exactly the devices that were
// named, and only from the keyboard driver.
func TestShieldRules(t *testing.T) {
	rules := parseRules(t, shieldRules([]string{"05e0:1200", "0c2e:0b61"}))
	if len(rules) != 2 {
		t.Fatalf("%d rules", len(rules))
	}
	for i, want := range []string{"05e0 1200", "0c2e 0b61"} {
		r := rules[i]
		got := r["ATTRS{idVendor}=="] + " " + r["ATTRS{idProduct}=="]
		if got != want || r["DRIVER=="] != "usbhid" || r["ENV{DEVTYPE}=="] != "usb_interface" || r["ATTR{bInterfaceClass}=="] != "03" || r["ATTR{bInterfaceProtocol}=="] != "01" ||
			r["RUN+="] != "/bin/sh -c 'echo %k > /sys/bus/usb/drivers/usbhid/unbind'" || strings.ContainsAny(got, "?*[") {
			t.Errorf("rule %v", r)
		}
	}
	if text := shieldRules(nil); text != "" {
		t.Errorf("a shield for nothing: %q", text)
	}
}

// udev itself takes the rules, where it is new enough to be asked.
func TestUdevVerify(t *testing.T) {
	udevadm, err := exec.LookPath("udevadm")
	if err != nil {
		t.Skip("skipped: there is no udevadm here")
	}
	if exec.Command(udevadm, "verify", "--help").Run() != nil {
		t.Skip("skipped: this udevadm can not verify rules (systemd 254 can)")
	}
	all, err := profile.All()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "99-scanpost.rules")
	if err := os.WriteFile(file, []byte(udevRules(all, "root")+shieldRules([]string{"05e0:1200"})), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(udevadm, "verify", "--resolve-names=never", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

var rulePart = regexp.MustCompile(`^([A-Z]+(?:\{[A-Za-z/_]+\})?(?:==|\+=|=))"([^"]*)"$`)

// parseRules reads rules as udev does, a line each: what they match and set,
// by key and operator.
func parseRules(t *testing.T, text string) (rules []map[string]string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		rule := map[string]string{}
		for part := range strings.SplitSeq(line, ", ") {
			m := rulePart.FindStringSubmatch(part)
			if m == nil || rule[m[1]] != "" {
				t.Fatalf("%q is no part of a rule, in\n%s", part, line)
			}
			rule[m[1]] = m[2]
		}
		rules = append(rules, rule)
	}
	return rules
}
