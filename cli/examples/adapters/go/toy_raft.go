// A toy Raft: elections, replication, restarts. Put your own in its place; the kit stays as it is.
// `./toy_raft` is driven; with RAFT_TRACE set, `./toy_raft run` is traced.
//
//	go build -o toy_raft raft_kit.go toy_raft.go
package main

import "math/rand"
import "os"
import "sort"
import "sync"
import "time"

type entry struct {
	Term  int    `json:"term"`
	Value string `json:"value"`
}

type message struct {
	id, kind, source, dest                  string // The id is that of its line in a trace.
	term                                    int
	lastLogIndex, lastLogTerm               int // RequestVoteRequest
	voteGranted                             bool
	prevLogIndex, prevLogTerm, leaderCommit int // AppendEntriesRequest
	entries                                 []entry
	success                                 bool // AppendEntriesResponse
	matchIndex                              int
}

type server struct {
	me, role                 string
	peers                    []string
	currentTerm, commitIndex int
	votedFor                 any     // a string, or nil
	log                      []entry // from index 1 on: the first is of no term
	votes                    map[string]bool
	nextIndex, matchIndex    map[string]int
}

func start(me string, servers []string) Server[message] {
	s := &server{me: me, role: "Follower", log: []entry{{}}}
	for _, each := range servers {
		if each != me {
			s.peers = append(s.peers, each)
		}
	}
	return s
}

func (s *server) Restart() []message {
	s.role, s.commitIndex = "Follower", 0
	if os.Args[len(os.Args)-1] == "--forgets-vote" { // A known bug, to see it found.
		s.votedFor = nil
	}
	return nil
}

