// The form of filters: each choice becomes the page's URL, and the page follows it.
"use strict";

const form = document.querySelector(".filters");
let filterTimer; // runs while somebody types into a text filter

const PARTS = ["", ".from", ".to", ".has", ".not", ".blank"]; // of a column's parameters in the URL
const isOf = (column, name) => PARTS.some((part) => name === column + part);
const asText = (pairs) => pairs.map(String).sort().join("\n");

const fieldOf = (column, page = document) =>
  page.querySelector(`.filters [data-column="${CSS.escape(column)}"]`);

// What is chosen in a field: under "not these", the chosen values are those to leave out.
function chosenPairs(field) {
  const { column } = field.dataset;
  const pairs = [...new FormData(form)].filter(([name, value]) => value && isOf(column, name));
  const isNot = field.querySelector(".not :checked") !== null;
  return pairs.map(([name, value]) => {
    if (isNot && name === column) return [`${column}.not`, value];
    return [name, isNot && name === `${column}.blank` ? "0" : value];
  });
}

// A default is not part of the query; if it was cleared, the query has an empty parameter.
function putPairs(query, { dataset }, pairs) {
  const isDefault = asText(pairs) === asText([...new URLSearchParams(dataset.default)]);
  const names = [...query.keys()].filter((name) => isOf(dataset.column, name));
  for (const name of names) query.delete(name);
  if (isDefault) return;
  for (const pair of pairs.length ? pairs : [[dataset.column, ""]]) query.append(...pair);
}

const isOfTable = ([name]) =>
  [...document.querySelectorAll("[data-prefix]")].some((t) => name.startsWith(t.dataset.prefix));

function filterQuery() {
  const pairs = [...new URLSearchParams(location.search)];
  return new URLSearchParams(pairs.filter((pair) => !isOfTable(pair)));
}

// Tables keep their order and their search, but go back to their first page.
function filteredUrl(query) {
  const tablePairs = [...new URLSearchParams(location.search)].filter(isOfTable);
  const views = tablePairs.filter(([name]) => !name.endsWith(".page"));
  return urlWith(new URLSearchParams([...query, ...views]));
}

function urlAfter(field) {
  const query = filterQuery();
  putPairs(query, field, chosenPairs(field));
  return filteredUrl(query);
}

// Text that is typed without a pause is one step of the browser's history.
function goTo(url, state = null) {
  clearTimeout(filterTimer);
  if (url === location.href.split("#")[0]) return;
  setUrl(url, { state, replace: state && history.state === state });
  return load(url);
}

function applyFilters({ target }) {
  const field = target.closest("[data-column]");
  if (!field || target.matches(".option-search")) return;
  goTo(urlAfter(field), target.type === "search" ? target.name : null);
}

const keyOf = ({ control }) => control.name + control.value;

// Shows what the form of a page has. Its parts stay, with focus and scroll.
function updateForm(page) {
  for (const field of form?.querySelectorAll("[data-column]") ?? []) {
    const newField = fieldOf(field.dataset.column, page);
    if (!newField) continue; // newer data does not have the column
    field.dataset.default = newField.dataset.default ?? "";
    for (const input of field.querySelectorAll("[placeholder][name]")) {
      const newInput = newField.querySelector(`[name="${CSS.escape(input.name)}"]`);
      for (const name of ["min", "max", "placeholder"]) input[name] = newInput[name];
      if (input !== document.activeElement) input.value = newInput.value; // somebody may be typing
    }
    const [isNot, newIsNot] = [field, newField].map((part) => part.querySelector(".not input"));
    const isSwitched = field.open && !newField.querySelector(":checked"); // before any choice
    if (isNot && !isSwitched) isNot.checked = newIsNot.checked;
    const choices = field.querySelectorAll("label:not(.not)");
    const labels = new Map([...choices].map((label) => [keyOf(label), label]));
    for (const { control } of labels.values()) control.checked = false;
    let last = null;
    for (const newLabel of newField.querySelectorAll("label:not(.not)")) {
      const label = labels.get(keyOf(newLabel)) ?? newLabel;
      label.className = newLabel.className;
      label.control.checked = newLabel.control.checked;
      if (label === newLabel && last) last.after(label);
      else if (label === newLabel) field.querySelector("label").before(label);
      last = label;
    }
    const count = field.querySelector(".count");
    if (count) count.textContent = newField.querySelector(".count").textContent;
    for (const input of field.querySelectorAll("[type=hidden]")) input.remove();
    field.append(...newField.querySelectorAll("[type=hidden]"));
  }
}

