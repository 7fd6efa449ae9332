//! Drives rafter as it is told on standard input (traces/ADAPTER.md).
//!
//! - It is a function of what arrives; its clock ticks while it is told to stand, and once where a
//!   leader is told to send.
//! - What a server has after a step is stored before what it sends leaves.
//! - Its check of the quorum makes a leader step down, and keeps nobody from voting: it is on where
//!   it is asked for, and told as what a leader may do at any time.
//! - Without jitter a server misses its leader as it stands.
//! - Where its members change, a cluster begins behind a snapshot that has them: who is added gets
//!   it. Who learns is asked for first, and then made a voter.

mod members;
mod told;

use protocol::{Asked, Cluster, Names, Sent, Taken, is_asked, serve};
use rafter::{
    ApplicationSnapshotKind, ApplicationSnapshotMetadata, ApplicationSnapshotVersion,
    BootstrapLogEntry, BootstrapState, Input, LogIndex, MembershipConfig, MembershipSet, Message,
    Node, NodeConfig, NodeId, Output, RaftSnapshot, RaftSnapshotMetadata, Role,
    SnapshotChunkRequest, SnapshotChunkSource, SnapshotCommittedConfiguration, SnapshotGroupId,
    Term,
};
use serde_json::{Value, json};

use told::Words;

const TICKS: u64 = 4;
const STATE: &[u8] = b"state";

/// Every snapshot is of the same state.
struct Snapshots;

impl SnapshotChunkSource for Snapshots {
    fn snapshot_chunk(&self, asked: SnapshotChunkRequest<'_>) -> Option<Vec<u8>> {
        let start = asked.offset as usize;
        STATE.get(start..start + asked.len as usize).map(<[u8]>::to_vec)
    }
}

#[derive(Clone, Copy, Default)]
pub struct Features {
    pub pre_vote: bool,
    pub check_quorum: bool,
    pub transfer: bool,
    pub membership: bool,
}

#[derive(Default)]
struct Rafter {
    on: Features,
    voters: Vec<NodeId>,
    servers: Vec<Node>,
    sent: Vec<Sent<Message>>,
}

fn config(id: u64, voters: &[NodeId], on: Features) -> NodeConfig {
    let peers = voters.iter().copied().filter(|each| *each != NodeId(id)).collect();
    let config = match voters.contains(&NodeId(id)) {
        true => NodeConfig::new(NodeId(id), peers, TICKS),
        false => NodeConfig::new_non_voter(NodeId(id), peers, TICKS),
    };
    config
        .expect("it is sound")
        .with_pre_vote(on.pre_vote)
        .with_check_quorum(on.check_quorum)
        .with_heartbeat_interval_ticks(1)
}

/// A server that begins behind a snapshot which has its members.
fn member_of(voters: &[NodeId], config: NodeConfig) -> Node {
    let members = MembershipSet::new(voters.to_vec(), vec![]).expect("it is sound");
    let (at, term) = (LogIndex(1), Term(1));
    let metadata = metadata(voters[0], at, term, term)
        .with_committed_membership(MembershipConfig::stable(members));
    let stored = BootstrapState {
        current_term: term,
        commit_index: at,
        snapshot: Some(RaftSnapshot::from_payload(metadata, STATE)),
        ..Default::default()
    };
    Node::from_bootstrap(config, stored).unwrap_or_else(|error| panic!("{error}"))
}

fn metadata(writer: NodeId, at: LogIndex, term: Term, current: Term) -> RaftSnapshotMetadata {
    let metadata = RaftSnapshotMetadata::new(
        SnapshotGroupId::new("group").expect("it is sound"),
        writer,
        at,
        term,
        current,
        ApplicationSnapshotMetadata::new(
            ApplicationSnapshotKind::new("values").expect("it is sound"),
            ApplicationSnapshotVersion::new(1).expect("it is sound"),
        ),
    );
    metadata.expect("it is sound")
}

