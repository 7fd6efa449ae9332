//! rustc --edition 2021 --test toy_raft_test.rs && ./toy_raft_test; or among the tests of a crate.
#![allow(dead_code)]
#[path = "toy_raft.rs"]
mod toy_raft;

use std::process::Command;

#[test]
#[ignore = "it is the adapter, which the other test starts"]
fn adapter() {
    toy_raft::main();
}

#[test]
fn it_conforms() {
    let me = std::env::current_exe().unwrap();
    // What the test runner itself prints is left out.
    let adapter = format!("'{}' adapter --exact --ignored --nocapture -q | grep --line-buffered '^{{'", me.display());
    let hunt = Command::new("raft-ref")
        .args(["conform", "--quiet", "--random", "--seed", "1", "--runs", "40"])
        .args(["--cmd", &format!("sh -c \"{adapter}\"")])
        .output()
        .unwrap();
    assert!(hunt.status.success(), "{}{}", text(&hunt.stdout), text(&hunt.stderr));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into()
}
