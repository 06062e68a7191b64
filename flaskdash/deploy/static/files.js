// Stands in for the server when the dashboards are files: each choice of filters is a page of its own,
// and the rows of a table are searched, sorted and turned here.
"use strict";
{
  const PAGES = {}; // the names in a query that lead to another file, by page
  const PAGE_ROWS = 25;
  const HASH = /\.[0-9a-f]{16}(?=\.\w+$)/;
  const ROWS_FILE = /\/rows\.html$/;
  const root = new URL("..", document.currentScript.src);
  const isHosted = location.protocol !== "file:"; // a local file may not fetch another
  const fetchFile = window.fetch.bind(window);
  const parseResponse = async (response) => parseHtml(await response.text());

  // FNV-1a of the chosen pairs, as in the names of the exported files.
  function hashSuffix(pairs) {
    if (!pairs.length) return "";
    let hash = 0xcbf29ce484222325n;
    for (const byte of new TextEncoder().encode(pairs.join("\0"))) {
      hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
    }
    return `.${hash.toString(16).padStart(16, "0")}`;
  }

  // Returns the URL of the file that shows what a URL with a query asks for.
  function fileFor(url) {
    const { searchParams } = new URL(url);
    let path = url.pathname.slice(root.pathname.length).replace(HASH, "");
    if (path === "" || path.endsWith("/")) path += "index.html";
    if (!/\.\w+$/.test(path)) path += ".html"; // some hosts leave it out
    const names = PAGES[path.replace(/(\/(rows|figure|data))?\.\w+$/, "")] ?? [];
    const pairs = [...searchParams]
      .filter(([name, value]) => value && names.includes(name))
      .map(([name, value]) => `${name}=${value}`.replaceAll("\r\n", "\n"));
    const suffix = hashSuffix([...new Set(pairs)].sort());
    return new URL(path.replace(/(?=\.\w+$)/, suffix), root);
  }

  function goTo(url) {
    if (ROWS_FILE.test(url.pathname)) {
      throw new Error("rows are sorted and turned where a host serves these files");
    }
    location.replace(fileFor(url));
    return new Promise(() => {});
  }

  async function respond(url, options) {
    if (!isHosted) return goTo(url);
    const response = await fetchFile(fileFor(url), options);
    if (!response.ok) throw new Error("this copy has no page for these filters");
    if (!ROWS_FILE.test(url.pathname)) return arrangeTables(url, response, options);
    const page = await parseResponse(response);
    arrange(page.body, prefixFor(url), url);
    return new Response(page.body.innerHTML);
  }

  // Sorts and searches the tables of a page as the query says.
  async function arrangeTables(url, response, options) {
    const names = [...url.searchParams.keys()];
    const tables = [...document.querySelectorAll("[data-prefix]")].filter(({ dataset }) =>
      names.some((name) => name.startsWith(dataset.prefix)),
    );
    if (!tables.length) return response;
    const page = await parseResponse(response);
    for (const { id, dataset } of tables) {
      const region = page.getElementById(id);
      if (!region) continue;
      const rowsUrl = new URL(region.dataset.rowsUrl, url);
      rowsUrl.search = url.search;
      const { body } = await parseResponse(await fetchFile(fileFor(rowsUrl), options));
      arrange(body, dataset.prefix, url);
      region.replaceChildren(...body.childNodes);
    }
    return new Response(page.documentElement.outerHTML);
  }

  function prefixFor(url) {
    const { pathname } = fileFor(new URL(url.pathname, url));
    const tables = [...document.querySelectorAll("[data-prefix]")];
    const table = tables.find(
      ({ dataset }) => fileFor(new URL(dataset.rowsUrl, location.href)).pathname === pathname,
    );
    return table?.dataset.prefix ?? "";
  }

  function arrange(body, prefix, url) {
    const table = body.querySelector("table");
    if (!table) return;
    const { searchParams } = url;
    const view = {};
    for (const name of ["find", "sort", "desc", "page"]) {
      view[name] = searchParams.get(prefix + name) ?? "";
    }
    const otherPairs = [...searchParams].filter(([name]) => !name.startsWith(prefix));
    const linkTo = (change) => {
      const pairs = Object.entries({ ...view, page: "", ...change })
        .filter(([, value]) => value)
        .map(([name, value]) => [prefix + name, value]);
      return `?${new URLSearchParams([...otherPairs, ...pairs])}`;
    };
    const text = view.find.trim().toLowerCase();
    const rows = [...table.tBodies[0].rows].filter(({ cells }) =>
      [...cells].some((cell) => cell.textContent.toLowerCase().includes(text)),
    );
    if (!rows.length) {
      const note = document.createElement("p");
      Object.assign(note, { className: "note", textContent: "No row has this text." });
      body.replaceChildren(note);
      return;
    }
    sortRows(table, rows, view, prefix, linkTo);
    const pageCount = Math.ceil(rows.length / PAGE_ROWS);
    const page = Math.min(Math.max(1, Math.trunc(view.page) || 1), pageCount);
    const start = (page - 1) * PAGE_ROWS;
    table.tBodies[0].replaceChildren(...rows.slice(start, start + PAGE_ROWS));
    fillPager(body, rows.length, page, pageCount, linkTo);
  }

  // Sorts rows in place, and makes each column's name a link to the next order.
  function sortRows(table, rows, view, prefix, linkTo) {
    const heads = [...table.tHead.rows[0].cells];
    const columns = heads.map((head) => {
      const { search } = head.querySelector("a") ?? {};
      return new URLSearchParams(search).get(`${prefix}sort`);
    });
    const sorted = view.sort ? columns.indexOf(view.sort) : -1;
    if (sorted >= 0) {
      const isNumber = heads[sorted].classList.contains("number");
      const direction = view.desc ? -1 : 1;
      const valueOf = (row) => {
        const text = row.cells[sorted].textContent;
        if (text === "–") return null;
        return isNumber ? Number(text.replaceAll(",", "")) : text;
      };
      const values = new Map(rows.map((row) => [row, valueOf(row)]));
      rows.sort((first, second) => {
        const [a, b] = [values.get(first), values.get(second)];
        return (a === null) - (b === null) || (a < b ? -direction : a > b ? direction : 0);
      });
      heads[sorted].ariaSort = view.desc ? "descending" : "ascending";
    }
    for (const [index, sort] of columns.entries()) {
      if (!sort) continue;
      let next = { sort, desc: "" };
      if (index === sorted) next = view.desc ? { sort: "", desc: "" } : { sort, desc: "1" };
      heads[index].querySelector("a").href = linkTo(next);
    }
  }

  function fillPager(body, rowCount, page, pageCount, linkTo) {
    const pager = body.querySelector(".pager");
    const label = pager.querySelector("span");
    const total = label.textContent.match(/ of ([\d,]+)/)?.[1]; // if the file has not all rows
    const count = rowCount.toLocaleString("en");
    const first = (page - 1) * PAGE_ROWS + 1;
    const last = Math.min(page * PAGE_ROWS, rowCount).toLocaleString("en");
    const range = `${first}–${last} of ${count}`;
    label.textContent = pageCount > 1 ? range : `${count} row${rowCount === 1 ? "" : "s"}`;
    if (total) label.textContent += ` (the first of ${total}; the CSV has all)`;
    pager.replaceChildren(label);
    if (pageCount < 2) return;
    const idPrefix = body.querySelector(".table-scroll").id.replace(/scroll$/, "");
    for (const [name, number] of Object.entries({ Previous: page - 1, Next: page + 1 })) {
      const link = document.createElement("a");
      Object.assign(link, { id: idPrefix + name, textContent: name });
      if (number >= 1 && number <= pageCount) {
        link.href = linkTo({ page: number });
        link.dataset.tableLink = "";
      } else {
        Object.assign(link, { role: "link", ariaDisabled: "true", tabIndex: -1 });
      }
      pager.append(link);
    }
  }

  window.fetch = (resource, options) => {
    const url = new URL(resource.url ?? resource, location.href);
    const isStatic = url.pathname.startsWith(`${root.pathname}static/`);
    const isPage = (url.search || !isHosted) && url.href.startsWith(root.href) && !isStatic;
    const isOurs = isPage || ROWS_FILE.test(url.pathname);
    return isOurs ? respond(url, options) : fetchFile(resource, options);
  };

  // A file that was opened for a choice of filters gets a query that names them.
  const filterForm = document.querySelector(".filters");
  if (!isHosted && filterForm && HASH.test(location.pathname)) {
    const pairs = [...new FormData(filterForm)].filter(([, value]) => value);
    history.replaceState(null, "", `?${new URLSearchParams(pairs)}`);
  }

  // A page that is opened with a query shows what the query chooses.
  addEventListener("DOMContentLoaded", async () => {
    if (!location.search || fileFor(location).pathname === location.pathname) return;
    if (!document.querySelector("main [data-replace]")) return;
    try {
      const page = await parseResponse(await window.fetch(location.href));
      if (form) form.replaceChildren(...page.querySelector(".filters").cloneNode(true).childNodes);
      const query = new URLSearchParams(location.search);
      for (const input of document.querySelectorAll(".table-search [type=search]")) {
        input.value = query.get(input.name) ?? "";
      }
      keepPlace(() => replaceParts(page));
    } catch (error) {
      announce(`All is shown: ${error.message}.`);
    }
  });

  function setDownload({ target }) {
    const link = target.closest?.("a[download]");
    if (!link) return;
    const url = new URL(link.href);
    url.search = location.search;
    link.download = fileFor(new URL(url.pathname, url)).pathname.split("/").pop();
    link.href = fileFor(url);
  }

  // Before the browser follows the link.
  addEventListener("click", setDownload, true);
}
