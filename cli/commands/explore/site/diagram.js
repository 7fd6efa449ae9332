// The space-time diagram: a lifeline for each server, a row for each step, and below the line of
// now what can happen next, each step a link to where it leads.

import { link } from "./address.js";
import { svg } from "./dom.js";

const LEFT = 34, TOP = 44, LINE = 15, PILL = 20, MANY = 8;
const context = document.createElement("canvas").getContext("2d");

function width(text, size = 12) {
  context.font = `${size}px Helvetica, Arial, sans-serif`;
  return context.measureText(text).width;
}

// Text in lines of at most so many points; what is longer than a line is cut.
function wrapped(text, most, size = 12, lines = 3) {
  const found = [];
  for (const word of text.split(" ")) for (const [at, part] of parts(word, most, size).entries()) {
    const longer = found.length ? `${found.at(-1)}${at ? "" : " "}${part}` : part;
    if (found.length && width(longer, size) <= most) found[found.length - 1] = longer;
    else found.push(part);
  }
  const kept = found.slice(0, lines);
  if (found.length > lines) kept[lines - 1] += "…";
  return kept.map((line) => shortened(line, most, size));
}

// A word that no line has room for is broken before a capital: Request, Vote.
const parts = (word, most, size) =>
  width(word, size) <= most ? [word] : word.split(/(?<=[a-z])(?=[A-Z])/);

function shortened(text, most, size) {
  if (width(text, size) <= most) return text;
  let end = text.length;
  while (end > 1 && width(`${text.slice(0, end)}…`, size) > most) end -= 1;
  return `${text.slice(0, end)}…`;
}

const ORDER = ["deliver", "duplicate", "drop", "time out", "client", "send", "other", "crash"];

export function draw(place, room) {
  const { servers, roles, heads } = place.cluster;
  const lane = Math.max(98, Math.min(420, (room - LEFT - 8) / servers.length));
  const all = LEFT + lane * servers.length;
  const x = (server) => LEFT + lane * server + 12;
  const picture = new Picture(place, lane, x);
  const rows = place.rows.map((row) => picture.row(row));
  const now = picture.y + 6;
  const options = picture.options(now + 22);
  const bottom = Math.max(picture.y, options.bottom) + 16;
  const lives = picture.lives(roles, bottom);
  const arrows = place.flights.flatMap((flight) => picture.arrows(flight));
  const top = servers.map((name, at) => svg("g", {},
    svg("text", { x: x(at) - 6, y: 18, class: "name" }, name),
    svg("text", { x: x(at) - 6, y: 34, class: "quiet" }, shortened(heads[at], lane - 8, 12))));
  const line = [
    svg("line", { class: "now", x1: 0, x2: all, y1: now, y2: now }),
    svg("text", { class: "number halo", x: 2, y: now + 14 }, "next"),
  ];
  return svg("svg", {
    width: all, height: bottom, viewBox: `0 0 ${all} ${bottom}`, role: "group",
    "aria-label": `${place.rows.length} steps of ${servers.length} servers`,
  }, defs(), svg("g", {}, ...rows.map((row) => row.back)), ...lives, ...arrows, ...top,
  svg("g", {}, ...rows.map((row) => row.front)), ...line,
  svg("g", { "aria-hidden": "true", class: options.wires.length > MANY ? "many" : null }, ...options.wires),
  svg("g", { id: "next", role: "list", "aria-label": "What can happen next" }, ...options.made));
}

function defs() {
  const head = (id, name) => svg("marker", {
    id, viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 8, markerHeight: 8,
    orient: "auto-start-reverse", markerUnits: "userSpaceOnUse",
  }, svg("path", { d: "M0,0 L8,4 L0,8 z", class: name }));
  return svg("defs", {}, head("head", "head"), head("head-ghost", "head-ghost"));
}

class Picture {
  constructor(place, lane, x) {
    Object.assign(this, { place, lane, x, y: TOP, at: [TOP - 6] });
    this.address = place.address;
  }

