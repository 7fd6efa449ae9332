// Drives @markwylde/liferaft as it is told on standard input (traces/ADAPTER.md).
//
//   npm install --ignore-scripts --no-package-lock && node adapter.js
//
// - Its timers never fire: an election is asked for by `promote`, a heartbeat by `message`.
// - A server writes to a peer and is called back with the answer: both are messages here. What it
//   does takes promises; a step is over when there is nothing left to do.
// - Of what it stores there is the log alone, kept in memory here; a crash leaves that.
// - The end of the sender's log stands in the place of what is before the entries that are sent; a
//   heartbeat has no entries, and its end is told as what stands before them.
'use strict';
const readline = require('readline');

global.setTimeout = () => ({ unref() {} }); // before the library asks for it
global.clearTimeout = () => {};
const Raft = require('@markwylde/liferaft');
const memdown = require('memdown');
const Log = require('@markwylde/liferaft/log');

const ROLES = { [Raft.LEADER]: 'Leader', [Raft.CANDIDATE]: 'Candidate' };
const TYPES = {
  vote: 'RequestVoteRequest', voted: 'RequestVoteResponse',
  append: 'AppendEntriesRequest', 'append ack': 'AppendEntriesResponse', 'append fail': 'AppendEntriesResponse',
};

const cluster = new Map(); // name -> { raft, disk }
let network = []; // { from, to, packet, answer }: `answer` takes what is written back
let sent = [];

// Lets everything happen that needs no time.
async function settled() {
  for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function start(me, servers, disk) {
  const raft = new Raft(me, { Log, adapter: () => disk });
  raft.on('error', () => {}); // what it ignores it tells as an error
  for (const to of servers) {
    if (to === me) continue;
    raft.join(to, (packet, answer) => sent.push({ from: me, to, packet: copy(packet), answer }));
  }
  return { raft, disk };
}

const copy = (packet) => JSON.parse(JSON.stringify(packet));

const entries = (some) => some.map((entry) => ({ term: entry.term, value: String(entry.command) }));

async function state(server) {
  const { raft } = server;
  return {
    currentTerm: raft.term, votedFor: raft.votes.for, role: ROLES[raft.state] || 'Follower',
    commitIndex: raft.log.committedIndex, log: entries(await raft.log.getEntriesAfter(0)),
    snapshot: { lastIncludedIndex: 0, lastIncludedTerm: 0 }, // it takes none
  };
}

// A message in the words of the trace format.
function fields({ from, to, packet }) {
  const shown = { source: from, dest: to, term: packet.term, type: TYPES[packet.type] || packet.type };
  const { last = {}, data } = packet;
  const lastTerm = last.index ? last.term : 0; // it says its own term where there is no entry
  switch (packet.type) {
    case 'vote': return { ...shown, lastLogIndex: last.index, lastLogTerm: lastTerm };
    case 'voted': return { ...shown, voteGranted: data.granted };
    case 'append': return {
      ...shown, prevLogIndex: last.index, prevLogTerm: lastTerm,
      entries: entries(data || []), leaderCommit: last.committedIndex,
    };
    case 'append ack': return { ...shown, success: true, matchIndex: data.index };
    case 'append fail': return { ...shown, success: false, matchIndex: 0 };
    default: return shown;
  }
}

// A message arrives: at a server, or as the answer that a server waits for.
async function deliver({ from, to, packet, answer, isAnswer }) {
  if (isAnswer) return answer(undefined, copy(packet));
  const back = (reply) => Promise.resolve(reply).then((written) => {
    if (written) sent.push({ from: to, to: from, packet: copy(written), answer, isAnswer: true });
    else answer();
  });
  cluster.get(to).raft.emit('data', copy(packet), back);
}

async function take(request) {
  const { step, server: me, arguments: asked } = request;
  const server = cluster.get(me);
  const line = { step, server: me };
  const { raft } = server;
  switch (step) {
    case 'Receive': case 'ReceiveDuplicate': {
      const message = network[request.id];
      line.step = TYPES[message.packet.type] ? 'Receive' : 'Stay';
      if (line.step === 'Receive') line.message = fields(message);
      await deliver(message);
      break;
    }
    case 'Timeout':
      if (raft.state === Raft.LEADER) return [];
      await raft.promote();
      break;
    case 'ClientRequest':
      if (raft.state !== Raft.LEADER) return [];
      line.arguments = asked;
      await raft.command(asked.value);
      break;
    case 'AppendEntries':
      if (raft.state !== Raft.LEADER) return [];
      line.step = 'Stay';
      raft.message(Raft.FOLLOWER, await raft.packet('append'));
      break;
    case 'Restart':
      raft.removeAllListeners();
      cluster.set(me, start(me, [...cluster.keys()], server.disk));
      break;
    default:
      return null;
  }
  await settled();
  line.state = await state(cluster.get(me));
  return [line];
}

async function answered(request) {
  if (request.step === 'Init') {
    cluster.clear();
    network = [];
    const initial = {};
    for (const me of request.servers) {
      cluster.set(me, start(me, request.servers, memdown()));
      await settled();
      initial[me] = await state(cluster.get(me));
    }
    sent = [];
    const { servers } = request;
    return { lines: [{ format: 'raft-ref-trace', version: 1, servers, logged: 'some', unlogged: [], initial }] };
  }
  const lines = await take(request);
  if (lines === null) return { lines: [], unknown: true };
  const sends = [];
  for (const message of sent) {
    const shown = fields(message);
    if (TYPES[message.packet.type]) lines.push({ step: 'Send', server: message.from, message: shown });
    sends.push({ id: network.length, message: shown });
    network.push(message);
  }
  sent = [];
  return { lines, sends };
}

let before = Promise.resolve();
process.on('unhandledRejection', (error) => { // a handler of the library failed: it goes on
  process.stderr.write(`${error}\n`);
});
readline.createInterface({ input: process.stdin }).on('line', (text) => {
  before = before.then(() => answered(JSON.parse(text)))
    .then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`))
    .catch((error) => process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`));
});
