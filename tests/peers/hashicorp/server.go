package main

import (
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
)

// server is what a crash leaves: what is on its disk.
type server struct {
	*cluster
	name      string
	store     *raft.InmemStore
	snapshots string
	timeout   time.Duration // of heartbeats and elections
	stuckAt   uint64        // the entry that its disk does not read until `stuck` is closed
	stuck     chan struct{}
	reached   chan struct{} // that it is to be read
	base      object        // where the latest snapshot that it was sent ends
	life      *life         // nil while it is down
}

// life is a server from its start to its crash.
type life struct {
	*server
	raft     *raft.Raft
	network  *transport
	machine  *machine
	isDead   bool      // its goroutines do nothing any more that anybody sees
	standing bool      // it has written a term for which it stands, and not yet its vote
	handled  *delivery // the request that its main goroutine has, or is about to get
	term     uint64
}

func (s *server) configuration() *raft.Config {
	config := raft.DefaultConfig()
	config.LocalID = raft.ServerID(s.name)
	config.HeartbeatTimeout = s.timeout
	config.ElectionTimeout = s.timeout
	config.LeaderLeaseTimeout = s.lease
	config.CommitTimeout = s.lease / 5
	config.MaxAppendEntries = s.batch
	config.TrailingLogs = s.trailing
	config.SnapshotThreshold = 1 << 40 // it is asked to, by chance
	config.ShutdownOnRemove = false
	config.PreVoteDisabled = !s.preVote
	config.Logger = hclog.NewNullLogger()
	return config
}

func (c *cluster) add(name string) *server {
	s := &server{cluster: c, name: name, timeout: c.lease, store: raft.NewInmemStore()}
	s.snapshots = filepath.Join(c.folder, name)
	return s
}

func (s *server) snapshotStore() raft.SnapshotStore {
	return must(raft.NewFileSnapshotStore(s.snapshots, 2, io.Discard))
}

// bootstrap writes to its disk with whom the cluster begins.
func (s *server) bootstrap(with raft.Configuration) {
	config := s.configuration()
	_, nowhere := raft.NewInmemTransport("")
	must(0, raft.BootstrapCluster(config, s.store, s.store, s.snapshotStore(), nowhere, with))
}

// start begins a life with what is on the disk.
func (s *server) start() {
	l := &life{server: s}
	l.network = newTransport(l)
	l.machine = &machine{life: l}
	l.term, _ = s.store.GetUint64([]byte("CurrentTerm"))
	config := s.configuration()
	disk := &disk{InmemStore: s.store, life: l}
	started := must(raft.NewRaft(config, l.machine, disk, disk, s.snapshotStore(), l.network))
	started.RegisterObserver(raft.NewObserver(nil, false, l.observe))
	s.Lock()
	defer s.Unlock()
	l.raft, s.life = started, l
	go l.network.deliver()
}

// crash ends a life where it writes nothing that takes two writes.
func (s *server) crash() {
	l := s.life
	for {
		s.Lock()
		l.settle()
		if !l.standing && l.handled == nil {
			break
		}
		s.Unlock()
		time.Sleep(20 * time.Microsecond)
	}
	l.isDead = true
	s.life = nil
	s.Unlock()
	l.raft.Shutdown()
}

// restart begins another life, and tells of it.
func (s *server) restart() {
	s.Lock()
	s.line(s.name, "Restart", object{"state": s.stored()})
	s.Unlock()
	s.start()
}

// stored is the state that is on the disk.
func (s *server) stored() object {
	term, _ := s.store.GetUint64([]byte("CurrentTerm"))
	voteTerm, _ := s.store.GetUint64([]byte("LastVoteTerm"))
	vote, _ := s.store.Get([]byte("LastVoteCand"))
	if voteTerm != term {
		vote = nil
	}
	return object{"currentTerm": term, "votedFor": name(string(vote)), "log": s.end()}
}

// end is where the log ends, or the snapshot behind it.
func (s *server) end() object {
	var last raft.Log
	if stored, _ := s.store.LastIndex(); stored == 0 && s.base == nil {
		return object{"lastIndex": 0, "lastTerm": 0}
	} else if s.base == nil || stored >= s.base["lastIndex"].(uint64) {
		must(0, s.store.GetLog(stored, &last))
		return object{"lastIndex": last.Index, "lastTerm": last.Term}
	}
	return s.base
}

// observe is called by the main goroutine where it changes its role.
func (l *life) observe(seen *raft.Observation) bool {
	role, is := seen.Data.(raft.RaftState)
	if !is {
		return false
	}
	l.Lock()
	defer l.Unlock()
	if l.isDead {
		return false
	}
	l.settle()
	switch role {
	case raft.Leader:
		l.line(l.name, "TakeLead", object{"state": object{"role": "Leader", "currentTerm": l.term}})
	case raft.Follower:
		l.line(l.name, "Stay", object{"state": object{"role": "Follower"}})
	}
	return false
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// removed takes away what the library may still write to.
func removed(folder string) { _ = os.RemoveAll(folder) }
