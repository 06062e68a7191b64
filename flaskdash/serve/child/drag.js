// Dev mode: drag a card of a dashboard to another place, or its edge. Not a part of the project.
const WIDE = 0.75; // of the grid: a card that is wider has a row of its own
const SCROLL_ZONE = 60; // px, at the top and at the bottom of the window

// `place` puts a node of the layer at a position that is relative to `host`.
export function createDrags({ host, marker, place, cardOf, peersOf, move, resize, isBusy }) {
  let drag = null;

  function start(event, id, [onMove, onDrop]) {
    if (event.button || isBusy()) return;
    event.preventDefault();
    const handle = event.currentTarget;
    const listeners = new AbortController();
    const { signal } = listeners;
    drag = { id, listeners, x: event.clientX, y: event.clientY, onMove };
    handle.setPointerCapture(event.pointerId);
    const track = ({ clientX, clientY }) => {
      Object.assign(drag, { x: clientX, y: clientY });
      onMove();
    };
    handle.addEventListener("pointermove", track, { signal });
    handle.addEventListener("pointercancel", stop, { signal });
    handle.addEventListener("pointerup", () => stop(onDrop), { signal });
  }

  function stop(onDrop) {
    if (!drag) return;
    const ended = drag;
    drag = null;
    marker.hidden = true;
    ended.listeners.abort();
    if (typeof onDrop === "function") onDrop(ended);
  }

  // Shows the place that the card would take: before or after the one below the pointer.
  function moveTo() {
    const card = cardOf(drag.id);
    const peers = peersOf(card);
    const boxes = peers.map((peer) => peer.getBoundingClientRect());
    const distances = boxes.map((box) => distance(box, drag));
    const nearest = distances.indexOf(Math.min(...distances));
    const box = boxes[nearest];
    const isRow = box.width > WIDE * card.parentElement.clientWidth;
    const isAfter = isRow ? drag.y > box.top + box.height / 2 : drag.x > box.left + box.width / 2;
    drag.target = peers[nearest] === card ? null : { id: peers[nearest].id, isAfter };
    marker.hidden = !drag.target;
    const origin = host.getBoundingClientRect();
    const x = (isAfter && !isRow ? box.right + 5 : box.left - 9 * !isRow) - origin.left;
    const y = (isAfter && isRow ? box.bottom + 5 : box.top - 9 * isRow) - origin.top;
    place(marker, x, y, isRow ? box.width : 4, isRow ? 4 : box.height);
  }

  function distance({ left, right, top, bottom }, { x, y }) {
    return Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
  }

  function drop({ id, target }) {
    if (!target) return;
    const ids = peersOf(cardOf(id)).map((card) => card.id);
    const remaining = ids.filter((peer) => peer !== id);
    move(id, remaining.indexOf(target.id) + target.isAfter);
  }

  function widen() {
    const card = cardOf(drag.id);
    const room = card.parentElement.clientWidth;
    const box = card.getBoundingClientRect();
    drag.size = drag.x - box.left > WIDE * room ? "full" : "half";
    drag.width = drag.size === "full" ? room : room / 2;
  }

  function dropEdge({ id, size }) {
    if (size) resize(id, size);
  }

  // A dashboard is longer than the window: it is scrolled while a card is held at an end of it.
  function scrollAtEdges() {
    if (!drag) return;
    const speed = drag.y < SCROLL_ZONE ? -12 : drag.y > innerHeight - SCROLL_ZONE ? 12 : 0;
    if (!speed) return;
    scrollBy(0, speed);
    drag.onMove();
  }

  return {
    startMove: (event, id) => start(event, id, [moveTo, drop]),
    startResize: (event, id) => start(event, id, [widen, dropEdge]),
    stop,
    scrollAtEdges,
    current: () => drag,
  };
}