/// A server that starts with what another has stored: with that, where it has committed, of which
/// two configurations in a log need as much as the first.
fn restarted(node: &Node, config: NodeConfig) -> Node {
    let first = node.snapshot_index().next();
    let log = node.log_entries_from(first).into_iter().zip(first.0..);
    let stored = BootstrapState {
        current_term: node.current_term(),
        voted_for: node.voted_for(),
        commit_index: node.commit_index(),
        committed_configuration: None,
        snapshot: node.snapshot().cloned(),
        log: log
            .map(|(entry, index)| BootstrapLogEntry {
                index: LogIndex(index),
                term: entry.term,
                kind: entry.kind,
            })
            .collect(),
    };
    Node::from_bootstrap(config, stored).unwrap_or_else(|error| panic!("{error}"))
}

/// Compacts up to an entry that is applied, and says whether it did.
fn compact(node: &mut Node, index: u64, has_changes: bool) -> bool {
    let to = LogIndex(index).min(node.applied_index());
    let Some(term) = node.term_at_index(to) else { return false };
    // A snapshot names who has written it, a member as of there.
    let is_member = node.membership_at_index(to).contains_replica(node.id());
    if to <= node.snapshot_index() || (has_changes && !is_member) {
        return false;
    }
    let mut metadata = metadata(node.id(), to, term, node.current_term());
    if has_changes {
        metadata = metadata.with_committed_configuration(SnapshotCommittedConfiguration::new(
            node.committed_configuration_state_at(to),
            node.membership_at_index(to),
        ));
    }
    let snapshot = RaftSnapshot::from_payload(metadata, STATE);
    node.install_local_snapshot(snapshot).unwrap_or_else(|error| panic!("{error}"));
    true
}

impl Rafter {
    /// The clock of a server ticks until it stands; an only voter leads at once, and tells nobody.
    fn stand(&mut self, server: usize) -> (Taken, Vec<Output>) {
        let node = &mut self.servers[server];
        let term = node.current_term();
        for _ in 0..=TICKS {
            let outputs = node.step(Input::Tick);
            let stands = node.current_term() > term;
            if stands || !outputs.is_empty() {
                let steps: &[_] = match (self.on.pre_vote, stands) {
                    (true, true) => &["RequestPreVotes", "Timeout"],
                    (true, false) => &["RequestPreVotes"],
                    (false, _) => &["Timeout"],
                };
                return (Taken::steps(steps), outputs);
            }
        }
        (Taken::Nothing, vec![])
    }

    fn receive(&mut self, server: usize, sent: Sent<Message>) -> (Taken, Vec<Output>) {
        let node = &mut self.servers[server];
        let term = node.current_term();
        let may_stand =
            matches!(sent.message, Message::PreVoteResponse(_) | Message::TimeoutNow(_));
        let input = Input::Message { from: NodeId(sent.from), message: sent.message };
        let outputs = node.step(input);
        let stands = node.role() == Role::Candidate && node.current_term() > term;
        let taken = match may_stand && stands {
            true => Taken::steps(&["Receive", "Timeout"]),
            false => Taken::step("Receive"),
        };
        (taken, outputs)
    }

    fn lead(
        &mut self,
        server: usize,
        asked: &Asked<Message>,
        names: &Names,
    ) -> (Taken, Vec<Output>) {
        let node = &mut self.servers[server];
        let (taken, outputs) = match asked.step {
            "ClientRequest" => {
                let value = asked.arguments["value"].as_str().unwrap_or_default();
                let arguments = json!({"value": value});
                (
                    Taken::Steps(vec![json!({"step": "ClientRequest", "arguments": arguments})]),
                    node.step(Input::ClientProposal { payload: value.into() }),
                )
            }
            "TransferLeadership" if self.on.transfer => {
                let arguments = json!({"peer": asked.arguments["peer"]});
                (
                    Taken::Steps(vec![json!({"step": asked.step, "arguments": arguments})]),
                    node.step(Input::TransferLeadership { target: NodeId(asked.peer) }),
                )
            }
            "ChangeMembership" if self.on.membership => {
                let Some(input) = members::asked(node, asked.arguments, names) else {
                    return (Taken::Nothing, vec![]);
                };
                let known = node.effective_membership().replica_ids();
                let outputs = node.step(input);
                let (now, told) = (node.effective_membership(), members::in_force(node, names));
                // Who was a member before, and is one again, begins anew.
                let added = now.replica_ids().into_iter().filter(|id| !known.contains(id));
                let mut steps: Vec<_> = added
                    .filter_map(|id| names.of(id.0).as_str().map(|peer| json!({peer: 0})))
                    .map(|none| json!({"step": "ForgetMatch", "state": {"matchIndex": none}}))
                    .collect();
                steps.push(json!({"step": "ChangeTo", "arguments": {"configuration": told}}));
                (Taken::Steps(steps), outputs)
            }
            "AppendEntries" | "InstallSnapshot" => (Taken::step("Stay"), node.step(Input::Tick)),
            _ => (Taken::Nothing, vec![]),
        };
        let is_rejected = outputs.iter().any(|output| {
            matches!(
                output,
                Output::RejectProposal { .. } | Output::LeadershipTransferRejected { .. }
            )
        });
        (if is_rejected { Taken::Nothing } else { taken }, outputs)
    }

