// Numbers from the server in, the same page with fresh numbers out. Without it everything works
// but stands still.
"use strict";
(() => {
  const address = document.body.dataset.events;
  const light = document.querySelector("[data-live-state]");
  if (!address || !light || !window.EventSource) return;

  const put = (where, name, text) => {
    const place = where.querySelector(`[data-field="${name}"]`);
    if (place && typeof text === "string" && place.textContent !== text) place.textContent = text;
  };

  const drawState = (where, state) => {
    const place = where.querySelector(".health");
    if (!place || !state || place.classList.contains(`is-${state.key}`)) return;
    place.className = `health is-${state.key}`;
    place.querySelector("path").setAttribute("d", state.sign);
    place.querySelector("span").textContent = state.word;
  };

  const drawSpark = (where, spark) => {
    const chart = where.querySelector(".spark");
    if (!chart || !spark) return;
    chart.setAttribute("aria-label", spark.label);
    chart.querySelector(".spark-line").setAttribute("d", spark.line);
    chart.querySelector(".spark-area").setAttribute("d", spark.area);
  };

  // Names come from the page's own elements, so they need no quoting for a selector.
  const each = (attribute, known, draw) => {
    if (!known) return;
    for (const place of document.querySelectorAll(`[data-${attribute}]`)) {
      const now = known[place.dataset[attribute]];
      if (now) draw(place, now);
    }
  };

  const drawFields = (place, now) => {
    drawState(place, now.state);
    drawSpark(place, now.spark);
    for (const [name, text] of Object.entries(now.fields || {})) put(place, name, text);
    const bar = place.querySelector(".bar-part");
    if (bar && now.part !== undefined) bar.setAttribute("width", now.part);
  };

  const draw = (now) => {
    each("pipeline", now.pipelines, drawFields);
    each("tile", now.tiles, drawFields);
    each("partition", now.partitions, drawFields);
    each("total", now.totals, (place, text) => {
      if (place.textContent !== text) place.textContent = text;
    });
    const stale = document.querySelector("[data-stale]");
    if (stale) stale.hidden = !now.shape || now.shape === document.body.dataset.shape;
  };

  const tell = (state, text) => {
    if (light.dataset.liveState === state) return;
    light.dataset.liveState = state;
    light.textContent = text;
    light.hidden = false;
  };

  let source = null;
  const open = () => {
    if (source) return;
    source = new EventSource(address);
    source.onopen = () => tell("on", "Live");
    source.onmessage = (event) => draw(JSON.parse(event.data));
    source.onerror = () => {
      tell("lost", "Reconnecting");
      // The server refused: the session ended or too many look on. Later again, not at once.
      if (source && source.readyState === EventSource.CLOSED) {
        close();
        window.setTimeout(open, 15000);
      }
    };
  };
  const close = () => {
    if (source) source.close();
    source = null;
  };

  // A page that nobody sees needs no numbers; one that comes back gets them all at once.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", open);
  open();
})();
