// A click on a point of a figure chooses its names as filters; a second click takes them back.
"use strict";

// Returns [column, value] pairs for the names at a point's axes, of its slice, or of its trace.
function filtersAt(chart, { points: [point] }) {
  const script = chart.parentNode.querySelector("script");
  const columns = Object.entries(JSON.parse(script.dataset.filterValues));
  const { data, xaxis, yaxis, x, y, customdata, label, location, theta } = point;
  const pairs = [];
  const add = (name) => {
    const index = columns.findIndex(([, values]) => Object.hasOwn(values, name));
    if (index < 0) return;
    const [[column, values]] = columns.splice(index, 1);
    pairs.push([column, values[name]]);
  };
  if (xaxis?.type === "category") add(x);
  if (yaxis?.type === "category") add(y);
  if (!/treemap|sunburst|sankey/.test(data.type)) {
    [customdata, label, location, theta].flat().forEach(add);
  }
  if (!pairs.length) add(data.meta ?? data.name);
  return pairs;
}

function toggleFilters(chart, event) {
  const pairs = filtersAt(chart, event);
  if (!pairs.length) return;
  const query = filterQuery();
  const isChosen = pairs.every((pair) => asText(chosenPairs(fieldOf(pair[0]))) === asText([pair]));
  for (const pair of pairs) putPairs(query, fieldOf(pair[0]), isChosen ? [] : [pair]);
  goTo(filteredUrl(query));
}

function listenToPoints(chart) {
  chart.on("plotly_click", (event) => toggleFilters(chart, event));
  chart.on("plotly_hover", (event) => {
    chart.classList.toggle("clickable", filtersAt(chart, event).length > 0);
  });
  chart.on("plotly_unhover", () => chart.classList.remove("clickable"));
}
