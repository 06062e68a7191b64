// Stands in for the server when the dashboards are files: a script has what pages show for some choices
// of filters, and the rows of a table are searched, sorted and turned here.
"use strict";
{
  const PAGES = {}; // the names in a query that choose, by page
  const COUNTS = {}; // the number of scripts that share the choices of a file
  const PAGE_ROWS = 25;
  const ROWS_FILE = /\/rows\.html$/;
  const { src } = document.currentScript;
  const root = new URL("..", src);
  const isHosted = location.protocol !== "file:"; // a local file may not fetch another
  const fetchFile = window.fetch.bind(window);
  const choices = {}; // by file, the text for each digest of a choice
  const scripts = {}; // by address, the promise that it is loaded

  window.addChoices = (file, texts) => Object.assign((choices[file] ??= {}), texts);

  // FNV-1a of the chosen pairs, as when the files were written.
  function digestOf(pairs) {
    if (!pairs.length) return "";
    let hash = 0xcbf29ce484222325n;
    for (const byte of new TextEncoder().encode(pairs.join("\0"))) {
      hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
    }
    return hash.toString(16).padStart(16, "0");
  }

  // Returns the file that a URL asks for, and the digest of the filters in its query.
  function parseUrl(url) {
    const { pathname, searchParams } = new URL(url);
    let file = pathname.slice(root.pathname.length);
    if (file === "" || file.endsWith("/")) file += "index.html";
    if (!/\.\w+$/.test(file)) file += ".html"; // some hosts leave it out
    const names = PAGES[file.replace(/(\/rows)?\.\w+$/, "")] ?? [];
    const pairs = [...searchParams]
      .filter(([name]) => names.includes(name))
      .map(([name, value]) => `${name}=${value}`.replaceAll("\r\n", "\n"));
    return { file, digest: digestOf([...new Set(pairs)].sort()) };
  }

  function loadScript(address) {
    scripts[address] ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      Object.assign(script, { src: address, onload: resolve });
      script.onerror = () => {
        delete scripts[address];
        reject(new Error("the file with these filters did not load"));
      };
      document.head.append(script);
    });
    return scripts[address];
  }

  // Returns the text that a server would answer.
  async function textFor(url) {
    const { file, digest } = parseUrl(url);
    const number = parseInt(digest.slice(0, 8) || "0", 16) % COUNTS[file];
    await loadScript(new URL(`${file}.${number}.js${new URL(src).search}`, root).href);
    const text = choices[file][digest];
    if (text === undefined) throw new Error("this copy has no page for these filters");
    return text;
  }

  async function respond(url) {
    const text = await textFor(url);
    if (!ROWS_FILE.test(url.pathname)) return new Response(await arrangeTables(url, text));
    const { body } = parseHtml(text);
    arrange(body, prefixFor(url), url);
    return new Response(body.innerHTML);
  }

  // Sorts and searches the tables of a page as the query says.
  async function arrangeTables(url, text) {
    const names = [...url.searchParams.keys()];
    const tables = [...document.querySelectorAll("[data-prefix]")].filter(({ dataset }) =>
      names.some((name) => name.startsWith(dataset.prefix)),
    );
    if (!tables.length) return text;
    const page = parseHtml(text);
    for (const { id, dataset } of tables) {
      const region = page.getElementById(id);
      if (!region) continue;
      const rowsUrl = new URL(region.dataset.rowsUrl, url);
      rowsUrl.search = url.search;
      const { body } = parseHtml(await textFor(rowsUrl));
      arrange(body, dataset.prefix, url);
      region.replaceChildren(...body.childNodes);
    }
    return page.documentElement.outerHTML;
  }

  function prefixFor(url) {
    const tables = [...document.querySelectorAll("[data-prefix]")];
    const isTable = ({ dataset }) =>
      parseUrl(new URL(dataset.rowsUrl, location.href)).file === parseUrl(url).file;
    return tables.find(isTable)?.dataset.prefix ?? "";
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
    const isPage = url.href.startsWith(root.href) && parseUrl(url).file in COUNTS;
    const isOurs = isPage && (url.search || !isHosted || ROWS_FILE.test(url.pathname));
    return isOurs ? respond(url) : fetchFile(resource, options);
  };

  // A page that is opened with a query shows what the query chooses.
  addEventListener("DOMContentLoaded", async () => {
    if (!location.search || !document.querySelector("main [data-replace]")) return;
    try {
      const page = parseHtml(await (await window.fetch(location.href)).text());
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

  // A CSV under filters is in a script, or, if it is large, a file of its own.
  async function download(event) {
    const link = event.target.closest?.("a[download]");
    if (!link || !location.search) return;
    const url = new URL(link.href);
    if (!url.href.startsWith(root.href)) return;
    url.search = location.search;
    const { file, digest } = parseUrl(url);
    if (!digest) return;
    event.preventDefault();
    const name = file.split("/").pop();
    const copy = Object.assign(document.createElement("a"), { download: name });
    if (file in COUNTS) {
      const blob = new Blob([await textFor(url)], { type: "text/csv" });
      copy.href = URL.createObjectURL(blob);
    } else copy.href = new URL(file.replace(/(?=\.\w+$)/, `.${digest}`), root);
    copy.click();
  }

  // Before the browser follows the link.
  addEventListener("click", download, true);
}
