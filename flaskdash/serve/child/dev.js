// Dev mode: follow the changes of the project, and show its problems. Not a part of the project.
(() => {
  const script = document.currentScript;
  const shown = script.dataset; // the state of the server that the page shows
  const base = script.src.slice(0, script.src.lastIndexOf("/"));
  const channel = new BroadcastChannel(base);
  const patchPage = window.flaskdashPatch;
  const isProblemPage = (page) => page.documentElement.hasAttribute("data-flaskdash-problem");
  let pageProblems = isProblemPage(document) ? [] : JSON.parse(shown.problems);
  let projectProblem = null;
  let latest = shown.id; // the state of the server by its last event
  let isRefreshing = false;

  function swapStyles(old, times) {
    for (const link of document.querySelectorAll('link[rel="stylesheet"]')) {
      const url = new URL(link.href);
      const name = url.pathname.split("/").at(-1);
      if (old[name] === times[name]) continue;
      url.searchParams.set("dev", times[name]);
      const newLink = link.cloneNode();
      newLink.href = url.href;
      newLink.onload = () => link.remove(); // not before: the page would flash without its style
      link.after(newLink);
    }
  }

  async function refresh() {
    const url = location.href;
    const response = await fetch(url, { headers: { "X-Flaskdash-Dev": "1" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const state = page.querySelector("script[src$='/dev.js']")?.dataset;
    if (location.href !== url) return refresh(); // somebody has chosen something else
    if (!state || response.redirected) return location.reload();
    Object.assign(shown, { id: state.id });
    if (isProblemPage(page) || response.status === 503) {
      if (isProblemPage(document)) return location.reload();
      pageProblems = JSON.parse(state.problems);
      if (response.status === 503) setTimeout(follow, 1000);
    } else {
      if (isProblemPage(document) || !patchPage(page)) return location.reload();
      pageProblems = JSON.parse(state.problems);
      offerEdits();
    }
    showProblems();
  }

  // One refresh at a time. What changes meanwhile is one more, unless the page already shows it.
  async function follow() {
    if (isRefreshing) return;
    isRefreshing = true;
    let wanted;
    do {
      wanted = latest;
      try {
        await refresh();
      } catch {
        shown.id = ""; // the next event asks again
      }
    } while (latest !== wanted && latest !== shown.id);
    isRefreshing = false;
  }

  function handleState(state) {
    if (state.js !== shown.js) return location.reload();
    if (state.css !== shown.css) {
      swapStyles(JSON.parse(shown.css), JSON.parse(state.css));
      shown.css = state.css;
    }
    if (JSON.stringify(state.problem) !== JSON.stringify(projectProblem)) {
      projectProblem = state.problem;
      showProblems();
    }
    latest = state.id;
    if (latest !== shown.id) follow();
  }

  // In a shadow tree, the project's style sheets do not change the panel, nor it the page.
  const panel = document.createElement("div");
  panel.id = "flaskdash-dev";
  const shadow = panel.attachShadow({ mode: "open" });
  const list = element("section", { role: "alert" });
  shadow.append(element("link", { rel: "stylesheet", href: `${base}/dev.css` }), list);
  document.documentElement.append(panel);

  function element(name, properties, ...children) {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  }

  function showProblems() {
    if (isProblemPage(document)) return;
    const problems = [projectProblem, ...pageProblems].filter(Boolean);
    list.replaceChildren(...problems.map(describe));
    list.hidden = !problems.length;
    if (!problems.length) return;
    const close = element("button", { type: "button", ariaLabel: "Close" }, "×");
    close.addEventListener("click", () => (list.hidden = true));
    list.prepend(close);
  }

  function describe({ title, file, line, excerpt, hint, editor }) {
    const lines = excerpt.map(([number, text]) =>
      element(
        "span",
        { className: number === line ? "here" : "" },
        `${String(number).padStart(4)}  ${text}`,
      ),
    );
    const place = element("p", { className: "place" });
    if (file) place.append(editorLink(`${file}, line ${line}`, { file, line, editor }));
    const code = lines.length ? [element("pre", { className: "excerpt" }, ...lines)] : [];
    return element(
      "article",
      {},
      element("h2", {}, title),
      place,
      ...code,
      element("p", { className: "hint" }, hint),
    );
  }

  function editorLink(text, { file, line, editor }) {
    const link = element("a", { href: editor }, text);
    link.addEventListener("click", (event) => {
      if (!shown.editor) return;
      event.preventDefault();
      const query = new URLSearchParams({ file, line });
      fetch(`${base}/edit?${query}`, { method: "POST" });
    });
    return link;
  }

  // The edit bar, on pages with cards to move.
  async function offerEdits() {
    if (!document.querySelector(".grid > .card[id], .kpis > .card[id]")) return;
    const { startEdits } = await import(`${base}/edit.js`);
    startEdits({ base, element, editorLink });
  }

  function listen() {
    const events = new EventSource(`${base}/events`);
    events.onmessage = (event) => {
      const state = JSON.parse(event.data);
      channel.postMessage(state);
      handleState(state);
    };
    return new Promise(() => {});
  }

  showProblems();
  offerEdits();
  // One tab listens and informs the others: a browser allows six connections to a server.
  channel.onmessage = (event) => handleState(event.data);
  if (navigator.locks) navigator.locks.request(base, listen);
  else listen();
})();
