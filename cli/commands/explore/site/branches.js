// Where a reader has been: a tree of steps, and at each place which way was gone last.

import { link } from "./address.js";
import { byId, make } from "./dom.js";

const MOST = 1000;

class Node {
  constructor() { Object.assign(this, { children: new Map(), last: null }); }
}

export class Branches {
  constructor() { this.root = new Node(); }

  // Note a place that was visited; `turns` says that forward leads along it from now on.
  visit(names, turns = true) {
    let node = this.root;
    for (const name of names) {
      if (!node.children.has(name)) node.children.set(name, new Node());
      if (turns || node.last === null) node.last = name;
      node = node.children.get(name);
    }
  }

  // What comes after a place, as far as it was gone or shown.
  after(names) {
    let node = this.root;
    for (const name of names) node = node?.children.get(name);
    const found = [];
    while (node && node.last !== null) {
      found.push(node.last);
      node = node.children.get(node.last);
    }
    return found;
  }

  show(current) {
    let left = MOST;
    const here = current.join("/");
    const item = (path) => make("li", {}, make("a", {
      href: link(path), "aria-current": path.join("/") === here ? "step" : null,
    }, path.length ? path.at(-1) : "the beginning"));
    // A way without branches is one list; where it branches, each branch is a list of its own.
    const listed = (node, path) => {
      const list = make("ul", {}, item(path));
      while (node.children.size === 1 && left > 0) {
        const [[name, child]] = node.children;
        [node, path] = [child, [...path, name]];
        list.append(item(path));
        left -= 1;
      }
      for (const [name, child] of node.children) if ((left -= 1) > 0)
        list.append(make("li", {}, listed(child, [...path, name])));
      return list;
    };
    byId("branches").replaceChildren(listed(this.root, []));
  }
}
