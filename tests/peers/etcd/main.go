// Drives etcd's raft library, a cluster in one process: by chance, through elections, replication,
// loss, duplication, reordering, crashes and restarts, and records a trace of that; or as it is
// told on standard input (-adapter, traces/ADAPTER.md).
//
// The library writes the trace itself (build tag with_tla, state_trace.go); this only drives it, and
// adds the lines of what its features (-with) do, which the library leaves out (features.go).
//
//	go run -tags with_tla . -seed 1 -steps 400 > trace.ndjson
//	raft-ref conform --cmd "./etcd-peer -adapter" --profile etcd --random
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand"
	"os"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// writer keeps the lines in the order in which the one process writes them.
type writer struct{ lines *bufio.Writer }

func (w *writer) TraceEvent(event *raft.TracingEvent) {
	line, err := json.Marshal(map[string]any{"tag": "trace", "event": event})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(w.lines, "%s\n", line)
}

type server struct {
	id      uint64
	storage *raft.MemoryStorage
	node    *raft.RawNode
	applied uint64
	conf    raftpb.ConfState
	first   raftpb.ConfState
}

type cluster struct {
	random    *rand.Rand
	trace     raft.TraceLogger
	servers   []*server
	network   []raftpb.Message
	proposed  int
	asked     int
	snapshots bool
	drift     bool
	stale     bool
	changes
	features
}

func quiet() raft.Logger {
	return &raft.DefaultLogger{Logger: log.New(io.Discard, "", 0)}
}

func (c *cluster) start(s *server) {
	node, err := raft.NewRawNode(&raft.Config{
		ID:              s.id,
		ElectionTick:    10,
		HeartbeatTick:   1,
		Storage:         s.storage,
		Applied:         s.applied,
		MaxSizePerMsg:   1 << 20,
		MaxInflightMsgs: 16,
		Logger:          quiet(),
		TraceLogger:     c.trace,
		PreVote:         c.PreVote,
		CheckQuorum:     c.CheckQuorum,
		ReadOnlyOption:  c.readOnly(),
	})
	if err != nil {
		log.Fatal(err)
	}
	s.node = node
}

// ready does what the library asks for: store, send, apply.
func (c *cluster) ready(s *server) {
	for s.node.HasReady() {
		ready := s.node.Ready()
		if !raft.IsEmptyHardState(ready.HardState) {
			s.storage.SetHardState(ready.HardState)
		}
		if !raft.IsEmptySnap(ready.Snapshot) {
			s.storage.ApplySnapshot(ready.Snapshot)
			s.applied = ready.Snapshot.Metadata.Index
			s.conf = ready.Snapshot.Metadata.ConfState
		}
		s.storage.Append(ready.Entries)
		c.tellSends(s, ready.Messages)
		c.tellReads(s, ready.ReadStates)
		c.network = append(c.network, ready.Messages...)
		for _, entry := range ready.CommittedEntries {
			s.applyChange(entry)
			s.applied = entry.Index
		}
		s.node.Advance(ready)
	}
}

func (c *cluster) step() {
	s := c.servers[c.random.Intn(len(c.servers))]
	switch chance := c.random.Float64(); {
	case chance < 0.25:
		c.tick(s)
	case chance < 0.33:
		c.proposed++
		// Refused by whoever leads nobody; the trace shows what was taken.
		s.node.Propose([]byte(fmt.Sprintf("v%d", c.proposed)))
	case chance < 0.345:
		c.campaign(s)
	case chance < 0.355:
		c.crash(s)
	case chance < 0.37 && c.snapshots:
		c.compact(s)
	case chance < 0.39 && c.LeadershipTransfer:
		c.transfer(s, c.servers[c.random.Intn(len(c.servers))].id)
	case chance < 0.4 && c.PreVote:
		c.forget(s)
	case chance < 0.44 && c.ReadOnlyOption != "":
		c.read(s)
	case chance < 0.44 && c.changes != (changes{}):
		c.change(s)
	default:
		c.deliver()
	}
	for _, each := range c.servers {
		c.ready(each)
	}
}

