// Runs before a page's own scripts: notes when what the bench expects can be seen. It outlives a reload.
(() => {
  const MARKS = ".trace path, .point path, .scatterlayer path, .barlayer path";
  const now = () => performance.timeOrigin + performance.now(); // ms since 1970
  const store = (name, value) => {
    if (value !== undefined) sessionStorage.setItem(name, JSON.stringify(value));
    return JSON.parse(sessionStorage.getItem(name) ?? "null");
  };
  const shapes = () =>
    [...document.querySelectorAll(".js-plotly-plot")].map((chart) =>
      [...chart.querySelectorAll(MARKS)].map((mark) => mark.getAttribute("d") ?? "").join(" "),
    );
  const text = () =>
    (document.body?.innerText ?? "") +
    (document.getElementById("flaskdash-dev")?.shadowRoot?.textContent ?? "");
  const figures = () =>
    [...document.querySelectorAll(".kpi .value, [data-testid=stMetricValue]")]
      .map((kpi) => kpi.textContent.trim())
      .join();
  const title = () => document.querySelector("h1");
  const isWhole = (charts) => {
    const drawn = shapes();
    return drawn.length === charts && drawn.every((shape) => shape.trim());
  };
  const hasSome = (words) => words.some((word) => text().includes(word));

  const CHECKS = {
    drawn: ({ charts }) => isWhole(charts),
    changed: ({ charts, outlines, words }) =>
      isWhole(charts) && shapes().join() !== outlines && !hasSome(words),
    error: ({ words }) => hasSome(words),
    text: ({ charts, words }) => isWhole(charts) && text().includes(words[0]),
    style: ({ colour }) => title() && getComputedStyle(title()).color !== colour,
    figures: ({ charts, numbers, words }) =>
      figures() && isWhole(charts) && figures() !== numbers && !hasSome(words),
  };
  window.bench = {
    // The words are those of an error that appears or goes, or of a title that appears.
    expect(name, words = [], charts = 4) {
      const colour = title() && getComputedStyle(title()).color;
      const outlines = shapes().join();
      store("expected", { name, words, charts, colour, outlines, numbers: figures() });
      store("seen", 0);
    },
    seen: () => store("seen"),
  };
  function look() {
    const expected = store("expected");
    if (expected && !store("seen") && document.body && CHECKS[expected.name](expected)) {
      store("seen", now());
    }
    requestAnimationFrame(look);
  }
  requestAnimationFrame(look);
})();
