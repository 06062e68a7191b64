// Dev mode: the preview of a chart, a card that the page's own scripts draw. Not a part of the project.
const nameOf = (source) => source.split("?")[0].split("/").at(-1);

export function createPreview({ host, base, element }) {
  const frame = element("div", { slot: "preview" });
  const loaded = new Set(); // the names of bundles of plotly.js that this has loaded
  let card = null;

  host.append(frame);

  // Shows the card of a page; returns why that is not possible.
  async function show({ page: html, hasOwnStatic }) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const sent = page.querySelector(":is(.grid, .kpis) > .card");
    if (!sent) return "There is no preview: the page of the dashboard has no cards.";
    try {
      if (sent.querySelector(".plot")) await loadBundle(page, hasOwnStatic);
    } catch (error) {
      return `There is no preview: ${error.message}`;
    }
    frame.className = sent.parentElement.className;
    detach(sent);
    if (isSameFigure(sent)) replaceFigure(sent);
    else {
      clear();
      card = document.importNode(sent, true);
      frame.append(card);
    }
    const charts = [...card.querySelectorAll(".chart")];
    for (const chart of charts) {
      chart.ariaLabel = chart.parentNode.querySelector("script").dataset.summary;
    }
    await window.drawAll?.(charts);
    return "";
  }

  // Nothing in it is followed, focused, or taken for a part of the page.
  function detach(sent) {
    sent.querySelectorAll(".table-search, .pager, .table-link").forEach((node) => node.remove());
    sent.querySelectorAll("a").forEach((link) => link.removeAttribute("href"));
    for (const node of [sent, ...sent.querySelectorAll("*")]) {
      node.removeAttribute("id");
      node.removeAttribute("data-replace");
    }
    const script = sent.querySelector(".plot script");
    if (script) script.dataset.filterValues = "{}";
  }

  const isSameFigure = (sent) =>
    card?.className === sent.className &&
    card.querySelector(".plot") &&
    sent.querySelector(".plot");

  function replaceFigure(sent) {
    for (const part of ["h2", ".note", ".plot script"]) {
      const next = sent.querySelector(part);
      if (next) card.querySelector(part)?.replaceWith(document.importNode(next, true));
    }
  }

  function clear() {
    for (const chart of card?.querySelectorAll(".js-plotly-plot") ?? []) Plotly.purge(chart);
    card = null;
    frame.replaceChildren();
  }

  // Each bundle draws what the basic one does, so a further one takes the place of the page's.
  async function loadBundle(page, hasOwnStatic) {
    const [current, next] = [document, page].map((root) =>
      root.querySelector("#bundle")?.getAttribute("src"),
    );
    const name = next ? nameOf(next) : "";
    if (!name || name.includes("plotly-basic") || name === nameOf(current ?? "")) return;
    if (loaded.has(name)) return;
    const more = page.querySelector("script[src*='/more.js']")?.getAttribute("src");
    const hasMore = loaded.size || document.querySelector("script[src*='/more.js']");
    for (const source of hasMore ? [next] : [next, more]) {
      // A bundle that the project does not have yet is among the drafted files.
      const own = `${base}/static/`;
      if (source) await loadScript(hasOwnStatic ? source.replace(/^.*?\/static\//, own) : source);
    }
    loaded.add(name);
  }

  function loadScript(source) {
    return new Promise((resolve, reject) => {
      const script = element("script", { src: source });
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${nameOf(source)} cannot be loaded.`));
      host.append(script);
    });
  }

  return { show, clear };
}
