package main

import (
	"os"
	"os/exec"
	"testing"
)

// The adapter is this very test binary: `go test *.go` in a folder of its own, or in your module.
func TestMain(m *testing.M) {
	if os.Getenv("RAFT_ADAPTER") != "" {
		Serve(start)
		return
	}
	os.Exit(m.Run())
}

func TestItConforms(t *testing.T) {
	t.Setenv("RAFT_ADAPTER", "yes")
	hunt := exec.Command("raft-ref", "conform", "--quiet", "--random", "--seed", "1", "--runs", "40",
		"--cmd", "'"+os.Args[0]+"'")
	if report, err := hunt.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, report)
	}
}
