// Draws the figures of a page, in the look of theme.css. dashboard.js follows the filters.
"use strict";

const LABEL = 28; // characters of a name beside an axis, or in a legend; fewer where it is narrow
const MARKUP = { "&": "&amp;", "<": "&lt;", ">": "&gt;" }; // as the names in the data are escaped
const pen = document.createElement("canvas").getContext("2d");
const shades = []; // for names that stand together, the number of the colour that each has
let look; // of the page, light or dark as it is now

// The look of a figure and of its axes: from theme.css, light or dark
// as they are now. It goes into each layout, as a Plotly template takes a third longer to apply.
function style() {
  const style = getComputedStyle(document.documentElement);
  const css = (name) => style.getPropertyValue(name).trim();
  const font = { family: style.fontFamily, size: 12, color: css("--quiet") };
  const line = css("--line");
  const colors = css("--colors").split(/\s+/);
  const axis = {
    exponentformat: "B", gridcolor: line, linecolor: line, zerolinecolor: line,
    tickfont: font, ticklabeloverflow: "allow", ticklabelstandoff: 4, tickangle: 0, showline: false,
  };
  const layout = {
    colorway: colors, font, separators: ".,",
    hoverlabel: { bgcolor: css("--card"), bordercolor: line, namelength: -1, font: { ...font, color: css("--ink") } },
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", maxheight: 80 },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
  };
  return { axis, layout, css };
}

const parse = (html) => new DOMParser().parseFromString(html, "text/html");

function cut(name, most = LABEL) {
  const letters = name.match(/&\w+;|./gsu) ?? [];
  return letters.length > most ? letters.slice(0, most).join("") + "…" : name;
}

// Where there are more traces than colours, those that have one again are told apart by a pattern.
function again(trace, round) {
  const pattern = { shape: ["/", "x", "."][(round - 1) % 3], fillmode: "overlay" };
  if (trace.stackgroup) trace.fillpattern = pattern;
  if (trace.type === "bar") trace.marker = { pattern, ...trace.marker };
  if (trace.mode === "lines") trace.line = { dash: ["dash", "dot", "dashdot"][(round - 1) % 3], ...trace.line };
  if (trace.mode === "markers") trace.marker = { symbol: ["diamond", "square", "cross"][(round - 1) % 3], ...trace.marker };
}

// A name keeps its colour: in all charts of the page, and whatever a filter leaves of the others.
function shade(names) {
  const known = shades.find((group) => names.some((name) => group.has(name)));
  const group = known ?? new Map();
  if (!known) shades.push(group);
  for (const name of names) if (!group.has(name)) group.set(name, group.size);
  return names.map((name) => group.get(name));
}

// Long names are cut on their axis and in the legend (the hover text has them whole), few bars kept slim.
// Margins are set here, as far as they can be: where Plotly finds its own, it draws everything twice.
// The titles of axes are taken off, and returned: for Plotly they are a quarter of all its work.
function tidy({ data, layout }, look, width) {
  const titles = {};
  const { colorway } = look.layout;
  const spread = (numbers) => numbers.map((n) => colorway[n % colorway.length]);
  const shaded = data.every(({ name }) => name) ? shade(data.map(({ name }) => name)) : [...data.keys()];
  layout.colorway ??= spread(shaded);
  if (Array.isArray(data[0]?.labels)) layout.piecolorway ??= spread(shade(data[0].labels));
  data.forEach((trace, n) => {
    if (shaded[n] >= colorway.length) again(trace, Math.floor(shaded[n] / colorway.length));
    if (trace.mode === "lines" && data.length > 3) trace.line = { width: 1.5, ...trace.line };
  });
  for (const trace of data.filter(({ name, meta }) => name && !meta && cut(name) !== name)) {
    trace.meta = trace.name;
    trace.hovertemplate = trace.hovertemplate?.replace("%{fullData.name}", "%{fullData.meta}");
    trace.name = cut(trace.name);
  }
  for (const trace of data.filter(({ labels }) => Array.isArray(labels))) {
    trace.customdata = trace.labels; // two that are cut to one name stay two
    trace.labels = trace.labels.map((name, n) => cut(name) === name ? name : cut(name) + "\u200b".repeat(n));
    trace.hovertemplate = trace.hovertemplate?.replace("%{label}", "%{customdata}");
  }
  window.refine?.(data, layout, look); // what plotly-more draws
  const own = layout.margin;
  Object.assign(layout, { ...look.layout, ...layout });
  const dated = data.some(({ x }) => /^\d{4}-\d\d/.test(x?.[0])); // its ticks may need two lines
  layout.margin = { l: width < 400 ? 44 : 56, r: 16, t: 8, b: dated ? 42 : 28 };
  const bars = data.find(({ type }) => type === "bar"); // no grid beside a bar, only across
  const lines = data.some(({ mode }) => mode === "lines"); // nor upright lines behind these
  const named = Object.values(layout).some((part) => part?.type === "category"); // nothing to zoom
  const beside = bars && (bars.orientation === "h" ? "y" : "x");
  for (const letter of data.some(({ x, y }) => x || y) ? ["x", "y"] : []) {
    const { title, ...rest } = layout[`${letter}axis`] ?? {};
    const axis = (layout[`${letter}axis`] = { ...look.axis, showgrid: letter !== beside && rest.type !== "category" && !(lines && letter === "x"), fixedrange: named, ...rest });
    titles[letter] = title?.text ?? title;
    if (letter === "x") axis.nticks ??= Math.max(2, Math.round((width - 120) / 70));
    if (axis.type !== "category") continue;
    axis.categoryarray = axis.categoryarray?.map((name) => String(name).replace(/[&<>]/g, (letter) => MARKUP[letter]));
    const traces = data.filter((trace) => Array.isArray(trace[letter]));
    for (const trace of traces) {
      const whole = trace.hovertext ? "text" : "hovertext"; // a heat map has names on both axes
      trace[whole] ??= trace[letter];
      trace.hovertemplate = trace.hovertemplate?.replace(`%{${letter}}`, `%{${whole}}`);
    }
    const names = [...new Set(traces.flatMap((trace) => trace[letter]).map(String))];
    axis.tickvals = names;
    axis.ticktext = names.map((name) => cut(name, Math.min(LABEL, Math.round(width / 16))));
    layout.bargap ??= Math.max(0.2, 1 - 0.15 * names.length);
    const widths = axis.ticktext.map((name) => pen.measureText(name).width);
    if (letter === "x") Object.assign(axis, { automargin: true, tickangle: "auto" });
    else layout.margin.l = 16 + Math.max(0, ...widths);
  }
  const { l, r } = Object.assign(layout.margin, own);
  layout.legend = { x: (8 - l) / Math.max(1, width - l - r), ...layout.legend }; // from the card's edge
  return titles;
}

