package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// request is what traces/ADAPTER.md says.
type request struct {
	Step      string
	Server    string
	Servers   []string
	Voters    []string
	Id        int
	Arguments struct {
		Value string
		Index uint64
		Peer  string

		Change string
		Voters []string
	}
}

type sent struct {
	Id      int            `json:"id"`
	Message map[string]any `json:"message"`
}

type reply struct {
	Lines   []any  `json:"lines"`
	Sends   []sent `json:"sends"`
	Unknown bool   `json:"unknown,omitempty"`
}

// named keeps the lines of one step, with the servers under the names that the driver knows.
type named struct {
	names []string
	lines []any
}

func (n *named) name(id string) string {
	number, err := strconv.Atoi(id)
	if err != nil || number < 1 || number > len(n.names) {
		return id
	}
	return n.names[number-1]
}

func (n *named) TraceEvent(event *raft.TracingEvent) {
	renamed := *event
	renamed.NodeID = n.name(event.NodeID)
	renamed.State.Vote = n.name(event.State.Vote)
	for place, members := range event.Conf {
		renamed.Conf[place] = nil
		for _, each := range members {
			renamed.Conf[place] = append(renamed.Conf[place], n.name(each))
		}
	}
	if event.Message != nil {
		message := *event.Message
		message.From, message.To = n.name(message.From), n.name(message.To)
		renamed.Message = &message
	}
	if peer, is := event.Properties["transferee"].(string); is {
		renamed.Properties = map[string]any{"transferee": n.name(peer)}
	}
	if change, is := event.Properties["cc"].(*raft.TracingConfChange); is {
		renamed.Properties = map[string]any{"cc": n.change(change)}
	}
	line, err := json.Marshal(map[string]any{"tag": "trace", "event": renamed})
	if err != nil {
		log.Fatal(err)
	}
	n.lines = append(n.lines, json.RawMessage(line))
}

var types = map[raftpb.MessageType]string{
	raftpb.MsgVote:          "RequestVoteRequest",
	raftpb.MsgVoteResp:      "RequestVoteResponse",
	raftpb.MsgApp:           "AppendEntriesRequest",
	raftpb.MsgHeartbeat:     "AppendEntriesRequest",
	raftpb.MsgAppResp:       "AppendEntriesResponse",
	raftpb.MsgHeartbeatResp: "AppendEntriesResponse",
	raftpb.MsgSnap:          "InstallSnapshotRequest",
	raftpb.MsgPreVote:       "PreVoteRequest",
	raftpb.MsgPreVoteResp:   "PreVoteResponse",
	raftpb.MsgTimeoutNow:    "TimeoutNowRequest",
	raftpb.MsgReadIndex:     "ReadIndexRequest",
	raftpb.MsgReadIndexResp: "ReadIndexResponse",
}

// ofRounds are what heartbeats are that confirm reads.
var ofRounds = map[raftpb.MessageType]string{
	raftpb.MsgHeartbeat:     "HeartbeatRequest",
	raftpb.MsgHeartbeatResp: "HeartbeatResponse",
}

// adapted is a cluster that does what it is told; all that was ever sent stays in its network.
type adapted struct {
	cluster
	on    features
	may   changes
	told  *named
	shown int

	isStale bool
}

func (a *adapted) answer(r request) reply {
	if r.Step == "Init" {
		a.told = &named{names: r.Servers, lines: []any{}}
		a.cluster, a.shown = cluster{trace: a.told, stale: a.isStale, changes: a.may, features: a.on}, 0
		if line := a.on.config(); line != nil {
			a.told.lines = append(a.told.lines, json.RawMessage(line))
		}
		if a.may != (changes{}) {
			servers := map[string]any{"Servers": r.Servers}
			line, err := json.Marshal(map[string]any{"tag": "config", "config": servers})
			if err != nil {
				log.Fatal(err)
			}
			a.told.lines = append(a.told.lines, json.RawMessage(line))
		}
		a.bootstrap(len(r.Servers), len(r.Voters))
	} else if !a.take(r) {
		return reply{[]any{}, []sent{}, true}
	}
	lines := a.told.lines
	a.told.lines = []any{}
	return reply{lines, a.sends(), false}
}

// take does a step, and says whether it knows it.
func (a *adapted) take(r request) bool {
	var s *server
	for place, name := range a.told.names {
		if name == r.Server {
			s = a.servers[place]
		}
	}
	switch r.Step {
	case "Timeout", "RequestPreVotes":
		// With pre-vote it asks first, and stands when a majority has said yes.
		a.campaign(s)
	case "TransferLeadership":
		for place, name := range a.told.names {
			if name == r.Arguments.Peer {
				a.transfer(s, uint64(place+1))
			}
		}
	case "Read", "RequestReadIndex":
		if a.ReadOnlyOption == "" {
			return false
		}
		a.read(s)
	case "MissLeader":
		a.forget(s)
	case "ClientRequest":
		s.node.Propose([]byte(r.Arguments.Value))
	case "AppendEntries", "InstallSnapshot":
		// It sends entries as it gets them; what can be asked of it is a heartbeat.
		if s.node.BasicStatus().RaftState == raft.StateLeader {
			s.node.Tick()
		}
	case "ChangeMembership":
		if r.Arguments.Change == "LeaveJoint" && !a.explicit {
			return false // that it does by itself
		}
		asked, may := a.asked(s, r)
		if may && s.node.BasicStatus().RaftState == raft.StateLeader {
			a.propose(s, asked)
		}
	case "CompactLog":
		a.compact(s)
	case "Restart":
		a.crash(s)
	case "Receive", "ReceiveDuplicate":
		a.receive(s, a.network[r.Id])
	default:
		return false
	}
	a.ready(s)
	return true
}

// sends tells of the messages that are new in the network; some go to their own sender.
func (a *adapted) sends() []sent {
	found := []sent{}
	for ; a.shown < len(a.network); a.shown++ {
		m := a.network[a.shown]
		kind, is := types[m.Type]
		if of := ofRounds[m.Type]; of != "" && len(m.Context) > 0 {
			kind = of
		}
		if is && m.From != m.To {
			found = append(found, sent{a.shown, map[string]any{
				"type":    kind,
				"source":  a.told.names[m.From-1],
				"dest":    a.told.names[m.To-1],
				"term":    m.Term,
				"entries": len(m.Entries),
			}})
		}
	}
	return found
}

// answer does what standard input says, line by line.
func answer(on features, may changes, stale bool) {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	a := &adapted{on: on, may: may, isStale: stale}
	for in.Scan() {
		var r request
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			log.Fatal(err)
		}
		line, err := json.Marshal(a.answer(r))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", line)
	}
}
