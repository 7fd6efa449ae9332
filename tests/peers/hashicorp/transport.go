package main

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/hashicorp/raft"
)

// delivery is a request on its way, with where its answer goes.
type delivery struct {
	from, to string
	command  any
	data     []byte
	told     object // how its receipt is told
	answer   chan raft.RPCResponse
	reply    chan reply
}

type reply struct {
	response any
	told     object
}

// has says whether an entry is one that a request brings.
func (d *delivery) has(log *raft.Log) bool {
	if d == nil {
		return false
	}
	request, is := d.command.(*raft.AppendEntriesRequest)
	if is {
		for _, each := range request.Entries {
			if each == log {
				return true
			}
		}
	}
	return false
}

// transport carries requests and answers between goroutines; late, or not at all.
type transport struct {
	*life
	inbox    chan *delivery
	consumer chan raft.RPC
	asked    *raft.RequestPreVoteRequest // of the latest round of pre-votes
}

func newTransport(l *life) *transport {
	return &transport{life: l, inbox: make(chan *delivery, 1024), consumer: make(chan raft.RPC)}
}

var errLost = errors.New("no answer in time")

// call sends a request and waits for its answer.
func (t *transport) call(to raft.ServerAddress, command any, message object, data []byte) (any, error) {
	t.Lock()
	if t.isDead {
		t.Unlock()
		return nil, errLost
	}
	message["source"], message["dest"] = t.name, string(to)
	d := &delivery{
		t.name, string(to), command, data, t.send(message, nil),
		make(chan raft.RPCResponse, 1), make(chan reply, 1),
	}
	t.Unlock()
	t.carry(t.name, d.to, func() {
		t.Lock()
		defer t.Unlock()
		if l := t.servers[d.to].life; l != nil {
			select {
			case l.network.inbox <- d:
			default:
			}
		}
	})
	select {
	case got := <-d.reply:
		t.Lock()
		defer t.Unlock()
		if t.isDead {
			return nil, errLost
		}
		if got.told != nil {
			t.line(t.name, "Await", object{"message": got.told})
		}
		if err, is := got.response.(error); is {
			return nil, err
		}
		return got.response, nil
	case <-time.After(t.patience()):
		return nil, errLost
	}
}

// deliver hands requests to the main goroutine, one at a time.
func (t *transport) deliver() {
	for d := range t.inbox {
		t.Lock()
		if t.isDead {
			t.Unlock()
			return
		}
		t.line(t.name, "Await", object{"message": d.told})
		t.handled = d
		t.Unlock()
		rpc := raft.RPC{Command: d.command, Reader: bytes.NewReader(d.data), RespChan: d.answer}
		for isTaken := false; t.isHandling(d); {
			if isTaken {
				time.Sleep(20 * time.Microsecond)
				continue
			}
			select {
			case t.consumer <- rpc:
				isTaken = true
			case <-time.After(time.Millisecond):
			}
		}
	}
}

func (t *transport) isHandling(d *delivery) bool {
	t.Lock()
	defer t.Unlock()
	t.settle()
	return t.handled == d && !t.isDead
}

// settle tells what became of a request, if it is answered: before anything else is told of a
// server whose main goroutine may have gone on.
func (l *life) settle() {
	d := l.handled
	if d == nil {
		return
	}
	select {
	case answer := <-d.answer:
		l.handled = nil
		if sent := installed(d, answer); sent != nil {
			l.base = object{"lastIndex": sent.LastLogIndex, "lastTerm": sent.LastLogTerm}
		}
		state := l.stored()
		got := reply{response: answer.Response}
		if answer.Error != nil {
			got.response = answer.Error
		}
		if message := response(d, got.response); message != nil {
			message["source"], message["dest"] = l.name, d.from
			got.told = l.send(message, state)
		} else {
			l.line(l.name, "Stay", object{"state": state})
		}
		l.carry(l.name, d.from, func() { d.reply <- got })
	default:
	}
}

// installed is the snapshot that was installed.
func installed(d *delivery, answer raft.RPCResponse) *raft.InstallSnapshotRequest {
	if got, is := answer.Response.(*raft.InstallSnapshotResponse); is && got.Success {
		return d.command.(*raft.InstallSnapshotRequest)
	}
	return nil
}