  // Where a message is lost: on its way, and beside whatever lifeline stands in the middle.
  between(from, to) { return this.x(from) + (this.x(to) - this.x(from)) * 0.42; }

  // ---- What happened

  row(row) {
    const top = this.y, event = top + 13, number = row.number;
    this.at[number] = event;
    const parts = [];
    const own = row.server >= 0;
    const left = own ? this.x(row.server) : this.between(...row.towards);
    const most = this.lane - 26;
    let y = event + 4;
    if (row.mark) {
      parts.push(this.mark(row, left, event, most));
      y += LINE + 2;
    } else if (own) parts.push(svg("circle", { class: "dot", cx: left, cy: event, r: 4.5 }));
    else parts.push(svg("text", { class: "cross", x: left - 5, y: event + 6 }, "×"));
    for (const note of row.notes) {
      if (note.cells) y = this.cells(parts, note.cells, left + 12, y, most);
      else for (const line of wrapped(note.text, most)) {
        const name = { lost: "lost", note: "quiet" }[note.style] || "";
        parts.push(svg("text", { class: `halo ${name}`, x: left + 12, y }, line));
        y += LINE;
      }
    }
    for (const name of row.broken) for (const line of wrapped(`✗ ${name}`, most - 8)) {
      parts.push(svg("text", { class: "halo broken", x: left + 12, y }, line));
      y += LINE;
    }
    this.y = Math.max(top + 27, y - LINE + 10);
    return { back: this.band(row, top), front: svg("g", {}, ...parts) };
  }

  band(row, top) {
    const here = row.number === this.address.length;
    const whole = LEFT + this.lane * this.place.cluster.servers.length;
    return svg("a", {
      href: link(this.address.slice(0, row.number)), class: "row", tabindex: -1,
      "aria-label": `step ${row.number}: ${row.words}`, "aria-current": here ? "step" : null,
    }, svg("rect", { x: 0, y: top, width: whole, height: this.y - top }),
    svg("title", {}, row.words),
    svg("text", { class: "number", x: 4, y: top + 17 }, String(row.number)),
    svg("line", { class: "guide", x1: 24, x2: whole, y1: top + 13, y2: top + 13 }));
  }

  mark(row, left, event, most) {
    const text = shortened(row.mark, most + 8, 11.5), name = row.crashed ? "crashed" : row.role;
    return svg("g", { class: `mark ${name}` },
      svg("rect", { x: left - 6, y: event - 10, width: width(text, 11.5) * 1.08 + 14, height: PILL, rx: 9 }),
      svg("text", { x: left + 1, y: event + 4 }, text));
  }

  cells(parts, cells, left, y, most) {
    let x = left, top = y - 11;
    for (const cell of cells) {
      const text = shortened(cell.text, most - 8, 11), wide = width(text, 12) + 8;
      if (x > left && x + wide > left + most) { x = left; top += 19; }
      parts.push(svg("rect", { class: `cell term${(cell.term - 1) % 6 + 1}`, x, y: top, width: wide, height: 16 }),
        svg("text", { x: x + 4, y: top + 12 }, text));
      if (cell.committed)
        parts.push(svg("line", { class: "committed", x1: x, x2: x + wide, y1: top + 17, y2: top + 17 }));
      x += wide;
    }
    return top + 11 + 20;
  }

  lives(roles, bottom) {
    const found = [];
    this.place.cluster.servers.forEach((_, server) => {
      let role = roles[server], from = TOP - 6;
      const end = (to) => found.push(svg("line", {
        class: `life ${role}`, x1: this.x(server), x2: this.x(server), y1: from, y2: to }));
      for (const row of this.place.rows) if (row.server === server && row.role !== role) {
        end(this.at[row.number]);
        [role, from] = [row.role, this.at[row.number]];
      }
      end(bottom);
    });
    return found;
  }

