"""What `raft-ref new adapter` writes: for each language the kit, a toy Raft to replace, its test.

In: nothing. Out: files, as they stand in the folder of the language, and what is to be typed next
(`KITS`). A kit is one file without dependencies, under 150 lines, of the same shape in each: it
writes traces, and answers requests by an interface of seven methods.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kit:
    """The files for a language, the first of which is the kit, and its commands.

    `build` makes the toy of them ("" where nothing is to be made), `toy` starts it, and `test`
    has the language's own test runner drive it ("" where it has none).
    """

    files: tuple[str, ...]
    build: str
    toy: str
    test: str


KITS = {
    "go": Kit(
        ("raft_kit.go", "toy_raft.go", "toy_raft_test.go"),
        "go build -o toy_raft raft_kit.go toy_raft.go",
        "./toy_raft",
        "go test raft_kit.go toy_raft.go toy_raft_test.go",
    ),
    "rust": Kit(
        ("raft_kit.rs", "toy_raft.rs", "toy_raft_test.rs"),
        "rustc --edition 2021 -O toy_raft.rs",
        "./toy_raft",
        "rustc --edition 2021 --test toy_raft_test.rs && ./toy_raft_test",
    ),
    "java": Kit(
        ("RaftKit.java", "ToyRaft.java"),
        "javac RaftKit.java ToyRaft.java",
        "java -cp . ToyRaft",
        "",
    ),
    "javascript": Kit(
        ("raft_kit.js", "toy_raft.js", "toy_raft.test.js"),
        "",
        "node toy_raft.js",
        "node --test",
    ),
    "c": Kit(
        ("raft_kit.h", "toy_raft.c"),
        "cc -O1 -pthread -o toy_raft toy_raft.c",
        "./toy_raft",
        "",
    ),
    "python": Kit(
        ("raft_kit.py", "toy_raft.py", "test_toy_raft.py"),
        "",
        "python toy_raft.py",
        "pytest test_toy_raft.py",
    ),
}
"""The kit of each language, by its name."""
