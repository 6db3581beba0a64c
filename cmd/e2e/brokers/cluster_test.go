package brokers_test

import (
	"slices"
	"testing"

	"scanpost/cmd/e2e/brokers"
)

// A cluster that loses the node that a station is at, then the one that the
// board is at, each with its disk, and at last two at once, loses nothing: who
// was there finds another node at the same address.
//
// Only the first of these without -all.
func TestClusterLosesNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short, and a cluster takes its time")
	}
	cluster := brokers.Run(t, "nats, 3 nodes", brokers.Config{})
	// A name with several addresses, or a balancer, is what stands here at a site.
	stations := brokers.NewRelay(t, cluster.Addrs, nil)
	boards := brokers.NewRelay(t, func() []string { a := cluster.Addrs(); slices.Reverse(a); return a }, nil)
	s, b := newStation(t, "pack-07"), newBoard(t)
	b.run(boards.Addr)
	b.listens(s, stations.Addr)
	s.run(stations.Addr)

	losses := [][]int{{0}}
	if *all {
		losses = append(losses, []int{2}, []int{0, 1})
	}
	for _, lost := range losses {
		last := s.scan(300)
		brokers.Wait(t, "some are acknowledged", func() bool { return s.box.Published() > last-250 })
		for _, n := range lost {
			cluster.Nodes[n].Kill()
		}
		last = s.scan(100)
		if len(lost) == 1 { // a majority is left, and goes on
			brokers.Wait(t, "the others take over", func() bool { return s.box.Published() >= last })
			b.same(s)
		}
		for _, n := range lost {
			if len(lost) == 1 {
				cluster.Nodes[n].Forget()
			}
		}
		cluster.Start()
		s.scan(100)
		b.same(s)
	}
	b.figures(s, ", %d connections of the station, %d of the board", stations.Conns(), boards.Conns())
}
