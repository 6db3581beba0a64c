package event

import "testing"

// A user can speak for itself and for nobody else, and reads what it needs.
func TestRules(t *testing.T) {
	rules := func(name string, roles ...Role) (all []Rule) {
		for _, r := range roles {
			all = append(all, Rules("ham1", name, r)...)
		}
		return all
	}
	may := func(all []Rule, write bool, topic string) bool {
		for _, r := range all {
			if r.Allows(write, topic) {
				return true
			}
		}
		return false
	}
	station, board := rules("pack-07", Station), rules("board", Board)
	both, erp, oms := rules("pack-07", Station, Board), rules("erp", Consumer), rules("oms", Orders)
	const write, read = true, false
	for _, c := range []struct {
		who   []Rule
		write bool
		topic string
		want  bool
	}{
		{station, write, "scanpost/v1/ham1/pack-07/evt", true},
		{station, write, "scanpost/v1/ham1/pack-07/state", true},
		{station, write, "scanpost/v1/ham1/pack-07/head", true},
		{station, write, "scanpost/v1/ham1/pack-07/res/board", true},
		{station, write, "scanpost/v1/ham1/pack-08/req", true},
		{station, read, "scanpost/v1/ham1/+/evt", true},
		{station, read, "scanpost/v1/ham1/+/res/pack-07", true},
		{station, read, "scanpost/v1/ham1/pack-07/ack/+", true},
		{station, read, "scanpost/v1/ham1/expect", true},
		{station, write, "scanpost/v1/ham1/pack-08/evt", false},
		{station, write, "scanpost/v1/ham1/pack-08/state", false},
		{station, write, "scanpost/v1/ham1/pack-08/head", false},
		{station, write, "scanpost/v1/ham1/pack-08/res/board", false},
		{station, write, "scanpost/v1/ham2/pack-07/evt", false},
		{station, write, "scanpost/v1/ham1/board/evt", false},
		{station, write, "scanpost/v1/ham1/pack-07/ack/board", false},
		{station, write, "scanpost/v1/ham1/expect", false},
		{station, read, "scanpost/v1/ham1/+/res/board", false},
		{station, read, "scanpost/v1/ham1/+/res/+", false},
		{station, read, "scanpost/v1/#", false},
		{station, read, "scanpost/v1/+/+/evt", false},
		{station, read, "#", false},
		{board, write, "scanpost/v1/ham1/board/evt", true},
		{board, write, "scanpost/v1/ham1/pack-07/ack/board", true},
		{board, read, "scanpost/v1/ham1/+/res/board", true},
		{board, write, "scanpost/v1/ham1/pack-07/evt", false},
		{board, write, "scanpost/v1/ham1/pack-07/ack/erp", false},
		{both, write, "scanpost/v1/ham1/pack-07/evt", true},
		{both, write, "scanpost/v1/ham1/board/evt", true},
		{erp, read, "scanpost/v1/ham1/+/evt", true},
		{erp, write, "scanpost/v1/ham1/pack-07/ack/erp", true},
		{erp, write, "scanpost/v1/ham1/pack-07/ack/board", false},
		{erp, write, "scanpost/v1/ham1/erp/evt", false},
		{oms, write, "scanpost/v1/ham1/expect", true},
		{oms, read, "scanpost/v1/ham1/+/evt", false},
	} {
		if got := may(c.who, c.write, c.topic); got != c.want {
			t.Errorf("write %v of %s: %v, want %v", c.write, c.topic, got, c.want)
		}
	}
}
