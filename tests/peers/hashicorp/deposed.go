package main

import (
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/raft"
)

// deposed shows what comes of a leader whose disk takes long to read an entry, and who is deposed
// meanwhile: what replicates to s2 has read what stands before that entry in its own log, and reads
// the entry in that of the next leader. It sends both in one request.
func (c *cluster) deposed() {
	c.rough = false
	c.lease = time.Second / 2
	c.begin(5, 5)
	for _, name := range c.names[1:] {
		c.servers[name].timeout = time.Minute // they do not stand by themselves
	}
	c.start()
	s1, s2 := c.servers["s1"], c.servers["s2"]
	c.until("s1 leads", func() bool { return s1.isLeader() })
	for _, name := range c.names {
		c.until(name+" follows", func() bool { return c.servers[name].last().Index == 2 })
	}

	// s1 is cut off with s2. Both have two entries more, and a third is to be sent.
	c.parts(c.names[:2], c.names[2:])
	s1.waits(time.Minute)
	s1.asks("v1", "v2")
	c.until("s2 has them", func() bool { return s2.last().Index == 4 })
	s1.stuckAt, s1.reached, s1.stuck = 5, make(chan struct{}, 99), make(chan struct{})
	s1.asks("v3")
	<-s1.reached

	// The others elect a leader, which stores other entries there.
	var leader *server
	for _, name := range c.names[2:] {
		c.servers[name].waits(time.Second)
	}
	c.until("another leads", func() bool { leader = c.leader(c.names[2:]); return leader != nil })
	leader.asks("w1", "w2")
	for _, name := range c.names[2:] {
		c.until(name+" has them", func() bool { return c.servers[name].last().Index == 5 })
	}
	c.parts(c.names[1:2], c.names[2:])
	c.until("s1 has them", func() bool { return s1.last() == leader.last() })

	// The disk of s1 reads on.
	close(s1.stuck)
	c.until("s2 has the last of them", func() bool { return s2.last() == leader.last() })

	// The leader is lost, and s2 joins the others.
	leader.crash()
	c.parts(nil, nil)
	s1.waits(time.Second)
	s2.waits(time.Second)
	c.until("a third leads", func() bool { return c.leader(c.names) != nil })
	c.leader(c.names).asks("z")
	c.until("s2 has applied it", func() bool { return s2.hasApplied("z") })
	for _, name := range c.names {
		if l := c.servers[name].life; l != nil {
			fmt.Fprintln(os.Stderr, name, "has applied", l.machine.values())
		}
	}
	c.end()
}

// until waits for what is to come.
func (c *cluster) until(what string, is func() bool) {
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			panic("it did not happen: " + what)
		}
	}
}

// parts cuts all ways between some servers and others, and no other.
func (c *cluster) parts(some, others []string) {
	c.dice.Lock()
	defer c.dice.Unlock()
	c.cut = map[[2]string]bool{}
	for _, one := range some {
		for _, other := range others {
			c.cut[[2]string{one, other}], c.cut[[2]string{other, one}] = true, true
		}
	}
}

func (c *cluster) leader(names []string) *server {
	for _, name := range names {
		if c.servers[name].isLeader() {
			return c.servers[name]
		}
	}
	return nil
}

func (s *server) isLeader() bool { return s.life != nil && s.life.raft.State() == raft.Leader }

// asks has a leader store values.
func (s *server) asks(values ...string) {
	for _, value := range values {
		s.life.raft.Apply([]byte(value), time.Second)
	}
}

// waits sets its time-out.
func (s *server) waits(timeout time.Duration) {
	config := s.life.raft.ReloadableConfig()
	config.HeartbeatTimeout, config.ElectionTimeout = timeout, timeout
	must(0, s.life.raft.ReloadConfig(config))
}

type position struct{ Index, Term uint64 }

// last is where its log ends.
func (s *server) last() position {
	s.Lock()
	defer s.Unlock()
	var log raft.Log
	must(0, s.store.GetLog(must(s.store.LastIndex()), &log))
	return position{log.Index, log.Term}
}

func (s *server) hasApplied(value string) bool {
	values := s.life.machine.values()
	return len(values) > 0 && values[len(values)-1] == value
}

func (m *machine) values() []string {
	m.Lock()
	defer m.Unlock()
	return append([]string{}, m.Values...)
}
