// The look of the kinds that plotly-more.min.js draws: maps, heat maps, boxes, gauges...
"use strict";

Plotly.setPlotConfig({ topojsonURL: new URL("../vendor/", document.currentScript.src).href });

const traceStyles = {
  choropleth: (trace, { css }) => (trace.marker = { line: { color: css("--card"), width: 0.5 } }),
  heatmap: (trace, look, layout) => (layout.margin ??= { r: 8 }),
  treemap: styleHierarchy,
  sunburst: styleHierarchy,
  candlestick(trace, { layout: { colorway } }) {
    trace.increasing = { line: { color: colorway[0] } };
    trace.decreasing = { line: { color: colorway[1] } };
  },
  waterfall(trace, { css, layout: { colorway } }) {
    trace.increasing = { marker: { color: colorway[0] } };
    trace.decreasing = { marker: { color: colorway[1] } };
    trace.totals = { marker: { color: css("--quiet") } };
    trace.connector = { line: { color: css("--line"), width: 1 } };
  },
  indicator(trace, { css, layout: { font } }, layout) {
    const { axis, threshold } = trace.gauge;
    layout.margin = { l: 32, r: 32, t: 24, b: 16 };
    trace.number = { font: { color: css("--ink"), size: 36 }, ...trace.number };
    trace.gauge = {
      ...trace.gauge,
      bar: { color: css("--brand"), thickness: 0.6 },
      bgcolor: css("--line"),
      borderwidth: 0,
      axis: { ...exponents, tickfont: font, tickcolor: css("--quiet"), ...axis },
      threshold: { line: { color: css("--ink"), width: 3 }, thickness: 0.9, ...threshold },
    };
  },
  sankey(trace, { css, layout: { font } }) {
    const amount = "%{value:,.4~r}<extra></extra>";
    const { label } = trace.node;
    trace.node = { pad: 12, thickness: 14, line: { width: 0 }, ...trace.node, customdata: label };
    trace.node.label = label.map((name) => truncate(name));
    trace.node.hovertemplate = `%{customdata}: ${amount}`;
    trace.link = { color: css("--quiet") + "33", ...trace.link };
    trace.link.hovertemplate = `%{source.customdata} → %{target.customdata}: ${amount}`;
    trace.textfont ??= { ...font, color: css("--ink") };
  },
};

function styleHierarchy(trace, { css, layout: { colorway } }, layout) {
  const hasParents = trace.parents.some(Boolean); // otherwise colours would say nothing
  trace.marker = { line: { color: css("--card"), width: 1 } };
  trace.root = { color: "rgba(0,0,0,0)" };
  trace.pathbar = { visible: false };
  trace.leaf = { opacity: 1 };
  layout[`${trace.type}colorway`] ??= hasParents ? colorway : colorway.slice(0, 1);
  layout[`extend${trace.type}colors`] ??= hasParents;
}

function styleGeo(geo, css) {
  const card = css("--card");
  const borders = { countrycolor: card, coastlinecolor: card, subunitcolor: card };
  const land = { landcolor: css("--line"), showland: true, showlakes: false, showframe: false };
  return { bgcolor: "rgba(0,0,0,0)", ...borders, ...land, ...geo };
}

function stylePolar(polar, data, { css, layout: { font } }) {
  const line = css("--line");
  const axis = { gridcolor: line, linecolor: line, tickfont: font, ...exponents };
  const tickvals = [...new Set(data.flatMap(({ theta }) => theta ?? []).map(String))];
  const ticktext = tickvals.map((name) => truncate(name, 14));
  return {
    bgcolor: "rgba(0,0,0,0)",
    domain: { y: [0, 0.9] },
    ...polar,
    angularaxis: { ...axis, ...polar.angularaxis, type: "category", tickvals, ticktext },
    radialaxis: { ...axis, ...polar.radialaxis, nticks: 4, tickangle: 90, angle: 90 },
  };
}

// A colour bar takes no tickformatstops. Numbers are a list, or fractions in base64.
function largestOf(z) {
  if (z?.dtype === "f8")
    z = new Float64Array(Uint8Array.from(atob(z.bdata), (char) => char.charCodeAt(0)).buffer);
  return z?.reduce?.((largest, number) => Math.max(largest, Math.abs(number) || 0), 0) ?? 0;
}

function styleMoreKinds(data, layout, look) {
  const scale = look.css("--scale").split(/\s+/);
  const colorscale = scale.map((color, index) => [index / (scale.length - 1), color]);
  const largest = Math.max(0, ...data.map(({ z }) => largestOf(z)));
  const exponentformat = largest && (largest < 1e-14 || largest >= 1e15) ? "e" : "B";
  const tickfont = look.layout.font;
  const colorbar = { thickness: 10, outlinewidth: 0, len: 0.9, exponentformat, tickfont };
  layout.coloraxis = { colorscale, colorbar, ...layout.coloraxis };
  if (layout.geo) layout.geo = styleGeo(layout.geo, look.css);
  if (layout.polar) {
    layout.polar = stylePolar(layout.polar, data, look);
    layout.margin ??= { l: 84, r: 84, t: 8, b: 24 };
  }
  if (!data.some(({ x, y }) => x || y)) layout.margin ??= { l: 8, r: 8, t: 8, b: 8 };
  for (const trace of data) traceStyles[trace.type]?.(trace, look, layout);
}
