// Replaces the parts of a page that filters, tables or newer data change, without a reload.
"use strict";

const statusLine = document.querySelector(".page-status");
let request = new AbortController(); // of the latest load
let isPageLoading = false; // false while a table alone is loading
let prefetched = {}; // by URL, the response to a choice that is being clicked
let shownQuery = location.search; // it differs from the URL's after Back and Forward

const urlWith = (query) => location.href.split(/[?#]/)[0] + (query.size ? `?${query}` : "");

function setUrl(url, { replace = false, state = null } = {}) {
  history[replace ? "replaceState" : "pushState"](state, "", url);
  shownQuery = location.search;
}

// Links to other pages take the filters along.
function updateLinks() {
  for (const link of document.querySelectorAll("a[data-keep-query]")) link.search = location.search;
}

const isPlainClick = (event) => !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);

// Fetches a URL and shows its document; a newer load cancels an older one.
async function load(url, show = replaceParts) {
  request.abort();
  request = new AbortController();
  const { signal } = request;
  isPageLoading = show === replaceParts;
  const main = document.querySelector("main");
  const status = document.querySelector(".filters [role=status]") ?? statusLine;
  const busyTimer = setTimeout(() => (main.ariaBusy = "true"), 150);
  const fetched = prefetched[url] ?? fetch(url, { signal });
  prefetched = {};
  try {
    const response = await fetched;
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const html = await response.text();
    if (signal.aborted) return;
    status.textContent = "";
    keepPlace(() => show(parseHtml(html)));
  } catch (error) {
    if (signal.aborted) return;
    status.textContent = `Not updated: ${error.message}. Choose again to retry.`;
  } finally {
    clearTimeout(busyTimer);
  }
  isPageLoading = false;
  main.ariaBusy = "false";
}

// A figure that both pages have is redrawn in place. A bundle that draws further types of traces
// needs a reload; each bundle draws what the basic one does.
function replaceParts(page) {
  const [old, bundle] = [document, page].map((part) => part.querySelector("#bundle")?.src);
  if (bundle && bundle !== old && !bundle.includes("plotly-basic")) return location.reload();
  for (const part of document.querySelectorAll("[data-replace]")) {
    const newPart = page.getElementById(part.id);
    const [figure, newFigure] = [part, newPart].map((node) => node.querySelector(".plot script"));
    if (figure && newFigure) {
      part.querySelector(".note").replaceWith(newPart.querySelector(".note"));
      figure.replaceWith(newFigure);
    } else {
      if (figure) Plotly.purge(part.querySelector(".chart"));
      part.replaceChildren(...newPart.childNodes);
    }
  }
  updateForm(page);
  drawFigures();
}

// The focus stays where it is while parts are replaced, and so does what is scrolled.
function keepPlace(change) {
  const focused = document.activeElement;
  const regions = [...document.querySelectorAll(".table-scroll")];
  const scrolled = regions.map(({ id, scrollLeft, scrollTop }) => [id, scrollLeft, scrollTop]);
  change();
  for (const [id, ...position] of scrolled) document.getElementById(id)?.scrollTo(...position);
  if (!focused.isConnected) document.getElementById(focused.id)?.focus({ preventScroll: true });
  updateLinks();
  showAges();
}

// Screen readers read the status line aloud; `hidden` is for what everybody else sees anyway.
function announce(text, { hidden = false } = {}) {
  statusLine.textContent = text;
  statusLine.classList.toggle("visually-hidden", hidden);
}

updateLinks();