// tick lets time pass for a server; where reads are by lease, for all, unless clocks drift.
func (c *cluster) tick(s *server) {
	ticking := []*server{s}
	if c.readOnly() == raft.ReadOnlyLeaseBased && !c.drift {
		ticking = c.servers
	}
	for _, each := range ticking {
		each.node.Tick()
	}
}

// deliver takes any message in flight: it arrives, or arrives and stays in flight, or is lost.
func (c *cluster) deliver() {
	if len(c.network) == 0 {
		return
	}
	place := c.random.Intn(len(c.network))
	message := c.network[place]
	chance := c.random.Float64()
	if chance > 0.1 {
		c.network = append(c.network[:place], c.network[place+1:]...)
	}
	if chance < 0.9 {
		c.receive(c.servers[message.To-1], message)
	}
}

// crash starts a server again with what is in its storage.
func (c *cluster) crash(s *server) {
	snapshot, err := s.storage.Snapshot()
	if err != nil {
		log.Fatal(err)
	}
	s.applied = snapshot.Metadata.Index
	c.start(s)
}

func (c *cluster) compact(s *server) {
	if s.applied <= uint64(len(c.servers)) {
		return
	}
	conf := &s.conf
	if c.stale {
		conf = &s.first
	}
	if _, err := s.storage.CreateSnapshot(s.applied, conf, []byte("state")); err == nil {
		s.storage.Compact(s.applied)
		// Told as nothing: a heartbeat is at what its follower has, compacted or not.
		c.tell(s, "Ready", nil, nil)
	}
}

func main() {
	servers := flag.Int("servers", 3, "how many")
	steps := flag.Int("steps", 400, "of chance")
	seed := flag.Int64("seed", 1, "of chance")
	snapshots := flag.Bool("snapshots", false, "compact logs, too")
	with := flag.String("with", "", "pre-vote, check-quorum, transfer, reads, leases, membership, joint, explicit, separated by commas")
	voters := flag.Int("voters", 0, "how many the cluster begins with (0: all); the others are empty")
	drift := flag.Bool("drift", false, "with leases: each clock goes as it likes")
	stale := flag.Bool("stale", false, "a fault: each snapshot has the members of the beginning")
	adapter := flag.Bool("adapter", false, "do what standard input says")
	flag.Parse()
	raft.SetLogger(quiet())
	on, may := parse(*with)
	if *adapter {
		answer(on, may, *stale)
		return
	}
	lines := bufio.NewWriter(os.Stdout)
	defer lines.Flush()
	c := &cluster{random: rand.New(rand.NewSource(*seed)), trace: &writer{lines}, snapshots: *snapshots, drift: *drift, changes: may, features: on}
	if line := on.config(); line != nil {
		fmt.Fprintf(lines, "%s\n", line)
	}
	c.bootstrap(*servers, *voters)
	for step := 0; step < *steps; step++ {
		c.step()
	}
}

// bootstrap starts a cluster of this many servers, which has its members from the first; beside
// these voters (0: all) the servers are empty, and members of nothing.
func (c *cluster) bootstrap(servers, voters int) {
	if voters == 0 {
		voters = servers
	}
	var peers []raft.Peer
	for id := 1; id <= voters; id++ {
		peers = append(peers, raft.Peer{ID: uint64(id)})
	}
	for id := 1; id <= servers; id++ {
		s := &server{id: uint64(id), storage: raft.NewMemoryStorage()}
		c.servers = append(c.servers, s)
		c.start(s)
		if id > voters {
			continue
		}
		if err := s.node.Bootstrap(peers); err != nil {
			log.Fatal(err)
		}
	}
	for _, s := range c.servers {
		c.ready(s)
		s.first = s.conf
	}
}
