//! Explore Raft within bounds with Stateright, and print one line of JSON.
//!
//!     stateright-peer --term 2 --log 1 --messages 2 --restarts 1 --threads 2
//!         [--symmetry] [--depth-first]
//!
//! The search is breadth first, but with symmetry, which Stateright has in its depth-first search
//! only; `depth` is then the length of the longest path that it took. Depth first it needs half
//! the memory, too: it keeps no parents, and hardly a queue.
//! The exit code is 1 if an invariant is violated, and 2 on a flag that there is not.

mod model;
mod raft;

use model::{Bounds, State};
use stateright::{Checker, Model};
use std::process::exit;
use std::time::Instant;

struct Options {
    bounds: Bounds,
    threads: usize,
    symmetry: bool,
    depth_first: bool,
}

fn main() {
    let options = options(std::env::args().skip(1)).unwrap_or_else(|message| {
        eprintln!("{message}");
        exit(2)
    });
    let started = Instant::now();
    let builder = options.bounds.checker().threads(options.threads);
    if options.symmetry {
        report(
            builder.symmetry_fn(State::canonical).spawn_dfs().join(),
            started,
        );
    } else if options.depth_first {
        report(builder.spawn_dfs().join(), started);
    } else {
        report(builder.spawn_bfs().join(), started);
    }
}

fn report(checker: impl Checker<Bounds>, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{{\"distinct\": {}, \"generated\": {}, \"seconds\": {seconds:.6}, \"depth\": {}, \
         \"peak_kilobytes\": {}}}",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        peak_kilobytes(),
    );
    let violated: Vec<_> = checker.discoveries().into_keys().collect();
    if !violated.is_empty() {
        eprintln!("violated: {}", violated.join(", "));
    }
    // Freeing a hundred million states one by one takes longer than a benchmark should.
    exit(i32::from(!violated.is_empty()))
}

/// The most memory that this process ever had, as Linux tells; 0 elsewhere.
fn peak_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        bounds: Bounds {
            servers: 3,
            values: 1,
            term: 1,
            log: 0,
            messages: 2,
            restarts: 0,
            drops: 0,
            duplicates: 0,
        },
        threads: 1,
        symmetry: false,
        depth_first: false,
    };
    while let Some(flag) = arguments.next() {
        match flag.as_str() {
            "--symmetry" => {
                options.symmetry = true;
                continue;
            }
            "--depth-first" => {
                options.depth_first = true;
                continue;
            }
            _ => {}
        }
        let limit = match flag.as_str() {
            "--servers" => raft::SERVERS,
            "--log" => raft::LOG,
            _ => 63,
        };
        let number = arguments
            .next()
            .and_then(|argument| argument.parse::<u8>().ok())
            .filter(|&number| number as usize <= limit)
            .ok_or(format!("{flag}: expected a number up to {limit}"))?;
        let bounds = &mut options.bounds;
        match flag.as_str() {
            "--servers" => bounds.servers = number as usize,
            "--values" => bounds.values = number,
            "--term" => bounds.term = number,
            "--log" => bounds.log = number as usize,
            "--messages" => bounds.messages = number as usize,
            "--restarts" => bounds.restarts = number,
            "--drops" => bounds.drops = number,
            "--duplicates" => bounds.duplicates = number,
            "--threads" => options.threads = number as usize,
            _ => return Err(format!("{flag}: no such flag")),
        }
    }
    Ok(options)
}
