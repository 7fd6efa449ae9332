// A toy Raft: elections, replication, restarts. Put your own in its place; the kit stays as it is.
// `./toy_raft` is driven; with RAFT_TRACE set, `./toy_raft run` is traced.
//
//	go build -o toy_raft raft_kit.go toy_raft.go
package main

import (
	"math/rand"
	"os"
	"sync"
	"time"
)

var forgetsVote = os.Args[len(os.Args)-1] == "--forgets-vote" // A known bug, to see it found.

type entry struct {
	Term  int    `json:"term"`
	Value string `json:"value"`
}

type message struct {
	kind, source, dest                      string
	term                                    int
	lastLogIndex, lastLogTerm               int // RequestVoteRequest
	voteGranted                             bool
	prevLogIndex, prevLogTerm, leaderCommit int // AppendEntriesRequest
	entries                                 []entry
	success                                 bool // AppendEntriesResponse
	matchIndex                              int
}

type server struct {
	me    string
	peers []string
	// Stored:
	currentTerm int
	votedFor    string
	log         []entry
	// In memory:
	role                  string
	commitIndex           int
	votesGranted          map[string]bool
	nextIndex, matchIndex map[string]int
}

func start(me string, servers []string) Server[message] {
	s := &server{me: me, role: "Follower"}
	for _, each := range servers {
		if each != me {
			s.peers = append(s.peers, each)
		}
	}
	return s
}

func (s *server) Restart() []message {
	s.role, s.commitIndex = "Follower", 0
	if forgetsVote {
		s.votedFor = ""
	}
	return nil
}

func (s *server) Timeout() (sends []message) {
	if s.role == "Leader" {
		return nil
	}
	s.currentTerm, s.votedFor, s.role = s.currentTerm+1, s.me, "Candidate"
	s.votesGranted = map[string]bool{s.me: true}
	for _, peer := range s.peers {
		sends = append(sends, message{kind: "RequestVoteRequest", source: s.me, dest: peer,
			term: s.currentTerm, lastLogIndex: len(s.log), lastLogTerm: s.termAt(len(s.log))})
	}
	return sends
}

func (s *server) ClientRequest(value string) []message {
	if s.role == "Leader" {
		s.log = append(s.log, entry{s.currentTerm, value})
	}
	return nil
}

func (s *server) AppendEntries(peer string, count int) []message {
	if s.role != "Leader" {
		return nil
	}
	prev := s.nextIndex[peer] - 1
	entries := append([]entry{}, s.log[prev:]...)
	if count < len(entries) {
		entries = entries[:count]
	}
	return []message{{kind: "AppendEntriesRequest", source: s.me, dest: peer, term: s.currentTerm,
		prevLogIndex: prev, prevLogTerm: s.termAt(prev), entries: entries, leaderCommit: s.commitIndex}}
}

func (s *server) Receive(m message) []message {
	if m.term > s.currentTerm {
		s.currentTerm, s.votedFor, s.role = m.term, "", "Follower"
	}
	isOfTerm, last := m.term == s.currentTerm, len(s.log)
	answer := message{source: s.me, dest: m.source, term: s.currentTerm}
	switch m.kind {
	case "RequestVoteRequest":
		isUpToDate := m.lastLogTerm > s.termAt(last) || m.lastLogTerm == s.termAt(last) && m.lastLogIndex >= last
		answer.kind = "RequestVoteResponse"
		answer.voteGranted = isOfTerm && isUpToDate && (s.votedFor == "" || s.votedFor == m.source)
		if answer.voteGranted {
			s.votedFor = m.source
		}
		return []message{answer}
	case "RequestVoteResponse":
		if isOfTerm && s.role == "Candidate" && m.voteGranted {
			s.votesGranted[m.source] = true
			s.lead()
		}
	case "AppendEntriesRequest":
		answer.kind = "AppendEntriesResponse"
		if isOfTerm {
			s.role = "Follower"
			answer.success = m.prevLogIndex <= last && s.termAt(m.prevLogIndex) == m.prevLogTerm
		}
		if answer.success {
			answer.matchIndex = m.prevLogIndex + len(m.entries)
			s.store(m)
		}
		return []message{answer}
	case "AppendEntriesResponse":
		if isOfTerm && s.role == "Leader" {
			s.count(m)
		}
	}
	return nil
}

func (s *server) termAt(index int) int {
	if index == 0 {
		return 0
	}
	return s.log[index-1].Term
}

