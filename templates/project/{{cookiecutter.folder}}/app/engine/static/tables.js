// Sorts, searches and turns the pages of a table without loading the rest of the page.
"use strict";

let tableTimer; // runs while somebody types into the search of a table

function showRows(region, newQuery, { replace = false } = {}) {
  const isOwn = ([name]) => name.startsWith(region.dataset.prefix);
  const current = [...new URLSearchParams(location.search)].filter((pair) => !isOwn(pair));
  const own = [...newQuery].filter(isOwn);
  setUrl(urlWith(new URLSearchParams([...current, ...own])), { replace });
  if (isPageLoading) return load(location.href); // that response would bring the old rows
  region.querySelector(".table-scroll")?.scrollTo({ top: 0 });
  load(region.dataset.rowsUrl + location.search, ({ body }) => {
    region.replaceChildren(...body.childNodes);
    announce(region.querySelector(".pager span, .note, .error")?.textContent, { hidden: true });
  });
}

function searchTable(input) {
  clearTimeout(tableTimer);
  const query = new URLSearchParams(location.search);
  if (input.value === (query.get(input.name) ?? "")) return;
  query.delete(input.name.replace(/find$/, "page"));
  query.delete(input.name);
  if (input.value) query.append(input.name, input.value);
  showRows(input.form.nextElementSibling, query, { replace: true });
}

addEventListener("click", (event) => {
  const link = event.target.closest("a[data-table-link]");
  if (!link || !isPlainClick(event)) return;
  event.preventDefault();
  showRows(link.closest("[data-rows-url]"), new URL(link.href).searchParams);
});
addEventListener("input", ({ target }) => {
  if (!target.matches(".table-search input")) return;
  clearTimeout(tableTimer);
  tableTimer = setTimeout(searchTable, 250, target);
});
addEventListener("submit", (event) => {
  if (!event.target.matches(".table-search")) return;
  event.preventDefault();
  searchTable(event.target.querySelector("[type=search]"));
});
