// Draws the figures of a page when they come near the window.
"use strict";

let pageLook; // light, dark or print

const isDate = (value) => /^\d{4}-\d\d/.test(value);
const firstOf = (list) => (Array.isArray(list) ? list.find((value) => value != null) : undefined);
const isDay = (value) => /^\d{4}-\d\d-\d\d(T00:00(:00(\.0+)?)?)?$/.test(value);
const isName = (value) => typeof value === "string" && isNaN(value) && !isDate(value);
const hasAxes = ({ x, y, type }) => x || y || /heatmap|contour/.test(type);

// Margins are set here as far as they can be: if Plotly finds its own, it draws everything twice.
// Returns the titles of the figure and its axes, which the page shows itself: those of axes are a
// quarter of Plotly's work, and a title of Plotly's does not wrap.
function prepareFigure({ data, layout, frames }, look, width, height) {
  for (const trace of data) trace.type = trace.type?.replace(/gl$/, ""); // the page has no WebGL
  colorTraces(data, layout, look.layout.colorway, frames);
  data.forEach(markLonePoints);
  truncateNames(data);
  styleColorScales(data, layout, look);
  window.styleMoreKinds?.(data, layout, look);
  const { margin, title } = layout;
  for (const name of ["title", "width", "height"]) delete layout[name];
  const hasDates = layout.xaxis?.type === "date" || data.some(({ x }) => isDate(x?.[0]));
  addLook(layout, look.layout);
  layout.margin = { l: width < 400 ? 44 : 56, r: hasDates ? 28 : 16, t: 8, b: hasDates ? 42 : 28 };
  const isFlat = data.some(hasAxes);
  const titles = isFlat ? prepareAxes(data, layout, look, width) : {};
  const least = isFlat ? layout.margin : {};
  for (const [side, size] of Object.entries(margin ?? {})) {
    layout.margin[side] = Math.max(size, least[side] ?? 0);
  }
  const { l, r } = layout.margin;
  const x = (8 - l) / Math.max(1, width - l - r); // the card's edge
  Object.assign(layout.legend, look.layout.legend, { x });
  const facets = layout.annotations?.filter(
    ({ yref, showarrow }) => yref === "paper" && !showarrow,
  );
  for (const facet of facets ?? []) {
    facet.text = facet.text?.replace(/^\w+=/, ""); // in plotly.express: region=North
    facet.font = { ...facet.font, size: look.layout.font.size };
  }
  if (facets?.length) {
    layout.margin.t = Math.max(24, layout.margin.t);
    layout.legend.y = 1 + 30 / Math.max(60, height - 110); // above their names
  }
  titles.title = [title?.text ?? title, title?.subtitle?.text].filter(Boolean).join(". ");
  return titles;
}

function prepareAxes(data, layout, look, width) {
  layout.xaxis ??= {};
  layout.yaxis ??= {};
  const keys = Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key));
  const tracesOf = (key) =>
    data.filter((trace) => (trace[`${key[0]}axis`] ?? key[0]) === key.replace("axis", ""));
  for (const key of keys) {
    const hasNames = tracesOf(key).some((trace) => isName(firstOf(trace[key[0]])));
    if (hasNames) layout[key].type ??= "category";
  }
  const titles = {};
  const bars = data.find(({ type }) => type === "bar");
  const withoutGrid = [];
  if (bars) withoutGrid.push(bars.orientation === "h" ? "y" : "x");
  if (data.some(({ mode }) => mode === "lines")) withoutGrid.push("x");
  const fixedrange = Object.values(layout).some((part) => part?.type === "category"); // no zoom
  for (const key of keys.sort()) {
    const [letter] = key;
    const isMain = key === `${letter}axis`;
    const { title, ...own } = layout[key];
    const isCategory = own.type === "category";
    const showgrid = !isCategory && !own.overlaying && !withoutGrid.includes(letter);
    const automargin = letter === "y" || !isMain;
    const axis = { ...look.axis, automargin, showgrid, fixedrange, ...own };
    layout[key] = axis;
    const text = title?.text ?? title;
    if (isMain) titles[letter] = text;
    else if (text !== titles[letter]) axis.title = { text, font: look.layout.font }; // not of facets
    if (own.overlaying) axis.tickmode ??= "auto"; // of round numbers
    const [start, end] = axis.domain ?? [0, 1];
    const numbers = tracesOf(key).length === 1 ? numbersOf(tracesOf(key)[0][letter]) : [];
    const areFew = numbers.length && numbers.every((n) => Number.isInteger(n) && Math.abs(n) < 5);
    if (areFew) axis.dtick ??= 1; // half a row is none
    if (end - start < 1) axis.ticklabeloverflow = "hide past domain";
    if (letter === "x") {
      axis.nticks ??= Math.max(2, Math.round(((width - 120) * (end - start)) / 70));
      showFewDates(axis, tracesOf(key));
    }
    if (!isCategory) continue;
    const widths = truncateCategories(letter, axis, tracesOf(key), width);
    layout.bargap ??= Math.max(0.2, 1 - 0.15 * widths.length); // a few bars stay slim
    if (letter === "x") Object.assign(axis, { automargin: true, tickangle: "auto" });
    else if (isMain) layout.margin.l = 16 + Math.max(0, ...widths);
  }
  return titles;
}

