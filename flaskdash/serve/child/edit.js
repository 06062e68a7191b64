// Dev mode: move and resize the cards of a dashboard. The server writes that into the charts' files,
// and the page follows these like any other change. Not a part of the project.
import { createForm } from "./add.js";
import { createDrags } from "./drag.js";

const CARDS = ":is(.grid, .kpis) > .card[id]";
const PATIENCE_MS = 3000; // for the page to show what was written
const ADDED = "flaskdash-added"; // in the session's storage: the last chart that was added
const RELOAD_MS = 10000; // from then to the reload that brings its bundle
const HEADING = "main h1"; // the bar is on its line
const GAP = 8; // pixels
const HINT = "Drag a card by ⠿, or its right edge.";
const isNarrow = () => matchMedia("(max-width: 600px)").matches;
let bar;

// Called again whenever the page has changed.
export function startEdits(dev) {
  if (bar) bar.pageChanged();
  else bar = createBar(dev);
}

const cardOf = (id) => document.getElementById(id);
const peersOf = (card) => [...card.parentElement.querySelectorAll(":scope > .card[id]")];
const isWide = (card) => card.classList.contains("full");

function createBar({ base, element, editorLink }) {
  const frames = new Map(); // by the ID of the card that it surrounds
  const host = element("div", { id: "flaskdash-edit" });
  const shadow = host.attachShadow({ mode: "open" });
  const layer = element("div", { className: "layer" });
  const marker = element("div", { className: "marker", hidden: true });
  const toggle = button("Edit", "", toggleEditing);
  const undoButton = button("Undo", "", () => send("undo", {}));
  const addButton = button("Add chart", "", () => form.open());
  const status = element("span", { role: "status" });
  const dialog = element("dialog");
  const controls = element("div", { className: "bar" }, status, addButton, undoButton, toggle);
  let isEditing = false;
  let isBusy = false; // until the page shows the last edit
  let busyTimer;
  const drags = createDrags({
    host,
    marker,
    place,
    cardOf,
    peersOf,
    move,
    resize,
    isBusy: () => isBusy,
  });

  for (const type of ["pointerenter", "focus"]) {
    addButton.addEventListener(type, () => form.warm());
  }
  toggle.ariaPressed = "false";
  undoButton.hidden = addButton.hidden = true;
  shadow.append(
    element("link", { rel: "stylesheet", href: `${base}/edit.css` }),
    layer,
    marker,
    controls,
    dialog,
  );
  document.documentElement.append(host);
  const form = createForm({ host, shadow, base, element, post, added });
  const sizes = new ResizeObserver(placeBar);
  sizes.observe(document.body);
  sizes.observe(controls);
  addEventListener("resize", placeBar);

  // On the line of the heading, which gets shorter: nothing is covered. In reach while editing.
  function placeBar() {
    const heading = document.querySelector(HEADING);
    controls.classList.toggle("floating", !heading);
    if (!heading) return;
    if (!isEditing) heading.style.paddingInlineEnd = `${controls.offsetWidth + GAP}px`;
    const origin = host.getBoundingClientRect();
    const box = heading.getBoundingClientRect();
    const line = Math.min(box.height, parseFloat(getComputedStyle(heading).lineHeight));
    const top = box.top + (line - controls.offsetHeight) / 2;
    const left = Math.max(GAP, box.right - controls.offsetWidth);
    const visibleTop = isEditing ? Math.max(GAP, top) : top;
    if (visibleTop !== top && status.textContent === HINT) status.textContent = "";
    controls.style.top = `${Math.round(visibleTop - origin.top)}px`;
    controls.style.left = `${Math.round(left - origin.left)}px`;
  }

  function button(text, label, onClick) {
    const node = element("button", { type: "button" }, text);
    if (label) node.ariaLabel = label;
    node.addEventListener("click", onClick);
    return node;
  }

  function toggleEditing() {
    isEditing = !isEditing;
    toggle.textContent = isEditing ? "Done" : "Edit";
    toggle.ariaPressed = String(isEditing);
    undoButton.hidden = addButton.hidden = !isEditing;
    status.textContent = isEditing && !isNarrow() ? HINT : "";
    if (isEditing) follow();
    else {
      drags.stop();
      frames.clear();
      layer.replaceChildren();
      placeBar();
    }
  }

  // The layer lies above the page and changes nothing in it, so it has to follow each card.
  function follow() {
    if (!isEditing) return;
    showFrames();
    placeBar();
    drags.scrollAtEdges();
    requestAnimationFrame(follow);
  }

  function showFrames() {
    const cards = [...document.querySelectorAll(CARDS)];
    const ids = cards.map((card) => card.id);
    for (const [id, frame] of frames) {
      if (ids.includes(id)) continue;
      frame.node.remove();
      frames.delete(id);
    }
    const drag = drags.current();
    const origin = host.getBoundingClientRect();
    for (const card of cards) {
      if (!frames.has(card.id)) frames.set(card.id, createFrame(card.id));
      const box = card.getBoundingClientRect();
      const { node, update } = frames.get(card.id);
      const width = drag?.id === card.id && drag.width ? drag.width : box.width;
      place(node, box.left - origin.left, box.top - origin.top, width, box.height);
      update(card);
    }
    sortFrames(ids);
  }

  // The Tab key visits the cards in the order in which they are shown.
  function sortFrames(ids) {
    const nodes = ids.map((id) => frames.get(id).node);
    if (nodes.every((node, index) => layer.children[index] === node)) return;
    const focused = shadow.activeElement;
    layer.append(...nodes);
    focused?.focus({ preventScroll: true });
  }

  function place(node, left, top, width, height) {
    for (const [name, value] of Object.entries({ left, top, width, height })) {
      const text = `${Math.round(value)}px`;
      if (node.style[name] !== text) node.style[name] = text;
    }
  }

  function createFrame(id) {
    const handle = element("span", { className: "handle", title: "Drag to another place" }, "⠿");
    const left = button("←", "", () => step(id, -1));
    const right = button("→", "", () => step(id, 1));
    const size = button("", "", () => resize(id));
    const code = button("Code", "", () => showCode(id));
    const grip = element("div", { className: "grip", title: "Drag to make it half or full" });
    const tools = element("div", { className: "tools" }, handle, left, right, size, code);
    const node = element("div", { className: "frame" }, tools, grip);
    handle.addEventListener("pointerdown", (event) => drags.startMove(event, id));
    grip.addEventListener("pointerdown", (event) => drags.startResize(event, id));

    function update(card) {
      const title = card.querySelector("h2")?.textContent.trim() ?? id;
      const peers = peersOf(card);
      const next = isWide(card) ? "half" : "full";
      left.ariaLabel = `Move ${title} left`;
      right.ariaLabel = `Move ${title} right`;
      left.ariaDisabled = String(peers[0] === card);
      right.ariaDisabled = String(peers.at(-1) === card);
      size.ariaLabel = `Make ${title} ${next === "full" ? "wider: full" : "narrower: half"}`;
      code.ariaLabel = `Show the code of ${title}`;
      if (size.textContent !== next) size.textContent = next;
      size.hidden = grip.hidden = !card.matches(".grid > :not(.table)");
      node.classList.toggle("dragged", drags.current()?.id === id);
    }
    return { node, update };
  }

  function step(id, distance) {
    const peers = peersOf(cardOf(id)).map((card) => card.id);
    move(id, peers.indexOf(id) + distance);
  }

  function move(id, index) {
    const old = peersOf(cardOf(id)).map((card) => card.id);
    const order = old.filter((peer) => peer !== id);
    order.splice(index, 0, id);
    if (index >= 0 && index < old.length && order.join() !== old.join()) {
      send("move", { order, moved: id });
    }
  }

  function resize(id, size = isWide(cardOf(id)) ? "half" : "full") {
    if (isWide(cardOf(id)) !== (size === "full")) send("size", { chart: id, size });
  }

  async function send(action, body) {
    if (isBusy) return;
    setBusy(true);
    const answer = await post(action, body);
    showDone(answer);
    if (answer.error || !answer.done.length) setBusy(false);
  }

  // The page may be reloaded for a bundle that the chart brings: then it goes on from here.
  function added(answer) {
    sessionStorage.setItem(ADDED, JSON.stringify({ answer, time: Date.now() }));
    showDone(answer);
  }

  function resume() {
    const { answer, time } = JSON.parse(sessionStorage.getItem(ADDED) ?? "{}");
    sessionStorage.removeItem(ADDED);
    if (!answer || Date.now() - time > RELOAD_MS) return;
    toggleEditing();
    showDone(answer);
  }

  function showDone(answer) {
    status.textContent = answer.error ?? (answer.done.join("; ") || "Nothing to change.");
    status.className = answer.error ? "error" : "";
  }

  async function post(action, body) {
    const headers = { "Content-Type": "application/json" };
    const options = { method: "POST", headers, body: JSON.stringify(body) };
    try {
      return await (await fetch(`${base}/${action}`, options)).json();
    } catch {
      return { error: "The server does not answer. Is flaskdash serve still running?" };
    }
  }

  function setBusy(value) {
    isBusy = value;
    clearTimeout(busyTimer);
    if (value) busyTimer = setTimeout(() => setBusy(false), PATIENCE_MS);
    controls.ariaBusy = String(value);
  }

  async function showCode(id) {
    const answer = await post("code", { chart: id });
    if (answer.error) {
      status.textContent = answer.error;
      return;
    }
    const link = editorLink(answer.file, { file: answer.file, line: 1, editor: answer.editor });
    const close = button("×", "Close", () => dialog.close());
    close.className = "close";
    const why = answer.why ? [element("h3", {}, "Why this chart")] : [];
    if (answer.why) why.push(element("p", {}, answer.why));
    dialog.ariaLabel = `The code of ${answer.title}`;
    dialog.replaceChildren(
      close,
      element("h2", {}, answer.title),
      element("p", {}, link),
      ...why,
      element("pre", { tabIndex: 0 }, answer.code),
    );
    dialog.showModal();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") drags.stop();
    const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key === "z";
    const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (!isUndo || !isEditing || isTyping) return;
    event.preventDefault();
    send("undo", {});
  });

  function pageChanged() {
    setBusy(false);
    placeBar();
  }

  placeBar();
  resume();
  return { pageChanged };
}
