package main

import (
	"fmt"
	"os"
	"time"
)

// older shows what comes of few entries that are kept behind a snapshot. s2 has the entry at 9, and its
// leader does not know; both have taken snapshots. s2 has no longer what stands before the entry that
// it is sent again, and says no, until it is sent the older snapshot of its leader: it installs that,
// and its state machine goes back. What it had applied, it has no entries of any more; the next leader
// that commits ends it.
func (c *cluster) older() {
	c.rough = false
	c.lease, c.trailing = time.Second/2, 1
	c.begin(3, 3)
	for _, name := range c.names[1:] {
		c.servers[name].timeout = time.Minute
	}
	c.start()
	s1, s2, s3 := c.servers["s1"], c.servers["s2"], c.servers["s3"]
	c.until("s1 leads", func() bool { return s1.isLeader() })
	s1.asks("v1", "v2", "v3")
	c.until("s1 has applied them", func() bool { return s1.hasApplied("v3") })
	must(0, s1.life.raft.Snapshot().Error())
	s1.asks("v4", "v5", "v6")
	for _, name := range c.names {
		c.until(name+" has applied them", func() bool { return c.servers[name].hasApplied("v6") })
	}

	// s1 hears nothing of s2, which has one entry more.
	c.dice.Lock()
	c.cut[[2]string{"s2", "s1"}] = true
	c.dice.Unlock()
	s1.asks("v7")
	c.until("s2 has it", func() bool { return s2.last().Index == 9 })
	must(0, s2.life.raft.Snapshot().Error())
	fmt.Fprintln(os.Stderr, "s2 has applied", s2.life.machine.values())
	c.parts(nil, nil)
	c.until("s2 goes back", func() bool { return s2.hasApplied("v3") })
	fmt.Fprintln(os.Stderr, "s2 has applied", s2.life.machine.values())

	s1.crash()
	s2.waits(time.Second)
	s3.waits(time.Second)
	c.until("s2 has all again", func() bool { return s2.hasApplied("v7") }) // the process ends
	c.end()
}
