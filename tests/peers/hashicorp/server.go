package main

import (
	"encoding/json"
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
	voteTerm uint64
	vote     string
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
	term, _ := s.store.GetUint64([]byte("CurrentTerm"))
	voteTerm, _ := s.store.GetUint64([]byte("LastVoteTerm"))
	vote, _ := s.store.Get([]byte("LastVoteCand"))
	l.term, l.voteTerm, l.vote = term, voteTerm, string(vote)
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

// disk tells of what is written to it, and stands still when its server has crashed.
type disk struct {
	*raft.InmemStore
	*life
}

// enter takes the lock, for good if the server has crashed meanwhile.
func (l *life) enter() {
	l.Lock()
	if l.isDead {
		l.Unlock()
		select {}
	}
	l.settle()
}

func (d *disk) GetLog(index uint64, log *raft.Log) error {
	d.dawdle(index)
	return d.InmemStore.GetLog(index, log)
}

func (d *disk) SetUint64(key []byte, value uint64) error {
	d.enter()
	defer d.Unlock()
	must(0, d.InmemStore.SetUint64(key, value))
	switch string(key) {
	case "LastVoteTerm":
		d.voteTerm = value
	case "CurrentTerm":
		d.term = value
		state := object{"currentTerm": value}
		if d.raft == nil {
			return nil // as it starts: the term that it had
		}
		if d.raft.State() == raft.Candidate { // every other term comes with a step back
			d.standing = true
			if d.preVote && d.isAlone() {
				d.line(d.life.name, "RequestPreVotes", object{}) // it asks nobody else
			}
			state["role"] = "Candidate"
			d.line(d.life.name, "Timeout", object{"state": state})
		} else if d.handled == nil {
			d.line(d.life.name, "Stay", object{"state": state})
		}
	}
	return nil
}

// isAlone says whether it is the only voter.
func (l *life) isAlone() bool {
	return len(named(l.raft.GetConfiguration().Configuration())["voters"].([]string)) == 1
}

func (d *disk) Set(key, value []byte) error {
	d.enter()
	defer d.Unlock()
	must(0, d.InmemStore.Set(key, value))
	if string(key) == "LastVoteCand" {
		d.vote = string(value)
		d.standing = false
	}
	return nil
}

func (d *disk) StoreLog(log *raft.Log) error { return d.StoreLogs([]*raft.Log{log}) }

func (d *disk) StoreLogs(logs []*raft.Log) error {
	d.enter()
	defer d.Unlock()
	must(0, d.InmemStore.StoreLogs(logs))
	if d.handled.has(logs[0]) {
		return nil // told with the answer
	}
	for _, log := range logs {
		end := object{"lastIndex": log.Index, "lastTerm": log.Term}
		parts := object{"state": object{"log": end}}
		step := "ClientRequest"
		parts["arguments"] = object{"value": d.value(log)}
		if log.Type == raft.LogConfiguration {
			step = "ChangeTo"
			parts["arguments"] = object{"configuration": d.value(log)}
		}
		d.line(d.life.name, step, parts)
	}
	return nil
}

func (d *disk) DeleteRange(first, last uint64) error {
	d.enter()
	defer d.Unlock()
	return d.InmemStore.DeleteRange(first, last)
}

// value is what an entry is called in a trace.
func (c *cluster) value(log *raft.Log) any {
	switch {
	case log.Type == raft.LogCommand:
		return string(log.Data)
	case log.Type == raft.LogConfiguration && c.changes:
		return named(raft.DecodeConfiguration(log.Data))
	default:
		return log.Type.String()
	}
}

// named is a configuration in the words of the trace format.
func named(configuration raft.Configuration) object {
	voters, learners := []string{}, []string{}
	for _, each := range configuration.Servers {
		if each.Suffrage == raft.Voter {
			voters = append(voters, string(each.ID))
		} else {
			learners = append(learners, string(each.ID))
		}
	}
	return object{"voters": voters, "outgoingVoters": []string{}, "learners": learners}
}

// machine is the state machine: the values in their order.
type machine struct {
	*life
	Index  uint64
	Values []string
}

func (m *machine) Apply(log *raft.Log) any {
	m.enter()
	defer m.Unlock()
	for m.Index < log.Index {
		m.Index++
		var entry raft.Log
		if m.store.GetLog(m.Index, &entry) != nil {
			continue
		}
		if m.Index == log.Index {
			entry = *log
		}
		what := object{"index": m.Index}
		if value, is := m.value(&entry).(string); is { // no configuration
			what["value"] = value
		}
		m.line(m.name, "Apply", object{"arguments": what})
	}
	m.Values = append(m.Values, string(log.Data))
	return nil
}

func (m *machine) Snapshot() (raft.FSMSnapshot, error) {
	m.enter()
	defer m.Unlock()
	return image(asText(object{"Index": m.Index, "Values": m.Values})), nil
}

func (m *machine) Restore(from io.ReadCloser) error {
	text, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	m.Lock()
	defer m.Unlock()
	return json.Unmarshal(text, &struct {
		Index  *uint64
		Values *[]string
	}{&m.Index, &m.Values})
}

type image string

func (i image) Persist(sink raft.SnapshotSink) error {
	if _, err := io.WriteString(sink, string(i)); err != nil {
		return sink.Cancel()
	}
	return sink.Close()
}

func (i image) Release() {}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// removed takes away what the library may still write to.
func removed(folder string) { _ = os.RemoveAll(folder) }