    fn words<'a>(&self, names: &'a Names) -> Words<'a> {
        Words { names, has_changes: self.on.membership }
    }

    fn send(&mut self, from: u64, outputs: Vec<Output>, names: &Names) {
        for output in outputs {
            let (to, message) = match output {
                Output::Send { to, message } => (to, message),
                Output::SendSnapshotChunk { to, chunk } => {
                    let resolved = chunk.resolve(&Snapshots).expect("it is there");
                    (to, Message::InstallSnapshotChunk(resolved))
                }
                _ => continue,
            };
            let shown = self.words(names).message(&message);
            self.sent.push(Sent { from, to: to.0, shown, message });
        }
    }
}

impl Cluster for Rafter {
    type Message = Message;

    fn init(&mut self, servers: u64, request: &Value, names: &Names) -> Value {
        self.on = Features {
            pre_vote: is_asked(request, "PreVote"),
            check_quorum: is_asked(request, "CheckQuorum"),
            transfer: is_asked(request, "LeadershipTransfer"),
            membership: is_asked(request, "Membership") && is_asked(request, "JointConsensus"),
        };
        self.sent.clear();
        let on = self.on;
        let named = request["voters"].as_array().into_iter().flatten();
        self.voters = match on.membership {
            true => named.map(|name| NodeId(names.number(name))).collect(),
            false => (1..=servers).map(NodeId).collect(),
        };
        let start = |id| {
            let config = config(id, &self.voters, on);
            match on.membership && self.voters.contains(&NodeId(id)) {
                true => member_of(&self.voters, config),
                false => Node::new(config),
            }
        };
        self.servers = (1..=servers).map(start).collect();
        told::header(on, &request["voters"])
    }

    fn take(&mut self, asked: Asked<Message>, names: &Names) -> Taken {
        let place = asked.server as usize - 1;
        let is_leader = self.servers[place].role() == Role::Leader;
        let (taken, outputs) = match asked.step {
            "Receive" => match asked.received {
                Some(sent) => self.receive(place, sent),
                None => (Taken::Nothing, vec![]),
            },
            "Restart" => {
                let config = config(asked.server, &self.voters, self.on);
                self.servers[place] = restarted(&self.servers[place], config);
                (Taken::step("Restart"), vec![])
            }
            "CompactLog" => {
                let index = asked.arguments["index"].as_u64().unwrap_or(0);
                match compact(&mut self.servers[place], index, self.on.membership) {
                    true => (Taken::step("CompactLog"), vec![]),
                    false => (Taken::Nothing, vec![]),
                }
            }
            "Timeout" | "RequestPreVotes" if !is_leader => self.stand(place),
            "Tick" => (Taken::Unknown, vec![]),
            _ if is_leader => self.lead(place, &asked, names),
            _ => (Taken::Nothing, vec![]),
        };
        self.send(asked.server, outputs, names);
        taken
    }

    fn state(&self, server: u64, names: &Names) -> Value {
        self.words(names).state(&self.servers[server as usize - 1])
    }

    fn sent(&mut self) -> Vec<Sent<Message>> {
        std::mem::take(&mut self.sent)
    }
}

fn main() {
    serve(Rafter::default());
}
