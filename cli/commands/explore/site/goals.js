// What leads from here to something: a search in the background, and the way that it finds.

import { ask } from "./api.js";
import { link, read } from "./address.js";
import { byId, make } from "./dom.js";

const TYPED = "formula:";
const ANY = "anything that must hold";
const BETWEEN = 400;
const NAMES = { steps: "steps (0: no matter how many)", max_messages: "messages at a time" };
let running = null;

export async function prepare(found) {
  const known = await ask("goals");
  const options = (label, verb, names) => make("optgroup", { label },
    ...names.map((name) => make("option", { value: `property:${name}` }, `${verb} ${name}`)));
  byId("goal-what").replaceChildren(
    ...(known.formula ? [make("option", { value: TYPED }, "makes a formula true that I type")] : []),
    options("what must hold", "breaks", known.broken),
    options("what must occur", "reaches", known.reached));
  byId("goal-what").value = known.known ? `property:${known.known}` : "property:SometimesLeader";
  if (!byId("goal-what").value) byId("goal-what").selectedIndex = 0;
  byId("goal-formula").value = '\\E i \\in Server : role[i] = "Leader" /\\ commitIndex[i] > 0';
  byId("goal-bounds").replaceChildren(...Object.entries(known.bounds).map(([name, number]) =>
    make("label", {}, `${NAMES[name] || name.replace("max_", "").replaceAll("_", " ")} `,
      make("input", { type: "number", min: 0, name, value: number }))));
  byId("goal-what").addEventListener("change", typed);
  byId("goal").addEventListener("submit", (event) => { event.preventDefault(); begin(found); });
  byId("goal-stop").addEventListener("click", () => running && ask("stop", { search: running }));
  typed();
}

function typed() { byId("goal-typed").hidden = byId("goal-what").value !== TYPED; }

function say(text, isError = false) {
  byId("goal-progress").textContent = text;
  byId("goal-progress").className = isError ? "error" : "";
}

async function begin(found) {
  const at = read(), what = byId("goal-what").value;
  const bounds = Object.fromEntries([...byId("goal-bounds").querySelectorAll("input")]
    .map((input) => [input.name, Number(input.value)]));
  byId("goal-answer").replaceChildren();
  try {
    const begun = await ask("search", {
      at, bounds, property: what === TYPED ? "" : what.slice("property:".length),
      formula: what === TYPED ? byId("goal-formula").value : "",
    });
    running = begun.search;
    busy(true);
    await follow(begun.search, at, found);
  } catch (error) {
    say(error.message, true);
  }
  busy(false);
}

function busy(is) {
  byId("goal-start").disabled = is;
  byId("goal-stop").hidden = !is;
  if (is) say("searching …");
}

async function follow(search, at, found) {
  for (;;) {
    const { answer, progress } = await ask("progress", { search });
    if (answer) return tell(answer, at, found);
    if (progress.states) say(`searching: ${progress.states.toLocaleString("en")} states, `
      + `${progress.depth} deep, ${progress.seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, BETWEEN));
  }
}

function tell(answer, at, found) {
  if (answer.outcome === "error") return say(answer.error, true);
  const broken = answer.steps.length && byId("goal-what").value === `property:${ANY}` ? `, to ${answer.property} broken` : "";
  const states = answer.states === undefined ? "" : ` (${answer.states.toLocaleString("en")} states)`;
  if (answer.outcome === "stopped") return say(`Stopped before anything was found${states}.`);
  if (answer.outcome === "nothing") return say(
    `Nothing leads there within these bounds${states}. Give it more room below “Within”.`);
  const number = answer.steps.length;
  say(number ? `The shortest way within these bounds has ${number} step${number > 1 ? "s" : ""}${broken}${states}:`
    : "It is so here already.");
  byId("goal-answer").replaceChildren(...answer.steps.map((name, index) => make("li", {},
    make("a", { href: link([...at, ...answer.steps.slice(0, index + 1)]) }, name))));
  found([...at, ...answer.steps]);
}
