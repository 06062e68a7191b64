// Dev mode: the form that adds a chart, with its preview. Not a part of the project.
// The preview is a card of a page that the project's own code has made. It is outside of the shadow
// tree, in a slot of it, so that the page's own scripts and styles draw it like any card.
import { createPreview } from "./preview.js";

const TYPING_MS = 300;
const CHOOSING_MS = 30;
const LABELS = {
  data: "Data",
  kind: "Kind",
  x: "Axis or category",
  y: "Measure",
  agg: "Aggregate",
  by: "Second category",
  color: "Colour by",
  size: "Size of points",
  weight: "Weight",
  grain: "Time step",
  target: "Target",
  limit: "Limit",
  mode: "Colours",
  orientation: "Direction",
  title: "Title",
  dashboard: "Dashboard",
};
const COLUMN_FIELDS = ["x", "y", "by", "size", "color", "weight"];
const FLAGS = [...COLUMN_FIELDS, "agg", "grain", "limit", "mode", "orientation", "target"];
const EMPTY = { y: "the number of rows", agg: "automatic", mode: "automatic" };
const isTime = (column) => ["date", "datetime"].includes(column?.type);
const isNumber = (column) => ["integer", "number"].includes(column?.type);
const TIME_KINDS = ["line", "area", "candlestick"];
const isFitFor = (kind, column) => {
  if (kind === "choropleth") return column.type === "text";
  return kind !== "kpi" || column.role === "time" || isTime(column);
};
const NAMES_ON_MAPS = { x: /^(lon|lng)/i, y: /^lat/i };
const ROLES = { x: [], y: ["measure"], by: ["category", "geography", "flag"], size: ["measure"] };