// Charts far below (or above) the window wait until it comes near them: of thirty, one sees four.
const later = new IntersectionObserver((seen) => {
  const near = seen.filter((one) => one.isIntersecting).map((one) => one.target);
  near.forEach((shown) => later.unobserve(shown));
  paint(near);
}, { rootMargin: "100%" });

function draw(event) {
  later.disconnect();
  look = style();
  const near = [];
  for (const shown of document.querySelectorAll(".shown")) {
    shown.ariaLabel = shown.parentNode.querySelector("script").dataset.says;
    const { top, bottom } = shown.getBoundingClientRect();
    if (event?.type === "beforeprint" || (top < 2 * innerHeight && bottom > -innerHeight)) near.push(shown);
    else later.observe(shown);
  }
  paint(near, event?.type === "beforeprint");
  document.querySelectorAll("a[data-keep]").forEach((link) => (link.search = location.search));
}

// A chart that is new gets a task of its own: the page answers in between. Paper does not wait.
async function paint(near, atOnce) {
  const all = near.map((shown) => [shown, shown.clientWidth]);
  for (const [shown, width] of all) {
    if (!atOnce && !shown.data) await (globalThis.scheduler?.yield?.() ?? new Promise((next) => setTimeout(next)));
    if (!shown.isConnected) continue; // replaced meanwhile
    const plot = shown.parentNode;
    pen.font = `${look.layout.font.size}px ${look.layout.font.family}`;
    try {
      const figure = JSON.parse(plot.querySelector("script").textContent);
      const titles = tidy(figure, look, width);
      for (const axis of plot.querySelectorAll(".axis")) axis.textContent = parse(titles[axis.dataset.axis] ?? "").body.textContent;
      // A heat map that changes in place keeps cells of before. The configuration is
      // told once only: to compare it with itself is a tenth of what a change takes Plotly.
      if (figure.data.some(({ type }) => type === "heatmap")) Plotly.purge(shown);
      Plotly.react(shown, figure.data, figure.layout, shown.data ? undefined : { displayModeBar: false, responsive: true });
    } catch (error) {
      shown.textContent = `This chart could not be drawn: ${error.message}`;
      console.error(error);
    }
  }
}

// Saves the figure as a picture: on light paper, with its title and those of its axes.
function save(format) {
  const plot = document.querySelector(".plot");
  const figure = JSON.parse(plot.querySelector("script").textContent);
  const { classList } = document.documentElement;
  classList.add("paper");
  const paper = style();
  const size = { width: 960, height: 540 };
  const titles = tidy(figure, paper, size.width);
  const { layout } = figure;
  for (const letter of ["x", "y"]) if (titles[letter]) Object.assign(layout[`${letter}axis`], { title: { text: titles[letter] }, automargin: true });
  const safe = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const title = document.querySelector("h1").textContent;
  const form = document.querySelector(".filters");
  const chosen = form ? [...new FormData(form).values()].filter(Boolean).join(", ") : "";
  layout.title = { text: safe(cut(title, 90)), subtitle: { text: safe(cut(chosen, 150)) }, x: 0.02, y: 0.96, yanchor: "top" };
  layout.title.font = { size: 20, color: paper.css("--ink") };
  Object.assign(layout, { paper_bgcolor: paper.css("--card"), margin: { ...layout.margin, t: 88 } });
  classList.remove("paper");
  Plotly.downloadImage(figure, { format, ...size, scale: format === "png" ? 2.5 : 1, filename: title });
}

for (const when of ["beforeprint", "afterprint"]) {
  addEventListener(when, (event) => {
    document.documentElement.classList.toggle("paper", when === "beforeprint");
    draw(event);
    for (const shown of document.querySelectorAll(".js-plotly-plot")) Plotly.relayout(shown, { autosize: true });
  });
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
draw();
