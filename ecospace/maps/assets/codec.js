// The coded shapes of a layer, opened: encode.py says how they are laid out.
(function (eco) {
  "use strict";

  /** Whole numbers across the world of the Web Mercator tiles (encode.py: WORLD). */
  eco.WORLD = 2 ** 29;

  /** A gzip stream in base64 to bytes. */
  eco.open = async function (text) {
    const binary = atob(text.trim());
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };

  /** Reads numbers of variable length, one after the other. */
  class Numbers {
    constructor(bytes) {
      this.bytes = bytes;
      this.at = 0;
    }

    take(count, out) {
      const bytes = this.bytes;
      let at = this.at;
      for (let i = 0; i < count; i++) {
        let byte = bytes[at++];
        let number = byte & 127;
        let shift = 7;
        while (byte > 127) {
          byte = bytes[at++];
          number |= (byte & 127) << shift;
          shift += 7;
        }
        out[i] = number;
      }
      this.at = at;
      return out;
    }

    /** Running sums of signed differences. */
    sums(count) {
      const out = this.take(count, new Int32Array(count));
      let sum = 0;
      for (let i = 0; i < count; i++) {
        sum += (out[i] >>> 1) ^ -(out[i] & 1);
        out[i] = sum;
      }
      return out;
    }

    /** Starts of groups, from their sizes; the last entry is the end. */
    starts(count) {
      const sizes = this.take(count, new Uint32Array(count));
      const out = new Uint32Array(count + 1);
      for (let i = 0; i < count; i++) out[i + 1] = out[i] + sizes[i];
      return out;
    }
  }

  /** The shapes of one layer: arcs, rings that refer to arcs, features that own rings. */
  eco.Shapes = class {
    constructor(bytes, counts, kind) {
      const numbers = new Numbers(bytes);
      this.kind = kind;
      this.count = counts.features;
      this.arcStart = numbers.starts(counts.arcs);
      this.x = numbers.sums(counts.vertices);
      this.y = numbers.sums(counts.vertices);
      this.ringStart = numbers.starts(counts.rings);
      this.references = numbers.take(counts.references, new Int32Array(counts.references));
      let newest = 0;
      for (let i = 0; i < counts.references; i++) {
        const back = this.references[i] >>> 1;
        this.references[i] = ((back ? newest - back : newest++) << 1) | (this.references[i] & 1);
      }
      this.featureStart = numbers.starts(counts.features);
      this.classes = numbers.take(counts.features, new Uint16Array(counts.features));
      this.arcBox = boxes(counts.arcs);
      this.ringBox = boxes(counts.rings);
      this.box = boxes(counts.features);
      this.measureBoxes();
      this.levels = new Map();
    }

    measureBoxes() {
      const { x, y, arcStart, references, ringStart, featureStart, arcBox, ringBox, box } = this;
      for (let arc = 0; arc + 1 < arcStart.length; arc++) {
        for (let i = arcStart[arc]; i < arcStart[arc + 1]; i++) widen(arcBox, arc, x[i], y[i], x[i], y[i]);
      }
      for (let ring = 0; ring + 1 < ringStart.length; ring++) {
        for (let i = ringStart[ring]; i < ringStart[ring + 1]; i++) include(ringBox, ring, arcBox, references[i] >> 1);
      }
      for (let feature = 0; feature < this.count; feature++) {
        for (let ring = featureStart[feature]; ring < featureStart[feature + 1]; ring++) include(box, feature, ringBox, ring);
      }
      const sizes = [];
      const step = Math.max(1, Math.floor(this.count / 999));
      for (let feature = 0; feature < this.count; feature += step) sizes.push(box.right[feature] - box.left[feature]);
      this.usualSize = sizes.sort((a, b) => a - b)[sizes.length >> 1] || 0;
    }

    /** Arcs with the vertices that can be told apart where a pixel is so many units wide. Ends are always kept. */
    level(unitsPerPixel) {
      const gap = 0.6 * unitsPerPixel;
      if (gap <= 1.5 || this.kind === "point") return { x: this.x, y: this.y, start: this.arcStart };
      if (this.levels.has(gap)) return this.levels.get(gap);
      const { x, y, arcStart } = this;
      const keptX = new Int32Array(x.length);
      const keptY = new Int32Array(x.length);
      const start = new Uint32Array(arcStart.length);
      let kept = 0;
      for (let arc = 0; arc + 1 < arcStart.length; arc++) {
        start[arc] = kept;
        const last = arcStart[arc + 1] - 1;
        let heldX = Infinity;
        let heldY = Infinity;
        for (let i = arcStart[arc]; i <= last; i++) {
          if (i === last || Math.abs(x[i] - heldX) > gap || Math.abs(y[i] - heldY) > gap) {
            keptX[kept] = heldX = x[i];
            keptY[kept++] = heldY = y[i];
          }
        }
      }
      start[arcStart.length - 1] = kept;
      const level = { x: keptX.slice(0, kept), y: keptY.slice(0, kept), start };
      if (this.levels.size > 3) this.levels.delete(this.levels.keys().next().value);
      this.levels.set(gap, level);
      return level;
    }

    /** Features whose box meets a box. */
    *meeting(left, top, right, bottom) {
      const box = this.box;
      for (let i = 0; i < this.count; i++) {
        if (box.left[i] <= right && box.right[i] >= left && box.top[i] <= bottom && box.bottom[i] >= top) yield i;
      }
    }

    /** The features at a place, the topmost first; lines, points and small shapes within `reach` units. */
    at(x, y, reach) {
      const hits = [];
      for (const feature of this.meeting(x - reach, y - reach, x + reach, y + reach)) {
        const small = this.box.right[feature] - this.box.left[feature] < reach && this.box.bottom[feature] - this.box.top[feature] < reach;
        if (small || (this.kind === "polygon" && this.covers(feature, x, y)) || this.distance(feature, x, y) < (this.kind === "polygon" ? 0 : reach)) hits.push(feature);
      }
      return hits.reverse();
    }

    /** Whether a place lies inside a polygon, by counting the borders to its right. */
    covers(feature, x, y) {
      let inside = false;
      this.segments(feature, (ax, ay, bx, by) => {
        if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
      });
      return inside;
    }

    distance(feature, x, y) {
      let least = Infinity;
      this.segments(feature, (ax, ay, bx, by) => {
        const dx = bx - ax;
        const dy = by - ay;
        const share = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
        least = Math.min(least, Math.hypot(ax + share * dx - x, ay + share * dy - y));
      });
      return least;
    }

    segments(feature, visit) {
      const { x, y, arcStart, references } = this;
      const first = this.ringStart[this.featureStart[feature]];
      const last = this.ringStart[this.featureStart[feature + 1]];
      for (let r = first; r < last; r++) {
        const from = arcStart[references[r] >> 1];
        const to = arcStart[(references[r] >> 1) + 1] - 1;
        if (from === to) visit(x[from], y[from], x[from], y[from]);
        for (let i = from; i < to; i++) visit(x[i], y[i], x[i + 1], y[i + 1]);
      }
    }
  };

  function boxes(count) {
    return {
      left: new Int32Array(count).fill(0x7fffffff),
      top: new Int32Array(count).fill(0x7fffffff),
      right: new Int32Array(count).fill(-0x80000000),
      bottom: new Int32Array(count).fill(-0x80000000),
    };
  }

  function widen(box, i, left, top, right, bottom) {
    if (left < box.left[i]) box.left[i] = left;
    if (top < box.top[i]) box.top[i] = top;
    if (right > box.right[i]) box.right[i] = right;
    if (bottom > box.bottom[i]) box.bottom[i] = bottom;
  }

  function include(box, i, other, j) {
    widen(box, i, other.left[j], other.top[j], other.right[j], other.bottom[j]);
  }
})((window.ecospace = window.ecospace || {}));
