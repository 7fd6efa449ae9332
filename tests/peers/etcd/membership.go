package main

import (
	"log"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// changes are those of the membership that may happen: of one server, and by way of C_old,new.
type changes struct{ one, joint bool }

// applyChange lets the library go by a configuration that is committed.
func (s *server) applyChange(entry raftpb.Entry) {
	switch entry.Type {
	case raftpb.EntryConfChange:
		var change raftpb.ConfChange
		if err := change.Unmarshal(entry.Data); err != nil {
			log.Fatal(err)
		}
		s.conf = *s.node.ApplyConfChange(change)
	case raftpb.EntryConfChangeV2:
		var change raftpb.ConfChangeV2
		if err := change.Unmarshal(entry.Data); err != nil {
			log.Fatal(err)
		}
		s.conf = *s.node.ApplyConfChange(change)
	}
}

var kinds = []raftpb.ConfChangeType{
	raftpb.ConfChangeAddNode, raftpb.ConfChangeRemoveNode, raftpb.ConfChangeAddLearnerNode,
}

// change asks a leader for a change by chance, of one server or of two.
func (c *cluster) change(s *server) {
	if s.node.BasicStatus().RaftState != raft.StateLeader {
		return
	}
	voters := map[uint64]bool{}
	for id := range s.node.Status().Config.Voters[0] {
		voters[id] = true
	}
	asked := raftpb.ConfChangeV2{}
	count := 1
	if c.joint && c.random.Intn(2) == 0 {
		count = 2
	}
	for _, place := range c.random.Perm(len(c.servers))[:count] {
		kind, id := kinds[c.random.Intn(len(kinds))], c.servers[place].id
		delete(voters, id)
		if kind == raftpb.ConfChangeAddNode {
			voters[id] = true
		}
		asked.Changes = append(asked.Changes, raftpb.ConfChangeSingle{Type: kind, NodeID: id})
	}
	if len(voters) == 0 {
		return // the library ends itself if nobody is left
	}
	c.propose(s, asked)
}

// propose asks for changes; the library says no to what comes too early.
func (c *cluster) propose(s *server, asked raftpb.ConfChangeV2) {
	if len(asked.Changes) == 1 {
		one := raftpb.ConfChange{Type: asked.Changes[0].Type, NodeID: asked.Changes[0].NodeID}
		s.node.ProposeConfChange(one)
		return
	}
	s.node.ProposeConfChange(asked)
}
