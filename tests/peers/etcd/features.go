package main

import (
	"encoding/json"
	"fmt"
	"log"
	"strconv"
	"strings"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// features are those of the library that are on, under the names that it has for them.
type features struct {
	PreVote            bool
	CheckQuorum        bool
	LeadershipTransfer bool
	ReadOnlyOption     string `json:",omitempty"`
}

// readOnly is how the library makes reads.
func (on features) readOnly() raft.ReadOnlyOption {
	if on.ReadOnlyOption == "ReadOnlyLeaseBased" {
		return raft.ReadOnlyLeaseBased
	}
	return raft.ReadOnlySafe
}

func parse(with string) (features, changes) {
	on, may := features{}, changes{}
	for _, name := range strings.Split(with, ",") {
		switch name {
		case "pre-vote":
			on.PreVote = true
		case "check-quorum":
			on.CheckQuorum = true
		case "transfer":
			on.LeadershipTransfer = true
		case "reads":
			on.ReadOnlyOption = "ReadOnlySafe"
		case "leases":
			on.CheckQuorum, on.ReadOnlyOption = true, "ReadOnlyLeaseBased"
		case "membership":
			may.one = true
		case "joint":
			may.one, may.joint = true, true
		case "explicit":
			may = changes{one: true, joint: true, explicit: true}
		case "":
		default:
			log.Fatal("unknown feature ", name)
		}
	}
	return on, may
}

// config is the line that says which are on, if any is.
func (on features) config() []byte {
	if on == (features{}) {
		return nil
	}
	line, err := json.Marshal(map[string]any{"tag": "config", "config": on})
	if err != nil {
		log.Fatal(err)
	}
	return line
}

// untraced are the messages that the library writes no lines of.
var untraced = map[raftpb.MessageType]string{
	raftpb.MsgPreVote:     "PreVoteRequest",
	raftpb.MsgPreVoteResp: "PreVoteResponse",
	raftpb.MsgTimeoutNow:  "TimeoutNowRequest",

	raftpb.MsgReadIndex:     "ReadIndex",
	raftpb.MsgReadIndexResp: "ReadIndexResponse",
}

// context is by which a read is known; only messages about reads have one, of those told here.
func context(m raftpb.Message) map[string]any {
	if (m.Type == raftpb.MsgReadIndex || m.Type == raftpb.MsgReadIndexResp) && len(m.Entries) > 0 {
		return map[string]any{"ctx": string(m.Entries[0].Data)}
	}
	return nil
}

// tell writes a line as the library would.
func (c *cluster) tell(s *server, name string, m *raftpb.Message, properties map[string]any) {
	status := s.node.Status()
	last, err := s.storage.LastIndex()
	if err != nil {
		log.Fatal(err)
	}
	conf := [2][]string{{}, {}}
	for place, half := range status.Config.Voters {
		for _, id := range half.Slice() {
			conf[place] = append(conf[place], strconv.FormatUint(id, 10))
		}
	}
	event := &raft.TracingEvent{
		Name:   name,
		NodeID: strconv.FormatUint(s.id, 10),
		State: raft.TracingState{
			Term:   status.HardState.Term,
			Vote:   strconv.FormatUint(status.HardState.Vote, 10),
			Commit: status.HardState.Commit,
		},
		LogSize:    last,
		Conf:       conf,
		Role:       status.RaftState.String(),
		Properties: properties,
	}
	if m != nil {
		event.Message = &raft.TracingMessage{
			Type:    m.Type.String(),
			Term:    m.Term,
			From:    strconv.FormatUint(m.From, 10),
			To:      strconv.FormatUint(m.To, 10),
			LogTerm: m.LogTerm,
			Index:   m.Index,
			Reject:  m.Reject,
		}
	}
	c.trace.TraceEvent(event)
}

func (c *cluster) isOn() bool { return c.features != (features{}) }

// tellSends tells of what a server sends, and that it asks for pre-votes.
func (c *cluster) tellSends(s *server, messages []raftpb.Message) {
	asks := false
	for _, m := range messages {
		kind, is := untraced[m.Type]
		if !is || !c.isOn() || m.From == m.To {
			continue
		}
		if m.Type == raftpb.MsgPreVote && !asks {
			asks = true
			c.tell(s, "BecomePreCandidate", nil, nil)
		}
		c.tell(s, "Send"+kind, &m, context(m))
	}
}

// campaign lets an election time out. The only voter needs nobody's pre-votes, and sends no requests
// for them that would tell of it.
func (c *cluster) campaign(s *server) {
	voters := s.node.Status().Config.Voters.IDs()
	_, is := voters[s.id]
	if c.PreVote && is && len(voters) == 1 && s.node.BasicStatus().RaftState != raft.StateLeader {
		c.tell(s, "BecomePreCandidate", nil, nil)
	}
	s.node.Campaign()
}

// receive lets a message arrive.
func (c *cluster) receive(s *server, m raftpb.Message) {
	if kind, is := untraced[m.Type]; is && c.isOn() && m.From != m.To {
		c.tell(s, "Receive"+kind, &m, context(m))
	}
	if m.Type == raftpb.MsgTransferLeader {
		c.tellTransfer(s, m.From)
	}
	s.node.Step(m)
}

// transfer asks a server to have another lead; who does not lead passes that on.
func (c *cluster) transfer(s *server, to uint64) {
	c.tellTransfer(s, to)
	s.node.TransferLeader(to)
}

func (c *cluster) tellTransfer(s *server, to uint64) {
	if s.node.BasicStatus().RaftState == raft.StateLeader && to != s.id {
		peer := strconv.FormatUint(to, 10)
		c.tell(s, "TransferLeader", nil, map[string]any{"transferee": peer})
	}
}

// forget lets a follower have no leader any more.
func (c *cluster) forget(s *server) {
	if s.node.BasicStatus().RaftState == raft.StateFollower && s.node.BasicStatus().Lead != raft.None {
		c.tell(s, "ForgetLeader", nil, nil)
		s.node.ForgetLeader()
	}
}

// read lets a client read at a server; who does not lead passes that on.
func (c *cluster) read(s *server) {
	c.asked++
	read := fmt.Sprintf("read %d", c.asked)
	c.tell(s, "ReceiveReadIndex", &raftpb.Message{Type: raftpb.MsgReadIndex}, map[string]any{"ctx": read})
	s.node.ReadIndex([]byte(read))
}

// tellReads tells of what clients are told.
func (c *cluster) tellReads(s *server, states []raft.ReadState) {
	for _, each := range states {
		c.tell(s, "ReadState", nil, map[string]any{"ctx": string(each.RequestCtx), "readIndex": each.Index})
	}
}
