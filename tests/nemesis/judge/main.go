// Porcupine judges what clients saw of a key-value store: one operation a line, as JSON, on
// standard input. Prints what it finds, and exits with 0 if one store explains all of it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

// Seen is an operation: from when to when (none: nobody knows, it may be done at any time, or
// never), and its result.
type Seen struct {
	Client    int     `json:"client"`
	Kind      string  `json:"kind"`
	Key       string  `json:"key"`
	Value     *string `json:"value"`
	Expected  *string `json:"expected"`
	Start     int64   `json:"start"`
	End       *int64  `json:"end"`
	Succeeded bool    `json:"succeeded"`
	Found     *string `json:"found"`
}

func same(a, b *string) bool {
	return (a == nil) == (b == nil) && (a == nil || *a == *b)
}

// done returns what is stored after an operation, and whether its result comes out.
func done(stored *string, seen Seen) (bool, *string) {
	after, succeeded, found := stored, true, (*string)(nil)
	switch seen.Kind {
	case "get":
		found = stored
	case "put":
		after = seen.Value
	case "delete":
		after, succeeded, found = nil, stored != nil, stored
	case "cas":
		found = stored
		if succeeded = same(stored, seen.Expected); succeeded {
			after = seen.Value
		}
	}
	explained := seen.End == nil || (succeeded == seen.Succeeded && same(found, seen.Found))
	return explained, after
}

var store = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		keys := map[string]int{}
		var parts [][]porcupine.Operation
		for _, operation := range history {
			key := operation.Input.(Seen).Key
			at, known := keys[key]
			if !known {
				at = len(parts)
				keys[key] = at
				parts = append(parts, nil)
			}
			parts[at] = append(parts[at], operation)
		}
		return parts
	},
	Init: func() interface{} { return (*string)(nil) },
	Step: func(state, input, output interface{}) (bool, interface{}) {
		explained, after := done(state.(*string), input.(Seen))
		return explained, after
	},
	Equal: func(a, b interface{}) bool { return same(a.(*string), b.(*string)) },
}

func main() {
	var history []porcupine.Operation
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var seen Seen
		if err := json.Unmarshal(lines.Bytes(), &seen); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		end := int64(math.MaxInt64)
		if seen.End != nil {
			end = *seen.End
		}
		history = append(history, porcupine.Operation{
			ClientId: seen.Client, Input: seen, Call: seen.Start, Output: nil, Return: end,
		})
	}
	found := porcupine.CheckOperationsTimeout(store, history, 2*time.Minute)
	fmt.Println(found)
	if found != porcupine.Ok {
		os.Exit(1)
	}
}
