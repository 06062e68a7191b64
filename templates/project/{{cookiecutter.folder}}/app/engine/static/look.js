// The look of figures: the colours and type of theme.css, and one colour for each name in the data.
"use strict";

// What plotly.express gives to traces if nobody chooses: see page.py.
const DEFAULT_COLORS =
  "#636efa #EF553B #00cc96 #ab63fa #FFA15A #19d3f3 #FF6692 #B6E880 #FF97FF #FECB52".split(" ");
const isDefaultScale = (scale) =>
  !scale || (scale.length === 2 && scale[0][1] === DEFAULT_COLORS[0]);
const colorGroups = []; // maps from name to colour number, one for names that appear together
// Beyond the prefixes, Plotly's powers of ten need inline styles: numbers have an e there.
const steps = (...dtickrange) => ({ dtickrange, value: "~g" });
const exponents = { exponentformat: "B", tickformatstops: [steps(1e14, null), steps(null, 1e-14)] };

// The look as it is now, light or dark. Set in each layout: a Plotly template is a third slower.
function readLook() {
  const computed = getComputedStyle(document.documentElement);
  const css = (name) => computed.getPropertyValue(name).trim();
  const font = { family: computed.fontFamily, size: 12, color: css("--quiet") };
  const ticks = { tickfont: font, tickangle: 0, ticklabeloverflow: "allow", ticklabelstandoff: 4 };
  const line = css("--line");
  const lines = { gridcolor: line, linecolor: line, zerolinecolor: line, showline: false };
  const axis = { ...lines, ...ticks, ...exponents };
  const clear = "rgba(0,0,0,0)";
  const legend = { orientation: "h", y: 1.02, xanchor: "left", yanchor: "bottom", maxheight: 80 };
  const layout = {
    colorway: css("--colors").split(/\s+/),
    font,
    separators: ".,",
    hoverlabel: { bgcolor: css("--card"), bordercolor: line, namelength: -1 },
    legend: { ...legend, bgcolor: clear },
    paper_bgcolor: clear,
    plot_bgcolor: clear,
  };
  layout.hoverlabel.font = { ...font, color: css("--ink") };
  return { axis, layout, css };
}

// Adds the look to a layout, and leaves what its owner has chosen.
function addLook(layout, look) {
  for (const [key, value] of Object.entries(look)) {
    const isPart = typeof value === "object" && !Array.isArray(value);
    layout[key] = isPart ? { ...value, ...layout[key] } : (layout[key] ?? value);
  }
  layout.legend.title = { font: look.font, ...layout.legend.title };
  const { color } = look.font;
  const { annotations = [], shapes = [], sliders = [], updatemenus = [] } = layout;
  for (const annotation of annotations) annotation.arrowcolor ??= color;
  for (const shape of shapes) shape.line = { color, ...shape.line };
  const { bgcolor, bordercolor } = look.hoverlabel;
  for (const part of [...sliders, ...updatemenus]) {
    const pad = { ...part.pad, t: (part.pad?.t ?? 0) / 2 }; // the axis has no title between
    Object.assign(part, { bgcolor, bordercolor, pad });
  }
}

// A name keeps its colour in all charts of the page, whichever other names a filter leaves.
function colorNumbers(names) {
  const known = colorGroups.find((group) => names.some((name) => group.has(name)));
  const group = known ?? new Map();
  if (!known) colorGroups.push(group);
  for (const name of names) if (!group.has(name)) group.set(name, group.size);
  return names.map((name) => group.get(name));
}

// Traces that repeat a colour, because there are more than colours, get a pattern of their own.
function markRepeat(trace, round) {
  const nth = (variants) => variants[(round - 1) % variants.length];
  const pattern = { shape: nth(["/", "x", "."]), fillmode: "overlay" };
  const symbol = nth(["diamond", "square", "cross"]);
  if (trace.stackgroup) trace.fillpattern = pattern;
  const { marker, line } = trace; // plotly.express sets what is Plotly's default
  if (trace.type === "bar" && !marker?.pattern?.shape) trace.marker = { ...marker, pattern };
  const dash = nth(["dash", "dot", "dashdot"]);
  if (trace.mode === "lines" && (line?.dash ?? "solid") === "solid") trace.line = { ...line, dash };
  const hasSymbol = (marker?.symbol ?? "circle") !== "circle";
  if (trace.mode === "markers" && !hasSymbol) trace.marker = { ...marker, symbol };
}

