// The page round the map: head, layer tree, legend, notes. Text from data goes in as text, never as HTML.
(function (eco) {
  "use strict";

  /** An element with properties and children; strings become text. */
  eco.make = function (tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (name === "class") element.className = value;
      else if (name in element && !name.startsWith("aria")) element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };
  const make = eco.make;

  /** A line of the page in its language, {names} filled in. */
  eco.say = function (key, values = {}) {
    return (eco.page.texts[key] || key).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  };

  /** A small picture of a style. */
  eco.swatch = function (style, shape, width = 30, height = 18) {
    const ratio = 2;
    const canvas = make("canvas", { width: width * ratio, height: height * ratio, class: "eco-swatch", "aria-hidden": "true" });
    canvas.style.width = width + "px";
    canvas.style.height = height + "px";
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.strokeStyle = style.line || "transparent";
    pen.lineWidth = Math.min(3, Math.max(0.5, style.lineWidth));
    pen.beginPath();
    if (shape === "point") {
      pen.fillStyle = style.fill || "#ffffff";
      eco.markers[style.marker](pen, width / 2, height / 2, Math.min(6, style.markerSize / 2));
      pen.fill();
      pen.stroke();
      return canvas;
    }
    pen.setLineDash(style.dash);
    if (shape === "line") {
      pen.moveTo(1, height / 2);
      pen.lineTo(width - 1, height / 2);
    } else {
      pen.rect(1.5, 1.5, width - 3, height - 3);
      if (style.fill) {
        pen.fillStyle = style.fill;
        pen.globalAlpha = style.fillOpacity;
        pen.fill();
        pen.globalAlpha = 1;
      }
      if (style.hatch) {
        pen.fillStyle = eco.hatchOf(style.hatch, style.line || "#444444", ratio);
        pen.fill();
      }
    }
    if (style.line) pen.stroke();
    return canvas;
  };

  /** The legend of what is shown now. */
  eco.legend = function (map, onToggle) {
    const list = make("div", { class: "eco-legend-list" });
    for (const layer of eco.page.layers) {
      if (!map.hasLayer(layer)) continue;
      const single = layer.classes.length === 1;
      if (!single) list.append(make("div", { class: "eco-legend-layer" }, layer.title));
      layer.classes.forEach((entry, number) => {
        const title = single ? layer.title : entry.title;
        const row = onToggle
          ? make("button", { type: "button", "aria-pressed": String(!layer.hidden.has(number)), title: eco.say("toggle_class"), onclick: () => onToggle(layer, number, row) })
          : make("div");
        if (!onToggle && layer.hidden.has(number)) return;
        row.className = "eco-class";
        row.append(eco.swatch(layer.styles[number], layer.shape), make("span", {}, title));
        list.append(row);
      });
    }
    return list;
  };

  eco.buildFrame = function (map) {
    const page = eco.page;
    document.title = page.title || eco.say("map");
    document.documentElement.lang = page.language === "en" ? "en" : "zh-CN";
    const holder = map.getContainer();
    page.tools = make("div", { class: "eco-tools", role: "toolbar", "aria-label": eco.say("tools") });
    page.marks = make("div", { class: "eco-marks" });
    if (page.demonstration) page.marks.append(make("strong", { class: "eco-demo" }, page.demonstration));
    page.side = make("aside", { class: "eco-side" });
    page.stage = make("main", { class: "eco-stage" });
    page.foot = make("footer", { class: "eco-foot" });
    const fold = make("button", { type: "button", class: "eco-fold", title: eco.say("panel"), "aria-label": eco.say("panel"), "aria-expanded": "true" }, "☰");
    fold.addEventListener("click", () => {
      const folded = document.body.classList.toggle("eco-folded");
      fold.setAttribute("aria-expanded", String(!folded));
      map.invalidateSize({ animate: false });
    });
    page.head = make("header", { class: "eco-head" }, fold, make("div", { class: "eco-titles" }, make("h1", {}, page.title), page.subtitle ? make("p", {}, page.subtitle) : null), page.marks, page.tools);
    page.frame = make("div", { class: "eco-frame" }, page.head, page.side, page.stage, page.foot);
    document.body.classList.add("eco-page");
    document.body.prepend(page.frame);
    page.stage.append(holder);
    holder.setAttribute("aria-label", eco.say("map_label", { title: page.title }));
    buildTabs();
    buildTree(map);
    buildNotes();
    map.invalidateSize({ animate: false });
  };

  function buildTabs() {
    const page = eco.page;
    const bar = make("div", { class: "eco-tabs", role: "tablist" });
    page.tabs = {};
    for (const name of ["layers", "table", "notes"]) {
      const body = make("section", { class: "eco-tab-body", id: "eco-tab-" + name, role: "tabpanel", hidden: name !== "layers" });
      const tab = make("button", { type: "button", role: "tab", id: "eco-tab-button-" + name, "aria-controls": body.id, "aria-selected": String(name === "layers"), tabIndex: name === "layers" ? 0 : -1 }, eco.say(name));
      body.setAttribute("aria-labelledby", tab.id);
      tab.addEventListener("click", () => eco.openTab(name));
      page.tabs[name] = { tab, body };
      bar.append(tab);
    }
    bar.addEventListener("keydown", (event) => {
      const names = Object.keys(page.tabs);
      const now = names.findIndex((name) => page.tabs[name].tab === document.activeElement);
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step || now < 0) return;
      eco.openTab(names[(now + step + names.length) % names.length]).focus();
    });
    page.side.append(bar, ...Object.values(page.tabs).map(({ body }) => body));
  }

  eco.openTab = function (name) {
    for (const [key, { tab, body }] of Object.entries(eco.page.tabs)) {
      tab.setAttribute("aria-selected", String(key === name));
      tab.tabIndex = key === name ? 0 : -1;
      body.hidden = key !== name;
    }
    document.body.classList.toggle("eco-wide", name === "table");
    eco.page.map.invalidateSize({ animate: false });
    if (name === "table") eco.fillTable();
    return eco.page.tabs[name].tab;
  };

  function buildTree(map) {
    const body = eco.page.tabs.layers.body;
    const groups = new Map();
    // The list reads as the map lies: what is on top comes first.
    for (const layer of [...eco.page.layers].reverse()) {
      const name = layer.group || eco.say("layers_of_map");
      if (!groups.has(name)) groups.set(name, make("fieldset", { class: "eco-group" }, make("legend", {}, name)));
      groups.get(name).append(leafOf(map, layer));
    }
    body.append(...groups.values());
    body.append(...photographs(map));
    if (eco.page.basemaps.length) body.append(eco.basemapGroup(map));
  }

  function leafOf(map, layer) {
    const box = make("input", { type: "checkbox", checked: map.hasLayer(layer), id: layer.id + "-shown" });
    const percent = make("output", {}, Math.round(layer.ownOpacity * 100) + "%");
    const slider = make("input", { type: "range", min: 0, max: 100, value: Math.round(layer.ownOpacity * 100), "aria-label": eco.say("opacity_of", { title: layer.title }) });
    box.addEventListener("change", () => (box.checked ? map.addLayer(layer) : map.removeLayer(layer)));
    map.on("layeradd layerremove", (event) => {
      if (event.layer === layer) box.checked = map.hasLayer(layer);
    });
    slider.addEventListener("input", () => {
      layer.setClarity(slider.value / 100);
      percent.textContent = slider.value + "%";
    });
    const label = make("label", { htmlFor: box.id }, layer.title);
    const go = make("button", { type: "button", class: "eco-go", title: eco.say("zoom_to"), "aria-label": eco.say("zoom_to") + " " + layer.title, onclick: () => map.fitBounds(layer.getBounds(), { padding: [20, 20] }) });
    const count = make("small", {}, eco.say("feature_count", { count: eco.number(layer.counts.features) }));
    return make("div", { class: "eco-leaf" }, make("div", { class: "eco-leaf-name" }, box, eco.swatch(layer.styles[0], layer.shape, 22, 14), label, go), make("div", { class: "eco-leaf-more" }, slider, percent, count));
  }

  /** Pictures from the user's disk that stand in the page (basemap.py: photograph). */
  function photographs(map) {
    const pictures = [];
    map.eachLayer((layer) => layer instanceof L.ImageOverlay && pictures.push(layer));
    return pictures.map((picture) => {
      const box = make("input", { type: "checkbox", checked: true });
      box.addEventListener("change", () => (box.checked ? map.addLayer(picture) : map.removeLayer(picture)));
      const slider = make("input", { type: "range", min: 0, max: 100, value: Math.round(picture.options.opacity * 100), "aria-label": eco.say("opacity_of", { title: picture.options.alt }) });
      slider.addEventListener("input", () => picture.setOpacity(slider.value / 100));
      const title = make("label", {}, box, " ", picture.options.alt || eco.say("picture"));
      return make("fieldset", { class: "eco-group" }, make("div", { class: "eco-leaf" }, title, make("div", { class: "eco-leaf-more" }, slider)));
    });
  }

  eco.basemapGroup = function (map) {
    const group = make("fieldset", { class: "eco-group" }, make("legend", {}, eco.say("basemap")));
    for (const basemap of eco.page.basemaps) {
      const tiles = L.tileLayer("", { ...basemap.options, attribution: "" });
      const key = make("input", { type: "password", autocomplete: "off", placeholder: eco.say("key"), "aria-label": eco.say("key"), value: basemap.key || "", hidden: !basemap.url.includes("{key}") });
      const box = make("input", { type: "checkbox", checked: Boolean(basemap.shown) });
      const show = () => {
        map.removeLayer(tiles);
        if (!box.checked || (basemap.url.includes("{key}") && !key.value)) return;
        tiles.setUrl(basemap.url.replaceAll("{key}", encodeURIComponent(key.value)), true);
        tiles.addTo(map).bringToBack();
      };
      box.addEventListener("change", show);
      key.addEventListener("change", show);
      show();
      group.append(make("div", { class: "eco-leaf" }, make("label", {}, box, " ", basemap.title), key, make("small", {}, basemap.attribution)));
    }
    return group;
  };

  eco.addLegend = function (map) {
    const control = L.control({ position: "bottomleft" });
    control.onAdd = function () {
      // On a phone an open legend would cover the map.
      const open = !window.matchMedia("(max-width: 760px)").matches;
      const box = make("details", { class: "eco-legend", open }, make("summary", {}, eco.say("legend")));
      L.DomEvent.disableClickPropagation(box).disableScrollPropagation(box);
      const refresh = () => {
        box.querySelector(".eco-legend-list")?.remove();
        box.append(
          eco.legend(map, (layer, number, row) => {
            const hidden = !layer.hidden.has(number);
            layer.hideClass(number, hidden);
            row.setAttribute("aria-pressed", String(!hidden));
          }),
        );
      };
      map.on("layeradd layerremove", (event) => eco.page.layers.includes(event.layer) && refresh());
      refresh();
      return box;
    };
    control.addTo(map);
  };

  function buildNotes() {
    const page = eco.page;
    const body = page.tabs.notes.body;
    const item = (term, text) => [make("dt", {}, term), make("dd", {}, text)];
    const facts = make("dl", {});
    if (page.source) facts.append(...item(eco.say("source"), page.source));
    facts.append(...item(eco.say("datum"), page.datum));
    facts.append(...item(eco.say("accuracy"), page.accuracy));
    for (const layer of page.layers) {
      facts.append(...item(layer.title, [layer.source, eco.say("layer_facts", { count: eco.number(layer.counts.features), vertices: eco.number(layer.verticesGiven), displacement: layer.displacement.toFixed(2) })].filter(Boolean).join(" · ")));
      for (const note of layer.notes) facts.append(make("dd", {}, note));
    }
    body.append(make("h2", {}, eco.say("notes")), facts, make("h2", {}, eco.say("keyboard")), make("p", {}, eco.say("keyboard_help")));
    for (const line of page.notes) body.append(make("p", {}, line));
  }

  eco.number = (value) => value.toLocaleString(eco.page.language === "en" ? "en" : "zh-CN");
})((window.ecospace = window.ecospace || {}));
