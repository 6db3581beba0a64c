package sim

import (
	"slices"
	"strconv"
	"strings"
)

// menu obeys a menu command and repeats it, with a status before each mark of
// punctuation: 06 taken, 05 no such tag, 15 no such value.
//
//	:Xenon: CBR ENA 1 , SSX 0 ; 232 BAD 9 !
//	│       │   │   │   │       │         └─ . for flash, ! for RAM
//	│       │   │   │   │       └─ a tag of its own
//	│       │   │   │   └─ of the same tag
//	│       └───┴───┴─ tag, subtag, value: ? what it is, ^ what it was at first, * what it can be
//	└─ a scanner behind its base, or * for any
func (h *honeywell) menu(command string) [][]byte {
	h.is.Commands = append(h.is.Commands, command)
	if strings.HasPrefix(command, ":") {
		name, rest, _ := strings.Cut(command[1:], ":")
		if h.o.Cordless == "" || name != "*" && name != h.o.Cordless {
			return nil
		}
		command = rest
	}
	flash := strings.HasSuffix(command, ".")
	var reply, before []byte
	tag := ""
	for len(command) > 0 {
		at := strings.IndexAny(command, ",;.!")
		item, mark := command[:at], command[at]
		command = command[at+1:]
		if tag == "" {
			tag, item = item[:min(3, len(item))], item[min(3, len(item)):]
			reply = append(reply, strings.ToUpper(tag)...)
		}
		text, status := h.setting(strings.ToUpper(tag), item, flash)
		reply = append(reply, text...)
		reply = append(reply, status, mark)
		if strings.EqualFold(tag+item, "REVINF") && status == 0x06 {
			before = []byte(h.o.Text)
		}
		if mark == ';' {
			tag = ""
		}
	}
	if h.wrongTag > 0 {
		h.wrongTag--
		copy(reply, "QQQ")
	}
	return [][]byte{append(before, reply...)}
}

// setting obeys a command without its tag, and says what to repeat of it.
func (h *honeywell) setting(tag, item string, flash bool) (text string, status byte) {
	if slices.Contains([]string{"?", "^", "*"}, item) {
		return h.all(tag, item, flash)
	}
	sub, value := strings.ToUpper(item[:min(3, len(item))]), item[min(3, len(item)):]
	name := tag + sub
	if slices.Contains(h.o.Lacks, name) {
		return item, 0x05
	}
	if name == "REVINF" || name == "DEFALT" {
		if name == "DEFALT" {
			h.factory()
		}
		return sub, 0x06
	}
	i := slices.IndexFunc(honeywellSettings, func(s honeywellSetting) bool { return s.name == name })
	if i < 0 {
		return item, 0x05
	}
	s := honeywellSettings[i]
	if told, is := h.tells(s, value, flash); is {
		return sub + told, 0x06
	}
	if n, err := strconv.Atoi(value); err != nil || n < s.low || n > s.high {
		return item, 0x15
	}
	h.is.Settings[name] = value
	if flash {
		h.is.Saved[name] = value
	}
	return sub + value, 0x06
}

// all tells every setting of a tag. The statuses but the last are between them.
func (h *honeywell) all(tag, question string, flash bool) (text string, status byte) {
	var items []string
	for _, s := range honeywellSettings {
		if strings.HasPrefix(s.name, tag) && !slices.Contains(h.o.Lacks, s.name) {
			told, _ := h.tells(s, question, flash)
			items = append(items, s.name[3:]+told)
		}
	}
	if len(items) == 0 {
		return question, 0x05
	}
	return strings.Join(items, "\x06,"), 0x06
}

// tells answers a question, if it is one. What is asked with "." is in flash,
// with "!" in RAM.
func (h *honeywell) tells(s honeywellSetting, question string, flash bool) (told string, is bool) {
	switch {
	case question == "?" && flash:
		return h.is.Saved[s.name], true
	case question == "?":
		return h.is.Settings[s.name], true
	case question == "^":
		return s.factory, true
	case question == "*" && s.high > s.low:
		return strconv.Itoa(s.low) + "-" + strconv.Itoa(s.high), true
	}
	return "", question == "*"
}
