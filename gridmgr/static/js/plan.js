/* The planner's page: a footprint that lies along the kerb, and what the rules say of it while it moves.
 *
 * The server draws and judges; this page asks at most one question at a time, always the newest, and shows the answer.
 * Everything is built from text nodes: no name can carry markup.
 */
(function () {
  "use strict";

  const start = JSON.parse(document.getElementById("plan-start").textContent);
  const words = start.words;
  const form = document.getElementById("plan-form");
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const box = document.getElementById("plan"), panel = document.getElementById("plan-panel");
  const says = document.getElementById("plan-verdict"), list = document.getElementById("plan-rules");
  const button = (name) => box.querySelector(`[data-do=${name}]`);
  const FIELDS = ["kind", "pitches", "rows", "width", "depth", "gap", "aisle", "opens", "closes", "offset", "season_from", "season_to"];
  const SIGNS = { good: "✓", warn: "!", bad: "✗", due: "!", unknown: "?" };
  const STALE_MS = 1000; // a question older than this is lost: it gives way to a newer one
  const KEPT_TIMINGS = 2000;
  const CLOSE_ZOOM = 17; // from here on a footprint can be grabbed
  const STEP_M = 1, LONG_STEP_M = 10;
  const LABEL_STEPS = [-2, 2, -4, 4, -6, 6, -8, 8, -10, 10, -12, 12]; // half heights from the middle of a culprit's line

  let map = null, shown = null; // the last answer
  let at = null; // where the footprint is, as the server last said: {road, side, metre, …}
  let version = start.version, nameTouched = false, tapped = false; // the last question was a tap on the map
  const unfolded = new Set(); // rules whose words the planner opened
  const past = []; // drafts before each move
  const drawn = { shape: null, marks: null, ghost: null, was: null, kerbs: null };
  const timings = []; // of each move: milliseconds until its verdict, or a later move's, was on the screen, and where they went
  const api = { timings, get at() { return at; }, get answer() { return shown; }, idle: () => !asking && !next };
  window.gridmgrPlan = api;

  document.addEventListener("gridmgr:map", (event) => { map = event.detail; begin(); });

  /* ── the draft ───────────────────────────────────────────────────────────────────────────────────────── */

  function draft(where) {
    const data = { at: where, name: form.elements.name.value.trim() };
    for (const name of FIELDS) { data[name] = form.elements[name].value; }
    if (start.site) { data.site = start.site; }
    return data;
  }

  function fill(values) {
    for (const name of [...FIELDS, "name"]) {
      if (values[name] === undefined || values[name] === null) { continue; }
      form.elements[name].value = values[name];
      form.elements[name].dispatchEvent(new Event("input")); // for its own listeners: nobody has typed
    }
    showSeason();
  }

  function usual(kind) {
    fill({ ...start.defaults[kind], ...(kind === "market" ? season() : {}) });
  }

  /* The summer season that is on or comes next. */
  function season() {
    const today = new Date(), year = today.getFullYear() + (today.getMonth() >= 9 ? 1 : 0);
    return form.elements.season_from.value ? {} : { season_from: `${year}-05-15`, season_to: `${year}-09-30` };
  }

  function showSeason() { document.getElementById("plan-season").hidden = form.elements.kind.value !== "market"; }

  function present() {
    const values = {};
    for (const name of [...FIELDS, "name"]) { values[name] = form.elements[name].value; }
    return { values, at: at && { road: at.road, side: at.side, metre: at.metre } };
  }

  function remember() {
    const entry = present(), last = past[past.length - 1];
    if (entry.at && JSON.stringify(last) !== JSON.stringify(entry)) { past.push(entry); }
    button("undo").disabled = !past.length;
  }

  function undo() {
    const now = JSON.stringify(present());
    let entry = past.pop();
    while (entry && JSON.stringify(entry) === now) { entry = past.pop(); }
    button("undo").disabled = !past.length;
    if (!entry) { return; }
    fill(entry.values);
    ask(entry.at);
    note(words.undone);
  }

  /* ── asking ──────────────────────────────────────────────────────────────────────────────────────────── */

  let asking = null, next = null;

  /* Asks for the newest place only: while an answer is awaited, later moves wait, and the last of them is asked. */
  function ask(where, moves = [performance.now()]) {
    if (!where) { return; }
    const stale = asking && performance.now() - asking.since > STALE_MS ? asking : null;
    if (stale) { stale.abort.abort(); asking = null; }
    next = { where, moves: [...(stale ? stale.moves : []), ...(next ? next.moves : []), ...moves] };
    if (!asking) { send(); }
  }

  /* After the frame with the verdict has been painted. */
  function noteTimes(moves, sent, answered) {
    requestAnimationFrame(() => window.setTimeout(() => {
      const now = performance.now();
      for (const moved of moves) {
        timings.push({ total: now - moved, waited: sent - moved, answered: answered - sent, painted: now - answered });
      }
      timings.splice(0, Math.max(timings.length - KEPT_TIMINGS, 0));
    }));
  }

  async function send() {
    const question = next;
    next = null;
    const mine = asking = { since: performance.now(), moves: question.moves, abort: new AbortController() };
    let answer = null, trouble = "";
    try {
      answer = await post(start.urls.verdict, draft(question.where), mine.abort.signal);
    } catch (error) {
      if (error.name === "AbortError") { return; }
      trouble = error.message;
    }
    if (asking !== mine) { return; }
    const answered = performance.now();
    asking = null;
    if (next) { send(); } // the next question is under way while this answer is drawn
    if (answer) { show(answer); } else { fail(trouble); }
    noteTimes(question.moves, mine.since, answered);
  }

  async function post(url, data, signal) {
    let response;
    try {
      response = await window.gridmgrAsk(url, {
        method: "POST", signal, body: JSON.stringify(data),
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
      });
    } catch (error) {
      throw error.kind === "offline" ? new Error(words.offline) : error;
    }
    const body = await response.json().catch(() => ({}));
    if (!response.ok) { throw Object.assign(new Error(body.error || words.offline), { status: response.status, body }); }
    return body;
  }

  /* ── showing ─────────────────────────────────────────────────────────────────────────────────────────── */

  function show(answer) {
    shown = answer;
    at = answer.at;
    draw(answer);
    tell(answer);
    const e = form.elements;
    if (document.activeElement !== e.road) { e.road.value = at.name; }
    e.side.value = at.side;
    if (document.activeElement !== e.metre) { e.metre.value = Math.round(at.metre * 10) / 10; }
    if (!nameTouched) { e.name.value = ""; e.name.placeholder = answer.called; }
    document.getElementById("plan-size").textContent =
      `${answer.length} × ${answer.depth} m · ${metres(answer.from_m)}–${metres(answer.to_m)} · ${answer.pitches.length} ${words.pitch}`;
    button("save").disabled = false;
    button("nearest").disabled = answer.state !== "bad";
    offer(tapped ? answer.others : []);
    tapped = false;
  }

  /* At crossings and where roads lie one above the other a tap may mean another road: the planner says which. */
  function offer(others) {
    const place = document.getElementById("plan-others");
    place.hidden = !others.length;
    place.replaceChildren(element("span", "muted", words.others), ...others.map((each) => {
      const choice = element("button", "button quiet", `${each.name} ${each.side_name} ${metres(each.metre)}`);
      choice.type = "button";
      choice.addEventListener("click", () => { remember(); ask({ road: each.road, side: each.side, metre: each.metre }); });
      return choice;
    }));
  }

  function tell(answer) {
    const count = (state) => answer.verdicts.filter((each) => each.state === state).length;
    says.dataset.state = answer.state;
    says.textContent = answer.state === "unruled" ? `? ${words.unruled}` : answer.state === "bad" ? `✗ ${words.some_bad.replace("%(n)s", count("bad"))}`
      : answer.state === "warn" ? `! ${words.some_warn.replace("%(n)s", count("warn"))}` : `✓ ${words.all_good}`;
    // What may turn out otherwise on the spot is said beside the answer, not only in its row.
    if (answer.state !== "bad" && answer.verdicts.some((each) => each.to_measure)) { says.textContent += ` · ${words.to_measure}`; }
    const order = ["bad", "warn", "due", "unknown", "good"];
    const rows = [...answer.verdicts].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
    list.replaceChildren(...rows.map(ruleRow));
  }

  function ruleRow(verdict) {
    const item = element("li"), row = element("details"), head = element("summary");
    item.dataset.state = verdict.state;
    item.dataset.code = verdict.code;
    row.open = ["bad", "warn"].includes(verdict.state) || unfolded.has(verdict.code);
    head.addEventListener("click", () => { if (row.open) { unfolded.delete(verdict.code); } else { unfolded.add(verdict.code); } });
    const sign = element("span"), mark = element("span", "plan-sign", SIGNS[verdict.state]);
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", words[verdict.state]);
    sign.append(mark);
    head.append(sign, element("strong", "", verdict.what), element("span", "plan-figures", figures(verdict)));
    const more = element("p", "plan-more", verdict.sentence);
    if (verdict.culprit && verdict.culprit.link) {
      const link = element("a", "", ` ${words.link}`);
      link.href = verdict.culprit.link;
      link.target = "_blank";
      link.rel = "noopener";
      more.append(link);
    }
    row.append(head, more);
    item.append(row);
    return item;
  }

  function figures(verdict) {
    if (verdict.required === null) { return words[verdict.state]; }
    const most = verdict.check === "area_max";
    const found = verdict.found === null ? "—" : short(verdict.found);
    const broken = verdict.state === "bad" || verdict.state === "warn";
    const sign = most ? (broken ? ">" : "≤") : (broken ? "<" : "≥");
    return `${found} ${verdict.found === null ? "" : verdict.unit} ${sign} ${short(verdict.required)}`;
  }

  /* Rounded down: what is short of 20 m must not read as 20 m. */
  function short(value) { return String(Math.floor(value * 10 + 0.005) / 10); }
  function metres(value) { return window.gridmgr.metres(Number(value)); }

  function fail(trouble) {
    says.dataset.state = "error";
    says.textContent = `✗ ${trouble}`;
    button("save").disabled = true;
    if (drawn.shape) { drawn.shape.getElement().classList.replace(`state-${shown.state}`, "state-bad"); }
  }

  function draw(answer) {
    const path = latlngs(answer.footprint.coordinates[0]);
    if (!drawn.shape) {
      drawn.shape = L.polygon(path, { className: "plan-shape", pane: "plan", bubblingMouseEvents: false }).addTo(map);
      makeMovable(drawn.shape);
    }
    drawn.shape.setLatLngs(path);
    const element_ = drawn.shape.getElement();
    element_.setAttribute("class", `leaflet-interactive plan-shape state-${answer.state}`);
    element_.setAttribute("aria-label", `${at.name} ${at.side_name} ${metres(at.metre)}. ${words.drag}`);
    if (drawn.marks) { drawn.marks.remove(); }
    drawn.marks = L.layerGroup([
      ...answer.pitches.map((each) => L.polygon(latlngs(each.geometry.coordinates[0]), { className: "plan-pitch", pane: "plan-over", interactive: false })),
      ...answer.verdicts.flatMap(culprit),
    ]).addTo(map);
    spreadLabels();
  }

  /* Moves the metres of each culprit above or below its line until none hides another or the footprint. */
  function spreadLabels() {
    if (!drawn.marks || !drawn.shape) { return; }
    const outline = drawn.shape.getLatLngs()[0].map((spot) => map.latLngToLayerPoint(spot));
    const taken = [L.bounds(outline)];
    drawn.marks.eachLayer((layer) => {
      const label = layer.getTooltip && layer.getTooltip(), box = label && label.getElement();
      if (!box) { return; }
      const size = L.point(box.offsetWidth, box.offsetHeight), middle = map.latLngToLayerPoint(label.getLatLng());
      const there = LABEL_STEPS.map((step) => middle.add([0, step * (size.y / 2 + 2)]))
        .map((spot) => L.bounds(spot.subtract(size.divideBy(2)), spot.add(size.divideBy(2))));
      const free = there.find((each) => !taken.some((other) => other.overlaps(each))) || there[0];
      taken.push(free);
      label.options.offset = free.getCenter().subtract(middle);
      label.update();
    });
  }

  /* What breaks a rule, the line to it, and the metres on that line. */
  function culprit(verdict) {
    const found = verdict.culprit;
    if (!found || !["bad", "warn"].includes(verdict.state)) { return []; }
    const marks = [], look = { pane: "plan-under", interactive: false };
    if (found.geometry) {
      marks.push(L.geoJSON(found.geometry, {
        ...look,
        style: (feature) => ({ ...look, className: `plan-culprit state-${verdict.state}` + (feature.geometry.type.includes("Line") ? " plan-line" : "") }),
        pointToLayer: (_f, spot) => L.circleMarker(spot, { ...look, radius: 9, className: `plan-culprit state-${verdict.state}` }),
      }));
    }
    if (found.gap) {
      const line = L.polyline(latlngs(found.gap.coordinates), { ...look, className: `plan-gap state-${verdict.state}` });
      line.bindTooltip(`${SIGNS[verdict.state]} ${verdict.what} ${short(verdict.found)} m`, {
        permanent: true, direction: "center", className: `plan-metres state-${verdict.state}`, interactive: false,
      });
      marks.push(line);
    }
    return marks;
  }

  function latlngs(positions) { return positions.map(([lon, lat]) => [lat, lon]); }
  function element(name, className, text) { return window.gridmgr.element(name, className, text); }

  let noteTimer = 0;
  function note(text) {
    const place = document.getElementById("plan-note");
    place.textContent = text;
    place.hidden = !text;
    window.clearTimeout(noteTimer);
    noteTimer = window.setTimeout(() => { place.hidden = true; }, 5000);
  }

  /* ── moving ──────────────────────────────────────────────────────────────────────────────────────────── */

  /* The click that follows the end of a drag means no bay or shop under the pointer. */
  function swallowClick() {
    const swallow = (event) => { event.stopPropagation(); event.preventDefault(); };
    map.getContainer().addEventListener("click", swallow, { capture: true, once: true });
    window.setTimeout(() => map.getContainer().removeEventListener("click", swallow, { capture: true }), 0);
  }

  function makeMovable(shape) {
    const target = shape.getElement();
    target.setAttribute("tabindex", "0");
    target.setAttribute("role", "application");
    target.addEventListener("keydown", key);
    target.addEventListener("pointerdown", (event) => {
      if (event.button > 0) { return; }
      event.preventDefault();
      event.stopPropagation();
      target.focus({ preventScroll: true });
      setPutting(false);
      map.dragging.disable();
      const middle = shape.getBounds().getCenter(), from = map.mouseEventToContainerPoint(event);
      const hold = map.latLngToContainerPoint(middle).subtract(from), outline = shape.getLatLngs()[0];
      let moving = false;
      const move = (moved) => {
        const spot = map.mouseEventToContainerPoint(moved);
        if (!moving && spot.distanceTo(from) < 3) { return; }
        if (!moving) { remember(); moving = true; }
        const where = map.containerPointToLatLng(spot.add(hold));
        ghost(outline, middle, where);
        ask({ lon: where.lng, lat: where.lat }, [moved.timeStamp]);
      };
      const stop = () => {
        target.removeEventListener("pointermove", move);
        for (const name of ["pointerup", "pointercancel"]) { target.removeEventListener(name, stop); }
        map.dragging.enable();
        if (moving) { swallowClick(); }
        if (drawn.ghost) { drawn.ghost.remove(); drawn.ghost = null; }
      };
      target.setPointerCapture(event.pointerId);
      target.addEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) { target.addEventListener(name, stop); }
    });
  }

  /* Where the hand is; the footprint itself follows along the kerb. */
  function ghost(outline, middle, where) {
    const path = outline.map((spot) => [spot.lat + where.lat - middle.lat, spot.lng + where.lng - middle.lng]);
    if (!drawn.ghost) { drawn.ghost = L.polygon(path, { className: "plan-ghost", pane: "plan-over", interactive: false }).addTo(map); }
    drawn.ghost.setLatLngs(path);
  }

  /* Arrow keys move along the kerb: towards the side of the screen that the arrow points to. */
  function key(event) {
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way || !at || !shown) { return; }
    event.preventDefault();
    event.stopPropagation();
    const [a, b] = latlngs(shown.footprint.coordinates[0]).slice(0, 2).map((spot) => map.latLngToContainerPoint(spot));
    const along = b.subtract(a), towards = along.x * way[0] + along.y * way[1];
    if (!event.repeat) { remember(); }
    const step = (event.shiftKey ? LONG_STEP_M : STEP_M) * (towards < 0 ? -1 : 1);
    queued += step;
    pressed.push(event.timeStamp);
    if (!asking) { flushSteps(); } else { waitForSteps(); }
  }

  /* Steps made while an answer is awaited add up; they are counted from where that answer puts the footprint. */
  let queued = 0, pressed = [], waiting = 0;
  function flushSteps() {
    if (!queued) { return; }
    const step = queued, moves = pressed;
    queued = 0;
    pressed = [];
    ask({ road: at.road, side: at.side, metre: at.metre, step }, moves);
  }
  function waitForSteps() {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => (asking ? waitForSteps() : flushSteps()), 15);
  }

  function put(latlng) {
    remember();
    tapped = true;
    ask({ lon: latlng.lng, lat: latlng.lat });
    if (map.getZoom() < CLOSE_ZOOM) { map.setView(latlng, 18); }
  }

  /* ── the form ────────────────────────────────────────────────────────────────────────────────────────── */

  form.addEventListener("input", (event) => {
    if (event.target.name === "name") { nameTouched = Boolean(event.target.value.trim()); return; }
    if (event.target.name === "road") { suggestRoads(); return; }
    if (["metre", "side", "kind"].includes(event.target.name)) { return; } // these wait for their change event
    if (at && event.target.value !== "") { ask({ road: at.road, side: at.side, metre: at.metre }); refreshKerbs(); }
  });
  form.addEventListener("focusin", () => remember());
  form.addEventListener("change", (event) => {
    if (event.target.name === "kind") {
      usual(event.target.value);
      showMeasured(event.target.value);
      if (at) { ask({ road: at.road, side: at.side, metre: at.metre }); }
      refreshKerbs();
    }
    if (["road", "metre", "side"].includes(event.target.name)) { typed(event.target.name); }
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); save(); });

  /* The map shows what the rules for this kind measure to; what they don't share with the other kinds comes and goes. */
  function showMeasured(kind) {
    const all = Object.values(start.measured), wanted = start.measured[kind] || [];
    for (const overlay of map.gridmgr.groups.flatMap((group) => group.overlays)) {
      const name = overlay.spec.name;
      if (!all.some((each) => each.includes(name)) || all.every((each) => each.includes(name))) { continue; }
      if (wanted.includes(name)) { overlay.addTo(map); } else { overlay.remove(); }
    }
  }

  /* Road, side and metre as they are typed; on another road the metre begins anew. */
  function typed(changed) {
    const e = form.elements, road = e.road.value.trim();
    if (!road) { return; }
    const same = at && at.name === road;
    if (e.metre.value === "" && !same) { return; }
    remember();
    setPutting(false);
    const metre = same && changed !== "metre" ? at.metre : Number(e.metre.value);
    ask({ road: same ? at.road : road, side: e.side.value, metre });
    follow();
  }

  /* The map goes where a typed place is. */
  function follow() {
    const look = () => {
      if (asking || next) { window.setTimeout(look, 30); return; }
      const near = map.getZoom() >= CLOSE_ZOOM;
      if (at && shown && !(near && map.getBounds().contains([at.lat, at.lon]))) { map.setView([at.lat, at.lon], near ? map.getZoom() : 18); }
    };
    look();
  }

  let roadTimer = 0;
  function suggestRoads() {
    window.clearTimeout(roadTimer);
    roadTimer = window.setTimeout(async () => {
      const input = form.elements.road, q = input.value.trim(), choices = document.getElementById("plan-roads");
      if (!q) { choices.hidden = true; return; }
      const response = await window.gridmgrAsk(`${start.urls.suggest}?${new URLSearchParams({ q })}`).catch(() => null);
      if (!response || !response.ok || input.value.trim() !== q || document.activeElement !== input) { return; }
      const roads = (await response.json()).filter((each) => each.kind === "roads");
      choices.replaceChildren(...roads.map((road) => {
        const item = element("li"), choice = element("button");
        item.setAttribute("role", "option");
        choice.type = "button";
        choice.append(element("span", "", road.title), element("small", "muted", road.subtitle || ""));
        choice.addEventListener("click", () => {
          input.value = road.title;
          closeRoads();
          if (road.lon !== undefined && road.lon !== null && form.elements.metre.value === "") {
            put(L.latLng(road.lat, road.lon));
          } else { form.elements.metre.focus(); typed("road"); }
        });
        item.append(choice);
        return item;
      }));
      choices.hidden = !roads.length;
      input.setAttribute("aria-expanded", String(!choices.hidden));
    }, 180);
  }

  function closeRoads() {
    document.getElementById("plan-roads").hidden = true;
    form.elements.road.setAttribute("aria-expanded", "false");
  }
  form.elements.road.addEventListener("keydown", (event) => {
    const choices = document.getElementById("plan-roads");
    if (event.key === "Escape") { closeRoads(); }
    if (event.key === "ArrowDown" && !choices.hidden) { event.preventDefault(); choices.querySelector("button").focus(); }
    if (event.key === "Enter") { event.preventDefault(); closeRoads(); typed("road"); }
  });
  form.elements.metre.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); typed("metre"); }
  });
  document.addEventListener("click", (event) => { if (!event.target.closest(".plan-road")) { closeRoads(); } });

  /* ── buttons ─────────────────────────────────────────────────────────────────────────────────────────── */

  const DO = {
    put: () => setPutting(!box.classList.contains("plan-putting")),
    aim: () => setAim(document.getElementById("plan-cross").hidden),
    here: () => { put(map.getCenter()); setAim(false); },
    kerbs: toggleKerbs,
    nearest: goNearest,
    undo,
    sheet: () => {
      const up = panel.classList.toggle("up");
      button("sheet").setAttribute("aria-expanded", String(up));
    },
  };
  box.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-do]");
    if (pressed && DO[pressed.dataset.do] && map) { DO[pressed.dataset.do](); }
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !event.shiftKey && !typing) { event.preventDefault(); undo(); }
    if (event.key === "Escape") { setPutting(false); setAim(false); }
  });

  function setPutting(on) {
    box.classList.toggle("plan-putting", on);
    button("put").setAttribute("aria-pressed", String(on));
  }
  function setAim(on) {
    document.getElementById("plan-cross").hidden = !on;
    button("here").hidden = !on;
    button("aim").setAttribute("aria-pressed", String(on));
    if (on) { setPutting(false); }
  }

  async function goNearest() {
    if (!at) { return; }
    note(words.asking);
    button("nearest").disabled = true;
    try {
      const found = await post(start.urls.nearest, draft({ road: at.road, side: at.side, metre: at.metre }));
      const same = found.same_kerb, any = found.any_kerb;
      const best = same && any ? (same.moved_m <= any.moved_m ? same : any) : same || any;
      if (!best) { note(words.nearest_none); return; }
      remember();
      ask(best.at);
      follow();
      note(words.moved.replace("%(m)s", metres(best.moved_m)).replace("%(road)s", best.at.name)
        .replace("%(side)s", best.at.side_name).replace("%(metre)s", metres(best.at.metre)));
    } catch (error) {
      note(error.message);
    } finally {
      button("nearest").disabled = !shown || shown.state !== "bad";
    }
  }

  /* ── kerbs by colour ─────────────────────────────────────────────────────────────────────────────────── */

  let kerbsOn = false, kerbsAbort = null, kerbsTimer = 0, cityAbort = null;

  function toggleKerbs() {
    kerbsOn = !kerbsOn;
    button("kerbs").setAttribute("aria-pressed", String(kerbsOn));
    if (!kerbsOn) {
      if (kerbsAbort) { kerbsAbort.abort(); }
      if (drawn.kerbs) { drawn.kerbs.remove(); drawn.kerbs = null; }
      document.getElementById("plan-lost").hidden = true;
    }
    refreshKerbs();
  }

  function refreshKerbs() {
    if (!kerbsOn) { return; }
    window.clearTimeout(kerbsTimer);
    kerbsTimer = window.setTimeout(loadKerbs, 300);
  }

  /* What is to stand there; the same size, kind and hours give the same kerbs. */
  function wanted() {
    const e = form.elements, per = Math.ceil(Number(e.pitches.value) / Number(e.rows.value));
    const query = {
      kind: e.kind.value, opens: e.opens.value, closes: e.closes.value, offset: e.offset.value,
      length: shown ? shown.length : per * (Number(e.width.value) + Number(e.gap.value)) + Number(e.gap.value),
      depth: shown ? shown.depth : Number(e.depth.value) + Number(e.aisle.value),
      season_from: e.season_from.value, season_to: e.season_to.value,
    };
    return start.site ? { ...query, site: start.site } : query;
  }

  /* One FeatureCollection a line, as the server works them out; gives the last, with the sums. */
  async function eachLine(query, signal, work) {
    const response = await window.gridmgrAsk(`${start.urls.kerbs}?${new URLSearchParams(query)}`, { signal });
    if (!response.ok) { throw new Error((await response.json().catch(() => ({}))).error || words.offline); }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "", last = null;
    for (;;) {
      const { value, done } = await reader.read();
      const lines = (rest + (value || "")).split("\n");
      rest = lines.pop();
      for (const line of lines) { last = JSON.parse(line); work(last); }
      if (done) { break; }
    }
    if (!last || !last.metres) { throw new Error(words.offline); }
    return last;
  }

  async function loadKerbs() {
    if (kerbsAbort) { kerbsAbort.abort(); }
    const mine = kerbsAbort = new AbortController();
    const bounds = map.getBounds(), look = kerbLook(), layer = L.geoJSON(null, {
      pane: "plan-kerbs", interactive: false, renderer: kerbsRenderer,
      style: (feature) => ({ ...look[feature.properties.state], lineCap: "butt" }),
    });
    const asked = wanted(), bbox = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
    progress(0);
    try {
      const sums = await eachLine({ ...asked, bbox: bbox.map((x) => x.toFixed(6)).join(","), zoom: map.getZoom() }, mine.signal, (part) => {
        if (mine.signal.aborted) { return; }
        if (!map.hasLayer(layer)) {
          if (drawn.kerbs) { drawn.kerbs.remove(); }
          drawn.kerbs = layer.addTo(map);
        }
        layer.addData(part);
        progress(part.share);
      });
      if (mine.signal.aborted) { return; }
      const m = sums.metres;
      if (m.unruled) { note(`? ${words.unruled}: ${metres(m.unruled)}`); showLost(sums, asked); return; }
      note(words.kerbs.replace("%(free)s", `▬ ${metres(m.free)}`).replace("%(warned)s", `╍ ${metres(m.warned)}`).replace("%(barred)s", `┅ ${metres(m.barred)}`));
      showLost(sums, asked);
    } catch (error) {
      if (error.name !== "AbortError") { note(error.message || words.offline); }
    }
  }

  function progress(share) { note(words.kerbs_share.replace("%(share)s", `${Math.round(share * 100)} %`)); }

  const kerbsRenderer = L.canvas({ pane: "plan-kerbs" });
  function kerbLook() {
    const tone = getComputedStyle(document.documentElement), thin = map.getZoom() < 14 ? 0.6 : 1;
    const colour = (name) => tone.getPropertyValue(name).trim();
    return {
      free: { color: colour("--map-good"), weight: 5, dashArray: null },
      warned: { color: colour("--map-warn"), weight: 4 * thin, dashArray: "10 5" },
      barred: { color: colour("--map-bad"), weight: 3 * thin, dashArray: "2 6" },
      unruled: { color: "#767c83", weight: 3 * thin, dashArray: "1 7" },
    };
  }

  /* Metres that each rule takes, in the view; of the whole city when somebody asks. */
  function showLost(view, asked) {
    if (cityAbort) { cityAbort.abort(); }
    const place = document.getElementById("plan-lost"), ask = element("button", "button quiet", words.sum_city);
    ask.type = "button";
    ask.addEventListener("click", async () => {
      cityAbort = new AbortController();
      ask.disabled = true;
      try {
        const city = await eachLine(asked, cityAbort.signal, (part) => { ask.textContent = `${words.in_city} ${Math.round(part.share * 100)} %`; });
        place.replaceChildren(lostTable(view, city));
      } catch (error) {
        if (error.name !== "AbortError") { ask.textContent = words.sum_city; ask.disabled = false; note(error.message); }
      }
    });
    place.replaceChildren(lostTable(view, null), ask);
    place.hidden = false;
  }

  function lostTable(view, city) {
    const table = element("table"), body = element("tbody"), head = element("tr");
    head.append(element("th", "", words.lost), element("th", "", words.in_view));
    if (city) { head.append(element("th", "", words.in_city)); }
    body.append(head);
    const there = new Map(view.lost_m.map((each) => [each.code, each.metres]));
    for (const each of (city || view).lost_m) {
      const row = element("tr");
      row.append(element("td", "", each.what), element("td", "", metres(there.get(each.code) || 0)));
      if (city) { row.append(element("td", "", metres(each.metres))); }
      body.append(row);
    }
    table.append(body);
    return table;
  }

  /* ── saving ──────────────────────────────────────────────────────────────────────────────────────────── */

  async function save() {
    if (!at || !shown) { return; }
    button("save").disabled = true;
    note(words.saving);
    const data = draft({ road: at.road, side: at.side, metre: at.metre });
    if (start.site) { data.version = version; }
    try {
      const saved = await post(start.urls.save, data);
      note(words.saved);
      location.assign(saved.url);
    } catch (error) {
      button("save").disabled = false;
      if (error.status === 409 && error.body.fields) { showConflict(error.body); } else { fail(error.message); button("save").disabled = false; }
    }
  }

  /* Both versions side by side; what is on this page stays as it is. */
  function showConflict(body) {
    const place = document.getElementById("plan-conflict"), table = element("table"), head = element("tr");
    head.append(...[words.field, words.mine, words.theirs].map((text) => element("th", "", text)));
    table.append(head, ...body.fields.map((cells) => {
      const row = element("tr");
      row.append(...cells.map((text) => element("td", "", text)));
      return row;
    }));
    const mine = element("button", "button", words.save_mine), theirs = element("button", "button quiet", words.take_theirs);
    mine.type = theirs.type = "button";
    mine.addEventListener("click", () => { version = body.version; place.hidden = true; save(); });
    theirs.addEventListener("click", () => location.reload());
    const actions = element("div", "plan-actions");
    actions.append(theirs, mine);
    place.replaceChildren(element("p", "", body.error), table, actions);
    place.hidden = false;
    place.scrollIntoView({ block: "nearest" });
  }

  /* ── begin ───────────────────────────────────────────────────────────────────────────────────────────── */

  function begin() {
    for (const [name, order] of [["plan-kerbs", 420], ["plan-under", 610], ["plan", 620], ["plan-over", 630]]) {
      map.createPane(name).style.zIndex = order;
    }
    for (const name of ["plan-kerbs", "plan-under", "plan-over"]) { map.getPane(name).style.pointerEvents = "none"; }
    map.getContainer().addEventListener("click", (event) => {
      if (!box.classList.contains("plan-putting") || event.target.closest(".leaflet-control")) { return; }
      event.stopPropagation();
      event.preventDefault();
      setPutting(false);
      put(map.mouseEventToLatLng(event));
    }, true);
    map.on("moveend", refreshKerbs);
    map.on("zoomend", spreadLabels);
    usual("stall");
    if (start.draft) {
      fill(start.draft);
      nameTouched = Boolean(start.site);
      if (!start.site) { form.elements.name.value = ""; }
      if (start.site) { drawn.was = L.polygon(latlngs(start.draft.was.coordinates[0]), { className: "plan-was", pane: "plan-over", interactive: false }).addTo(map); }
      ask(start.draft.at);
    } else if (start.at) {
      if (start.pitches) { form.elements.pitches.value = start.pitches; }
      ask(start.at);
    } else if (window.matchMedia("(max-width: 1020px)").matches) {
      setAim(true);
    } else {
      setPutting(true);
    }
    box.dataset.ready = "1";
  }
})();
