// The look of the kinds that plotly-more.min.js draws: maps, heat maps, boxes, gauges...
"use strict";

const here = document.currentScript.src;
Plotly.setPlotConfig({ topojsonURL: new URL("../vendor/", here).href });

const traceStyles = {
  choropleth: styleBorders,
  treemap: styleHierarchy,
  sunburst: styleHierarchy,
  icicle: styleHierarchy,
  funnelarea(trace, { layout: { colorway } }, layout) {
    layout.funnelareacolorway ??= colorway;
  },
  parcats(trace, { css, layout: { font } }, layout) {
    trace.labelfont ??= { ...font, color: css("--ink") };
    trace.tickfont ??= font;
    layout.margin ??= { l: 16, r: 72, t: 24, b: 8 };
  },
  candlestick(trace, { layout: { colorway } }) {
    trace.increasing ??= { line: { color: colorway[0] } };
    trace.decreasing ??= { line: { color: colorway[1] } };
  },
  waterfall(trace, { css, layout: { colorway } }) {
    trace.increasing ??= { marker: { color: colorway[0] } };
    trace.decreasing ??= { marker: { color: colorway[1] } };
    trace.totals ??= { marker: { color: css("--quiet") } };
    trace.connector ??= { line: { color: css("--line"), width: 1 } };
  },
  indicator(trace, { css, layout: { font } }, layout) {
    layout.margin ??= { l: 32, r: 32, t: 24, b: 16 };
    trace.number = { font: { color: css("--ink"), size: 36 }, ...trace.number };
    if (!trace.gauge) return;
    const { axis, threshold } = trace.gauge;
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
    const { label = [] } = trace.node;
    trace.node = { pad: 12, thickness: 14, line: { width: 0 }, ...trace.node, customdata: label };
    trace.node.label = label.map((name) => truncate(name));
    trace.node.hovertemplate = `%{customdata}: ${amount}`;
    trace.link = { color: css("--quiet") + "33", ...trace.link };
    trace.link.hovertemplate = `%{source.customdata} → %{target.customdata}: ${amount}`;
    trace.textfont ??= { ...font, color: css("--ink") };
  },
};

function styleBorders(trace, { css }) {
  if (typeof trace.geojson === "string") trace.geojson = new URL(`../${trace.geojson}`, here).href;
  const width = trace.locations?.length > 500 ? 0.1 : 0.5;
  trace.marker = { ...trace.marker, line: { color: css("--card"), width } };
}

function styleHierarchy(trace, { css, layout: { colorway } }, layout) {
  const hasParents = trace.parents?.some(Boolean); // otherwise colours would say nothing
  trace.marker = { ...trace.marker, line: { color: css("--card"), width: 1 } };
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
  const names = new Set(
    data.flatMap(({ theta }) => theta ?? []).filter((theta) => typeof theta === "string"),
  );
  const tickvals = [...names];
  const ticktext = tickvals.map((name) => truncate(name, 14));
  const angles = names.size ? { type: "category", tickvals, ticktext } : {};
  return {
    bgcolor: "rgba(0,0,0,0)",
    ...polar,
    domain: { ...polar.domain, y: (polar.domain?.y ?? [0, 1]).map((end) => 0.9 * end) },
    angularaxis: { ...axis, ...polar.angularaxis, ...angles },
    radialaxis: { ...axis, ...polar.radialaxis, nticks: 4, tickangle: 90, angle: 90 },
  };
}

function styleTernary(ternary, { css, layout: { font } }) {
  const line = css("--line");
  const axis = { gridcolor: line, linecolor: line, tickfont: font, nticks: 5 };
  const axes = ["aaxis", "baxis", "caxis"].map((name) => [name, { ...axis, ...ternary[name] }]);
  const domain = { ...ternary.domain, y: (ternary.domain?.y ?? [0, 1]).map((end) => 0.88 * end) };
  return { bgcolor: "rgba(0,0,0,0)", ...ternary, domain, ...Object.fromEntries(axes) };
}

function styleMoreKinds(data, layout, look) {
  for (const name in layout) {
    if (/^geo\d*$/.test(name)) layout[name] = styleGeo(layout[name], look.css);
    if (/^polar\d*$/.test(name)) layout[name] = stylePolar(layout[name], data, look);
    if (/^ternary\d*$/.test(name)) layout[name] = styleTernary(layout[name], look);
  }
  if (layout.polar) layout.margin ??= { l: 84, r: 84, t: 8, b: 24 };
  if (layout.ternary) layout.margin ??= { l: 56, r: 56, t: 32, b: 40 };
  for (const trace of data) traceStyles[trace.type]?.(trace, look, layout);
  if (!data.some(hasAxes)) layout.margin ??= { l: 8, r: 8, t: 8, b: 8 };
}
