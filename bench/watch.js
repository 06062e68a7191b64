// Runs before a page's own scripts: notes when its four charts stand, and when they have changed.
(() => {
  const CHARTS = 4;
  const MARKS = ".trace path, .point path, .scatterlayer path, .barlayer path";
  const now = () => performance.timeOrigin + performance.now(); // ms since 1970

  // What one sees of each chart: the outlines of its marks; "" for one that is not drawn.
  const shapes = () =>
    [...document.querySelectorAll(".js-plotly-plot")].map((chart) =>
      chart.querySelector(".main-svg")
        ? [...chart.querySelectorAll(MARKS)]
            .map((mark) => mark.getAttribute("d"))
            .join(" ")
            .trim()
        : "",
    );
  const numbers = () =>
    [...document.querySelectorAll(".kpi .value, [data-testid=stMetricValue]")].map((kpi) =>
      kpi.textContent.trim(),
    );
  const whole = (seen) => seen.length === CHARTS && seen.every(Boolean);

  // The session's storage outlives a page: a filter may be followed by loading another one.
  const kept = (name, value) => {
    if (value !== undefined) sessionStorage.setItem(name, JSON.stringify(value));
    return JSON.parse(sessionStorage.getItem(name) ?? "null");
  };

  window.bench = {
    drawn: 0, // when the charts stood first
    changed: 0, // when all charts and numbers differed from those before the press
    expect() {
      bench.changed = 0;
      kept("before", [...shapes(), ...numbers()]);
      kept("pressed", 0);
    },
    elapsed: () => bench.changed - kept("pressed"),
  };
  // From the press, not the release: what a page does in between is part of what it takes.
  addEventListener(
    "pointerdown",
    (event) => {
      if (kept("pressed") === 0) kept("pressed", performance.timeOrigin + event.timeStamp);
    },
    true,
  );

  function look() {
    const seen = shapes();
    if (whole(seen)) {
      bench.drawn ||= now();
      if (kept("pressed") && !bench.changed) {
        const before = kept("before");
        const after = [...seen, ...numbers()];
        if (after.length === before.length && after.every((part, i) => part && part !== before[i]))
          bench.changed = now();
      }
    }
    requestAnimationFrame(look);
  }
  requestAnimationFrame(look);
})();
