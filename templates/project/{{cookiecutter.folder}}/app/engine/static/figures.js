// Draws the figures of a page when they come near the window.
"use strict";

let pageLook; // light, dark or print

const isDate = (value) => /^\d{4}-\d\d/.test(value);
const isName = (value) => typeof value === "string" && isNaN(value) && !isDate(value);

// Margins are set here as far as they can be: if Plotly finds its own, it draws everything twice.
// Returns the titles of the axes, which the page shows itself: they are a quarter of Plotly's work.
function prepareFigure({ data, layout }, look, width) {
  colorTraces(data, layout, look.layout.colorway);
  truncateNames(data);
  window.styleMoreKinds?.(data, layout, look);
  const { margin } = layout;
  const hasDates = data.some(({ x }) => isDate(x?.[0])); // ticks of two lines
  Object.assign(layout, { ...look.layout, ...layout });
  layout.margin = { l: width < 400 ? 44 : 56, r: 16, t: 8, b: hasDates ? 42 : 28 };
  const titles = data.some(({ x, y }) => x || y) ? prepareAxes(data, layout, look, width) : {};
  const { l, r } = Object.assign(layout.margin, margin);
  layout.legend = { x: (8 - l) / Math.max(1, width - l - r), ...layout.legend }; // the card's edge
  return titles;
}

function prepareAxes(data, layout, look, width) {
  const named = ["x", "y"].filter((letter) => data.some((trace) => isName(trace[letter]?.[0])));
  for (const letter of named) (layout[`${letter}axis`] ??= {}).type ??= "category";
  const titles = {};
  const bars = data.find(({ type }) => type === "bar");
  const withoutGrid = [];
  if (bars) withoutGrid.push(bars.orientation === "h" ? "y" : "x");
  if (data.some(({ mode }) => mode === "lines")) withoutGrid.push("x");
  const fixedrange = Object.values(layout).some((part) => part?.type === "category"); // no zoom
  for (const letter of ["x", "y"]) {
    const { title, ...own } = layout[`${letter}axis`] ?? {};
    const isCategory = own.type === "category";
    const showgrid = !isCategory && !withoutGrid.includes(letter);
    const axis = { ...look.axis, automargin: letter === "y", showgrid, fixedrange, ...own };
    layout[`${letter}axis`] = axis;
    titles[letter] = title?.text ?? title;
    if (letter === "x") axis.nticks ??= Math.max(2, Math.round((width - 120) / 70));
    if (!isCategory) continue;
    const widths = truncateCategories(letter, axis, data, width);
    layout.bargap ??= Math.max(0.2, 1 - 0.15 * widths.length); // a few bars stay slim
    if (letter === "x") Object.assign(axis, { automargin: true, tickangle: "auto" });
    else layout.margin.l = 16 + Math.max(0, ...widths);
  }
  return titles;
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
  const { data, layout } = JSON.parse(plot.querySelector("script").textContent);
  const { size, family } = pageLook.layout.font;
  textMeasure.font = `${size}px ${family}`;
  const titles = prepareFigure({ data, layout }, pageLook, width);
  for (const axis of plot.querySelectorAll(".axis")) {
    axis.textContent = parseHtml(titles[axis.dataset.axis] ?? "").body.textContent;
  }
  // A heat map that changes in place would keep cells from before.
  if (data.some(({ type }) => type === "heatmap")) Plotly.purge(chart);
  const isNew = !chart.data;
  // The configuration is given once: comparing it with itself takes Plotly a tenth of a change.
  const config = isNew ? { displayModeBar: false, responsive: true } : undefined;
  Plotly.react(chart, data, layout, config);
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
