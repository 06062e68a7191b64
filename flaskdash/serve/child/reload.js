// Dev mode: reload this page when the project has changed. Not a part of the project.
(() => {
  const shown = document.currentScript.dataset; // the state of the server that the page shows
  const channel = new BroadcastChannel("flaskdash-dev");

  function swapStyles(css) {
    shown.css = css;
    for (const link of document.querySelectorAll('link[rel="stylesheet"]')) {
      const url = new URL(link.href);
      url.searchParams.set("dev", css);
      const newLink = link.cloneNode();
      newLink.href = url.href;
      newLink.onload = () => link.remove(); // not before: the page would flash without its style
      link.after(newLink);
    }
  }

  function handleState(state) {
    // reload() keeps the URL, and so the filters, and the place on the page.
    if (state.id !== shown.id) location.reload();
    else if (state.css !== shown.css) swapStyles(state.css);
  }

  function listen() {
    const events = new EventSource("/_dev/events");
    events.onmessage = (event) => {
      const state = JSON.parse(event.data);
      channel.postMessage(state);
      handleState(state);
    };
    return new Promise(() => {});
  }

  // One tab listens and informs the others: a browser allows six connections to a server.
  channel.onmessage = (event) => handleState(event.data);
  if (navigator.locks) navigator.locks.request("flaskdash-dev", listen);
  else listen();
})();
