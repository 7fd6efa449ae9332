package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"sync"
)

type object = map[string]any

// trace has the one lock under which everything is told, by whichever goroutine it happens in: the
// order of the lines is that in which it happened.
type trace struct {
	sync.Mutex
	out *bufio.Writer
	ids int
}

// line tells of a step of a server, with the lock held; "" is any step.
func (t *trace) line(server, step string, parts object) {
	parts["server"] = server
	if step != "" {
		parts["step"] = step
	}
	fmt.Fprintf(t.out, "%s\n", asText(parts))
	must(0, t.out.Flush()) // the library may end the process
}

// send tells of a message before it leaves, and returns how its receipt is told.
func (t *trace) send(message, state object) object {
	t.ids++
	message["id"] = t.ids
	parts := object{"message": message}
	if state != nil {
		parts["state"] = state
	}
	t.line(message["source"].(string), "Send", parts)
	return object{"id": t.ids}
}

// name is how a server stands in a state: null is none.
func name(server string) any {
	if server == "" {
		return nil
	}
	return server
}

func asText(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}
