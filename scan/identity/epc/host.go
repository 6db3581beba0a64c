package epc

import "strings"

// The "++" schemes end with the host name of whoever made the tag, for the
// Digital Link. It is no part of the identity: a thing is the same at any host.
//
//	0  length (6)  characters in triples, as in a serial
//	1  length (6)  that many groups of 7 bits: a character, a frequent word, or
//	               half of the number of a country's domain

// words are the frequent ones, by their seven bits.
var words = [128]string{
	0x1e: "qr.", 0x1f: "www.", 0x20: "id.", 0x5b: ".com", 0x5c: ".org", 0x5d: ".net", 0x5e: ".int",
	0x60: ".edu", 0x7b: ".gov", 0x7c: ".mil", 0x7d: ".biz", 0x7e: ".eco", 0x7f: ".med",
}

// domains are those with fourteen bits, by the first seven and then in order.
var domains = [4][]string{
	strings.Fields(`
		ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo bq br bs
		bt bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg
		eh er es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn
		hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li`),
	strings.Fields(`
		lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne
		nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb
		sc sd se sg sh si sk sl sm sn sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv
		tw tz ua ug us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw`),
	strings.Fields(`
		com.au net.au org.au co.at com.bd co.bd com.br net.br co.nz com.ng com.pk co.in com.in co.il
		co.jp co.za co.kr com.es com.lk co.th co.tt com.tt com.tr biz.tr com.ua co.uk co.zm com.zm
		com.cn org.cn net.cn gov.cn`),
	{"tech"},
}

// readHost reads the host name, or reports that there is none to be read.
func (r *bits) readHost() (host string, ok bool) {
	long := r.take(1) == 1
	n := int(r.take(6))
	if !long {
		// As many as 63 characters, three times what a word is sure to hold.
		for left := n; left > 0; left -= 3 {
			var w word
			if f := r.triples(&w, min(left, 3), 'x'); f.code != "" {
				return "", false
			}
			host += string(w.bytes())
		}
		return host, n > 0 && !r.short && isHost(host)
	}
	for ; n > 0; n-- {
		group := int(r.take(7))
		switch {
		case group < len(domains):
			list, at := domains[group], int(r.take(7))
			if n--; n < 1 || at >= len(list) {
				return "", false
			}
			host += "." + list[at]
		case words[group] != "":
			host += words[group]
		default:
			host += string(rune(group))
		}
	}
	return host, !r.short && isHost(host)
}

// isHost reports whether a text can be a host name. What else the tag's bits
// can say has no place in a link.
func isHost(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == "" &&
		!strings.HasPrefix(s, ".") && !strings.HasSuffix(s, ".") && !strings.Contains(s, "..")
}
