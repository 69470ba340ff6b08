// What a place or a row holds: pop-ups, and the table of features that can be searched.
(function (eco) {
  "use strict";

  const make = (...all) => eco.make(...all);
  const PAGE = 50;

  /** Pop-up with everything at a place, the topmost layer first. */
  eco.answerClicks = function (map) {
    map.on("click", async (event) => {
      if (eco.page.tool) return;
      const [x, y] = eco.toWorld(event.latlng.lng, event.latlng.lat);
      const reach = (6 * eco.WORLD) / (256 * 2 ** map.getZoom());
      const hits = [];
      const frames = [];
      for (const layer of [...eco.page.layers].reverse()) {
        if (!map.hasLayer(layer) || !layer.shapes) continue;
        for (const feature of layer.shapes.at(x, y, reach)) {
          const number = layer.shapes.classes[feature];
          if (layer.hidden.has(number)) continue;
          // Inside a mere outline (a county, a town) one means what is painted there.
          (layer.shape === "polygon" && !layer.styles[number].fill && !layer.styles[number].hatch ? frames : hits).push([layer, feature]);
        }
      }
      hits.push(...frames);
      if (hits.length) await eco.showFeature(map, hits, 0, event.latlng);
      else eco.unpick(map);
    });
    map.on("popupclose", () => eco.unpick(map));
    map.on("contextmenu", (event) => {
      const lines = eco.coordinateLines(event.latlng).map((line) => make("div", {}, line));
      L.popup().setLatLng(event.latlng).setContent(make("div", { class: "eco-popup eco-place" }, ...lines)).openOn(map);
    });
  };

  eco.showFeature = async function (map, hits, number, place) {
    const [layer, feature] = hits[number];
    const rows = (await layer.rowOf(feature)).map(([name, value]) => make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, value)));
    const box = make("div", { class: "eco-popup" }, make("h3", {}, layer.title), make("table", {}, make("tbody", {}, ...rows)));
    if (hits.length > 1) {
      const turn = (step) => make("button", { type: "button", "aria-label": eco.say(step < 0 ? "previous" : "next"), onclick: () => eco.showFeature(map, hits, (number + step + hits.length) % hits.length, place) }, step < 0 ? "‹" : "›");
      box.append(make("nav", {}, turn(-1), make("span", {}, `${number + 1} / ${hits.length}`), turn(1)));
    }
    L.popup({ maxWidth: 340, maxHeight: 300 }).setLatLng(place).setContent(box).openOn(map);
    eco.pick(map, layer, [feature]);
  };

  eco.pick = function (map, layer, features) {
    eco.unpick(map);
    eco.page.picked = new eco.Picked(layer, features).addTo(map);
  };
  eco.unpick = function (map) {
    if (eco.page.picked) map.removeLayer(eco.page.picked);
    eco.page.picked = null;
  };

  eco.buildTable = function (map) {
    const page = eco.page;
    const choice = make("select", { "aria-label": eco.say("layer") }, ...page.layers.map((layer, i) => make("option", { value: String(i) }, layer.title)));
    choice.value = String(Math.max(0, page.layers.findLastIndex((layer) => !layer.outline)));
    const words = make("input", { type: "search", placeholder: eco.say("search"), "aria-label": eco.say("search") });
    const count = make("p", { class: "eco-count", role: "status" });
    const head = make("thead");
    const rows = make("tbody");
    const caption = make("caption", { class: "eco-hidden" });
    const back = make("button", { type: "button", "aria-label": eco.say("previous") }, "‹");
    const on = make("button", { type: "button", "aria-label": eco.say("next") }, "›");
    const where = make("span");
    page.tabs.table.body.append(make("div", { class: "eco-search" }, choice, words), count, make("div", { class: "eco-table" }, make("table", {}, caption, head, rows)), make("nav", { class: "eco-pages" }, back, where, on));
    let found = [];
    let at = 0;
    let order = null;

    async function search() {
      const layer = page.layers[Number(choice.value)];
      if (!layer) return;
      const columns = await layer.attributes();
      const wanted = words.value.trim().toLowerCase();
      // Words that classes share are looked at once, not once for each feature.
      const tests = columns.map((column) => column.words && column.words.map((word) => String(word ?? "").toLowerCase().includes(wanted)));
      found = [];
      for (let i = 0; i < layer.counts.features; i++) {
        if (!wanted || columns.some((column, c) => (tests[c] ? tests[c][column.values[i]] : eco.valueOf(column, i).toLowerCase().includes(wanted)))) found.push(i);
      }
      if (order) sortBy(columns[order.column], order.down);
      at = 0;
      show(layer, columns);
    }

    function sortBy(column, down) {
      const key = (i) => (column.words ? column.words[column.values[i]] : column.values[i]);
      found.sort((a, b) => {
        const [one, other] = [key(a), key(b)];
        if (one === other) return a - b;
        if (one === null || one === undefined) return 1;
        if (other === null || other === undefined) return -1;
        const before = typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other), page.language);
        return down ? -before : before;
      });
    }

    function show(layer, columns) {
      count.textContent = eco.say("found", { count: eco.number(found.length), all: eco.number(layer.counts.features) });
      caption.textContent = layer.title;
      head.replaceChildren(
        make(
          "tr",
          {},
          ...columns.map((column, c) => {
            const sorted = order && order.column === c ? (order.down ? "descending" : "ascending") : "none";
            const button = make("button", { type: "button", onclick: () => sorting(c) }, column.title + { none: "", ascending: " ▲", descending: " ▼" }[sorted]);
            return make("th", { scope: "col", "aria-sort": sorted }, button);
          }),
        ),
      );
      rows.replaceChildren(
        ...found.slice(at, at + PAGE).map((feature) => {
          const go = () => {
            map.fitBounds(layer.boundsOf(feature), { maxZoom: 17, padding: [60, 60], animate: false });
            if (!map.hasLayer(layer)) map.addLayer(layer);
            eco.showFeature(map, [[layer, feature]], 0, layer.boundsOf(feature).getCenter());
          };
          const row = make("tr", { tabIndex: 0, onclick: go, onkeydown: (event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), go()) });
          row.append(...columns.map((column) => make("td", { class: typeof column.values[0] === "number" && !column.words ? "eco-right" : "" }, eco.valueOf(column, feature))));
          return row;
        }),
      );
      where.textContent = `${Math.floor(at / PAGE) + 1} / ${Math.max(1, Math.ceil(found.length / PAGE))}`;
      back.disabled = at === 0;
      on.disabled = at + PAGE >= found.length;
    }

    function sorting(column) {
      order = { column, down: order?.column === column && !order.down };
      search();
    }
    async function turn(step) {
      at += step * PAGE;
      const layer = page.layers[Number(choice.value)];
      show(layer, await layer.attributes());
    }
    back.addEventListener("click", () => turn(-1));
    on.addEventListener("click", () => turn(1));
    choice.addEventListener("change", () => {
      order = null;
      search();
    });
    let waiting = 0;
    words.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(search, 200);
    });
    let filled = false;
    eco.fillTable = () => {
      if (!filled) search();
      filled = true;
    };
  };
})((window.ecospace = window.ecospace || {}));
