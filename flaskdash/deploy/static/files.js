// Stands in for the server where the dashboards are files: what filters choose is a page of its own,
// and the rows of a table are searched, sorted and turned here.
"use strict";
{
  const PAGES = {}; // by page, the names in a query that choose another file
  const ROWS = 25;
  const MARK = /\.[0-9a-f]{16}(?=\.\w+$)/;
  const root = new URL("..", document.currentScript.src);
  const hosted = location.protocol !== "file:"; // a file may not ask for another: the browser goes there
  const ask = window.fetch.bind(window);
  const parsed = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");

  // FNV-1a of the chosen pairs, as the export names its files.
  function mark(pairs) {
    if (!pairs.length) return "";
    let digest = 0xcbf29ce484222325n;
    for (const byte of new TextEncoder().encode(pairs.join("\0"))) digest = BigInt.asUintN(64, (digest ^ BigInt(byte)) * 0x100000001b3n);
    return `.${digest.toString(16).padStart(16, "0")}`;
  }

  // The file that holds what an address with a query shows.
  function fileOf(url) {
    const { searchParams } = new URL(url);
    let path = url.pathname.slice(root.pathname.length).replace(MARK, "");
    if (path === "" || path.endsWith("/")) path += "index.html";
    if (!/\.\w+$/.test(path)) path += ".html"; // some hosts leave it out
    const names = PAGES[path.replace(/(\/(rows|figure|data))?\.\w+$/, "")] ?? [];
    const pairs = [...searchParams].filter(([name, value]) => value && names.includes(name));
    const said = new Set(pairs.map(([name, value]) => `${name}=${value}`.replaceAll("\r\n", "\n")));
    return new URL(path.replace(/(?=\.\w+$)/, mark([...said].sort())), root);
  }

  function go(url) {
    if (/\/rows\.html$/.test(url.pathname)) throw new Error("rows are sorted and turned where a host serves these files");
    location.replace(fileOf(url));
    return new Promise(() => {});
  }

  async function answer(url, options) {
    if (!hosted) return go(url);
    const found = await ask(fileOf(url), options);
    if (!found.ok) throw new Error("this copy has no page for these filters");
    if (!/\/rows\.html$/.test(url.pathname)) return arranged(url, found, options);
    const page = await parsed(found);
    arrange(page.body, prefixOf(url), url);
    return new Response(page.body.innerHTML);
  }

  // The tables of a page, sorted and searched as the query says.
  async function arranged(url, found, options) {
    const asked = [...document.querySelectorAll("[data-prefix]")].filter(({ dataset: { prefix } }) => [...url.searchParams.keys()].some((name) => name.startsWith(prefix)));
    if (!asked.length) return found;
    const page = await parsed(found);
    for (const { id, dataset: { prefix } } of asked) {
      const region = page.getElementById(id);
      if (!region) continue;
      const rows = new URL(region.getAttribute("data-rows"), url);
      rows.search = url.search;
      const whole = await parsed(await ask(fileOf(rows), options));
      arrange(whole.body, prefix, url);
      region.replaceChildren(...whole.body.childNodes);
    }
    return new Response(page.documentElement.outerHTML);
  }

  const prefixOf = (url) => [...document.querySelectorAll("[data-prefix]")].find(({ dataset }) => fileOf(new URL(dataset.rows, location.href)).pathname === fileOf(new URL(url.pathname, url)).pathname)?.dataset.prefix ?? "";

  function arrange(body, prefix, url) {
    const table = body.querySelector("table");
    if (!table) return;
    const asked = Object.fromEntries(["find", "sort", "desc", "page"].map((name) => [name, url.searchParams.get(prefix + name) ?? ""]));
    const others = [...url.searchParams].filter(([name]) => !name.startsWith(prefix));
    const link = (view) => `?${new URLSearchParams([...others, ...Object.entries({ ...asked, page: "", ...view }).filter(([, value]) => value).map(([name, value]) => [prefix + name, value])])}`;
    const heads = [...table.tHead.rows[0].cells];
    const at = heads.findIndex((head) => asked.sort && new URLSearchParams(head.querySelector("a")?.search).get(`${prefix}sort`) === asked.sort);
    const lower = asked.find.trim().toLowerCase();
    let rows = [...table.tBodies[0].rows].filter(({ cells }) => !lower || [...cells].some((cell) => cell.textContent.toLowerCase().includes(lower)));
    if (!rows.length) {
      body.replaceChildren(Object.assign(document.createElement("p"), { className: "note", textContent: "No row has this text." }));
      return;
    }
    if (at >= 0) {
      const isNumber = heads[at].classList.contains("number");
      const valued = rows.map((row) => {
        const text = row.cells[at].textContent;
        return [text === "–" ? null : isNumber ? Number(text.replaceAll(",", "")) : text, row];
      });
      const way = asked.desc ? -1 : 1;
      valued.sort(([a], [b]) => (a === null) - (b === null) || (a < b ? -way : a > b ? way : 0));
      rows = valued.map(([, row]) => row);
      heads[at].ariaSort = asked.desc ? "descending" : "ascending";
    }
    for (const [n, head] of heads.entries()) {
      const anchor = head.querySelector("a");
      const name = new URLSearchParams(anchor?.search).get(`${prefix}sort`);
      if (name) anchor.href = link(n !== at ? { sort: name, desc: "" } : asked.desc ? { sort: "", desc: "" } : { sort: name, desc: "1" });
    }
    const pages = Math.ceil(rows.length / ROWS);
    const page = Math.min(Math.max(1, Math.trunc(asked.page) || 1), pages);
    const start = (page - 1) * ROWS;
    table.tBodies[0].replaceChildren(...rows.slice(start, start + ROWS));
    const pager = body.querySelector(".pager");
    const of = pager.querySelector("span").textContent.match(/ of ([\d,]+)/)?.[1]; // where the file has not all
    const count = rows.length.toLocaleString("en");
    const said = pages < 2 ? `${count} row${rows.length === 1 ? "" : "s"}` : `${start + 1}–${Math.min(start + ROWS, rows.length).toLocaleString("en")} of ${count}`;
    const id = body.querySelector(".scroll").id.replace(/scroll$/, "");
    const turns = pages < 2 ? [] : [["Previous", page > 1, page - 1], ["Next", page < pages, page + 1]].map(([label, there, number]) => {
      const anchor = Object.assign(document.createElement("a"), { id: id + label, textContent: label });
      if (there) Object.assign(anchor, { href: link({ page: number }) }).dataset.turn = "";
      else Object.assign(anchor, { role: "link", ariaDisabled: "true", tabIndex: -1 });
      return anchor;
    });
    pager.replaceChildren(Object.assign(document.createElement("span"), { textContent: of ? `${said} (the first of ${of}; the CSV has all)` : said }), ...turns);
  }

  window.fetch = (resource, options) => {
    const url = new URL(resource.url ?? resource, location.href);
    const ours = (url.search || !hosted) && url.href.startsWith(root.href) && !url.pathname.startsWith(`${root.pathname}static/`);
    return ours || /\/rows\.html$/.test(url.pathname) ? answer(url, options) : ask(resource, options);
  };

  // Where a choice is a file that was gone to, its address tells it in words, too.
  const filters = document.querySelector(".filters");
  if (!hosted && filters && MARK.test(location.pathname)) {
    history.replaceState(null, "", `?${new URLSearchParams([...new FormData(filters)].filter(([, value]) => value))}`);
  }

  // A page that is opened with a query shows what that chooses.
  addEventListener("DOMContentLoaded", async () => {
    if (!location.search || fileOf(location).pathname === location.pathname || !document.querySelector("main [data-live]")) return;
    try {
      const page = await parsed(await window.fetch(location.href));
      if (form) form.replaceChildren(...page.querySelector(".filters").cloneNode(true).childNodes);
      for (const box of document.querySelectorAll(".narrow")) box.hidden = false;
      for (const field of document.querySelectorAll(".find [type=search]")) field.value = new URLSearchParams(location.search).get(field.name) ?? "";
      keeping(() => take(page));
    } catch (error) {
      say(`All is shown: ${error.message}.`);
    }
  });

  addEventListener("click", ({ target }) => {
    const link = target.closest?.("a[download]");
    if (!link) return;
    const url = new URL(link.href);
    url.search = location.search;
    link.download = fileOf(new URL(url.pathname, url)).pathname.split("/").pop();
    link.href = fileOf(url);
  }, true);
}
