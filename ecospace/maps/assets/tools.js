// Measuring, the curtain between two versions, and the sheet for paper.
(function (eco) {
  "use strict";

  const make = (...all) => eco.make(...all);

  function tool(name, symbol, start, stop) {
    const button = make("button", { type: "button", class: "eco-tool", "data-tool": name, "aria-pressed": "false", title: eco.say(name) }, make("span", { "aria-hidden": "true" }, symbol), make("span", {}, eco.say(name)));
    button.addEventListener("click", () => {
      const running = eco.page.tool?.name === name;
      eco.stopTool();
      if (running) return;
      eco.page.tool = { name, stop, button };
      button.setAttribute("aria-pressed", "true");
      start();
    });
    eco.page.tools.append(button);
    return button;
  }

  eco.stopTool = function () {
    const running = eco.page.tool;
    eco.page.tool = null;
    running?.button.setAttribute("aria-pressed", "false");
    running?.stop();
  };

  /** Square metres as a planner writes them: 公顷, 亩, and km² for large ones. */
  eco.areaText = (m2) => eco.say("area_text", { hectares: (m2 / 1e4).toFixed(4), mu: ((m2 * 3) / 2000).toFixed(2), km2: (m2 / 1e6).toFixed(4) });
  eco.lengthText = (m) => (m < 1000 ? `${m.toFixed(1)} ${eco.say("m")}` : `${(m / 1000).toFixed(3)} ${eco.say("km")}`);

  eco.addMeasuring = function (map) {
    const result = make("output", { class: "eco-measured", role: "status", hidden: true });
    eco.page.stage.append(result);
    let places = [];
    let drawn = null;
    let kind = "";
    const renderer = L.svg({ pane: "markerPane" });

    function show() {
      drawn?.remove();
      const shape = kind === "measure_area" ? L.polygon : L.polyline;
      drawn = L.featureGroup([shape(places, { renderer, color: "#c400c4", weight: 2.5, fillOpacity: 0.12, interactive: false }), ...places.map((place) => L.circleMarker(place, { renderer, radius: 3.5, color: "#c400c4", fillColor: "#fff", fillOpacity: 1, weight: 2, interactive: false }))]).addTo(map);
      const line = places.map((place) => [place.lng, place.lat]);
      const words = [];
      if (kind === "measure_area" && places.length > 2) words.push(eco.areaText(eco.areaOf(line)), `${eco.say("perimeter")} ${eco.lengthText(eco.lengthOf([...line, line[0]]))}`);
      if (kind === "measure_length" && places.length > 1) words.push(eco.lengthText(eco.lengthOf(line)));
      result.replaceChildren(...(words.length ? words : [eco.say("measure_help")]).map((words_) => make("div", {}, words_)));
    }
    function add(event) {
      places.push(event.latlng);
      show();
    }
    function keys(event) {
      if (!kind || event.target.closest?.("input, select, button")) return;
      if (event.key === " ") {
        event.preventDefault();
        add({ latlng: map.getCenter() });
      } else if (event.key === "Backspace") {
        places.pop();
        show();
      } else if (event.key === "Enter") {
        kind = "";
        map.off("click", add);
      }
    }
    function start(name) {
      kind = name;
      places = [];
      result.hidden = false;
      map.getContainer().classList.add("eco-crosshair");
      map.doubleClickZoom.disable();
      map.on("click", add);
      document.addEventListener("keydown", keys);
      map.getContainer().focus();
      show();
    }
    function stop() {
      kind = "";
      drawn?.remove();
      result.hidden = true;
      map.getContainer().classList.remove("eco-crosshair");
      map.doubleClickZoom.enable();
      map.off("click", add);
      document.removeEventListener("keydown", keys);
    }
    for (const [name, symbol] of [["measure_length", "↔"], ["measure_area", "▱"]]) tool(name, symbol, () => start(name), stop);
  };

  /** Two versions side by side under one curtain. */
  eco.addSwipe = function (map) {
    const sides = { before: eco.page.layers.filter((layer) => layer.side === "before"), after: eco.page.layers.filter((layer) => layer.side === "after") };
    if (!sides.before.length || !sides.after.length) return;
    const range = make("input", { type: "range", min: 0, max: 1000, value: 500, class: "eco-swipe", "aria-label": eco.say("swipe") });
    const line = make("div", { class: "eco-swipe-line" });
    const titles = ["before", "after"].map((side) => make("div", { class: "eco-swipe-title eco-" + side }, sides[side].map((layer) => layer.title).join("、")));
    const parts = [line, ...titles, range];
    const all = [...sides.before, ...sides.after];
    const clip = () => {
      const size = map.getSize();
      const from = map.containerPointToLayerPoint([0, 0]);
      const to = map.containerPointToLayerPoint(size);
      const at = (range.value / 1000) * size.x;
      const x = from.x + at;
      line.style.left = at + "px";
      for (const layer of all) {
        const [left, right] = layer.side === "before" ? [from.x, x] : [x, to.x];
        if (layer.getContainer()) layer.getContainer().style.clip = `rect(${from.y}px, ${right}px, ${to.y}px, ${left}px)`;
      }
    };
    function start() {
      all.forEach((layer) => map.addLayer(layer));
      eco.page.stage.append(...parts);
      map.on("move zoomend resize layeradd", clip);
      range.addEventListener("input", clip);
      clip();
      range.focus();
    }
    function stop() {
      parts.forEach((part) => part.remove());
      map.off("move zoomend resize layeradd", clip);
      all.forEach((layer) => layer.getContainer() && (layer.getContainer().style.clip = ""));
    }
    tool("swipe", "◧", start, stop);
  };

  const PAPERS = { A4: [297, 210], A3: [420, 297] };

  /** The sheet: title, map, legend, scale, source, notice and a slot for the review number, at its true size. */
  eco.addPaper = function (map) {
    const page = eco.page;
    const paper = make("div", { class: "eco-paper" });
    const sheetSize = make("style");
    const size = make("select", { "aria-label": eco.say("paper") }, ...Object.keys(PAPERS).map((name) => make("option", { value: name }, name)));
    const turn = make("select", { "aria-label": eco.say("orientation") }, make("option", { value: "landscape" }, eco.say("landscape")), make("option", { value: "portrait" }, eco.say("portrait")));
    const review = make("input", { type: "text", value: page.review || "", placeholder: eco.say("review_number"), "aria-label": eco.say("review_number") });
    const go = make("button", { type: "button", class: "eco-print" }, eco.say("print"));
    const leave = make("button", { type: "button", class: "eco-leave" }, eco.say("leave"));
    const bar = make("div", { class: "eco-paper-bar" }, size, turn, review, go, leave);
    const title = make("h1", {}, page.title);
    const slot = make("div", { class: "eco-paper-map" });
    const legend = make("div", { class: "eco-paper-legend" });
    const number = make("p", { class: "eco-paper-review" });
    const notes = make("div", { class: "eco-paper-notes" });
    paper.append(title, page.subtitle ? make("h2", {}, page.subtitle) : "", slot, legend, notes);

    function arrange() {
      let [width, height] = PAPERS[size.value];
      if (turn.value === "portrait") [width, height] = [height, width];
      sheetSize.textContent = `@page { size: ${size.value} ${turn.value}; margin: 0; }`;
      paper.style.width = width + "mm";
      paper.style.height = height + "mm";
      paper.dataset.turn = turn.value;
      number.textContent = eco.say("review") + (review.value || eco.say("none"));
      fitLegend();
      const centre = map.getCenter();
      const zoom = map.getZoom();
      map.invalidateSize({ animate: false });
      map.setView(centre, zoom, { animate: false });
    }
    /** Every class of the legend has to be on the sheet: smaller letters and two columns before one is cut off. */
    function fitLegend() {
      for (let size_ = 3.4; size_ >= 1.4; size_ -= 0.1) {
        legend.style.fontSize = size_ + "mm";
        legend.classList.toggle("eco-two", size_ < 2.9);
        if (legend.scrollHeight <= legend.clientHeight + 1 && legend.scrollWidth <= legend.clientWidth + 1) break;
      }
    }
    function start() {
      legend.replaceChildren(make("h3", {}, eco.say("legend")), eco.legend(map, null));
      const sources = page.source ? [page.source] : [...new Set(page.layers.filter((layer) => map.hasLayer(layer) && layer.source).map((layer) => layer.source))];
      notes.replaceChildren(
        make("p", {}, eco.say("projection_note", { datum: page.datum })),
        sources.length ? make("p", {}, `${eco.say("source")}${eco.say("colon")}${sources.join(eco.say("semicolon"))}`) : "",
        page.demonstration ? make("p", { class: "eco-demo" }, page.demonstration) : "",
        make("p", { class: "eco-notice" }, page.notice),
        number,
      );
      document.body.classList.add("eco-sheet");
      document.head.append(sheetSize);
      document.body.append(bar, paper);
      map.closePopup();
      slot.append(map.getContainer(), make("div", { class: "eco-north", role: "img", "aria-label": eco.say("north") }, make("span", {}, eco.say("north"))));
      arrange();
      map.fitBounds(page.fitted, { animate: false });
      size.focus();
    }
    function stop() {
      page.stage.prepend(map.getContainer());
      slot.replaceChildren();
      bar.remove();
      paper.remove();
      sheetSize.remove();
      document.body.classList.remove("eco-sheet");
      map.invalidateSize({ animate: false });
    }
    const button = tool("paper_sheet", "▤", () => {
      page.fitted = map.getBounds().pad(-0.12);
      start();
    }, stop);
    for (const part of [size, turn]) part.addEventListener("change", arrange);
    review.addEventListener("input", arrange);
    go.addEventListener("click", () => window.print());
    leave.addEventListener("click", () => {
      eco.stopTool();
      button.focus();
    });
  };
})((window.ecospace = window.ecospace || {}));