// `post` sends a request to the server; `added` is called with what was written.
export function createForm({ host, shadow, base, element, post, added }) {
  const preview = createPreview({ host, base, element });
  const rows = {}; // the fields, by name: the row, and its control
  const suggestionList = element("ol", { className: "suggestions" });
  const filters = element("div", { className: "choices" });
  const filterNames = element("span");
  const status = element("p", { className: "status", role: "status" });
  const problem = element("p", { className: "error", role: "alert" });
  const problemHome = element("div", { className: "problem" }, problem);
  const addButton = element("button", { className: "primary" }, "Add");
  const cancelButton = element("button", { type: "button" }, "Cancel");
  const closeButton = element("button", { type: "button", className: "close" }, "×");
  const form = element("form", { noValidate: true });
  const dialog = element("dialog", { className: "add", ariaLabel: "Add a chart" });
  let offer = { columns: [], suggestions: [], kinds: [] }; // what the server offers for the data
  let suggestion = null; // the number of the one that is chosen and not changed
  let hasOwnTitle = false;
  let isDrafting = false;
  let isOutdated = false;
  let isWarm = false;
  let draftTimer;

  closeButton.ariaLabel = "Close";
  build();
  for (const node of [closeButton, cancelButton]) {
    node.addEventListener("click", () => dialog.close());
  }
  dialog.addEventListener("close", () => {
    clearTimeout(draftTimer);
    preview.clear();
  });
  form.addEventListener("input", handleInput);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    add();
  });

  function build() {
    const filterRow = element(
      "details",
      { className: "field" },
      element("summary", {}, "Filters: ", filterNames),
      filters,
    );
    const fields = Object.keys(LABELS).map(createRow);
    fields.splice(-2, 0, filterRow);
    const slot = element("slot", { name: "preview" });
    form.append(
      element("header", {}, element("h2", {}, "Add a chart"), closeButton),
      element(
        "div",
        { className: "parts" },
        element("section", {}, element("h3", {}, "Suggestions"), suggestionList),
        element("section", { className: "fields" }, ...fields),
        element("section", { className: "preview", ariaLabel: "Preview" }, slot, status),
      ),
      element("footer", {}, problemHome, cancelButton, addButton),
    );
    dialog.append(form);
    const styles = element("link", { rel: "stylesheet", href: `${base}/add.css` });
    shadow.append(styles, dialog);
  }

  function createRow(name) {
    const label = element("label", { htmlFor: name }, LABELS[name]);
    if (!["data", "kind", "title", "dashboard"].includes(name)) {
      label.append(" ", element("code", {}, `--${name}`)); // as the sentences of errors name it
    }
    const control = createControl(name);
    Object.assign(control, { id: name, name });
    const row = element("div", { className: "field" }, label, control);
    if (name === "kind") {
      row.append(element("small", { id: "summary" }));
      control.setAttribute("aria-describedby", "summary");
    }
    if (name === "dashboard") {
      row.append(element("datalist", { id: "dashboards" }));
      control.setAttribute("list", "dashboards");
    }
    rows[name] = { row, control };
    return row;
  }

  function createControl(name) {
    if (name === "limit") {
      return element("input", { type: "number", min: 1, step: 1, placeholder: "automatic" });
    }
    if (name === "target") return element("input", { type: "number", step: "any" });
    if (["title", "dashboard"].includes(name)) return element("input", { autocomplete: "off" });
    return element("select");
  }

  const value = (name) => rows[name].control.value;
  const columnOf = (name) => offer.columns.find((column) => column.name === value(name));
  const kindOf = () => offer.kinds.find((kind) => kind.name === value("kind"));

  function setValue(name, text) {
    const { control } = rows[name];
    const choice = text ?? "";
    const isListed = control.nodeName !== "SELECT" || [...control].some((o) => o.value === choice);
    if (!isListed) control.append(element("option", { value: choice }, choice));
    control.value = choice;
  }

  // Starts the process that drafts charts, which takes a second, before somebody clicks.
  function warm() {
    isWarm ||= Boolean(post("warm", {}));
  }

  async function open(data) {
    if (!dialog.open) dialog.showModal();
    dialog.classList.add("waiting");
    showProblem({});
    status.textContent = "Reading the columns…";
    const page = document.querySelector("main h1")?.textContent.trim();
    const answer = await post("form", { data, page });
    dialog.classList.remove("waiting");
    status.textContent = "";
    if (answer.loaders) {
      offer = answer;
      showOffer();
    }
    if (shadow.activeElement === closeButton) suggestionList.querySelector("button")?.focus();
    if (answer.error) showProblem(answer);
    else if (offer.suggestions.length) choose(0);
    else startOwn();
  }

  function showOffer() {
    fill("data", offer.loaders, offer.data);
    rows.data.row.hidden = offer.loaders.length < 2;
    const kinds = offer.kinds.map(({ name }) => name);
    fill("kind", kinds, value("kind") || "bar");
    setValue("dashboard", value("dashboard") || offer.dashboard);
    const titles = offer.dashboards.map((title) => element("option", { value: title }));
    rows.dashboard.row.querySelector("datalist").replaceChildren(...titles);
    filters.replaceChildren(
      ...offer.columns.map(({ name }) => {
        const checked = offer.filters.includes(name);
        const box = element("input", { type: "checkbox", name: "filters", value: name, checked });
        return element("label", {}, box, " ", name);
      }),
    );
    suggestionList.replaceChildren(
      ...offer.suggestions.map(({ title, kind, reason }, index) => {
        const mark = element("small", {}, kind);
        const button = element("button", { type: "button", title: reason }, title, " ", mark);
        button.addEventListener("click", () => choose(index));
        return element("li", {}, button);
      }),
    );
    dialog.classList.toggle("empty", !offer.columns.length);
    preview.clear();
  }

  function fill(name, choices, chosen) {
    const options = choices.map((choice) => {
      const [key, text] = Array.isArray(choice) ? choice : [choice, choice];
      return element("option", { value: key }, text);
    });
    rows[name].control.replaceChildren(...options);
    setValue(name, chosen);
  }

  function choose(index) {
    suggestion = index;
    hasOwnTitle = false;
    const chosen = offer.suggestions[index];
    setValue("kind", chosen.kind);
    setValue("title", chosen.title);
    showFields(chosen);
    draftSoon(0);
  }

  function startOwn() {
    setValue("title", "");
    showFields({});
    completeFields();
    draftSoon(0);
  }

  // The fields that the kind takes, each with the choices that the columns leave.
  function showFields(values = Object.fromEntries(FLAGS.map((name) => [name, value(name)]))) {
    const { needs, takes, numbers, sumsUp, followsTime, summary, name: kind } = kindOf();
    rows.kind.row.querySelector("small").textContent = summary;
    const { choices, columns } = offer;
    for (const name of COLUMN_FIELDS) {
      const isTotal = kind === "histogram" && values.by; // which counts what is no number
      const isNumeric = name === "weight" || (numbers.includes(name) && !isTotal);
      const mustBeNumber = isNumeric && !(sumsUp && name === "y");
      const fitting = columns
        .filter((column) => !mustBeNumber || isNumber(column))
        .filter((column) => name !== "x" || isFitFor(kind, column))
        .map((column) => [column.name, `${column.name} (${column.type})`]);
      const empty = ["", needs.includes(name) ? "choose a column" : (EMPTY[name] ?? "none")];
      const isColumn = columns.some((column) => column.name === values[name]);
      const fits = fitting.some(([column]) => column === values[name]);
      // A suggestion may compare several columns, and have a name of its own for their values.
      fill(
        name,
        [empty, ...fitting],
        fits || (suggestion !== null && !isColumn) ? values[name] : "",
      );
    }
    const measure = columnOf("y");
    const ofAny = measure?.isFlag ? ["count", "distinct", "share"] : ["count", "distinct"];
    const agg = !measure || isNumber(measure) ? choices.agg : ofAny;
    const grain = choices.grain.filter((step) => followsTime || step !== "auto");
    const listed = { ...choices, agg, grain };
    for (const name of ["agg", "grain", "mode", "orientation"]) {
      const chosen = listed[name].includes(values[name]) ? values[name] : "";
      fill(name, [["", name === "grain" ? "none" : "automatic"], ...listed[name]], chosen);
    }
    if (!isTime(columnOf("x"))) setValue("grain", "");
    for (const name of ["limit", "target"]) setValue(name, values[name]);
    const isOff = {
      agg: !value("y"),
      weight: value("agg") !== "mean",
      grain: !isTime(columnOf("x")),
      mode: !value("color"),
    };
    for (const name of FLAGS) {
      rows[name].row.hidden = isOff[name] || ![...needs, ...takes].includes(name);
    }
    const checked = chosenFilters();
    filterNames.textContent = checked.join(", ") || "none";
    [...suggestionList.querySelectorAll("button")].forEach((button, index) => {
      button.ariaPressed = String(index === suggestion);
    });
  }

  const chosenFilters = () =>
    [...filters.querySelectorAll(":checked")].map((checkbox) => checkbox.value);

  // What the kind needs gets a first choice: as in a suggestion of the kind, or by the column's role.
  function completeFields() {
    const { name: kind, needs, takes } = kindOf();
    const similar = offer.suggestions.find((each) => each.kind === kind) ?? {};
    const time = offer.columns.find((column) => column.role === "time");
    if (TIME_KINDS.includes(kind) && time && columnOf("x")?.role !== "time") {
      setValue("x", time.name);
    }
    for (const [flag, pattern] of Object.entries(kind === "map" ? NAMES_ON_MAPS : {})) {
      setValue(flag, offer.columns.find((column) => pattern.test(column.name))?.name);
    }
    for (const name of COLUMN_FIELDS.filter((flag) => needs.includes(flag) && !value(flag))) {
      const names = [...rows[name].control].map((option) => option.value).filter(Boolean);
      const isUsed = (column) => COLUMN_FIELDS.some((flag) => value(flag) === column);
      const usual = offer.columns.find(
        (column) =>
          names.includes(column.name) && ROLES[name].includes(column.role) && !isUsed(column.name),
      )?.name;
      const first = names.find((column) => !isUsed(column)) ?? names[0];
      setValue(name, names.includes(similar[name]) ? similar[name] : (usual ?? first));
    }
    if (takes.includes("grain") && isTime(columnOf("x")) && !value("grain")) {
      setValue("grain", columnOf("x").grain);
    }
    showFields();
  }

  function handleInput({ target }) {
    if (target.name === "data") {
      setValue("dashboard", "");
      open(target.value);
      return;
    }
    if (target.name === "title") hasOwnTitle = Boolean(target.value);
    else if (target.name === "filters") showFields();
    else if (target.name !== "dashboard") changeFlag(target.name);
    const isText = target.nodeName === "INPUT" && target.type !== "checkbox";
    draftSoon(isText ? TYPING_MS : CHOOSING_MS);
  }

  function changeFlag(name) {
    suggestion = null;
    if (!hasOwnTitle) setValue("title", "");
    if (name === "y") setValue("agg", columnOf("y")?.agg);
    if (name === "x") setValue("grain", isTime(columnOf("x")) ? columnOf("x").grain : "");
    showFields();
    if (name === "kind") completeFields();
  }

  function collect() {
    const flags = FLAGS.filter((name) => !rows[name].row.hidden);
    const names = ["kind", "data", "title", "dashboard", ...flags];
    const values = Object.fromEntries(names.map((name) => [name, value(name)]));
    return { ...values, filters: chosenFilters(), suggestion, query: location.search };
  }

  function draftSoon(delay) {
    clearTimeout(draftTimer);
    draftTimer = setTimeout(draft, delay);
  }

  // One request at a time; changes meanwhile are one more.
  async function draft() {
    isOutdated = true;
    if (isDrafting) return;
    isDrafting = true;
    while (isOutdated) {
      isOutdated = false;
      const answer = await post("draft", collect());
      if (!isOutdated && dialog.open) await showDraft(answer);
    }
    isDrafting = false;
  }

  async function showDraft(answer) {
    showProblem(answer);
    dialog.classList.toggle("outdated", Boolean(answer.error));
    rows.title.control.placeholder = answer.title ?? "";
    if (answer.error) {
      status.textContent = "";
      return;
    }
    const reason = offer.suggestions[suggestion]?.reason ?? "";
    const note = answer.page ? await preview.show(answer) : answer.note;
    if (note) preview.clear();
    status.textContent = note || reason;
  }

  // The sentence of add-chart, beside the field that it is about.
  function showProblem({ error = "", hint = "", field = "" }) {
    const row = rows[field]?.row;
    const home = row && !row.hidden ? row : problemHome;
    for (const { control } of Object.values(rows)) {
      control.removeAttribute("aria-invalid");
    }
    if (home !== problemHome) rows[field].control.ariaInvalid = "true";
    if (problem.parentNode !== home) home.append(problem);
    const text = hint ? `${error}\nTry: ${hint}` : error;
    if (problem.textContent === text) return;
    problem.textContent = text;
    if (text) problem.scrollIntoView({ block: "nearest" });
  }

  async function add() {
    if (addButton.disabled) return;
    addButton.disabled = true;
    const answer = await post("add", collect());
    addButton.disabled = false;
    if (answer.error) {
      showProblem(answer);
      return;
    }
    dialog.close();
    added(answer);
  }

  return { open, warm };
}
