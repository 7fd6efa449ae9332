package main

import "github.com/hashicorp/raft"

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
	if string(key) != "CurrentTerm" || d.raft == nil { // as it starts: the term that it had
		return nil
	}
	d.term = value
	state := object{"currentTerm": value}
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
	d.standing = d.standing && string(key) != "LastVoteCand"
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
