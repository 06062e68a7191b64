// Dev mode: bring an open page to what the server sends now, without a reload. Not a part of the project.
// A part of the page changes only if the server sends another one than before. So what the page's own
// scripts and its reader have done stays: filters, focus, open menus, drawn figures.
(() => {
  const nodes = new WeakMap(); // from a node that the server has sent to the one in this page
  const changedFigures = new Set();
  let sent = document.documentElement.cloneNode(true);

  function linkTrees(from, to, target = (node) => node) {
    nodes.set(from, target(to));
    const others = [...to.childNodes];
    [...from.childNodes].forEach((child, index) => linkTrees(child, others[index], target));
  }

  // A parser without scripts reads what is in <noscript>, and one with scripts does not.
  const prepare = (root) => root.querySelectorAll("noscript").forEach((node) => node.remove());
  linkTrees(sent, document.documentElement);
  prepare(sent);

  // The version in the URLs of static files changes with each save.
  const source = (node) => (node.outerHTML ?? node.data).replaceAll(/([?&;])v=[\w.-]+/g, "$1v=");

  // Nodes are the same if they have the same ID, or the same name and place among their siblings.
  function keyed(parent) {
    const counts = {};
    const keys = new Map();
    for (const child of parent.childNodes) {
      const name = `${child.nodeName} ${child.dataset?.column ?? ""}`;
      counts[name] = (counts[name] ?? 0) + 1;
      keys.set(child.id ? `#${child.id}` : `${name} ${counts[name]}`, child);
    }
    return keys;
  }

  // A figure whose description for screen readers alone has changed need not be drawn again.
  function noteFigure(old, next, plot) {
    const described = old.cloneNode(true);
    described.dataset.summary = next.dataset.summary;
    const chart = plot.querySelector(".chart");
    if (chart?.ariaLabel && described.isEqualNode(next)) chart.ariaLabel = next.dataset.summary;
    else changedFigures.add(plot);
  }

  function patch(old, next, node) {
    nodes.set(next, node);
    if (source(old) === source(next)) return linkTrees(next, old, (each) => nodes.get(each));
    if (next.nodeType !== Node.ELEMENT_NODE) {
      node.data = next.data;
      return;
    }
    if (node.matches(".plot > script")) noteFigure(old, next, node.parentNode);
    if (node.matches(".filters") && fields(old) === fields(next)) return; // updateForm() does it
    for (const { name } of [...old.attributes, ...next.attributes]) {
      const value = next.getAttribute(name);
      if (value === old.getAttribute(name)) continue;
      if (value === null) node.removeAttribute(name);
      else node.setAttribute(name, value);
    }
    patchChildren(old, next, node);
  }

  function patchChildren(old, next, node) {
    const oldChildren = keyed(old);
    const present = keyed(node);
    // The page's scripts may have put other nodes in their place.
    const inPage = (child, key) => {
      const linked = nodes.get(child);
      return linked?.parentNode === node ? linked : present.get(key);
    };
    let last = null;
    for (const [key, child] of keyed(next)) {
      const oldChild = oldChildren.get(key);
      let target = oldChild && inPage(oldChild, key);
      if (target?.nodeName === child.nodeName) {
        oldChildren.delete(key);
        patch(oldChild, child, target);
      } else {
        target = document.importNode(child, true);
        linkTrees(child, target);
        for (const plot of target.querySelectorAll?.(".plot") ?? []) changedFigures.add(plot);
        if (target.matches?.(".plot")) changedFigures.add(target);
      }
      const follows = (one, other) =>
        one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
      const isInPlace = target.parentNode === node && (!last || follows(last, target));
      if (!isInPlace) node.insertBefore(target, last ? last.nextSibling : node.firstChild);
      last = target;
    }
    for (const [key, child] of oldChildren) {
      const target = inPage(child, key);
      for (const chart of target?.querySelectorAll?.(".js-plotly-plot") ?? []) Plotly.purge(chart);
      target?.remove();
    }
  }

  const fields = (form) =>
    [...form.querySelectorAll("[data-column]")].map((f) => f.nodeName + f.dataset.column).join();

  const files = (root) =>
    [...root.querySelectorAll("script[src], link[rel=stylesheet]")]
      .filter(({ src }) => !src?.includes("/_dev/"))
      .map((node) => (node.getAttribute("src") ?? node.getAttribute("href")).split("?")[0])
      .join();

  // Returns whether that was possible: other scripts or another bundle of Plotly need a new page.
  function patchPage(page) {
    const next = page.documentElement;
    prepare(next);
    const hadForm = Boolean(sent.querySelector(".filters"));
    if (files(sent) !== files(next) || hadForm !== Boolean(next.querySelector(".filters"))) {
      return false;
    }
    const change = () => {
      patch(sent.querySelector("body"), next.querySelector("body"), document.body);
      if (hadForm) window.updateForm?.(page);
    };
    if (window.keepPlace) keepPlace(change);
    else change();
    document.title = page.title;
    // update.js compares this address, to notice another release.
    const [script, newScript] = [document, next].map((root) =>
      root.querySelector("script[src*='update.js']"),
    );
    if (newScript) script.setAttribute("src", newScript.getAttribute("src"));
    sent = next;
    drawChanged();
    return true;
  }

  function drawChanged() {
    const charts = [];
    for (const plot of changedFigures) {
      const chart = plot.querySelector(".chart");
      if (!chart) continue;
      chart.ariaLabel = plot.querySelector("script")?.dataset.summary;
      charts.push(chart);
    }
    changedFigures.clear();
    window.drawAll?.(charts);
  }

  window.flaskdashPatch = patchPage;
})();
