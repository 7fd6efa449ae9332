package main

import (
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// pipeline takes requests before those before them are answered, and sends each after the other.
type pipeline struct {
	*transport
	to     raft.ServerAddress
	asked  chan *ask
	done   chan raft.AppendFuture
	closed chan struct{}
	once   sync.Once
}

// ask is a request in a pipeline, with its answer once there is one.
type ask struct {
	start    time.Time
	request  *raft.AppendEntriesRequest
	response *raft.AppendEntriesResponse
	err      error
	answered chan struct{}
}

func (t *transport) AppendEntriesPipeline(
	_ raft.ServerID, to raft.ServerAddress,
) (raft.AppendPipeline, error) {
	if !t.pipelined {
		return nil, raft.ErrPipelineReplicationNotSupported
	}
	p := &pipeline{
		transport: t, to: to, asked: make(chan *ask, 16), done: make(chan raft.AppendFuture, 16),
		closed: make(chan struct{}),
	}
	go p.run()
	return p, nil
}

func (p *pipeline) run() {
	for {
		select {
		case a := <-p.asked:
			a.err = p.transport.AppendEntries("", p.to, a.request, a.response)
			close(a.answered)
			select {
			case p.done <- a:
			case <-p.closed:
			}
		case <-p.closed:
			return
		}
	}
}

func (p *pipeline) AppendEntries(
	request *raft.AppendEntriesRequest, response *raft.AppendEntriesResponse,
) (raft.AppendFuture, error) {
	a := &ask{time.Now(), request, response, nil, make(chan struct{})}
	select {
	case p.asked <- a:
		return a, nil
	case <-p.closed:
		return nil, raft.ErrPipelineShutdown
	}
}

func (p *pipeline) Consumer() <-chan raft.AppendFuture { return p.done }

func (p *pipeline) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (a *ask) Error() error {
	<-a.answered
	return a.err
}

func (a *ask) Start() time.Time                      { return a.start }
func (a *ask) Request() *raft.AppendEntriesRequest   { return a.request }
func (a *ask) Response() *raft.AppendEntriesResponse { return a.response }
