// Records hashicorp/raft, a cluster in one process with the threads that it has, through elections,
// replication, loss, delay, partitions, crashes and snapshots. It is not driven step by step: what
// happens is told by what the library is given (its disk, its transport, its state machine, an
// observer of its role), each line where it happens.
//
//	go run . -seed 1 -time 2s > trace.ndjson
//	raft-ref validate trace.ndjson
package main

import (
	"bufio"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

type cluster struct {
	trace
	chances
	servers   map[string]*server
	names     []string
	folder    string
	lease     time.Duration // the time-out of who leads, and of the others if nobody says otherwise
	trailing  uint64
	batch     int
	preVote   bool
	changes   bool // of the membership
	rough     bool
	pipelined bool
	slow      time.Duration
}

// chances are the dice, for any goroutine.
type chances struct {
	dice   sync.Mutex
	random *rand.Rand
	cut    map[[2]string]bool
}

func (c *chances) float() float64 {
	c.dice.Lock()
	defer c.dice.Unlock()
	return c.random.Float64()
}

func (c *chances) below(n int) int { return int(c.float() * float64(n)) }

func (c *cluster) pick() *server { return c.servers[c.names[c.below(len(c.names))]] }

func main() {
	seed := flag.Int64("seed", 1, "of what happens to the cluster")
	lasts := flag.Duration("time", 2*time.Second, "how long it runs")
	count := flag.Int("servers", 3, "how many")
	voters := flag.Int("voters", 0, "how many of them at first, if the membership is to change")
	c := &cluster{servers: map[string]*server{}}
	flag.DurationVar(&c.lease, "timeout", 100*time.Millisecond, "of heartbeats and elections")
	flag.Uint64Var(&c.trailing, "trailing", 4, "entries that are kept behind a snapshot")
	flag.IntVar(&c.batch, "batch", 8, "entries in one request")
	flag.BoolVar(&c.preVote, "pre-vote", false, "ask before an election")
	flag.BoolVar(&c.rough, "rough", true, "lose messages, delay them, crash servers")
	flag.BoolVar(&c.pipelined, "pipeline", false, "send entries before those before are acknowledged")
	flag.DurationVar(&c.slow, "slow", 0, "how long the disk may take to read an entry")
	scenario := flag.String("scenario", "", "deposed or older: what goes wrong, step by step")
	flag.Parse()
	c.random = rand.New(rand.NewSource(*seed))
	c.cut = map[[2]string]bool{}
	c.out = bufio.NewWriter(os.Stdout)
	c.folder = must(os.MkdirTemp("", "raft-ref-hashicorp-"))
	defer removed(c.folder)
	switch *scenario {
	case "deposed":
		c.deposed()
	case "older":
		c.older()
	default:
		c.changes = *voters > 0
		if !c.changes {
			*voters = *count
		}
		c.begin(*count, *voters)
		c.start()
		c.live(*lasts)
	}
}

// begin makes the servers, each of whose voters has an entry that says who they are.
func (c *cluster) begin(count, voters int) {
	first := raft.Configuration{}
	for i := 1; i <= count; i++ {
		name := fmt.Sprintf("s%d", i)
		c.names = append(c.names, name)
		if i <= voters {
			first.Servers = append(first.Servers, raft.Server{
				ID: raft.ServerID(name), Address: raft.ServerAddress(name),
			})
		}
	}
	entry := object{"term": 1, "value": c.value(&raft.Log{
		Type: raft.LogConfiguration, Data: raft.EncodeConfiguration(first),
	})}
	initial := object{}
	for _, name := range c.names[:voters] {
		initial[name] = object{"currentTerm": 1, "log": []object{entry}}
	}
	header := object{
		"format": "raft-ref-trace", "version": 1, "servers": c.names, "logged": "some",
		"unlogged": []string{}, "initial": initial, "features": c.features(),
	}
	silent := object{
		"Commit": 1, "StepDown": 1, "TakeLead": 1, "Send": 1, "MoveNextIndex": 1, "AdoptTerm": 1,
	}
	header["silent"] = silent
	if c.preVote {
		silent["MissLeader"], silent["ForgetPreVotes"] = 1, 1
	}
	if c.changes {
		header["voters"] = c.names[:voters]
	}
	fmt.Fprintln(c.out, asText(header))
	for i, name := range c.names {
		c.servers[name] = c.add(name)
		if i < voters {
			c.servers[name].bootstrap(first)
		}
	}
}

func (c *cluster) features() []string {
	features := []string{}
	if c.preVote {
		features = append(features, "PreVote")
	}
	if c.changes {
		features = append(features, "Membership")
	}
	return features
}

// start begins the first life of each.
func (c *cluster) start() {
	for _, name := range c.names {
		c.servers[name].start()
	}
}

// live lets clients ask, and other things happen, until the time is over.
func (c *cluster) live(lasts time.Duration) {
	done := time.After(lasts)
	for asked := 1; ; asked++ {
		select {
		case <-done:
			c.end()
			return
		case <-time.After(time.Duration(c.below(10)) * time.Millisecond):
		}
		for _, name := range c.names {
			if s := c.servers[name]; s.isLeader() {
				s.life.raft.Apply([]byte(fmt.Sprintf("v%d", asked)), time.Millisecond)
			}
		}
		if c.rough {
			c.disturb()
		}
	}
}

// end lets nothing more be told.
func (c *cluster) end() { c.Lock() }

// disturb does something by chance, seldom.
func (c *cluster) disturb() {
	s := c.pick()
	switch chance := c.float(); {
	case chance < 0.02:
		c.part()
	case chance < 0.06:
		c.dice.Lock()
		c.cut = map[[2]string]bool{}
		c.dice.Unlock()
	case chance < 0.08 && s.life != nil:
		s.crash()
	case chance < 0.14 && s.life == nil:
		s.restart()
	case chance < 0.17 && s.life != nil:
		s.life.raft.Snapshot()
	case chance < 0.22 && c.changes:
		c.change(s)
	}
}

// change asks who leads for a change of what a server is; it says no to what comes too early. There
// are two voters at least: the library has a change committed by the configuration before it, if its
// acknowledgements come at once; of a sole voter, which does no harm, they always do.
func (c *cluster) change(s *server) {
	leader := c.leader(c.names)
	if leader == nil {
		return
	}
	id, address := raft.ServerID(s.name), raft.ServerAddress(s.name)
	kind := c.below(4)
	now := named(leader.life.raft.GetConfiguration().Configuration())
	if len(now["voters"].([]string)) <= 2 {
		kind = 3
	}
	switch lead := leader.life.raft; kind {
	case 0:
		lead.AddNonvoter(id, address, 0, time.Second)
	case 1:
		lead.DemoteVoter(id, 0, time.Second)
	case 2:
		lead.RemoveServer(id, 0, time.Second)
	default:
		lead.AddVoter(id, address, 0, time.Second)
	}
}

// part cuts some of the ways between the servers, each way by itself.
func (c *cluster) part() {
	likely := c.float()
	for _, one := range c.names {
		for _, other := range c.names {
			if c.float() < likely {
				c.dice.Lock()
				c.cut[[2]string{one, other}] = true
				c.dice.Unlock()
			}
		}
	}
}

// carry lets something arrive: soon, late or never.
func (c *cluster) carry(from, to string, arrive func()) {
	late := time.Duration(c.float() * float64(time.Millisecond))
	c.dice.Lock()
	isCut := c.cut[[2]string{from, to}]
	c.dice.Unlock()
	chance := c.float()
	if isCut || c.rough && chance < 0.02 {
		return
	}
	if c.rough && chance < 0.1 {
		late = time.Duration(c.float() * float64(c.lease))
	}
	time.AfterFunc(late, arrive)
}

// patience is how long an answer is waited for: some come later, to nobody.
func (c *cluster) patience() time.Duration { return c.lease / 2 }

// dawdle is what a disk does that is busy, before it reads an entry.
func (s *server) dawdle(index uint64) {
	if stuck := s.stuck; stuck != nil && index == s.stuckAt {
		s.reached <- struct{}{}
		<-stuck
	}
	if s.slow > 0 && s.float() < 0.1 {
		time.Sleep(time.Duration(s.float() * float64(s.slow)))
	}
}
