// Graticule, names, scale bar, overview and coordinates: what lies over the layers and round them.
(function (eco) {
  "use strict";

  const make = (...all) => eco.make(...all);
  const STEPS = [10, 5, 2, 1, 30 / 60, 20 / 60, 10 / 60, 5 / 60, 2 / 60, 1 / 60, 30 / 3600, 10 / 3600, 5 / 3600, 2 / 3600, 1 / 3600];

  /** A canvas over the whole view, drawn anew when the map has moved. */
  const Decor = L.Layer.extend({
    onAdd(map) {
      map.getPane("eco-decor") || Object.assign(map.createPane("eco-decor").style, { zIndex: 640, pointerEvents: "none" });
      this.canvas = make("canvas", { "aria-hidden": "true" });
      map.getPane("eco-decor").append(this.canvas);
      this.draw();
    },
    onRemove() {
      this.canvas.remove();
    },
    getEvents() {
      return { moveend: this.draw, resize: this.draw, layeradd: this.drawSoon, layerremove: this.drawSoon, zoomanim: () => (this.canvas.style.visibility = "hidden") };
    },
    drawSoon(event) {
      if (event.layer.labels?.length) this.draw();
    },
    draw() {
      const map = this._map;
      const size = map.getSize();
      const ratio = Math.min(window.devicePixelRatio || 1, 2);
      this.canvas.width = size.x * ratio;
      this.canvas.height = size.y * ratio;
      Object.assign(this.canvas.style, { width: size.x + "px", height: size.y + "px", visibility: "" });
      L.DomUtil.setPosition(this.canvas, map.containerPointToLayerPoint([0, 0]));
      const pen = this.canvas.getContext("2d");
      pen.scale(ratio, ratio);
      graticule(pen, map, size);
      names(pen, map, size);
    },
  });

  function text(pen, words, x, y, colour = "#26332d") {
    pen.lineWidth = 3;
    pen.lineJoin = "round";
    pen.strokeStyle = "rgba(255,255,255,0.9)";
    pen.strokeText(words, x, y);
    pen.fillStyle = colour;
    pen.fillText(words, x, y);
  }

  const shortDegrees = (degrees, letters) => eco.sexagesimal(degrees, letters).replace(/00\.0″/, "").replace(/(\d)\.0″/, "$1″").replace(/00′(?=[NSEW])/, "");

  function graticule(pen, map, size) {
    const bounds = map.getBounds();
    const span = bounds.getEast() - bounds.getWest();
    const step = STEPS.find((s) => span / s >= 4) || STEPS.at(-1);
    pen.font = "11px " + eco.FONT;
    const line = (...ends) => {
      pen.beginPath();
      pen.strokeStyle = "rgba(60,90,80,0.22)";
      pen.lineWidth = 0.8;
      pen.moveTo(ends[0], ends[1]);
      pen.lineTo(ends[2], ends[3]);
      pen.stroke();
    };
    for (let k = Math.ceil(bounds.getWest() / step); k * step <= bounds.getEast(); k++) {
      const x = map.latLngToContainerPoint([bounds.getCenter().lat, k * step]).x;
      line(x, 0, x, size.y);
      pen.textAlign = "center";
      pen.textBaseline = "top";
      // The zoom buttons stand in the one corner; in the other half a label would be cut off.
      if (x > 75 && x < size.x - 30) text(pen, shortDegrees(k * step, "EW"), x, 4, "#47625a");
    }
    for (let k = Math.ceil(bounds.getSouth() / step); k * step <= bounds.getNorth(); k++) {
      const y = map.latLngToContainerPoint([k * step, bounds.getCenter().lng]).y;
      line(0, y, size.x, y);
      pen.save();
      pen.translate(size.x - 4, y);
      pen.rotate(-Math.PI / 2);
      pen.textAlign = "center";
      pen.textBaseline = "bottom";
      text(pen, shortDegrees(k * step, "NS"), 0, 0, "#47625a");
      pen.restore();
    }
  }

  /** Names of features; one that would cover another is left out until there is room. */
  function names(pen, map, size) {
    const taken = [];
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (const layer of [...eco.page.layers].reverse()) {
      // Names of points would hide the map of a whole county.
      if (!map.hasLayer(layer) || (layer.shape === "point" && layer.labels.length > 5 && map.getZoom() < 12)) continue;
      pen.font = (layer.outline ? "600 13px " : "12px ") + eco.FONT;
      const lift = layer.shape === "point" ? 12 : 0;
      for (const [longitude, latitude, words] of layer.labels) {
        const at = map.latLngToContainerPoint([latitude, longitude]);
        const [x, y] = [at.x, at.y - lift];
        if (x < -60 || y < -20 || x > size.x + 60 || y > size.y + 20) continue;
        const half = pen.measureText(words).width / 2 + 4;
        const box = [x - half, y - 10, x + half, y + 10];
        if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
        taken.push(box);
        text(pen, words, x, y);
      }
    }
  }

  /** Metres on the ground of a pixel in the middle of the map. */
  eco.metresPerPixel = function (map) {
    const y = map.getSize().y / 2;
    const places = [0, 100].map((x) => map.containerPointToLatLng([x, y]));
    return eco.lengthOf(places.map((place) => [place.lng, place.lat])) / 100;
  };

  eco.addScale = function (map) {
    const control = L.control({ position: "bottomright" });
    control.onAdd = function () {
      const bar = make("div", { class: "eco-scale-bar" });
      const words = make("div");
      const ratio = make("div", { class: "eco-sheet-only" });
      const update = () => {
        const metres = eco.metresPerPixel(map);
        const longest = metres * 130;
        const power = 10 ** Math.floor(Math.log10(longest));
        const round = [5, 2, 1].map((factor) => factor * power).find((length) => length <= longest) || power;
        bar.style.width = round / metres + "px";
        words.textContent = round >= 1000 ? `${round / 1000} ${eco.say("km")}` : `${round} ${eco.say("m")}`;
        ratio.textContent = eco.page.scale.textContent = "1 : " + eco.number(Number(((metres * 96) / 0.0254).toPrecision(3)));
      };
      map.on("moveend zoomend resize", update);
      map.whenReady(() => setTimeout(update));
      return make("div", { class: "eco-scale", role: "img", "aria-label": eco.say("scale_bar") }, ratio, words, bar);
    };
    control.addTo(map);
  };

  eco.coordinateLines = function (place) {
    const { lng, lat } = place;
    const zone = eco.zoneCoordinates(lng, lat);
    return [
      `${eco.sexagesimal(lng, "EW")}  ${eco.sexagesimal(lat, "NS")}`,
      `${lng.toFixed(6)}°, ${lat.toFixed(6)}°`,
      eco.say("zone_coordinates", { zone: zone.zone, meridian: zone.meridian, x: zone.x.toFixed(1), y: zone.y.toFixed(1) }),
    ];
  };

  eco.buildFoot = function (map) {
    const page = eco.page;
    const place = make("span", { class: "eco-coordinates", "aria-live": "off" });
    page.scale = make("span", { class: "eco-ratio" });
    const show = (latlng) => {
      const [sexagesimal, decimal, zone] = eco.coordinateLines(latlng);
      place.textContent = `${decimal}　${sexagesimal}　${zone}`;
    };
    map.on("mousemove", (event) => show(event.latlng));
    // Without a mouse the middle of the map is read.
    map.on("moveend", () => show(map.getCenter()));
    show(map.getCenter());
    const review = make("span", { class: "eco-review" }, eco.say("review") + (page.review || eco.say("none")));
    const features = page.layers.reduce((sum, layer) => sum + layer.counts.features, 0);
    const moved = Math.max(0, ...page.layers.map((layer) => layer.displacement));
    const size = document.documentElement.textContent.length / 1e6;
    page.foot.append(
      make("div", {}, place, page.scale),
      make("div", { class: "eco-small" }, make("strong", { class: "eco-notice" }, page.notice), review, make("span", { class: "eco-facts" }, eco.say("facts", { count: eco.number(features), displacement: moved.toFixed(2), size: size.toFixed(1) })), make("span", {}, page.datum)),
    );
  };

  eco.addOverview = function (map) {
    const width = 150;
    const height = 110;
    const [west, south, east, north] = eco.page.bounds;
    const [left, bottom] = eco.toWorld(west, south);
    const [right, top] = eco.toWorld(east, north);
    const scale = 0.9 * Math.min(width / Math.max(1, right - left), height / Math.max(1, bottom - top));
    const view = { left: (left + right) / 2 - width / 2 / scale, top: (top + bottom) / 2 - height / 2 / scale, scale, width, height };
    const control = L.control({ position: "bottomright" });
    control.onAdd = function () {
      const ratio = 2;
      const canvas = make("canvas", { width: width * ratio, height: height * ratio, class: "eco-overview", role: "img", "aria-label": eco.say("overview") });
      const frame = make("div", { class: "eco-overview-frame" });
      const box = make("div", { class: "eco-overview-box", title: eco.say("overview") }, canvas, frame);
      L.DomEvent.disableClickPropagation(box);
      box.addEventListener("click", (event) => {
        const edge = canvas.getBoundingClientRect();
        const [longitude, latitude] = eco.toDegrees(view.left + (event.clientX - edge.left) / scale, view.top + (event.clientY - edge.top) / scale);
        map.panTo([latitude, longitude]);
      });
      const outlines = eco.page.layers.filter((layer) => layer.outline);
      Promise.all(outlines.map((layer) => layer.opened)).then(() => {
        const pen = canvas.getContext("2d");
        pen.scale(ratio, ratio);
        const plain = { fill: "#eef2ea", fillOpacity: 1, line: "#6b7f76", lineWidth: 0.7, dash: [], hatch: "", marker: "circle", markerSize: 3 };
        for (const layer of outlines) eco.paint(pen, { shapes: layer.shapes, hidden: new Set(), styles: layer.styles.map(() => plain), seams: false }, view, ratio, [...Array(layer.shapes.count).keys()]);
        if (!outlines.length) {
          pen.strokeStyle = "#6b7f76";
          pen.strokeRect((left - view.left) * scale, (top - view.top) * scale, (right - left) * scale, (bottom - top) * scale);
        }
      });
      const update = () => {
        const bounds = map.getBounds();
        const [x0, y0] = eco.toWorld(bounds.getWest(), bounds.getNorth());
        const [x1, y1] = eco.toWorld(bounds.getEast(), bounds.getSouth());
        const clamp = (value, most) => Math.max(0, Math.min(most, value));
        const edges = [clamp((x0 - view.left) * scale, width), clamp((y0 - view.top) * scale, height), clamp((x1 - view.left) * scale, width), clamp((y1 - view.top) * scale, height)];
        Object.assign(frame.style, { left: edges[0] + "px", top: edges[1] + "px", width: Math.max(3, edges[2] - edges[0] - 2) + "px", height: Math.max(3, edges[3] - edges[1] - 2) + "px" });
      };
      map.on("moveend resize", update);
      map.whenReady(() => setTimeout(update));
      return box;
    };
    control.addTo(map);
  };

  eco.FONT = '"Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", sans-serif';
  eco.Decor = Decor;
})((window.ecospace = window.ecospace || {}));
