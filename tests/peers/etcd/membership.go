package main

import (
	"log"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// changes are those of the membership that may happen: of one server, and by way of C_old,new, which
// is left by itself or, if that is explicit, when it is asked to.
type changes struct{ one, joint, explicit bool }

// transition is how C_old,new is left.
func (c changes) transition() raftpb.ConfChangeTransition {
	if c.explicit {
		return raftpb.ConfChangeTransitionJointExplicit
	}
	return raftpb.ConfChangeTransitionJointImplicit
}

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

// change is what the library tells of changes, with the servers under the names of the driver.
func (n *named) change(told *raft.TracingConfChange) *raft.TracingConfChange {
	renamed := &raft.TracingConfChange{Changes: []raft.SingleConfChange{}}
	for _, each := range told.Changes {
		each.NodeID = n.name(each.NodeID)
		renamed.Changes = append(renamed.Changes, each)
	}
	for _, each := range told.NewConf {
		renamed.NewConf = append(renamed.NewConf, n.name(each))
	}
	return renamed
}

// asked is what a request for a change asks of the library, and whether that may be asked: not what
// leaves nobody to vote, nor C_old,new where that is not on.
func (a *adapted) asked(s *server, r request) (raftpb.ConfChangeV2, bool) {
	asked := raftpb.ConfChangeV2{}
	add := func(kind raftpb.ConfChangeType, id uint64) {
		asked.Changes = append(asked.Changes, raftpb.ConfChangeSingle{Type: kind, NodeID: id})
	}
	voters := s.node.Status().Config.Voters[0]
	switch peer := a.id(r.Arguments.Peer); r.Arguments.Change {
	case "AddServer", "PromoteLearner":
		add(raftpb.ConfChangeAddNode, peer)
	case "AddLearner":
		if _, is := voters[peer]; is && len(voters) == 1 {
			return asked, false
		} else if is && a.joint {
			// A voter stays one until C_old,new is left.
			asked.Transition = a.transition()
		}
		add(raftpb.ConfChangeAddLearnerNode, peer)
	case "RemoveServer":
		if _, is := voters[peer]; is && len(voters) == 1 {
			return asked, false
		}
		add(raftpb.ConfChangeRemoveNode, peer)
	case "EnterJoint":
		if !a.joint {
			return asked, false
		}
		asked.Transition = a.transition()
		wanted := map[uint64]bool{}
		for _, name := range r.Arguments.Voters {
			wanted[a.id(name)] = true
			add(raftpb.ConfChangeAddNode, a.id(name))
		}
		for id := range voters {
			if !wanted[id] {
				add(raftpb.ConfChangeRemoveNode, id)
			}
		}
	}
	return asked, true
}

// id is the number of a server that the driver has a name for.
func (a *adapted) id(name string) uint64 {
	for place, each := range a.told.names {
		if each == name {
			return uint64(place + 1)
		}
	}
	return 0
}

// propose asks for changes; the library says no to what comes too early.
func (c *cluster) propose(s *server, asked raftpb.ConfChangeV2) {
	if len(asked.Changes) == 1 && asked.Transition == raftpb.ConfChangeTransitionAuto {
		one := raftpb.ConfChange{Type: asked.Changes[0].Type, NodeID: asked.Changes[0].NodeID}
		s.node.ProposeConfChange(one)
		return
	}
	s.node.ProposeConfChange(asked)
}