func (s *server) Timeout() (sends []message) {
	if s.role != "Leader" {
		s.currentTerm, s.votedFor, s.role = s.currentTerm+1, s.me, "Candidate"
		s.votes = map[string]bool{s.me: true}
		for last, i := len(s.log)-1, 0; i < len(s.peers); i++ {
			ask := message{kind: "RequestVoteRequest", lastLogIndex: last, lastLogTerm: s.log[last].Term}
			sends = append(sends, s.to(s.peers[i], ask)...)
		}
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
	next := s.nextIndex[peer]
	m := message{kind: "AppendEntriesRequest", leaderCommit: s.commitIndex,
		prevLogIndex: next - 1, prevLogTerm: s.log[next-1].Term, entries: []entry{}}
	for i := next; i < len(s.log) && i < next+count; i++ {
		m.entries = append(m.entries, s.log[i])
	}
	return s.to(peer, m)
}

func (s *server) Receive(m message) []message {
	if m.term > s.currentTerm {
		s.currentTerm, s.votedFor, s.role = m.term, nil, "Follower"
	}
	isOfTerm, last := m.term == s.currentTerm, len(s.log)-1
	switch {
	case m.kind == "RequestVoteRequest":
		mine, isFree := s.log[last].Term, s.votedFor == nil || s.votedFor == m.source
		isUpToDate := m.lastLogTerm > mine || m.lastLogTerm == mine && m.lastLogIndex >= last
		granted := isOfTerm && isFree && isUpToDate
		if granted {
			s.votedFor = m.source
		}
		return s.to(m.source, message{kind: "RequestVoteResponse", voteGranted: granted})
	case m.kind == "AppendEntriesRequest":
		answer := message{kind: "AppendEntriesResponse"}
		if isOfTerm {
			s.role = "Follower"
			answer.success = m.prevLogIndex <= last && s.log[m.prevLogIndex].Term == m.prevLogTerm
		}
		if answer.success {
			answer.matchIndex = s.store(m)
		}
		return s.to(m.source, answer)
	case m.kind == "RequestVoteResponse" && isOfTerm && s.role == "Candidate" && m.voteGranted:
		s.countVote(m)
	case m.kind == "AppendEntriesResponse" && isOfTerm && s.role == "Leader":
		s.countMatch(m)
	}
	return nil
}

func (s *server) to(dest string, m message) []message {
	m.source, m.dest, m.term = s.me, dest, s.currentTerm
	return []message{m}
}

func (s *server) store(m message) (index int) {
	index = m.prevLogIndex
	for _, each := range m.entries {
		if index++; index < len(s.log) && s.log[index].Term != each.Term {
			s.log = s.log[:index] // What conflicts goes, with all behind it.
		}
		if index == len(s.log) {
			s.log = append(s.log, each)
		}
	}
	for s.commitIndex < m.leaderCommit && s.commitIndex < index {
		s.commitIndex++
	}
	return index
}

func (s *server) countVote(m message) {
	if s.votes[m.source] = true; 2*len(s.votes) > len(s.peers)+1 {
		s.role, s.nextIndex, s.matchIndex = "Leader", map[string]int{}, map[string]int{}
		for _, peer := range s.peers {
			s.nextIndex[peer], s.matchIndex[peer] = len(s.log), 0
		}
	}
}

func (s *server) countMatch(m message) {
	next, match := s.nextIndex[m.source], s.matchIndex[m.source]
	if m.success && m.matchIndex > match {
		s.nextIndex[m.source], s.matchIndex[m.source] = m.matchIndex+1, m.matchIndex
	} else if !m.success && next > match+1 {
		s.nextIndex[m.source] = next - 1
	}
	all := []int{len(s.log) - 1}
	for _, match := range s.matchIndex {
		all = append(all, match)
	}
	sort.Ints(all)
	index := all[len(s.peers)/2] // So far have a majority come, with this server.
	if index > s.commitIndex && s.log[index].Term == s.currentTerm {
		s.commitIndex = index
	}
}

// ---- What it is in the names of traces/FORMAT.md

func (s *server) State() Object {
	return Object{"currentTerm": s.currentTerm, "votedFor": s.votedFor, "role": s.role,
		"commitIndex": s.commitIndex, "log": append([]entry{}, s.log[1:]...)}
}

func (s *server) Fields(m message) Object {
	fields := map[string]Object{
		"RequestVoteRequest":  {"lastLogIndex": m.lastLogIndex, "lastLogTerm": m.lastLogTerm},
		"RequestVoteResponse": {"voteGranted": m.voteGranted},
		"AppendEntriesRequest": {"prevLogIndex": m.prevLogIndex, "prevLogTerm": m.prevLogTerm,
			"entries": m.entries, "leaderCommit": m.leaderCommit},
		"AppendEntriesResponse": {"success": m.success, "matchIndex": m.matchIndex},
	}[m.kind]
	fields["type"], fields["source"], fields["dest"], fields["term"] = m.kind, m.source, m.dest, m.term
	return fields
}

// ---- A run that is traced: each server is a goroutine, and some messages are lost

func live(s *server, inboxes map[string]chan message, trace *Trace) {
	for count := 0; count < 100; count++ {
		step, told, sends, patience := "Timeout", Object{}, []message(nil), 1
		if s.role != "Leader" {
			patience = 2 + rand.Intn(5)
		}
		select {
		case m := <-inboxes[s.me]:
			step, told["message"], sends = "Receive", Object{"id": m.id}, s.Receive(m)
		case <-time.After(time.Duration(patience) * time.Millisecond):
			if rand.Intn(20) == 0 {
				step, sends = "Restart", s.Restart()
			} else if s.role != "Leader" {
				sends = s.Timeout()
			} else {
				step, sends = "ClientRequest", s.ClientRequest("v")
				for _, peer := range s.peers {
					sends = append(sends, s.AppendEntries(peer, 2)...)
				}
			}
		}
		told["state"] = s.State()
		trace.Line(step, s.me, told)
		for _, m := range sends {
			m.id = trace.Line("Send", s.me, Object{"message": s.Fields(m)})
			if rand.Intn(10) > 0 {
				inboxes[m.dest] <- m
			}
		}
	}
}

func main() {
	if len(os.Args) == 1 || os.Args[1] != "run" {
		Serve(start)
		return
	}
	names, running, inboxes := []string{"s1", "s2", "s3"}, sync.WaitGroup{}, map[string]chan message{}
	for _, me := range names {
		inboxes[me] = make(chan message, 999)
	}
	trace := OpenTrace(names)
	for _, me := range names {
		running.Add(1)
		go func(s Server[message]) {
			live(s.(*server), inboxes, trace)
			running.Done()
		}(start(me, names))
	}
	running.Wait()
	trace.Flush()
}
