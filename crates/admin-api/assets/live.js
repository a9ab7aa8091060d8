// Changes from the server in, the same page brought up to date out. Without it everything works
// but stands still.
"use strict";
(() => {
  const address = document.body.dataset.events;
  const light = document.querySelector("[data-live-state]");
  if (!address || !light || !window.EventSource) return;

  // Least time between two looks at what is more than numbers, in ms.
  const LOOK_PAUSE = 2000;

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

  const show = (what, shown) => {
    const place = document.querySelector(`[data-${what}]`);
    if (place) place.hidden = !shown;
  };

  const draw = (now) => {
    if (now.gone) {
      show("gone", true);
      ended = true;
      close();
      return;
    }
    each("pipeline", now.pipelines, drawFields);
    each("tile", now.tiles, drawFields);
    each("partition", now.partitions, drawFields);
    each("total", now.totals, (place, text) => {
      if (typeof text === "string" && place.textContent !== text) place.textContent = text;
    });
    if (now.shape && now.shape !== document.body.dataset.shape) lookSoon();
  };

  // More than numbers: the server draws the page, and the parts of it that differ are taken over.
  // What has the focus keeps it; where a person typed or opened something is no such part.
  const takeOver = (old, fresh) => {
    const inside = old.contains(document.activeElement);
    const kinds = "a[href]:not(noscript a), button:not([disabled])";
    const reachable = (where) => [...where.querySelectorAll(kinds)];
    const place = inside ? reachable(old).indexOf(document.activeElement) : -1;
    const scrolled = [...old.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
    old.replaceWith(fresh);
    fresh.querySelectorAll(".scroll").forEach((box, at) => (box.scrollLeft = scrolled[at] || 0));
    if (!inside) return;
    const targets = reachable(fresh);
    (targets[place] || targets[targets.length - 1] || document.getElementById("main")).focus();
  };

  const state = () => {
    const place = document.querySelector("[data-region='head'] .health");
    return place ? place.textContent : "";
  };

  const look = async () => {
    const answer = await fetch(document.body.dataset.fresh, { redirect: "error" });
    if (answer.status === 404) return;
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const before = state();
    for (const old of document.querySelectorAll("[data-region]")) {
      const fresh = page.querySelector(`[data-region="${old.dataset.region}"]`);
      if (fresh && !fresh.isEqualNode(old)) takeOver(old, document.importNode(fresh, true));
    }
    const said = document.querySelector("[data-said]");
    if (said && state() !== before) said.textContent = state();
    document.body.dataset.shape = page.body.dataset.shape;
  };

  let looking = null;
  const lookSoon = () => {
    if (looking || !document.body.dataset.fresh) return;
    looking = look()
      .then(() => show("stale", false), () => show("stale", true))
      .then(() => window.setTimeout(lookAgain, LOOK_PAUSE));
  };

  // What was told in the meantime may be newer than what was seen.
  const lookAgain = () => {
    looking = null;
    if (last && source) draw(last);
  };

  const tell = (state, text) => {
    if (light.dataset.liveState === state) return;
    light.dataset.liveState = state;
    light.textContent = text;
    light.hidden = false;
  };

  let source = null;
  let ended = false;
  let last = null;
  const open = () => {
    if (source || ended) return;
    source = new EventSource(address);
    source.onopen = () => tell("on", "Live");
    source.onmessage = (event) => {
      last = JSON.parse(event.data);
      draw(last);
    };
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