// Around a few dates, Plotly's axis would show hours, or parts of a second, and cut the last date.
function showFewDates(axis, data) {
  const dates = [...new Set(data.flatMap(({ x }) => x ?? []))].sort();
  if (!dates[0] || dates.length > axis.nticks || !dates.every(dates[1] ? isDay : isDate)) return;
  const [from, to] = [dates[0], dates.at(-1)].map((date) => Date.parse(date.slice(0, 10)));
  const gap = (to - from) / 12 || 864e5;
  if (!dates[1] || !data.some(({ type }) => type === "bar")) axis.range ??= [from - gap, to + gap];
  axis.tickvals ??= dates;
  const end = (text) => dates.every((date) => date.replace(/T00:00.*/, "").endsWith(text));
  axis.tickformat ??= dates[1] && end("-01-01") ? "%Y" : end("-01") ? "%b %Y" : "%b %-d, %Y";
}

// Charts far above or below the window wait until they come near it.
const observer = new IntersectionObserver(drawNear, { rootMargin: "100%" });

function drawNear(entries) {
  const near = entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target);
  near.forEach((chart) => observer.unobserve(chart));
  drawAll(near);
}

function drawFigures({ isPrint = false } = {}) {
  observer.disconnect();
  pageLook = readLook();
  const near = [];
  for (const chart of document.querySelectorAll(".chart")) {
    chart.ariaLabel = chart.parentNode.querySelector("script").dataset.summary;
    const { top, bottom } = chart.getBoundingClientRect();
    if (isPrint || (top < 2 * innerHeight && bottom > -innerHeight)) near.push(chart);
    else observer.observe(chart);
  }
  drawAll(near, isPrint);
}

// The page answers between charts that are new; only printing does not wait.
async function drawAll(charts, isPrint) {
  const widths = charts.map((chart) => chart.clientWidth);
  for (const [index, chart] of charts.entries()) {
    if (!isPrint && !chart.data) {
      await (globalThis.scheduler?.yield?.() ?? new Promise((resolve) => setTimeout(resolve)));
    }
    if (!chart.isConnected) continue; // the page has replaced it
    try {
      drawFigure(chart, widths[index]);
    } catch (error) {
      chart.textContent = `This chart could not be drawn: ${error.message}`;
      console.error(error);
    }
  }
}

function drawFigure(chart, width) {
  const plot = chart.parentNode;
  const figure = JSON.parse(plot.querySelector("script").textContent);
  const { data, layout } = figure;
  plot.style.height = layout.height ? `${layout.height}px` : "";
  const { size, family } = pageLook.layout.font;
  textMeasure.font = `${size}px ${family}`;
  const height = layout.annotations && chart.clientHeight;
  const titles = prepareFigure(figure, pageLook, width, height);
  for (const axis of plot.querySelectorAll(".axis")) {
    const title = titles[axis.dataset.axis]?.replaceAll("<br>", " ") ?? "";
    axis.textContent = parseHtml(title).body.textContent;
  }
  // A heat map that changes in place would keep cells from before.
  if (data.some(({ type }) => type === "heatmap")) Plotly.purge(chart);
  const isNew = !chart.data;
  // The configuration is given once: comparing it with itself takes Plotly a tenth of a change.
  const config = isNew ? { displayModeBar: false, responsive: true } : undefined;
  Plotly.react(chart, { ...figure, config });
  if (isNew) listenToPoints(chart);
}

for (const type of ["beforeprint", "afterprint"]) {
  addEventListener(type, () => {
    const isPrint = type === "beforeprint";
    document.documentElement.classList.toggle("print", isPrint);
    drawFigures({ isPrint });
    const charts = document.querySelectorAll(".js-plotly-plot");
    charts.forEach((chart) => Plotly.relayout(chart, { autosize: true }));
  });
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawFigures());
drawFigures();
