// Draws the figures of a page, and follows its filters without loading the page again.
"use strict";

const CONFIG = { displayModeBar: false, responsive: true };
const LABEL = 28; // characters of a category that fit beside an axis
let pending = new AbortController();

// The look comes from the custom properties of style.css, light or dark as they are now.
function template() {
  const style = getComputedStyle(document.documentElement);
  const css = (name) => style.getPropertyValue(name).trim();
  const font = { family: style.fontFamily, size: 12, color: css("--quiet") };
  const axis = {
    automargin: true,
    gridcolor: css("--line"),
    linecolor: css("--line"),
    zerolinecolor: css("--line"),
    tickfont: font,
    title: { standoff: 10 },
    exponentformat: "B",
  };
  return {
    layout: {
      colorway: css("--colors").split(/\s+/),
      font,
      hoverlabel: { bgcolor: css("--card"), bordercolor: css("--line"), font: { ...font, color: css("--ink") } },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
      margin: { l: 8, r: 16, t: 8, b: 8 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      separators: ".,",
      xaxis: axis,
      yaxis: axis,
    },
  };
}

// Long names of categories are cut on the axis; the hover text has them whole.
function shorten(figure) {
  for (const [axis, of] of [["xaxis", "x"], ["yaxis", "y"]]) {
    if (figure.layout[axis]?.type !== "category") continue;
    const names = [...new Set(figure.data.flatMap((trace) => [...trace[of]]))].map(String);
    const cut = names.map((name) => {
      const letters = name.match(/&\w+;|./gsu) ?? [];
      return letters.length > LABEL ? letters.slice(0, LABEL).join("") + "…" : name;
    });
    if (cut.some((name, i) => name !== names[i])) Object.assign(figure.layout[axis], { tickvals: names, ticktext: cut });
  }
}

function draw(card) {
  const source = card.querySelector("script");
  const shown = card.querySelector(".shown");
  if (!source) return;
  const figure = JSON.parse(source.textContent);
  figure.layout.template = template();
  shorten(figure);
  Plotly.react(shown, figure.data, figure.layout, CONFIG);
}

function drawAll() {
  document.querySelectorAll(".card:has(> script)").forEach(draw);
  document.querySelectorAll("a[data-keep]").forEach((link) => (link.search = location.search));
}

// Takes over what the page of another filter shows; figures change in place.
function take(page) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = page.getElementById(part.id);
    const shown = part.querySelector(".shown.js-plotly-plot");
    if (shown && next.querySelector("script")) {
      part.querySelector("script").replaceWith(next.querySelector("script"));
    } else {
      if (shown) Plotly.purge(shown);
      part.replaceChildren(...next.childNodes);
    }
  }
  drawAll();
}

async function follow(url) {
  pending.abort();
  pending = new AbortController();
  const main = document.querySelector("main");
  const status = document.querySelector(".filters [role=status]");
  main.ariaBusy = "true";
  try {
    const answer = await fetch(url, { signal: pending.signal });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    take(new DOMParser().parseFromString(await answer.text(), "text/html"));
    status.textContent = "";
    main.ariaBusy = "false";
  } catch (error) {
    if (error.name === "AbortError") return; // a newer choice is on its way
    status.textContent = `Not updated: ${error.message}. Choose again to retry.`;
    main.ariaBusy = "false";
  }
}

function chosen(form) {
  const set = [...new FormData(form)].filter(([, value]) => value);
  const query = new URLSearchParams(set).toString();
  return location.pathname + (query && `?${query}`);
}

function start() {
  const form = document.querySelector(".filters");
  form?.addEventListener("change", () => {
    history.pushState(null, "", chosen(form));
    form.querySelectorAll("details").forEach((choice) => {
      choice.querySelector(".count").textContent = choice.querySelectorAll(":checked").length || "all";
    });
    follow(location.href);
  });
  document.addEventListener("click", (event) => {
    form?.querySelectorAll("details[open]").forEach((choice) => (choice.open = choice.contains(event.target)));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") form?.querySelectorAll("details[open]").forEach((choice) => (choice.open = false));
  });
  addEventListener("popstate", () => location.reload());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  drawAll();
}

start();