// response is an answer in the words of the trace; nil for one that the trace has no word for.
func response(d *delivery, answer any) object {
	switch got := answer.(type) {
	case *raft.RequestVoteResponse:
		return object{"type": "RequestVoteResponse", "term": got.Term, "voteGranted": got.Granted}
	case *raft.RequestPreVoteResponse:
		return object{"type": "PreVoteResponse", "term": got.Term, "voteGranted": got.Granted}
	case *raft.AppendEntriesResponse:
		matched := uint64(0)
		if got.Success {
			request := d.command.(*raft.AppendEntriesRequest)
			matched = request.PrevLogEntry + uint64(len(request.Entries))
		}
		return object{
			"type": "AppendEntriesResponse", "term": got.Term,
			"success": got.Success, "matchIndex": matched,
		}
	case *raft.InstallSnapshotResponse:
		if got.Success {
			last := d.command.(*raft.InstallSnapshotRequest).LastLogIndex
			return object{"type": "InstallSnapshotResponse", "term": got.Term, "matchIndex": last}
		}
	}
	return nil
}

func (t *transport) RequestVote(
	_ raft.ServerID, to raft.ServerAddress, asked *raft.RequestVoteRequest, response *raft.RequestVoteResponse,
) error {
	request := *asked
	got, err := t.call(to, &request, object{
		"type": "RequestVoteRequest", "term": request.Term,
		"lastLogIndex": request.LastLogIndex, "lastLogTerm": request.LastLogTerm,
	}, nil)
	if err == nil {
		*response = *got.(*raft.RequestVoteResponse)
	}
	return err
}

func (t *transport) AppendEntries(
	_ raft.ServerID, to raft.ServerAddress, asked *raft.AppendEntriesRequest, response *raft.AppendEntriesResponse,
) error {
	request := *asked
	entries := []object{}
	for _, log := range request.Entries {
		entries = append(entries, object{"term": log.Term, "value": t.value(log)})
	}
	got, err := t.call(to, &request, object{
		"type": "AppendEntriesRequest", "term": request.Term, "entries": entries,
		"prevLogIndex": request.PrevLogEntry, "prevLogTerm": request.PrevLogTerm,
		"leaderCommit": request.LeaderCommitIndex,
	}, nil)
	if err == nil {
		*response = *got.(*raft.AppendEntriesResponse)
	}
	return err
}

func (t *transport) InstallSnapshot(
	_ raft.ServerID, to raft.ServerAddress, asked *raft.InstallSnapshotRequest,
	response *raft.InstallSnapshotResponse, from io.Reader,
) error {
	data, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	request := *asked
	snapshot := object{
		"lastIncludedIndex": request.LastLogIndex, "lastIncludedTerm": request.LastLogTerm,
	}
	if t.changes {
		snapshot["configuration"] = named(raft.DecodeConfiguration(request.Configuration))
	}
	got, err := t.call(to, &request, object{
		"type": "InstallSnapshotRequest", "term": request.Term, "snapshot": snapshot,
	}, data)
	if err == nil {
		*response = *got.(*raft.InstallSnapshotResponse)
	}
	return err
}

// RequestPreVote asks for a vote that would be given. All that are asked in one round are asked by
// the same request, each by a goroutine: what comes too late for that, in another term, is lost.
func (t *transport) RequestPreVote(
	_ raft.ServerID, to raft.ServerAddress, asked *raft.RequestPreVoteRequest, response *raft.RequestPreVoteResponse,
) error {
	t.Lock()
	t.settle()
	isLate := asked.Term != t.term+1
	if !t.isDead && !isLate && t.asked != asked {
		t.asked = asked
		t.line(t.name, "RequestPreVotes", object{})
	}
	t.Unlock()
	if isLate {
		return errLost
	}
	request := *asked
	got, err := t.call(to, &request, object{
		"type": "PreVoteRequest", "term": request.Term,
		"lastLogIndex": request.LastLogIndex, "lastLogTerm": request.LastLogTerm,
	}, nil)
	if err == nil {
		*response = *got.(*raft.RequestPreVoteResponse)
	}
	return err
}

func (t *transport) TimeoutNow(
	raft.ServerID, raft.ServerAddress, *raft.TimeoutNowRequest, *raft.TimeoutNowResponse,
) error {
	return errLost
}

func (t *transport) Consumer() <-chan raft.RPC                                { return t.consumer }
func (t *transport) LocalAddr() raft.ServerAddress                            { return raft.ServerAddress(t.name) }
func (t *transport) EncodePeer(_ raft.ServerID, to raft.ServerAddress) []byte { return []byte(to) }
func (t *transport) DecodePeer(peer []byte) raft.ServerAddress                { return raft.ServerAddress(peer) }
func (t *transport) SetHeartbeatHandler(func(raft.RPC))                       {}
