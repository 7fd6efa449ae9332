"""A call of the user's code that does not end is told, not waited for."""

import subprocess
import sys

import pytest

CODE = """
import os, sys, time
from raft_ref.explorer import ActorError, guarded
from raft_ref.explorer.model.watch import watch

def loops(state):
    while True:
        pass

def sleeps(state):
    time.sleep(1_000)

def give_up(what):
    print("given up:", what, flush=True)
    os._exit(2)

watch(give_up, limit=0.3)
try:
    guarded("Node.receive", {which})("a state")
except ActorError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("which", "said", "code"),
    [
        ("loops", "Node.receive does not end (<string>:", 0),
        ("sleeps", "given up: Node.receive does not end (after ", 2),
    ],
)
def test_it_is_told(which: str, said: str, code: int) -> None:
    run = subprocess.run(
        [sys.executable, "-c", CODE.format(which=which)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.stdout.startswith(said)
    assert run.stdout.rstrip().endswith("on 'a state'")
    assert run.returncode == code
