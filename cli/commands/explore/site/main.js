// The page: what the address says is asked of the server, and shown.

import { ask, save } from "./api.js";
import { go, link, read } from "./address.js";
import { Branches } from "./branches.js";
import { draw } from "./diagram.js";
import { byId, make } from "./dom.js";
import * as goals from "./goals.js";
import * as panel from "./panel.js";
import * as tours from "./tours.js";

const KINDS = {
  trace: "a trace (raft-ref validate, draw)", schedule: "a schedule (raft-ref conform, play)",
  test: "a test for pytest", svg: "a diagram (SVG)", gv: "a diagram (Graphviz)",
  page: "a page without a server",
};
const branches = new Branches();
let place = null, asked = 0, shown = null;

async function arrive() {
  const number = asked += 1, names = read();
  let found;
  try {
    found = await ask("place", { at: names });
  } catch (error) {
    if (number === asked) lost(names, error.message);
    return;
  }
  if (number !== asked) return;
  const focused = document.activeElement?.closest?.("#diagram .option")?.dataset.name;
  place = found;
  branches.visit(place.address);
  panel.show(place);
  tours.show(place.address);
  branches.show(place.address);
  controls();
  picture(focused);
}

// An address that leads nowhere: it is told, and there is a way on.
function lost(names, why) {
  const step = /^step (\d+): /.exec(why);
  const way = step ? make("a", { href: link(names.slice(0, step[1] - 1)), id: "as-far" },
    step[1] === "1" ? "To the beginning" : "As far as it leads") : "";
  byId("wrong").replaceChildren(`${why} `, way);
}

function controls() {
  const before = place.address.length, after = branches.after(place.address).length;
  byId("position").textContent = `${before} / ${before + after}`;
  byId("start").disabled = byId("back").disabled = before === 0;
  byId("forward").disabled = byId("end").disabled = after === 0;
  document.title = before ? `${place.words} – raft-ref explore` : "raft-ref explore";
}

function picture(focused) {
  const room = byId("diagram");
  byId("diagram").replaceChildren(draw(place, room.clientWidth));
  const options = [...room.querySelectorAll(".option")];
  if (focused !== undefined) {
    const same = options.find((each) => each.dataset.name === focused) || options[0];
    same?.focus({ preventScroll: true });
  }
  if (shown !== place.address.join("/")) bringIntoSight(room);
  shown = place.address.join("/");
}

// The last step and what comes next are in sight: of the diagram, or where it does not scroll
// by itself, of the page.
function bringIntoSight(room) {
  const row = room.querySelector(".row[aria-current]");
  if (!row) { room.scrollTop = 0; return; }
  if (room.scrollHeight > room.clientHeight + 4) {
    room.scrollTop = row.getBoundingClientRect().top - room.getBoundingClientRect().top
      + room.scrollTop - room.clientHeight / 3;
  } else if (matchMedia("(max-width: 900px)").matches) {
    scrollTo({ top: row.getBoundingClientRect().top + scrollY - byId("story").closest("header").offsetHeight - 40 });
  }
}

// ---- Back, forward, and the keys

const back = () => place && place.address.length && go(place.address.slice(0, -1));
const start = () => place && go([]);
function forward() {
  const [next] = place ? branches.after(place.address) : [];
  if (next) go([...place.address, next]);
}
function end() {
  const rest = place ? branches.after(place.address) : [];
  if (rest.length) go([...place.address, ...rest]);
}

function among(event, by) {
  const options = [...document.querySelectorAll("#diagram .option")];
  const at = options.indexOf(document.activeElement);
  if (at < 0) return;
  event.preventDefault();
  options[(at + by + options.length) % options.length].focus();
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) return;
  const keys = { ArrowLeft: back, ArrowRight: forward, Home: start, End: end };
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  if (event.key === "ArrowDown") among(event, 1);
  if (event.key === "ArrowUp") among(event, -1);
}

// ---- Take it with you

async function taken(action) {
  const says = byId("exported");
  says.className = "";
  try {
    says.textContent = await action();
  } catch (error) {
    says.className = "error";
    says.textContent = error.message;
  }
}

async function copied() {
  await navigator.clipboard.writeText(location.href);
  return "The link is copied.";
}

// ---- The beginning

for (const [id, action] of Object.entries({ back, forward, start, end }))
  byId(id).addEventListener("click", action);
byId("export-kind").append(...Object.entries(KINDS).map(([value, text]) => make("option", { value }, text)));
byId("export").addEventListener("click", () => taken(async () =>
  `Saved as ${await save(byId("export-kind").value, place.address)}.`));
byId("copy").addEventListener("click", () => taken(copied));
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.querySelector("#diagram .option")?.focus();
});
document.addEventListener("keydown", pressed);
addEventListener("hashchange", arrive);
let width = 0;
new ResizeObserver(() => {
  if (place && width !== byId("diagram").clientWidth) picture();
  width = byId("diagram").clientWidth;
}).observe(byId("diagram"));

const planned = (names) => { branches.visit(names); if (place) { branches.show(place.address); controls(); } };
await arrive();
try {
  await tours.prepare(planned);
  tours.show(place ? place.address : []);
  await goals.prepare(planned);
} catch (error) {
  byId("wrong").textContent = error.message;
}
document.body.dataset.ready = "yes";
