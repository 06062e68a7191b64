// The form of filters: each choice becomes the page's URL, and the page follows it.
"use strict";

const form = document.querySelector(".filters");
let filterTimer; // runs while somebody types into a text filter

// What is chosen in the form: under "not these", the chosen values are those to leave out.
function formPairs() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    const [column, blank] = name.split(/(\.blank)$/);
    const isNot = form.elements[`${column}.not`]?.checked;
    if (value) query.append(isNot && !blank ? `${name}.not` : name, isNot && blank ? 0 : value);
  }
  return query;
}

const PARTS = ["", ".from", ".to", ".has", ".not", ".blank"]; // of a column's parameters in the URL
const ownPairs = (query, column) =>
  [...query].filter(([name]) => PARTS.some((part) => name === column + part));
const asText = (pairs) => pairs.map(String).sort().join("\n");
const defaultFields = () => form.querySelectorAll("[data-default]");

// A default is not part of the URL; if it was cleared, the URL has an empty parameter.
function formQuery() {
  const query = formPairs();
  for (const { dataset } of defaultFields()) {
    const own = ownPairs(query, dataset.column);
    if (!own.length) query.append(dataset.column, "");
    else if (asText(own) === asText([...new URLSearchParams(dataset.default)])) {
      for (const [name] of own) query.delete(name);
    }
  }
  return query;
}

// Tables keep their order and their search, but go back to their first page.
function filteredUrl() {
  const query = formQuery();
  for (const { dataset } of document.querySelectorAll("[data-prefix]")) {
    for (const [name, value] of new URLSearchParams(location.search)) {
      if (name.startsWith(dataset.prefix) && !name.endsWith(".page")) query.append(name, value);
    }
  }
  return urlWith(query);
}

// Text that is typed without a pause is one step of the browser's history.
function applyFilters(event) {
  clearTimeout(filterTimer);
  const input = event?.target;
  const url = filteredUrl();
  if (url === location.href.split("#")[0] || input?.matches(".option-search")) return;
  const state = input?.type === "search" ? input.name : null;
  setUrl(url, { state, replace: state && history.state === state });
  updateCounts();
  return load(url);
}

// Shows beside a filter's name how many of its values are chosen, or which one.
function updateCounts() {
  for (const count of form.querySelectorAll(".count")) {
    const checked = count.closest("details").querySelectorAll(":checked:not([value=''])");
    const isNot = checked.length && count.closest("details").querySelector(".not :checked");
    const text = checked[0]?.type === "radio" ? checked[0].value : checked.length || "all";
    count.textContent = isNot ? `not ${text}` : text;
  }
}

function setFilters(query) {
  for (const { dataset } of defaultFields()) {
    if (ownPairs(query, dataset.column).length) continue;
    for (const pair of new URLSearchParams(dataset.default)) query.append(...pair);
  }
  for (const input of form.querySelectorAll("[type=hidden]")) input.remove();
  for (const input of form.querySelectorAll(".not input")) {
    const column = input.name.replace(/\.not$/, "");
    input.checked = query.has(input.name) || query.get(`${column}.blank`) === "0";
    for (const value of query.getAll(input.name)) query.append(column, value);
    query.delete(input.name);
    if (query.has(`${column}.blank`)) query.set(`${column}.blank`, "1");
  }
  for (const input of form.querySelectorAll("[name]:not(.not *)")) {
    const values = query.getAll(input.name);
    const isAll = !input.value && !values.length;
    if (/checkbox|radio/.test(input.type)) input.checked = isAll || values.includes(input.value);
    else input.value = values[0] ?? "";
  }
  // What the form does not list is kept in hidden inputs.
  for (const field of form.querySelectorAll("[data-column]")) {
    for (const [name, value] of ownPairs(query, field.dataset.column)) {
      const inputs = [...field.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
      const isListed = (input) => input.value === value || /date|number|search/.test(input.type);
      if (!value || inputs.some(isListed)) continue;
      const input = document.createElement("input");
      field.append(Object.assign(input, { type: "hidden", name, value }));
    }
  }
  updateCounts();
}

// Shows the choices that the other filters leave. Those on the page stay, with focus and scroll.
function updateForm(page) {
  for (const field of form?.querySelectorAll("[data-column]") ?? []) {
    const column = CSS.escape(field.dataset.column);
    const newField = page.querySelector(`.filters [data-column="${column}"]`);
    if (!newField) continue; // newer data does not have the column
    for (const input of field.querySelectorAll("[placeholder][name]")) {
      const newInput = newField.querySelector(`[name="${CSS.escape(input.name)}"]`);
      for (const name of ["min", "max", "placeholder"]) input[name] = newInput[name];
    }
    const keyOf = ({ control }) => control.name + control.value;
    const labels = new Map([...field.querySelectorAll("label")].map((l) => [keyOf(l), l]));
    if (field.dataset.default !== newField.dataset.default) {
      field.dataset.default = newField.dataset.default;
      setFilters(new URLSearchParams(location.search));
    }
    let last = null;
    for (const newLabel of newField.querySelectorAll("label")) {
      const label = labels.get(keyOf(newLabel)) ?? newLabel;
      label.className = newLabel.className;
      if (label === newLabel && last) last.after(label);
      else if (label === newLabel) field.querySelector("label").before(label);
      last = label;
    }
    for (const input of field.querySelectorAll("[type=hidden]")) {
      if (field.querySelector(`label [value="${CSS.escape(input.value)}"]`)) input.remove();
    }
  }
  if (form) updateCounts();
}

// Asks the server for the choices that contain what was typed; those that are chosen stay.
async function findChoices(input) {
  const field = input.closest("[data-column]");
  const query = formQuery();
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
    const values = labels.map(({ control }) => control.checked && control.name + control.value);
    for (const label of body.querySelectorAll("label")) {
      if (values.includes(label.control.name + label.control.value)) continue;
      note.parentNode.insertBefore(label, field.querySelector(".not"));
    }
    note.textContent = body.querySelector("p").textContent;
  } catch (error) {
    note.textContent = `Not searched: ${error.message}.`;
  }
}

// Chips, presets and the reset are links; they change the form instead of loading a page.
async function followFilterLink(event) {
  const link = event.target.closest(".chips a, .presets a");
  if (!link || !isPlainClick(event)) return;
  event.preventDefault();
  const presets = link.closest("details");
  if (presets) presets.open = false;
  setFilters(new URL(link.href).searchParams);
  await applyFilters();
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

// A click takes a tenth of a second from press to release: enough to request what it chooses.
function prefetch(event) {
  const checkbox = event.target.closest("label")?.querySelector("[type=checkbox]");
  if (!checkbox || event.button || event.pointerType === "touch") return;
  checkbox.checked = !checkbox.checked;
  const url = filteredUrl();
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
  if (form) setFilters(new URLSearchParams(location.search));
  load(location.href);
}

if (form) {
  form.addEventListener("change", applyFilters);
  form.addEventListener("input", handleInput);
  form.addEventListener("pointerdown", prefetch);
  form.addEventListener(
    "toggle",
    ({ target }) => {
      const input = target.open && target.querySelector("[data-find-url]");
      if (input) findChoices(input);
    },
    true,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    applyFilters();
  });
  addEventListener("click", followFilterLink);
  addEventListener("click", closeMenus);
  addEventListener("keydown", (event) => event.key === "Escape" && closeMenus(event));
}
addEventListener("popstate", followHistory);
