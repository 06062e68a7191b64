// The names in figures: cut where they are long, and whole in the text that a pointer shows.
"use strict";

const MAX_LABEL = 28; // characters; fewer on narrow screens
const textMeasure = document.createElement("canvas").getContext("2d");

const escapeHtml = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const parseHtml = (html) => new DOMParser().parseFromString(html, "text/html");

function truncate(name, maxLength = MAX_LABEL) {
  const characters = String(name).match(/&\w+;|./gsu) ?? [];
  return characters.length > maxLength ? characters.slice(0, maxLength).join("") + "…" : name;
}

function replaceInHover(trace, from, to) {
  trace.hovertemplate = trace.hovertemplate?.replace(`%{${from}}`, `%{${to}}`);
}

// Cuts the names in the legend, and those of the slices of a pie.
function truncateNames(data) {
  for (const trace of data) {
    const { name, meta, labels } = trace;
    if (name && !meta && truncate(name) !== name) {
      trace.meta = name;
      trace.name = truncate(name);
      replaceInHover(trace, "fullData.name", "fullData.meta");
    }
    if (Array.isArray(labels)) {
      if (trace.parents) trace.ids ??= labels;
      if (!trace.customdata) replaceInHover(trace, "label", "customdata");
      trace.customdata ??= labels;
      trace.labels = labels.map((label) => {
        const cut = truncate(label);
        // Spaces without a width keep labels apart that are the same once they are cut.
        return cut === label ? label : cut + "\u200b".repeat(labels.indexOf(label));
      });
    }
  }
}

// Cuts the names along an axis, and returns their widths in pixels.
function truncateCategories(letter, axis, data, width) {
  const traces = data.filter((trace) => Array.isArray(trace[letter]));
  const names = [...new Set(traces.flatMap((trace) => trace[letter]).map(String))];
  const toData = (name) => (names.includes(name) ? name : escapeHtml(String(name)));
  axis.categoryarray = axis.categoryarray?.map(toData);
  for (const trace of traces) {
    const isTaken = trace.hovertext && trace.type !== "heatmap";
    if (isTaken || trace.type?.startsWith("histogram")) continue;
    const wholeName = trace.hovertext ? "text" : "hovertext"; // a heat map has names on both axes
    trace[wholeName] ??= trace[letter];
    replaceInHover(trace, letter, wholeName);
  }
  const maxLength = Math.min(MAX_LABEL, Math.round(width / 16));
  axis.tickvals = names;
  axis.ticktext = names.map((name) => truncate(name, maxLength));
  return axis.ticktext.map((text) => textMeasure.measureText(text).width);
}