  arrows(flight) {
    const from = [this.x(flight.from), this.at[flight.sent]], found = [];
    const arrow = (to, name, head = true) => found.push(svg("path", {
      class: `arrow ${name}`, d: `M${from} L${to}`, "marker-end": head ? "url(#head)" : null }));
    const side = Math.sign(flight.from - flight.to) * 6;
    flight.delivered.forEach((number, times) =>
      arrow([this.x(flight.to) + side, this.at[number]], times ? "again" : ""));
    if (flight.lost !== null)
      arrow([this.between(flight.from, flight.to), this.at[flight.lost]], "gone", false);
    return found;
  }

  // ---- What can happen next

  options(from) {
    const stack = this.place.cluster.servers.map(() => from), made = [];
    this.wires = [];
    const ranked = this.place.enabled.map((option) => ({ option, ...this.ranked(option) }))
      .sort((one, other) => one.lane - other.lane || one.message - other.message
        || ORDER.indexOf(one.option.group) - ORDER.indexOf(other.option.group));
    let beside = null;
    for (const { option, lane, message } of ranked) {
      const flight = option.flight === null ? null : this.place.flights[option.flight];
      const small = option.group === "duplicate" || option.group === "drop";
      const x = this.x(lane) + 8, most = this.lane - 22;
      if (small) {
        const half = (most - 4) / 2, second = beside === message;
        if (!second) beside = message;
        const y = stack[lane] - (second ? PILL + 6 : 0);
        made.push(this.pill(option, [this.small(option, half)], second ? x + half + 4 : x, y, half, null));
        stack[lane] = y + PILL + 6;
      } else {
        const text = flight && option.group === "deliver" ? flight.short : option.short;
        const lines = wrapped(text, most - 12);
        const wire = flight ? [[this.x(flight.from), this.at[flight.sent]], this.x(lane)] : null;
        made.push(this.pill(option, lines, x, stack[lane], most, wire));
        stack[lane] += lines.length * LINE + 11;
      }
    }
    return { made, wires: this.wires, bottom: Math.max(...stack) };
  }

  ranked(option) {
    const flight = option.flight === null ? null : this.place.flights[option.flight];
    const lane = option.server >= 0 ? option.server : flight ? flight.to : 0;
    return { lane, message: option.flight ?? Infinity };
  }

  small(option, room) {
    const words = option.group === "drop" ? ["drop it", "drop"] : ["keep a copy", "copy"];
    return words.find((each) => width(each, 11) <= room - 8) || words[1];
  }

  pill(option, lines, x, y, wide, wire) {
    const high = Math.max(PILL, lines.length * LINE + 5);
    const href = link([...this.address, option.name]);
    const own = wire ? this.wire(option, href, wire, wide, x, y + high / 2) : null;
    const says = option.words;
    const small = option.group === "duplicate" || option.group === "drop";
    const made = svg("a", {
      href, "data-name": option.name, tabindex: 0,
      class: `option ${option.group.replace(" ", "-")}${small ? " small" : ""}`, "aria-label": says,
    }, svg("title", {}, says),
    svg("rect", { x, y, width: wide, height: high, rx: 5 }),
    ...lines.map((line, at) => svg("text", { x: x + 6, y: y + 14 + at * LINE }, line)));
    if (own) for (const [event, lit] of [["mouseenter", true], ["focus", true], ["mouseleave", false], ["blur", false]])
      made.addEventListener(event, () => own.classList.toggle("lit", lit));
    return svg("g", { role: "listitem" }, made);
  }

  // The way of a message that is in flight, behind all that can be read, and to be clicked too.
  wire(option, href, [from, to], wide, x, y) {
    const end = from[0] > to ? x + wide : x - 2;
    const d = `M${from} L${[end, y]}`;
    const made = svg("a", { href, class: "wire", tabindex: -1 },
      svg("path", { class: "near", d }), svg("path", { class: "way", d, "marker-end": "url(#head-ghost)" }));
    this.wires.push(made);
    return made;
  }
}
