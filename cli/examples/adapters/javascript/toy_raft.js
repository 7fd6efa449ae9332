// A toy Raft: elections, replication, restarts. Put your own in its place; the kit stays as it is.
// `node toy_raft.js` is driven; with RAFT_TRACE set, `node toy_raft.js run` is traced.
'use strict';
const { Trace, serve } = require('./raft_kit.js');

const forgetsVote = process.argv.includes('--forgets-vote'); // A known bug, to see it found.

// One server; its messages have the names of traces/FORMAT.md.
class Server {
  constructor(me, servers) {
    this.me = me;
    this.peers = servers.filter((each) => each !== me);
    // Stored:
    this.currentTerm = 0;
    this.votedFor = null;
    this.log = [];
    // In memory:
    this.role = 'Follower';
    this.commitIndex = 0;
    this.votesGranted = new Set();
    this.nextIndex = {};
    this.matchIndex = {};
  }

  restart() {
    this.role = 'Follower';
    this.commitIndex = 0;
    if (forgetsVote) this.votedFor = null;
    return [];
  }

  timeout() {
    if (this.role === 'Leader') return [];
    this.currentTerm += 1;
    this.votedFor = this.me;
    this.role = 'Candidate';
    this.votesGranted = new Set([this.me]);
    const end = { lastLogIndex: this.log.length, lastLogTerm: this.termAt(this.log.length) };
    return this.peers.map((peer) => this.message('RequestVoteRequest', peer, end));
  }

  clientRequest(value) {
    if (this.role === 'Leader') this.log.push({ term: this.currentTerm, value });
    return [];
  }

  appendEntries(peer, count) {
    if (this.role !== 'Leader') return [];
    const prevLogIndex = this.nextIndex[peer] - 1;
    const entries = this.log.slice(prevLogIndex, prevLogIndex + count);
    return [this.message('AppendEntriesRequest', peer, {
      prevLogIndex, prevLogTerm: this.termAt(prevLogIndex), entries, leaderCommit: this.commitIndex,
    })];
  }

  receive(message) {
    if (message.term > this.currentTerm) {
      this.currentTerm = message.term;
      this.votedFor = null;
      this.role = 'Follower';
    }
    const isOfTerm = message.term === this.currentTerm;
    switch (message.type) {
      case 'RequestVoteRequest': {
        const mine = this.termAt(this.log.length);
        const isUpToDate = message.lastLogTerm > mine
          || (message.lastLogTerm === mine && message.lastLogIndex >= this.log.length);
        const isFree = this.votedFor === null || this.votedFor === message.source;
        const voteGranted = isOfTerm && isUpToDate && isFree;
        if (voteGranted) this.votedFor = message.source;
        return [this.message('RequestVoteResponse', message.source, { voteGranted })];
      }
      case 'RequestVoteResponse':
        if (isOfTerm && this.role === 'Candidate' && message.voteGranted) {
          this.votesGranted.add(message.source);
          this.lead();
        }
        return [];
      case 'AppendEntriesRequest': {
        if (isOfTerm) this.role = 'Follower';
        const success = isOfTerm && message.prevLogIndex <= this.log.length
          && this.termAt(message.prevLogIndex) === message.prevLogTerm;
        const matchIndex = success ? this.store(message) : 0;
        return [this.message('AppendEntriesResponse', message.source, { success, matchIndex })];
      }
      default:
        if (isOfTerm && this.role === 'Leader') this.count(message);
        return [];
    }
  }

  message(type, dest, more) {
    return { type, source: this.me, dest, term: this.currentTerm, ...more };
  }

  termAt(index) { return index ? this.log[index - 1].term : 0; }

  isQuorum(count) { return 2 * count > this.peers.length + 1; }

  lead() {
    if (!this.isQuorum(this.votesGranted.size)) return;
    this.role = 'Leader';
    for (const peer of this.peers) {
      this.nextIndex[peer] = this.log.length + 1;
      this.matchIndex[peer] = 0;
    }
  }

  store(message) {
    let at = message.prevLogIndex;
    for (const entry of message.entries) {
      if (at < this.log.length && this.log[at].term !== entry.term) this.log.length = at; // A conflict.
      this.log[at] = entry;
      at += 1;
    }
    this.commitIndex = Math.max(this.commitIndex, Math.min(message.leaderCommit, at));
    return at;
  }

  count({ source, success, matchIndex }) {
    if (success) {
      this.matchIndex[source] = Math.max(this.matchIndex[source], matchIndex);
      this.nextIndex[source] = Math.max(this.nextIndex[source], matchIndex + 1);
    } else {
      this.nextIndex[source] = Math.max(this.nextIndex[source] - 1, this.matchIndex[source] + 1);
    }
    for (let index = this.commitIndex + 1; index <= this.log.length; index += 1) {
      const have = this.peers.filter((peer) => this.matchIndex[peer] >= index).length + 1;
      if (this.isQuorum(have) && this.termAt(index) === this.currentTerm) this.commitIndex = index;
    }
  }

  // What it is in the names of traces/FORMAT.md.

  state() {
    const { currentTerm, votedFor, role, commitIndex, log } = this;
    return { currentTerm, votedFor, role, commitIndex, log: [...log] };
  }

  fields(message) { return { ...message }; }
}

// A run that is traced: servers that wait for messages, some of which are lost.
async function run(steps) {
  const names = ['s1', 's2', 's3'];
  const trace = new Trace(names);
  const servers = new Map(names.map((me) => [me, new Server(me, names)]));
  const inboxes = new Map(names.map((me) => [me, []]));

  function live(server) {
    const parts = {};
    let step = 'Timeout';
    let sends;
    const arrived = inboxes.get(server.me).shift();
    if (arrived) {
      step = 'Receive';
      parts.message = { id: arrived.id };
      sends = server.receive(arrived.message);
    } else if (Math.random() < 0.05) {
      step = 'Restart';
      sends = server.restart();
    } else if (server.role === 'Leader') {
      step = 'ClientRequest';
      server.clientRequest('v');
      sends = server.peers.flatMap((peer) => server.appendEntries(peer, 2));
    } else {
      sends = server.timeout();
    }
    trace.line(step, server.me, { state: server.state(), ...parts });
    for (const message of sends) {
      const id = trace.line('Send', server.me, { message: server.fields(message) });
      if (Math.random() < 0.9) inboxes.get(message.dest).push({ id, message });
    }
  }

  await Promise.all(names.map(async (me) => {
    for (let step = 0; step < steps; step += 1) {
      const patience = servers.get(me).role === 'Leader' ? 1 : 2 + 5 * Math.random();
      const isIdle = inboxes.get(me).length === 0;
      await new Promise((resolve) => { setTimeout(resolve, isIdle ? patience : 0); });
      live(servers.get(me));
    }
  }));
}

if (process.argv[2] === 'run') run(100);
else if (require.main === module) serve((me, servers) => new Server(me, servers));
