// Follows the filters, tables and data of a page without loading it again. figures.js draws.
"use strict";

const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
let pending = new AbortController();
let ahead = {}; // the answer to the choice that is being clicked
let pause; // before what is typed is searched for
const listened = new WeakSet(); // to figures, by what binds their events
let search = location.search; // of what the page shows, or is about to

// Takes over what the page with other filters shows; a figure that stays changes in place.
function take(page) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = page.getElementById(part.id);
    const [now, then] = [part, next].map((each) => each.querySelector(".plot script"));
    if (now && then) now.replaceWith(then);
    else {
      if (now) Plotly.purge(part.querySelector(".shown"));
      part.replaceChildren(...next.childNodes);
    }
  }
  draw();
}

async function follow(url, show = take) {
  pending.abort();
  const { signal } = (pending = new AbortController());
  pending.whole = show === take;
  const main = document.querySelector("main");
  const status = document.querySelector(".filters [role=status]") ?? said;
  const busy = setTimeout(() => (main.ariaBusy = "true"), 150);
  try {
    const answer = await (ahead.url === url ? ahead.answer : fetch(url, { signal }));
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    const page = await answer.text();
    if (signal.aborted) return; // a newer choice is on its way
    keeping(() => show(parse(page)));
    status.textContent = "";
  } catch (error) {
    if (signal.aborted) return;
    status.textContent = `Not updated: ${error.message}. Choose again to retry.`;
  } finally {
    clearTimeout(busy);
  }
  pending.whole = false;
  main.ariaBusy = "false";
}

const chosen = () => new URLSearchParams([...new FormData(form)].filter(([, value]) => value));

function address() {
  const wanted = chosen();
  for (const { dataset: { prefix } } of document.querySelectorAll("[data-prefix]")) { // tables stay sorted
    for (const [name, value] of new URLSearchParams(location.search)) if (name.startsWith(prefix) && name !== `${prefix}page`) wanted.append(name, value);
  }
  const query = wanted.toString();
  return location.origin + location.pathname + (query && `?${query}`);
}

// What is typed into a text box without a pause is one step of the browser's history.
function choose(event) {
  clearTimeout(pause);
  const box = event?.target;
  const url = address();
  if (url === location.href.split("#")[0] || box?.matches(".narrow")) return;
  const typed = box?.type === "search" ? box.name : null;
  history[typed && history.state === typed ? "replaceState" : "pushState"](typed, "", url);
  search = location.search;
  count();
  const followed = follow(url);
  ahead = {};
  return followed;
}

function count() {
  for (const told of form.querySelectorAll(".count")) {
    const boxes = [...told.closest("details").querySelectorAll(":checked")].filter(({ value }) => value);
    told.textContent = (boxes[0]?.type === "radio" ? boxes[0].value : boxes.length) || "all";
  }
}