func (s *server) lead() {
	if 2*len(s.votesGranted) > len(s.peers)+1 {
		s.role, s.nextIndex, s.matchIndex = "Leader", map[string]int{}, map[string]int{}
		for _, peer := range s.peers {
			s.nextIndex[peer] = len(s.log) + 1
		}
	}
}

func (s *server) store(m message) {
	for i, each := range m.entries {
		at := m.prevLogIndex + i
		if at < len(s.log) && s.log[at].Term != each.Term {
			s.log = s.log[:at] // What conflicts goes, with all behind it.
		}
		if at == len(s.log) {
			s.log = append(s.log, each)
		}
	}
	for s.commitIndex < m.leaderCommit && s.commitIndex < m.prevLogIndex+len(m.entries) {
		s.commitIndex++
	}
}

func (s *server) count(m message) {
	if m.success && m.matchIndex > s.matchIndex[m.source] {
		s.matchIndex[m.source], s.nextIndex[m.source] = m.matchIndex, m.matchIndex+1
	} else if !m.success && s.nextIndex[m.source] > s.matchIndex[m.source]+1 {
		s.nextIndex[m.source]--
	}
	for index := s.commitIndex + 1; index <= len(s.log); index++ {
		have := 1
		for _, match := range s.matchIndex {
			if match >= index {
				have++
			}
		}
		if 2*have > len(s.peers)+1 && s.termAt(index) == s.currentTerm {
			s.commitIndex = index
		}
	}
}

// ---- What it is in the names of traces/FORMAT.md

func (s *server) State() Object {
	state := Object{"currentTerm": s.currentTerm, "votedFor": nil, "role": s.role,
		"commitIndex": s.commitIndex, "log": append([]entry{}, s.log...)}
	if s.votedFor != "" {
		state["votedFor"] = s.votedFor
	}
	return state
}

func (s *server) Fields(m message) Object {
	fields := Object{"type": m.kind, "source": m.source, "dest": m.dest, "term": m.term}
	switch m.kind {
	case "RequestVoteRequest":
		fields["lastLogIndex"], fields["lastLogTerm"] = m.lastLogIndex, m.lastLogTerm
	case "RequestVoteResponse":
		fields["voteGranted"] = m.voteGranted
	case "AppendEntriesRequest":
		fields["prevLogIndex"], fields["prevLogTerm"] = m.prevLogIndex, m.prevLogTerm
		fields["entries"], fields["leaderCommit"] = m.entries, m.leaderCommit
	case "AppendEntriesResponse":
		fields["success"], fields["matchIndex"] = m.success, m.matchIndex
	}
	return fields
}

// ---- A run that is traced: each server is a goroutine, and messages are lost

type flight struct {
	id      string
	message message
}

func run(steps int) {
	names := []string{"s1", "s2", "s3"}
	trace, running := OpenTrace(names), sync.WaitGroup{}
	inbox := map[string]chan flight{"s1": make(chan flight, 99), "s2": make(chan flight, 99), "s3": make(chan flight, 99)}
	for _, me := range names {
		running.Add(1)
		go func(s Server[message], me string) {
			defer running.Done()
			for step := 0; step < steps; step++ {
				name, parts, sends := next(s, inbox[me])
				trace.Line(name, me, parts)
				for _, m := range sends {
					flight := flight{trace.Line("Send", me, Object{"message": s.Fields(m)}), m}
					if rand.Intn(10) > 0 && len(inbox[m.dest]) < 90 {
						inbox[m.dest] <- flight
					}
				}
			}
		}(start(me, names), me)
	}
	running.Wait()
	trace.Flush()
}

func next(s Server[message], inbox chan flight) (name string, parts Object, sends []message) {
	me, patience := s.(*server), 1
	if me.role != "Leader" {
		patience = 2 + rand.Intn(5)
	}
	name, parts = "Timeout", Object{}
	select {
	case flight := <-inbox:
		name, parts["message"], sends = "Receive", Object{"id": flight.id}, s.Receive(flight.message)
	case <-time.After(time.Duration(patience) * time.Millisecond):
		if rand.Intn(20) == 0 {
			name, sends = "Restart", s.Restart()
		} else if me.role == "Leader" {
			name, sends = "ClientRequest", s.ClientRequest("v")
			for _, peer := range me.peers {
				sends = append(sends, s.AppendEntries(peer, 2)...)
			}
		} else {
			sends = s.Timeout()
		}
	}
	parts["state"] = s.State()
	return name, parts, sends
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "run" {
		run(100)
	} else {
		Serve(start)
	}
}
