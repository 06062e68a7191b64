// Looks for newer data while a page is open, and says how old the data is.
"use strict";

const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const updateInterval = 1000 * document.body.dataset.updateSeconds;
let etags = {}; // of the page that is shown, by URL

async function checkForUpdate() {
  if (document.hidden || isPageLoading) return;
  const url = location.href;
  const headers = etags[url] ? { "If-None-Match": etags[url] } : {};
  const response = await fetch(url, { headers }).catch(() => ({})); // perhaps the next one succeeds
  if (!response.ok) return;
  const page = parseHtml(await response.text());
  if (location.href !== url || isPageLoading) return; // somebody has chosen something else
  if (release(page) !== release(document)) return location.reload(); // or it is a login page
  const isNewer = dataState(page) !== dataState(document);
  if (isNewer || etags[url]) keepPlace(() => replaceParts(page));
  if (isNewer) announce(`Updated ${new Date().toLocaleString("en", TIME)}`);
  etags = { [url]: response.headers.get("ETag") };
}

const release = (page) => page.querySelector("script[src*='update.js']")?.getAttribute("src");

function dataState(page) {
  const parts = [...page.querySelectorAll("#data time, #data .error")];
  return parts.map((part) => part.dateTime ?? part.textContent).join();
}

function showAges() {
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  for (const time of document.querySelectorAll("#data time")) {
    const date = new Date(time.dateTime);
    const minutes = Math.round((Date.now() - date) / 60_000);
    const units = { day: 1440, hour: 60, minute: 1 };
    const unit = Object.keys(units).find((name) => minutes >= units[name]);
    const age = unit ? relative.format(-Math.floor(minutes / units[unit]), unit) : "just now";
    const format = unit === "day" ? { ...TIME, day: "numeric", month: "short" } : TIME;
    time.title = date.toLocaleString("en");
    time.textContent = `${age} (${date.toLocaleString("en", format)})`;
  }
}

if (updateInterval) {
  setInterval(checkForUpdate, updateInterval);
  addEventListener("visibilitychange", checkForUpdate);
}
setInterval(showAges, 30_000);
showAges();
