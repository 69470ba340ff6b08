// Layers drawn on canvas tiles that are cut in the browser, one tile after the other, so that the page stays awake.
(function (eco) {
  "use strict";

  const PIXELS_PER_MM = 96 / 25.4;
  const TILE = 512;
  const BATCH = 300;
  const hatches = new Map();

  // Each tile is one job; jobs take turns with the reader's own clicks.
  const jobs = [];
  const channel = new MessageChannel();
  let working = false;
  channel.port1.onmessage = function () {
    const until = performance.now() + 16;
    while (jobs.length && performance.now() < until) jobs.shift()();
    working = jobs.length > 0;
    if (working) channel.port2.postMessage(0);
  };
  function later(job, urgent) {
    if (urgent) jobs.unshift(job);
    else jobs.push(job);
    if (!working) channel.port2.postMessage(0);
    working = true;
  }

  /** A small square of lines that fits itself on all sides. */
  function hatchOf(kind, colour, ratio) {
    const key = kind + colour + ratio;
    if (hatches.has(key)) return hatches.get(key);
    const size = 8;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = size * ratio;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.strokeStyle = pen.fillStyle = colour;
    pen.lineWidth = 0.8;
    const line = (...ends) => {
      pen.moveTo(ends[0], ends[1]);
      pen.lineTo(ends[2], ends[3]);
    };
    if (kind === "/" || kind === "x") for (const by of [-size, 0, size]) line(by - 1, size + 1, by + size + 1, -1);
    if (kind === "\\" || kind === "x") for (const by of [-size, 0, size]) line(by - 1, -1, by + size + 1, size + 1);
    if (kind === "-" || kind === "+") line(0, size / 2, size, size / 2);
    if (kind === "|" || kind === "+") line(size / 2, 0, size / 2, size);
    pen.stroke();
    if (kind === ".") for (const [x, y] of [[2, 2], [6, 6]]) pen.fillRect(x - 0.6, y - 0.6, 1.3, 1.3);
    const pattern = pen.createPattern(canvas, "repeat");
    pattern.setTransform(new DOMMatrix().scale(1 / ratio));
    hatches.set(key, pattern);
    return pattern;
  }

  eco.hatchOf = hatchOf;

  const markers = {
    circle: (pen, x, y, r) => pen.arc(x, y, r, 0, 2 * Math.PI),
    square: (pen, x, y, r) => pen.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8),
    triangle: (pen, x, y, r) => corners(pen, [[x, y - r * 1.15], [x + r * 1.1, y + r * 0.85], [x - r * 1.1, y + r * 0.85]]),
    diamond: (pen, x, y, r) => corners(pen, [[x, y - r * 1.25], [x + r, y], [x, y + r * 1.25], [x - r, y]]),
    cross: (pen, x, y, r) => {
      const arm = r / 2.6;
      corners(pen, [[-r, -arm], [-arm, -arm], [-arm, -r], [arm, -r], [arm, -arm], [r, -arm], [r, arm], [arm, arm], [arm, r], [-arm, r], [-arm, arm], [-r, arm]].map(([dx, dy]) => [x + dx, y + dy]));
    },
  };
  eco.markers = markers;
  function corners(pen, places) {
    places.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.closePath();
  }

  /** Draws features of a layer on a canvas. `view`: left, top and scale of its corner, its size, all in CSS pixels. */
  class Brush {
    constructor(pen, shapes, view, ratio) {
      this.pen = pen;
      this.shapes = shapes;
      this.view = view;
      this.ratio = ratio;
      this.level = shapes.level(1 / view.scale);
      this.met = new Uint8Array(shapes.arcStart.length);
    }

    reach(pixels) {
      const { left, top, width, height, scale } = this.view;
      const pad = pixels / scale;
      this.left = left - pad;
      this.top = top - pad;
      this.right = left + width / scale + pad;
      this.bottom = top + height / scale + pad;
    }

    /** One ring as a path. What lies wholly to one side of the canvas is passed over: it can't change the inside. */
    ring(ring) {
      const { pen, shapes, level, left, top, right, bottom } = this;
      const { x, y, start } = level;
      const { scale } = this.view;
      const originX = this.view.left;
      const originY = this.view.top;
      const box = shapes.ringBox;
      if (shapes.kind === "polygon" && (box.right[ring] - box.left[ring]) * scale < 1 && (box.bottom[ring] - box.top[ring]) * scale < 1) {
        // Smaller than a pixel: still a dot, for nothing may vanish.
        pen.rect((box.left[ring] - originX) * scale, (box.top[ring] - originY) * scale, 1, 1);
        return;
      }
      const clipped = box.left[ring] < left || box.right[ring] > right || box.top[ring] < top || box.bottom[ring] > bottom;
      let begun = false;
      let side = 0;
      let held = false;
      let heldX = 0;
      let heldY = 0;
      let heldSide = 0;
      for (let r = shapes.ringStart[ring]; r < shapes.ringStart[ring + 1]; r++) {
        const arc = shapes.references[r] >> 1;
        const back = shapes.references[r] & 1;
        const count = start[arc + 1] - start[arc];
        let i = back ? start[arc + 1] - 1 : start[arc];
        const step = back ? -1 : 1;
        for (let n = 0; n < count; n++, i += step) {
          if (n === 0 && begun) continue;
          const px = x[i];
          const py = y[i];
          if (!begun) {
            pen.moveTo((px - originX) * scale, (py - originY) * scale);
            begun = true;
            if (clipped) side = (px < left ? 1 : px > right ? 2 : 0) | (py < top ? 4 : py > bottom ? 8 : 0);
            continue;
          }
          if (clipped) {
            const here = (px < left ? 1 : px > right ? 2 : 0) | (py < top ? 4 : py > bottom ? 8 : 0);
            if (side & here) {
              side &= here;
              held = true;
              heldX = px;
              heldY = py;
              heldSide = here;
              continue;
            }
            if (held) {
              pen.lineTo((heldX - originX) * scale, (heldY - originY) * scale);
              held = false;
              if (heldSide & here) {
                side = heldSide & here;
                held = true;
                heldX = px;
                heldY = py;
                heldSide = here;
                continue;
              }
            }
            side = here;
          }
          pen.lineTo((px - originX) * scale, (py - originY) * scale);
        }
      }
      if (held) pen.lineTo((heldX - originX) * scale, (heldY - originY) * scale);
    }

    /** The inside of features, in batches: one path for many is much faster than many paths. */
    fill(features, style, seams) {
      const { pen, shapes } = this;
      for (let from = 0; from < features.length; from += BATCH) {
        pen.beginPath();
        for (const feature of features.slice(from, from + BATCH)) {
          for (let ring = shapes.featureStart[feature]; ring < shapes.featureStart[feature + 1]; ring++) {
            if (this.meets(shapes.ringBox, ring)) this.ring(ring);
          }
        }
        if (style.fill) {
          pen.fillStyle = style.fill;
          pen.globalAlpha = seams ? 1 : style.fillOpacity;
          pen.fill("nonzero");
          if (seams) {
            // Two neighbours each cover half of a pixel on their border: a hair of their own colour closes the seam.
            pen.strokeStyle = style.fill;
            // One dot wide, no more: browsers draw hairlines three times as fast as strokes.
            pen.lineWidth = 1 / this.ratio;
            pen.setLineDash([]);
            pen.stroke();
          }
        }
        pen.globalAlpha = 1;
        if (style.hatch) {
          pen.fillStyle = hatchOf(style.hatch, style.line || "#444444", this.ratio);
          pen.fill("nonzero");
        }
      }
    }

    meets(box, i) {
      return box.left[i] <= this.right && box.right[i] >= this.left && box.top[i] <= this.bottom && box.bottom[i] >= this.top;
    }

    /** The borders of features; one that two share is drawn once. */
    stroke(features, style) {
      const { pen, shapes } = this;
      pen.strokeStyle = style.line;
      pen.lineWidth = style.lineWidth;
      pen.lineJoin = "round";
      pen.lineCap = style.dash.length ? "butt" : "round";
      pen.setLineDash(style.dash);
      const period = style.dash.reduce((sum, length) => sum + length, 0);
      pen.beginPath();
      let count = 0;
      for (const feature of features) {
        const last = shapes.ringStart[shapes.featureStart[feature + 1]];
        for (let r = shapes.ringStart[shapes.featureStart[feature]]; r < last; r++) {
          const arc = shapes.references[r] >> 1;
          if (this.met[arc] || !this.meets(shapes.arcBox, arc)) continue;
          this.met[arc] = 1;
          this.arc(arc, period);
          if (++count % 2000 === 0 && !period) {
            pen.stroke();
            pen.beginPath();
          }
        }
      }
      pen.stroke();
      pen.setLineDash([]);
    }

    /** An arc as open lines, only where it can be seen. Dashes keep step from tile to tile. */
    arc(arc, period) {
      const { pen, level, left, top, right, bottom } = this;
      const { x, y, start } = level;
      const { scale } = this.view;
      let walked = 0;
      let seen = false;
      for (let i = start[arc] + 1; i < start[arc + 1]; i++) {
        const [ax, ay, bx, by] = [x[i - 1], y[i - 1], x[i], y[i]];
        const away = (ax < left && bx < left) || (ax > right && bx > right) || (ay < top && by < top) || (ay > bottom && by > bottom);
        if (!away) {
          if (!seen) {
            if (period) {
              pen.stroke();
              pen.beginPath();
              pen.lineDashOffset = walked % period;
            }
            pen.moveTo((ax - this.view.left) * scale, (ay - this.view.top) * scale);
          }
          pen.lineTo((bx - this.view.left) * scale, (by - this.view.top) * scale);
        }
        seen = !away;
        if (period) walked += Math.hypot(bx - ax, by - ay) * scale;
      }
    }

    points(features, style) {
      const { pen, shapes, view } = this;
      pen.fillStyle = style.fill || "#ffffff";
      pen.strokeStyle = style.line || "#333333";
      pen.lineWidth = Math.max(0.8, style.lineWidth);
      for (const feature of features) {
        for (let ring = shapes.featureStart[feature]; ring < shapes.featureStart[feature + 1]; ring++) {
          const arc = shapes.references[shapes.ringStart[ring]] >> 1;
          pen.beginPath();
          markers[style.marker](pen, (shapes.x[shapes.arcStart[arc]] - view.left) * view.scale, (shapes.y[shapes.arcStart[arc]] - view.top) * view.scale, style.markerSize / 2);
          pen.fill();
          pen.stroke();
        }
      }
    }
  }

  /** Millimetres of paper to pixels of the screen. */
  eco.onScreen = (style) => ({
    ...style,
    lineWidth: style.line_width_mm * PIXELS_PER_MM,
    dash: style.line_dash.map((length) => length * PIXELS_PER_MM),
    markerSize: style.marker_mm * PIXELS_PER_MM,
    fillOpacity: style.fill_opacity,
  });

  /** Draws a layer, or some of its features, on a canvas context. */
  eco.paint = function (pen, layer, view, ratio, only) {
    const { shapes, styles } = layer;
    const brush = new Brush(pen, shapes, view, ratio);
    brush.reach(3 + Math.max(...styles.map((style) => (shapes.kind === "point" ? style.markerSize : style.lineWidth))));
    const byClass = styles.map(() => []);
    for (const feature of only || shapes.meeting(brush.left, brush.top, brush.right, brush.bottom)) {
      if (!layer.hidden.has(shapes.classes[feature])) byClass[shapes.classes[feature]].push(feature);
    }
    if (shapes.kind === "point") {
      byClass.forEach((features, i) => brush.points(features, styles[i]));
      return;
    }
    if (shapes.kind === "polygon") byClass.forEach((features, i) => features.length && brush.fill(features, styles[i], layer.seams && !only));
    // Hairlines round shapes of a few pixels would blacken the map.
    const crowded = shapes.usualSize * view.scale < 7;
    byClass.forEach((features, i) => {
      const style = styles[i];
      if (features.length && style.line && style.lineWidth > 0 && (style.lineWidth > 0.6 || !crowded || only)) brush.stroke(features, style);
    });
  };

  /** A layer of coded shapes (web.py: CodedLayer). */
  eco.CodedLayer = L.GridLayer.extend({
    options: { tileSize: TILE, updateWhenZooming: false, updateWhenIdle: true, keepBuffer: 1, minZoom: 0, maxZoom: 22 },

    initialize(id) {
      const head = JSON.parse(document.getElementById(id + "-head").textContent);
      L.GridLayer.prototype.initialize.call(this, { pane: "overlayPane", opacity: head.opacity });
      Object.assign(this, head, { id, hidden: new Set(), shapes: null, ownOpacity: head.opacity });
      this.styles = head.classes.map((entry) => eco.onScreen(entry.style));
      // Ground that is covered without hairline gaps is painted opaque; the whole layer is then made as clear as asked for.
      const clear = new Set(this.styles.filter((style) => style.fill).map((style) => style.fillOpacity));
      const [clarity] = clear;
      this.seams = head.shape === "polygon" && clear.size === 1 && this.styles.every((style) => !style.line || style.lineWidth < 0.6) && (clarity === 1 || this.styles.every((style) => !style.hatch));
      this.clarity = this.seams ? clarity : 1;
      L.Util.setOptions(this, { opacity: head.opacity * this.clarity });
      this.opened = eco.open(document.getElementById(id + "-shapes").textContent).then((bytes) => {
        this.shapes = new eco.Shapes(bytes, head.counts, head.shape);
      });
      eco.layers.push(this);
    },

    /** Opacity as the reader sets it; the style's own is multiplied in. */
    setClarity(opacity) {
      this.ownOpacity = opacity;
      this.setOpacity(opacity * this.clarity);
    },

    hideClass(number, hidden) {
      if (hidden) this.hidden.add(number);
      else this.hidden.delete(number);
      this.redraw();
    },

    createTile(coords, done) {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 0;
      const units = eco.WORLD / 2 ** (coords.z - 1);
      const pad = units / 16;
      const view = { left: coords.x * units, top: coords.y * units, scale: TILE / units, width: TILE, height: TILE };
      this.opened.then(() =>
        later(() => {
          const wanted = this._map && this._tiles[this._tileCoordsToKey(coords)]?.el === canvas;
          // A tile without anything on it needs no memory.
          if (wanted && !this.shapes.meeting(view.left - pad, view.top - pad, view.left + units + pad, view.top + units + pad).next().done) {
            const ratio = Math.min(window.devicePixelRatio || 1, 2);
            canvas.width = canvas.height = TILE * ratio;
            const pen = canvas.getContext("2d");
            pen.scale(ratio, ratio);
            eco.paint(pen, this, view, ratio, this.only);
          }
          done(null, canvas);
        }, Boolean(this.only)),
      );
      return canvas;
    },

    /** Attribute columns, opened at the first question. */
    async attributes() {
      this.columnsOpened ||= eco
        .open(document.getElementById(this.id + "-table").textContent)
        .then((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
      return this.columnsOpened;
    },

    async rowOf(feature) {
      const columns = await this.attributes();
      return columns.map((column) => [column.title, valueOf(column, feature)]);
    },

    boundsOf(feature) {
      const { left, top, right, bottom } = this.shapes.box;
      const corner = (x, y) => eco.toDegrees(x, y).reverse();
      return L.latLngBounds(corner(left[feature], bottom[feature]), corner(right[feature], top[feature]));
    },

    getBounds() {
      const [west, south, east, north] = this.bounds;
      return L.latLngBounds([south, west], [north, east]);
    },
  });

  function valueOf(column, feature) {
    const value = column.words ? column.words[column.values[feature]] : column.values[feature];
    return value === null || value === undefined ? "" : String(value);
  }
  eco.valueOf = valueOf;

  /** Shapes picked out: the same tiles, drawn once more in the colour of a pencil. */
  eco.Picked = eco.CodedLayer.extend({
    initialize(layer, features) {
      L.GridLayer.prototype.initialize.call(this, { pane: "markerPane" });
      const picked = (style) => ({ fill: style.fill && "#ffe600", fillOpacity: 0.3, line: "#c400c4", lineWidth: 2.5, dash: [], hatch: "", marker: "circle", markerSize: 12 });
      Object.assign(this, { shapes: layer.shapes, hidden: new Set(), only: features, opened: layer.opened, seams: false });
      this.styles = layer.styles.map(picked);
    },
  });

  /** The ground of the study area, paler than what lies round it, under everything else. */
  eco.Ground = eco.CodedLayer.extend({
    initialize(layer) {
      L.GridLayer.prototype.initialize.call(this, { pane: "tilePane" });
      const style = { fill: "#ffffff", fillOpacity: 1, line: "", lineWidth: 0, dash: [], hatch: "", marker: "circle", markerSize: 0 };
      Object.assign(this, { hidden: new Set(), seams: true, styles: layer.styles.map(() => style) });
      this.opened = layer.opened.then(() => (this.shapes = layer.shapes));
    },
  });

  eco.layers = [];
  eco.layer = (id) => new eco.CodedLayer(id);
})((window.ecospace = window.ecospace || {}));