// Asks the server for the choices that contain what was typed; those that are chosen stay.
async function findChoices(input) {
  const field = input.closest("[data-column]");
  const query = filterQuery();
  const text = input.value;
  query.append(`${field.dataset.column}.find`, text);
  const note = field.querySelector(".note");
  try {
    const response = await fetch(`${input.dataset.findUrl}?${query}`);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const { body } = parseHtml(await response.text());
    if (input.value !== text) return; // a later answer follows
    const labels = [...field.querySelectorAll("label:not(.not)")];
    labels.filter(({ control }) => control.value && !control.checked).forEach((l) => l.remove());
    const chosen = labels.filter(({ control }) => control.checked).map(keyOf);
    for (const label of body.querySelectorAll("label")) {
      if (!chosen.includes(keyOf(label)))
        note.parentNode.insertBefore(label, field.querySelector(".not"));
    }
    note.textContent = body.querySelector("p").textContent;
  } catch (error) {
    note.textContent = `Not searched: ${error.message}.`;
  }
}

// Chips, presets and the reset are links, whose pages are shown without a reload.
async function followFilterLink(event) {
  const link = event.target.closest(".chips a, .presets a");
  if (!link || !isPlainClick(event)) return;
  event.preventDefault();
  const presets = link.closest("details");
  if (presets) presets.open = false;
  await goTo(filteredUrl(new URL(link.href).searchParams));
  const firstControl = document.querySelector(".chips a") ?? form.querySelector("input, summary");
  (presets?.firstElementChild ?? firstControl).focus();
}

function handleInput({ target }) {
  if (target.dataset.findUrl) {
    clearTimeout(filterTimer);
    filterTimer = setTimeout(findChoices, 250, target);
  } else if (target.matches(".option-search")) {
    const text = target.value.toLowerCase();
    const labels = target.parentNode.querySelectorAll("label:not(.not)");
    for (const label of labels) label.hidden = !label.textContent.toLowerCase().includes(text);
  } else if (target.type === "search") {
    clearTimeout(filterTimer);
    filterTimer = setTimeout(applyFilters, 300, { target });
  }
}

function handleToggle({ target }) {
  const input = target.open && target.querySelector("[data-find-url]");
  if (input) findChoices(input);
}

// A click takes a tenth of a second from press to release: enough to request what it chooses.
function prefetch(event) {
  const checkbox = event.target.closest("label")?.querySelector("[type=checkbox]");
  if (!checkbox || event.button || event.pointerType === "touch") return;
  checkbox.checked = !checkbox.checked;
  const url = urlAfter(checkbox.closest("[data-column]"));
  checkbox.checked = !checkbox.checked;
  prefetched = { [url]: fetch(url) };
  prefetched[url].catch(() => {}); // load() reports the error
}

// A click elsewhere closes an open menu, and so does Escape.
function closeMenus(event) {
  for (const menu of form.querySelectorAll("details[open]")) {
    if (event.key === "Escape") menu.querySelector("summary").focus();
    if (event.key === "Escape" || !menu.contains(event.target)) menu.open = false;
  }
}

function followHistory() {
  if (location.search === shownQuery) return; // only the #hash has changed
  shownQuery = location.search;
  const input = document.activeElement;
  if (input.matches(".filters [placeholder][name]")) {
    input.value = new URLSearchParams(location.search).get(input.name) ?? "";
  }
  load(location.href);
}

if (form) {
  form.addEventListener("change", applyFilters);
  form.addEventListener("input", handleInput);
  form.addEventListener("pointerdown", prefetch);
  form.addEventListener("toggle", handleToggle, true);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    applyFilters({ target: document.activeElement });
  });
  addEventListener("click", followFilterLink);
  addEventListener("click", closeMenus);
  addEventListener("keydown", (event) => event.key === "Escape" && closeMenus(event));
}
addEventListener("popstate", followHistory);