function replaceDefaultColors(part, toColor) {
  for (const [key, value] of Object.entries(part ?? {})) {
    const number = DEFAULT_COLORS.indexOf(value);
    if (number >= 0) part[key] = toColor(number);
    else if (typeof value === "object") replaceDefaultColors(value, toColor);
  }
}

function colorTraces(data, layout, colorway, frames = []) {
  const toColors = (numbers) => numbers.map((number) => colorway[number % colorway.length]);
  const names = data.map((trace) => trace.name);
  const isNamed = names.every(Boolean);
  const numbers = isNamed ? colorNumbers(names) : [...data.keys()];
  for (const trace of [data, ...frames.map((frame) => frame.data)].flat()) {
    const toColor = (number) => toColors(isNamed ? colorNumbers([trace.name]) : [number])[0];
    const { marker, line, colorscale } = trace;
    replaceDefaultColors({ marker, line, colorscale }, toColor);
  }
  layout.colorway ??= toColors(numbers);
  const labels = [...new Set(numbersOf(data[0]?.labels).map(String))];
  const isPie = labels.length > 0 && !data[0].parents;
  if (isPie) layout.piecolorway ??= toColors(colorNumbers(labels));
  data.forEach((trace, index) => {
    const round = Math.floor(numbers[index] / colorway.length);
    if (round > 0) markRepeat(trace, round);
    if (trace.mode === "lines" && data.length > 3) trace.line = { width: 1.5, ...trace.line };
  });
}

// A line through one point, or a point between two gaps, would be invisible: it gets a marker.
function markLonePoints(trace) {
  if (trace.mode !== "lines" || trace.connectgaps) return;
  const values = numbersOf(trace.y);
  const hasValue = (index) => values[index] != null && !Number.isNaN(values[index]);
  const isLone = (_, index) => hasValue(index) && !hasValue(index - 1) && !hasValue(index + 1);
  const lone = Array.from(values, isLone);
  if (!lone.includes(true)) return;
  trace.mode = "lines+markers";
  const size = lone.map((isMarked) => (isMarked ? 7 : 0));
  trace.marker = { ...trace.marker, size, opacity: 1, line: { width: 0 } };
}

// Plotly's Python writes numbers as a list, or in base64.
function numbersOf(list) {
  if (!list?.bdata) return Array.isArray(list) ? list : [];
  const types = { f8: Float64Array, f4: Float32Array, i4: Int32Array, i2: Int16Array };
  Object.assign(types, { i1: Int8Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array });
  const bytes = Uint8Array.from(atob(list.bdata), (char) => char.charCodeAt(0));
  return [...new (types[list.dtype] ?? Uint8Array)(bytes.buffer)];
}

// The colours of numbers. A colour bar takes no tickformatstops.
function styleColorScales(data, layout, look) {
  const colors = look.css("--scale").split(/\s+/);
  const theme = colors.map((color, index) => [index / (colors.length - 1), color]);
  const sizes = data.flatMap(({ z }) => numbersOf(z)).map((number) => Math.abs(number) || 0);
  const largest = sizes.reduce((one, other) => Math.max(one, other), 0);
  const exponentformat = largest && (largest < 1e-14 || largest >= 1e15) ? "e" : "B";
  const bar = { thickness: 10, outlinewidth: 0, len: 0.9, exponentformat };
  bar.tickfont = look.layout.font;
  const style = (part) => {
    const colorscale = isDefaultScale(part.colorscale) ? theme : part.colorscale;
    const text = part.colorbar?.title?.text ?? part.colorbar?.title;
    const title = { text, side: "right", font: look.layout.font };
    Object.assign(part, { colorscale, colorbar: { ...bar, ...part.colorbar, title } });
  };
  layout.coloraxis ??= {};
  for (const name in layout) if (name.startsWith("coloraxis")) style(layout[name]);
  for (const trace of data) {
    const { type, marker } = trace;
    if (/heatmap|contour|histogram2d|choropleth/.test(type) && !trace.coloraxis) style(trace);
    const isBubble = numbersOf(marker?.size).length > 0;
    if (isBubble) marker.line ??= { color: look.css("--card"), width: 1 };
    const hasNumbers = typeof numbersOf(marker?.color)[0] === "number";
    if (hasNumbers && !marker.coloraxis) style(marker);
  }
}
