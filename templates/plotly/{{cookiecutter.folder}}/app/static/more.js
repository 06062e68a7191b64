// The look of what plotly-more.min.js draws: maps, heat maps, boxes... dashboard.js calls it.
"use strict";

Plotly.setPlotConfig({ topojsonURL: new URL("vendor/", document.currentScript.src).href });

function refine(data, layout, { axis, layout: { colorway, font }, css }) {
  const [card, line, quiet, brand] = ["--card", "--line", "--quiet", "--brand"].map(css);
  const scale = css("--scale").split(/\s+/);
  layout.coloraxis = {
    colorscale: scale.map((color, n) => [n / (scale.length - 1), color]),
    colorbar: { thickness: 10, outlinewidth: 0, len: 0.9, tickfont: font, exponentformat: "B" },
    ...layout.coloraxis,
  };
  if (layout.geo) {
    const edges = { countrycolor: card, coastlinecolor: card, subunitcolor: card };
    const land = { landcolor: line, showland: true, showlakes: false, showframe: false };
    layout.geo = { bgcolor: "rgba(0,0,0,0)", ...edges, ...land, ...layout.geo };
  }
  if (layout.polar) {
    const axis = { gridcolor: line, linecolor: line, tickfont: font, exponentformat: "B" };
    const [angularaxis, radialaxis] = ["angularaxis", "radialaxis"].map((name) => ({ ...axis, ...layout.polar[name] }));
    const names = [...new Set(data.flatMap(({ theta }) => theta ?? []).map(String))];
    Object.assign(angularaxis, { type: "category", tickvals: names, ticktext: names.map((name) => cut(name, 14)) });
    Object.assign(radialaxis, { nticks: 4, tickangle: 90, angle: 90 });
    layout.polar = { bgcolor: "rgba(0,0,0,0)", domain: { y: [0, 0.9] }, angularaxis, radialaxis };
    layout.margin ??= { l: 84, r: 84, t: 8, b: 24 };
  }
  if (!data.some(({ x, y }) => x || y)) layout.margin ??= { l: 8, r: 8, t: 8, b: 8 };
  const [up, down] = [colorway[0], colorway[1]];
  for (const trace of data) {
    if (trace.type === "choropleth") trace.marker = { line: { color: card, width: 0.5 } };
    if (trace.type === "heatmap") layout.margin ??= { r: 8 };
    if (trace.type === "treemap" || trace.type === "sunburst") {
      trace.marker = { line: { color: card, width: 1 } };
      trace.root = { color: "rgba(0,0,0,0)" };
      trace.pathbar = { visible: false };
      const parts = trace.parents.some((parent) => parent); // else colours would say nothing
      layout[`${trace.type}colorway`] ??= parts ? colorway : colorway.slice(0, 1);
      layout[`extend${trace.type}colors`] ??= parts;
      trace.leaf = { opacity: 1 };
    }
    if (trace.type === "candlestick" || trace.type === "waterfall") {
      const part = trace.type === "waterfall" ? "marker" : "line";
      trace.increasing = { [part]: { color: up } };
      trace.decreasing = { [part]: { color: down } };
    }
    if (trace.type === "indicator") {
      layout.margin = { l: 32, r: 32, t: 24, b: 16 };
      trace.number = { font: { color: css("--ink"), size: 36 }, ...trace.number };
      const { axis, threshold } = trace.gauge;
      trace.gauge = { ...trace.gauge, bar: { color: brand, thickness: 0.6 }, bgcolor: line, borderwidth: 0 };
      trace.gauge.axis = { tickfont: font, exponentformat: "B", tickcolor: quiet, ...axis };
      trace.gauge.threshold = { line: { color: css("--ink"), width: 3 }, thickness: 0.9, ...threshold };
    }
    if (trace.type === "sankey") {
      trace.node = { pad: 12, thickness: 14, line: { width: 0 }, ...trace.node };
      trace.node.customdata = trace.node.label;
      trace.node.hovertemplate = "%{customdata}: %{value:,.4~r}<extra></extra>";
      trace.node.label = trace.node.label.map((name) => cut(name));
      trace.link = { color: quiet + "33", ...trace.link };
      trace.textfont ??= { ...font, color: css("--ink") };
      trace.link.hovertemplate = "%{source.customdata} → %{target.customdata}: %{value:,.4~r}<extra></extra>";
    }
    if (trace.type === "waterfall") {
      trace.totals = { marker: { color: quiet } };
      trace.connector = { line: { color: line, width: 1 } };
    }
  }
}
