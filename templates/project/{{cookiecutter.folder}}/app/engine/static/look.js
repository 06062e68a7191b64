// The look of figures: the colours and type of theme.css, and one colour for each name in the data.
"use strict";

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
  const layout = {
    colorway: css("--colors").split(/\s+/),
    font,
    separators: ".,",
    hoverlabel: { bgcolor: css("--card"), bordercolor: line, namelength: -1 },
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", maxheight: 80 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
  };
  layout.hoverlabel.font = { ...font, color: css("--ink") };
  return { axis, layout, css };
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
  if (trace.type === "bar") trace.marker = { pattern, ...trace.marker };
  if (trace.mode === "lines") trace.line = { dash: nth(["dash", "dot", "dashdot"]), ...trace.line };
  if (trace.mode === "markers") trace.marker = { symbol, ...trace.marker };
}

function colorTraces(data, layout, colorway) {
  const toColors = (numbers) => numbers.map((number) => colorway[number % colorway.length]);
  const names = data.map((trace) => trace.name);
  const numbers = names.every(Boolean) ? colorNumbers(names) : [...data.keys()];
  layout.colorway ??= toColors(numbers);
  const labels = data[0]?.labels;
  if (Array.isArray(labels)) layout.piecolorway ??= toColors(colorNumbers(labels));
  data.forEach((trace, index) => {
    const round = Math.floor(numbers[index] / colorway.length);
    if (round > 0) markRepeat(trace, round);
    if (trace.mode === "lines" && data.length > 3) trace.line = { width: 1.5, ...trace.line };
  });
}
