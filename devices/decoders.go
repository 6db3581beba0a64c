package devices

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"scanpost/devices/a0"
	"scanpost/devices/cfprime"
	"scanpost/devices/chafon"
	"scanpost/devices/cognex"
	"scanpost/devices/content"
	"scanpost/devices/counted"
	"scanpost/devices/datalogic"
	"scanpost/devices/hidkeyboard"
	"scanpost/devices/hidpos"
	"scanpost/devices/honeywell"
	"scanpost/devices/ibmoem"
	"scanpost/devices/lf"
	"scanpost/devices/lines"
	"scanpost/devices/llrp"
	"scanpost/devices/m100"
	"scanpost/devices/mercury"
	"scanpost/devices/newland"
	"scanpost/devices/opticon"
	"scanpost/devices/sick"
	"scanpost/devices/snapi"
	"scanpost/devices/ssi"
	"scanpost/devices/strict"
	"scanpost/devices/swct"
	"scanpost/devices/tsl"
	"scanpost/devices/wire"
)

// decoders are the wire protocols by the name that profiles use. A new
// protocol is a package and a line here.
var decoders = map[string]func(options map[string]any) (wire.Decoder, error){
	"a0":          decoder(a0.Defaults, a0.New),
	"cfprime":     decoder(cfprime.Defaults, cfprime.New),
	"chafon":      decoder(chafon.Defaults, chafon.New),
	"cognex":      decoder(cognex.Defaults, cognex.New),
	"counted":     decoder(counted.Defaults, counted.New),
	"datalogic":   decoder(datalogic.Defaults, datalogic.New),
	"hidkeyboard": decoder(hidkeyboard.Defaults, hidkeyboard.New),
	"hidpos":      decoder(hidpos.Defaults, hidpos.New),
	"honeywell":   decoder(honeywell.Defaults, honeywell.New),
	"ibmoem":      decoder(ibmoem.Defaults, ibmoem.New),
	"lf":          decoder(lf.Defaults, lf.New),
	"lines":       decoder(lines.Defaults, lines.New),
	"llrp":        decoder(llrp.Defaults, llrp.New),
	"m100":        decoder(m100.Defaults, m100.New),
	"mercury":     decoder(mercury.Defaults, mercury.New),
	"newland":     decoder(newland.Defaults, newland.New),
	"opticon":     decoder(opticon.Defaults, opticon.New),
	"sick":        decoder(sick.Defaults, sick.New),
	"snapi":       decoder(snapi.Defaults, snapi.New),
	"ssi":         decoder(ssi.Defaults, ssi.New),
	"swct":        decoder(swct.Defaults, swct.New),
	"tsl":         decoder(tsl.Defaults, tsl.New),
}

// Decoders names the wire protocols.
func Decoders() []string { return slices.Sorted(maps.Keys(decoders)) }

// NewDecoder makes a decoder for one open connection. Options are those of a
// profile; all that is wrong with them is reported at once, and an unknown one
// is an error that names it and those the decoder has.
func NewDecoder(name string, options map[string]any) (wire.Decoder, error) {
	build, known := decoders[name]
	if !known {
		return nil, fmt.Errorf("no decoder %q%s; there are %s", name, strict.DidYouMean(name, Decoders()), strings.Join(Decoders(), ", "))
	}
	d, err := build(options)
	if err == nil {
		return d, nil
	}
	return nil, mistakes(err, func(sentence string) string { return "decoder " + name + ": " + sentence })
}

// decoder ties a protocol's options and constructor together.
func decoder[O any, D wire.Decoder](defaults func() O, build func(O) (D, error)) func(map[string]any) (wire.Decoder, error) {
	return func(options map[string]any) (wire.Decoder, error) {
		o := defaults()
		if err := strict.Table("option", options, &o); err != nil {
			return nil, mistakes(err, func(sentence string) string {
				if strings.HasPrefix(sentence, "unknown ") {
					sentence += "; its options are " + strings.Join(strict.Keys(o), ", ")
				}
				return sentence
			})
		}
		d, err := build(o)
		if err != nil {
			return nil, err // and not a decoder that is nil inside
		}
		return d, nil
	}
}

// mistakes takes an error apart, so that each mistake keeps the path of its
// option and a profile can tell its line.
func mistakes(err error, say func(string) string) strict.Mistakes {
	var m *strict.Mistake
	var option *content.OptionError
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var all strict.Mistakes
		for _, one := range many.Unwrap() {
			all = append(all, mistakes(one, say)...)
		}
		return all
	} else if errors.As(err, &m) {
		return strict.Mistakes{{Path: m.Path, Text: say(m.Text)}}
	} else if errors.As(err, &option) {
		return strict.Mistakes{{Path: []any{option.Option}, Text: say(option.Error())}}
	}
	return strict.Mistakes{{Text: say(err.Error())}}
}
