package main

import (
	"encoding/json"
	"io"

	"github.com/hashicorp/raft"
)

// machine is the state machine: the values in their order. It is not given what no client asked for;
// the trace tells of that, too, where the next value is applied.
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
		entry := *log
		if m.Index < log.Index && m.store.GetLog(m.Index, &entry) != nil {
			continue // none of what it is not given, and which is in a snapshot
		}
		what := object{"index": m.Index, "value": m.value(&entry)}
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
