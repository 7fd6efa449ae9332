// To be copied: writes traces (traces/FORMAT.md of raft-ref), and is driven (traces/ADAPTER.md).
package main

import "bufio"
import "encoding/json"
import "fmt"
import "os"
import "strings"
import "sync"

// Object has the names of traces/FORMAT.md: those of a line, a state, a message.
type Object = map[string]any

const header = `{"format":"raft-ref-trace","version":1,"servers":%s,"logged":"some","unlogged":[],"initial":%s}`

// Trace writes what servers do, whichever goroutine says so; while it is nil, nothing.
type Trace struct {
	mutex  sync.Mutex
	buffer *bufio.Writer
	clock  int64 // Lamport's: by it `raft-ref validate --merge` orders the files of processes.
}

// OpenTrace opens the file that RAFT_TRACE names, one for each process, and goes on at its end.
func OpenTrace(servers []string) *Trace {
	path := os.Getenv("RAFT_TRACE")
	if path == "" {
		return nil
	}
	file := must(os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644))
	before := string(must(os.ReadFile(path)))
	t := &Trace{buffer: bufio.NewWriterSize(file, 1<<20), clock: behindColon(before)}
	if before == "" {
		fmt.Fprintf(t.buffer, header+"\n", text(servers), "{}")
	}
	return t
}

// Line tells of a step, with the "state" after it, "arguments", "message"; nil is any step. "Send"
// comes before the message leaves, and returns the id to go with it, by which its receipt is told.
func (t *Trace) Line(step any, server string, parts Object) (id string) {
	if t == nil {
		return ""
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	message, _ := parts["message"].(Object)
	if id, _ = message["id"].(string); t.clock < behindColon(id) {
		t.clock = behindColon(id)
	}
	t.clock++
	if step == "Send" {
		id = fmt.Sprintf("%s:%d", server, t.clock)
		message["id"] = id
	}
	parts["step"], parts["server"] = step, server
	fmt.Fprintf(t.buffer, "%s,\"clock\":%d}\n", strings.TrimSuffix(text(parts), "}"), t.clock)
	if step == "Send" {
		must(0, t.buffer.Flush()) // A crash loses nothing that others know of.
	}
	return id
}

func (t *Trace) Flush() {
	if t != nil {
		t.mutex.Lock()
		defer t.mutex.Unlock()
		must(0, t.buffer.Flush())
	}
}

func behindColon(text string) (number int64) {
	fmt.Sscanf(text[strings.LastIndexByte(text, ':')+1:], "%d", &number)
	return number
}

func text(value any) string { return string(must(json.Marshal(value))) }
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// Server is one of a cluster in one process, without clock, threads and network. A step returns what
// it sends; who cannot take it now does nothing. A message may come twice, late or never.
type Server[M any] interface {
	Timeout() []M                             // the election timeout fires
	Receive(message M) []M                    // a message arrives
	ClientRequest(value string) []M           // a client asks to store a value
	AppendEntries(peer string, count int) []M // a leader is to send so many entries
	Restart() []M                             // a crash, and a start with what was stored
	State() Object                            // currentTerm, votedFor, role, commitIndex, log
	Fields(message M) Object                  // type, source, dest, term, and what it has besides
}

// Serve answers requests from standard input. `start` makes a server that has nothing stored.
func Serve[M any](start func(me string, servers []string) Server[M]) {
	cluster, sent := map[string]Server[M]{}, []M{}
	for in := json.NewDecoder(os.Stdin); in.More(); {
		var asked struct {
			Step, Server string
			Servers      []string
			Id           int
			Arguments    Object
		}
		must(0, in.Decode(&asked))
		if asked.Step == "Init" {
			initial := Object{}
			for _, me := range asked.Servers {
				cluster[me] = start(me, asked.Servers)
				initial[me] = cluster[me].State()
			}
			sent = nil
			fmt.Printf(`{"lines":[`+header+"]}\n", text(asked.Servers), text(initial))
			continue
		}
		server, arguments, taken := cluster[asked.Server], asked.Arguments, []M(nil)
		line, before := Object{"step": asked.Step, "server": asked.Server}, text(server.State())
		switch asked.Step {
		case "Timeout":
			taken = server.Timeout()
		case "Receive", "ReceiveDuplicate":
			line["step"], line["message"] = "Receive", server.Fields(sent[asked.Id])
			taken = server.Receive(sent[asked.Id])
		case "ClientRequest":
			taken = server.ClientRequest(arguments["value"].(string))
		case "AppendEntries":
			line["step"] = "Stay" // What is sent says more.
			taken = server.AppendEntries(arguments["peer"].(string), int(arguments["count"].(float64)))
		case "Restart":
			taken = server.Restart()
		default: // Room for CompactLog; for InstallSnapshot (told as "Stay"), for Tick (as nil).
			fmt.Println(`{"lines":[],"unknown":true}`)
			continue
		}
		line["state"] = server.State()
		lines, sends := []Object{line}, []Object{}
		for _, message := range taken {
			fields := server.Fields(message)
			lines = append(lines, Object{"step": "Send", "server": asked.Server, "message": fields})
			sends = append(sends, Object{"id": len(sent), "message": fields})
			sent = append(sent, message)
		}
		if taken == nil && line["message"] == nil && asked.Step != "Restart" && before == text(line["state"]) {
			lines = lines[:0] // Nothing happened.
		}
		fmt.Println(text(Object{"lines": lines, "sends": sends}))
	}
}
