// Downloads a chart's figure as a picture: on light paper, with its title and those of its axes.
"use strict";

function downloadImage(format) {
  const size = { width: 960, height: 540, scale: format === "png" ? 2.5 : 1 };
  const { classList } = document.documentElement;
  classList.add("print");
  const look = readLook();
  const figure = JSON.parse(document.querySelector(".plot script").textContent);
  const { title: ownTitle, ...titles } = prepareFigure(figure, look, size.width, size.height);
  const { layout } = figure;
  for (const [letter, text] of Object.entries(titles)) {
    if (text) Object.assign(layout[`${letter}axis`], { title: { text }, automargin: true });
  }
  const title = document.querySelector("h1").textContent;
  const filters = [...filterQuery().values()];
  const text = escapeHtml(truncate(title, 90));
  const subtitle = {
    text: escapeHtml(truncate([ownTitle, ...filters].filter(Boolean).join(", "), 150)),
  };
  const font = { size: 20, color: look.css("--ink") };
  layout.title = { text, subtitle, font, x: 0.02, y: 0.96, yanchor: "top" };
  layout.paper_bgcolor = look.css("--card");
  layout.margin.t = 88;
  classList.remove("print"); // not before: the look is read from the page as it is
  Plotly.downloadImage(figure, { format, ...size, filename: title });
}

addEventListener("click", ({ target }) => {
  if (target.dataset.imageFormat) downloadImage(target.dataset.imageFormat);
});
