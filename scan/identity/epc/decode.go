package epc

import "fmt"

// Tag is everything that can be told of a tag. Its JSON is the "epc" of
// `scanpost identify`.
type Tag struct {
	Scheme          string `json:"scheme"`            // such as "sscc-96"; "raw" if it is not an EPC that can be read
	TagURI          string `json:"tag_uri"`           // empty for the schemes of TDS 2, which have none
	PureIdentityURI string `json:"pure_identity_uri"` // likewise
	ElementString   string `json:"element_string"`    // with AIs in brackets; empty if there is no GS1 key
	DigitalLink     string `json:"digital_link,omitempty"`
	RawURI          string `json:"raw_uri,omitempty"`        // if it is not an EPC that can be read
	CompanyPrefix   string `json:"company_prefix,omitempty"` // if the scheme says where it ends
	Filter          *int   `json:"filter,omitempty"`
	FilterName      string `json:"filter_name,omitempty"`
	MoreData        bool   `json:"more_data,omitempty"` // GS1 data follows the EPC
	PC              *Word  `json:"pc,omitempty"`        // if it is known

	Key      string   `json:"-"` // what [Key] says
	Error    *Error   `json:"-"` // why it is not an EPC that can be read
	Warnings []string `json:"-"` // each begins with its code, such as "pc_mismatch: "
}

// Word is a [PC], taken apart.
type Word struct {
	Words      int    `json:"words"` // length of the EPC in words of 16 bits
	UserMemory bool   `json:"umi"`
	Extended   bool   `json:"xi"`
	ISO        bool   `json:"iso"`
	AFI        string `json:"afi,omitempty"`
	Attributes string `json:"attributes,omitempty"`
}

// The codes that warnings begin with, beside [Foreign] and [ASCII].
const (
	Mismatch = "pc_mismatch"   // the PC says another length than the EPC has
	Trailing = "trailing_bits" // not zero, after the EPC
	Padded   = "long_epc"      // whole words of zeros after the EPC
	Unread   = "more_data"     // GS1 data after the EPC that is not read
	BadHost  = "bad_hostname"
)

const canonicalHost = "id.gs1.org"

// Decode tells everything of a tag. It allocates what it tells.
func Decode(epc []byte, pc PC, ours Prefixes) Tag {
	var r bits
	var t tag
	f := t.read(&r, epc, pc, ours)
	out := Tag{Scheme: "raw"}
	out.Key, _ = Key(epc, pc, ours)
	if pc.Known() {
		out.PC = pc.word()
	}
	if !pc.fits(len(epc)) {
		out.warn(Mismatch, "the PC says %d words, the EPC has %d bits", pc.Words(), 8*len(epc))
	}
	if f.code != "" {
		out.Error = &Error{f.code, f.message(t.scheme, epc)}
		if f.code != Empty && f.code != TooLong {
			out.RawURI = string(appendRaw(nil, epc, pc))
			if hint := unpadded(epc); isText(hint) && f.code != ASCII {
				out.warn(ASCII, "reads as the text %q", hint)
			}
		}
		return out
	}
	out.fill(&t, &r, ours)
	return out
}

func (out *Tag) fill(t *tag, r *bits, ours Prefixes) {
	out.Scheme = t.scheme.name
	out.MoreData = t.aidc
	if t.filter >= 0 {
		filter := t.filter
		out.Filter = &filter
		out.FilterName = t.filterName()
	}
	host := canonicalHost
	if t.host {
		if name, ok := r.readHost(); ok {
			host, t.end = name, r.at
		} else { // nobody can say where the EPC ends then
			out.warn(BadHost, "no host name of a Digital Link after the key")
			t.end = r.n
		}
	}
	if t.ai != "" {
		out.ElementString = string(t.appendElements(nil))
		out.DigitalLink = string(t.appendLink(nil, host))
		out.CompanyPrefix = string(t.key.bytes()[t.lead : t.lead+t.company])
	}
	if !t.plus() {
		out.TagURI = string(t.appendTag(nil))
		out.PureIdentityURI = string(t.appendPure(nil))
	}
	switch word := (t.end + 15) &^ 15; {
	case t.aidc:
		out.warn(Unread, "more GS1 data follows the EPC and is not read")
	case !r.zeroFrom(t.end):
		out.warn(Trailing, "the bits after the EPC's %d are not zero", t.end)
	case r.n > word:
		out.warn(Padded, "%d bits of zeros follow the EPC's %d", r.n-t.end, t.end)
	}
	if len(ours) > 0 && !ours.know(t) {
		out.warn(Foreign, "the company prefix is none of this site's")
	}
}

func (out *Tag) warn(code, format string, args ...any) {
	out.Warnings = append(out.Warnings, code+": "+fmt.Sprintf(format, args...))
}

func (t *tag) filterName() string {
	switch {
	case t.ai == "":
		return ""
	case t.filter == 0:
		return "all others"
	case t.filters[t.filter] == "":
		return "reserved"
	}
	return t.filters[t.filter]
}

// unpadded is an EPC without the byte of zeros that fills its last word.
func unpadded(epc []byte) []byte {
	if n := len(epc) - 1; n > 0 && epc[n] == 0 {
		return epc[:n]
	}
	return epc
}

func (p PC) word() *Word {
	w := &Word{Words: p.Words(), UserMemory: p.UserMemory(), Extended: p.Extended(), ISO: p.ISO()}
	switch low := string(appendHex(nil, p.Low())); {
	case p.ISO():
		w.AFI = low
	case p.Low() != 0:
		w.Attributes = low
	}
	return w
}
