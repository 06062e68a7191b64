// Draws the figures of a page, and follows its filters without loading the page again.
"use strict";

const LABEL = 28; // characters of a category that fit beside an axis
let pending = new AbortController();

// The look comes from the properties at the top of style.css, light or dark as they are now.
function template() {
  const style = getComputedStyle(document.documentElement);
  const css = (name) => style.getPropertyValue(name).trim();
  const font = { family: style.fontFamily, size: 12, color: css("--quiet") };
  const line = css("--line");
  const axis = {
    automargin: true, exponentformat: "B", gridcolor: line, linecolor: line, zerolinecolor: line,
    tickfont: font, ticklabelstandoff: 4, title: { standoff: 10 },
  };
  const hoverlabel = { bgcolor: css("--card"), bordercolor: line, font: { ...font, color: css("--ink") } };
  return {
    layout: {
      colorway: css("--colors").split(/\s+/), font, hoverlabel, separators: ".,",
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
      margin: { l: 8, r: 16, t: 8, b: 8 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      xaxis: axis, yaxis: axis,
    },
  };
}

// Long names of categories are cut on their axis (the hover text has them whole), few bars kept slim.
function tidy({ data, layout }) {
  for (const letter of ["x", "y"]) {
    const axis = layout[`${letter}axis`];
    if (axis?.type !== "category") continue;
    const names = [...new Set(data.flatMap((trace) => [...trace[letter]].map(String)))];
    axis.tickvals = names;
    axis.ticktext = names.map((name) => {
      const letters = name.match(/&\w+;|./gsu) ?? [];
      return letters.length > LABEL ? letters.slice(0, LABEL).join("") + "…" : name;
    });
    layout.bargap ??= Math.max(0.2, 1 - 0.15 * names.length);
  }
}

function draw() {
  for (const shown of document.querySelectorAll(".shown")) {
    const figure = JSON.parse(shown.nextElementSibling.textContent);
    figure.layout.template = template();
    tidy(figure);
    Plotly.react(shown, figure.data, figure.layout, { displayModeBar: false, responsive: true });
  }
  document.querySelectorAll("a[data-keep]").forEach((link) => (link.search = location.search));
}

// Takes over what the page with other filters shows; a figure that stays changes in place.
function take(page) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = page.getElementById(part.id);
    const [now, then] = [part, next].map((each) => each.querySelector(".shown + script"));
    if (now && then) {
      now.replaceWith(then);
    } else {
      if (now) Plotly.purge(now.previousElementSibling);
      part.replaceChildren(...next.childNodes);
    }
  }
  draw();
}

async function follow(url) {
  pending.abort();
  const { signal } = (pending = new AbortController());
  const main = document.querySelector("main");
  const status = document.querySelector(".filters [role=status]");
  main.ariaBusy = "true";
  try {
    const answer = await fetch(url, { signal });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    take(new DOMParser().parseFromString(await answer.text(), "text/html"));
    status.textContent = "";
  } catch (error) {
    if (signal.aborted) return; // a newer choice is on its way
    status.textContent = `Not updated: ${error.message}. Choose again to retry.`;
  }
  main.ariaBusy = "false";
}

function choose(form) {
  const chosen = [...new FormData(form)].filter(([, value]) => value);
  const query = new URLSearchParams(chosen).toString();
  history.pushState(null, "", location.pathname + (query && `?${query}`));
  for (const choice of form.querySelectorAll("details")) {
    choice.querySelector(".count").textContent = choice.querySelectorAll(":checked").length || "all";
  }
  follow(location.href);
}

// An open choice closes with a click elsewhere, and with Escape.
function close(event) {
  for (const choice of document.querySelectorAll(".filters details[open]")) {
    if (event.key === "Escape") choice.querySelector("summary").focus();
    if (event.key === "Escape" || !choice.contains(event.target)) choice.open = false;
  }
}

const form = document.querySelector(".filters");
form?.addEventListener("change", () => choose(form));
addEventListener("click", close);
addEventListener("keydown", (event) => event.key === "Escape" && close(event));
addEventListener("popstate", () => location.reload());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
draw();