// Sets the form to what a query says.
function fill(query) {
  for (const field of form.querySelectorAll("[type=hidden]")) field.remove();
  for (const field of form.querySelectorAll("[name]")) {
    const values = query.getAll(field.name);
    if (/checkbox|radio/.test(field.type)) field.checked = values.includes(field.value) || !(field.value || values.length);
    else field.value = values[0] ?? "";
  }
  for (const part of form.querySelectorAll("[data-column]")) {
    const name = part.dataset.column;
    const boxes = [...part.querySelectorAll(":checked")].map(({ value }) => value);
    for (const value of query.getAll(name).filter((each) => !boxes.includes(each))) {
      part.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
  }
  count();
}

// The browser went back or forth, to another choice of the same page.
function revisit() {
  if (location.search === search) return;
  search = location.search;
  if (form) fill(new URLSearchParams(search));
  follow(location.href);
}

// A chip, a span of days, the reset: links that need no load.
async function jump(event) {
  const link = event.target.closest(".chips a, .presets a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const spans = link.closest("details");
  if (spans) spans.open = false;
  fill(new URL(link.href).searchParams);
  await choose();
  (spans?.firstElementChild ?? document.querySelector(".chips a") ?? form.querySelector("input, summary")).focus();
}

// What is typed narrows a list of choices, or is searched for after a pause.
function type({ target }) {
  if (target.matches(".narrow")) {
    const text = target.value.toLowerCase();
    for (const label of target.parentNode.querySelectorAll("label")) label.hidden = !label.textContent.toLowerCase().includes(text);
  } else if (target.type === "search") {
    clearTimeout(pause);
    pause = setTimeout(choose, 300, { target });
  }
}

// What a click on a point chooses, as [column, value]: the names at its axes, or of its part, or its
// trace's. The server tells which labels of a figure are choices: see clickable() in controls.py.
function meant(shown, { points: [point] }) {
  const columns = Object.entries(JSON.parse(shown.parentNode.querySelector("script").dataset.labels));
  const { data, xaxis, yaxis, x, y, customdata, label, location, theta } = point;
  const found = [];
  const find = (name) => {
    const at = columns.findIndex(([, labels]) => Object.hasOwn(labels, name));
    if (at >= 0) found.push(...columns.splice(at, 1).map(([column, labels]) => [column, labels[name]]));
  };
  if (xaxis?.type === "category") find(x);
  if (yaxis?.type === "category") find(y);
  if (!/treemap|sunburst|sankey/.test(data.type)) [customdata, label, location, theta].flat().forEach(find);
  if (!found.length) find(data.meta ?? data.name);
  return found;
}

function cross(shown, event) {
  const found = meant(shown, event);
  const query = chosen();
  const again = found.every(([column, value]) => query.getAll(column).join() === value);
  for (const [column, value] of found) {
    query.delete(column);
    if (!again) query.append(column, value);
  }
  if (!found.length) return;
  fill(query);
  choose();
}

// Listens to a figure from when the pointer is on it: by then it is drawn.
function listen({ target }) {
  const shown = target.closest?.(".js-plotly-plot");
  if (!shown || listened.has(shown.on)) return; // Plotly gives one each time that it begins anew
  listened.add(shown.on);
  shown.on("plotly_click", (event) => cross(shown, event));
  shown.on("plotly_hover", (event) => shown.classList.toggle("clickable", meant(shown, event).length > 0));
  shown.on("plotly_unhover", () => shown.classList.remove("clickable"));
}

// A click takes a tenth of a second from press to release: time enough to ask for what it chooses.
function anticipate(event) {
  const box = event.target.closest("label")?.querySelector("[type=checkbox]");
  if (!box || event.button || event.pointerType === "touch") return;
  box.checked = !box.checked;
  const url = address();
  box.checked = !box.checked;
  ahead = { url, answer: fetch(url) };
  ahead.answer.catch(() => {}); // follow() says so, if it comes to that
}

// An open choice closes with a click elsewhere, and with Escape.
function close(event) {
  for (const choice of document.querySelectorAll(".filters details[open]")) {
    if (event.key === "Escape") choice.querySelector("summary").focus();
    if (event.key === "Escape" || !choice.contains(event.target)) choice.open = false;
  }
}

// Replaces parts of the page; what has the focus keeps it, and what is scrolled stays so.
function keeping(change) {
  const held = document.activeElement.id;
  const scrolled = [...document.querySelectorAll("[data-live] .scroll")].map(({ id, scrollLeft, scrollTop }) => [id, scrollLeft, scrollTop]);
  change();
  for (const [id, ...place] of scrolled) document.getElementById(id)?.scrollTo(...place);
  if (held && document.activeElement.id !== held) document.getElementById(held)?.focus({ preventScroll: true });
  ages();
}

// Tells what changed to those who do not see it; `quiet` where all others do.
function say(text, quiet = false) {
  said.textContent = text;
  said.classList.toggle("hidden", quiet);
}

// Shows another page of a table, sorted or searched otherwise, without the rest of the dashboard.
function turn(region, wanted) {
  const ours = ([name]) => name.startsWith(region.dataset.prefix);
  const others = [...new URLSearchParams(location.search)].filter((pair) => !ours(pair));
  const query = new URLSearchParams([...others, ...[...wanted].filter(ours)]).toString();
  history[typing ? "replaceState" : "pushState"](null, "", location.pathname + (query && `?${query}`));
  search = location.search;
  if (pending.whole) return follow(location.href); // else its answer would show the rows from before
  follow(region.dataset.rows + search, ({ body }) => {
    region.replaceChildren(...body.childNodes);
    document.querySelectorAll("a[data-keep]").forEach((link) => (link.search = search));
    region.querySelector(".scroll")?.scrollTo({ top: 0 });
    say(region.querySelector(".pager span, .note, .error")?.textContent, true);
  });
}

function seek(field) {
  clearTimeout(typing);
  const wanted = new URLSearchParams(location.search);
  const was = wanted.get(field.name) ?? "";
  wanted.delete(field.name.replace(/find$/, "page"));
  wanted.delete(field.name);
  if (field.value) wanted.append(field.name, field.value);
  if (field.value !== was) turn(field.form.nextElementSibling, wanted);
  typing = 0;
}

// When the data was read, in words that stay true.
function ages() {
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  for (const time of document.querySelectorAll("#data time")) {
    const read = new Date(time.dateTime);
    const minutes = Math.round((read - Date.now()) / 60_000);
    const [unit, size] = [["day", 1440], ["hour", 60], ["minute", 1]].find(([, size]) => minutes <= -size) ?? [];
    const clock = { ...CLOCK, ...(unit === "day" && { day: "numeric", month: "short" }) };
    time.title = read.toLocaleString("en");
    time.textContent = `${unit ? words.format(Math.ceil(minutes / size), unit) : "just now"} (${read.toLocaleString("en", clock)})`;
  }
}

// An open page looks for newer data now and then, while it is seen, and takes it over in place.
async function update() {
  const url = location.href;
  if (document.hidden || pending.whole) return;
  updated = Date.now();
  const headers = tags[url] ? { "If-None-Match": tags[url] } : {};
  const answer = await fetch(url, { headers }).catch(() => ({})); // the next time, perhaps
  if (!answer.ok) return;
  const page = parse(await answer.text());
  if (location.href !== url || pending.whole) return; // a choice was made meanwhile
  const code = (page) => page.querySelector("script[src*='dashboard.js']")?.getAttribute("src");
  if (code(page) !== code(document)) return location.reload(); // a new release, or a login
  const state = (page) => [...page.querySelectorAll("#data time, #data .error")].map((each) => each.dateTime ?? each.textContent).join();
  const isNewer = state(page) !== state(document);
  if (isNewer || tags[url]) keeping(() => take(page));
  if (isNewer) say(`Updated ${new Date().toLocaleString("en", CLOCK)}`);
  tags = { [url]: answer.headers.get("ETag") };
}

const form = document.querySelector(".filters");
for (const box of document.querySelectorAll(".narrow")) box.hidden = false;
const said = document.querySelector(".said");
const every = 1000 * document.body.dataset.update;
let typing = 0;
let tags = {}; // of the page that is shown
let updated = Date.now();
form?.addEventListener("change", choose);
form?.addEventListener("input", type);
form?.addEventListener("submit", (event) => event.preventDefault() || choose());
form?.addEventListener("pointerdown", anticipate);
if (form) {
  addEventListener("click", jump);
  addEventListener("pointerover", listen);
}
addEventListener("click", close);
addEventListener("click", (event) => {
  const link = event.target.closest("a[data-turn]");
  if (event.target.dataset.save) save(event.target.dataset.save);
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  turn(link.closest("[data-rows]"), new URL(link.href).searchParams);
});
addEventListener("input", ({ target }) => {
  clearTimeout(typing);
  if (target.matches(".find input")) typing = setTimeout(seek, 250, target);
});
addEventListener("submit", (event) => {
  if (!event.target.matches(".find")) return;
  event.preventDefault();
  seek(event.target.querySelector("[type=search]"));
});
addEventListener("visibilitychange", () => every && Date.now() - updated > every && update());
if (every) setInterval(update, every);
setInterval(ages, 30_000);
addEventListener("keydown", (event) => event.key === "Escape" && close(event));
addEventListener("popstate", revisit);
for (const button of document.querySelectorAll("[data-save]")) button.hidden = false;
ages();
