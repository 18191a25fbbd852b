// Drawing on a canvas: the map with its paths, and the curve of the values.  Sharp on dense screens.

(function (optlib) {
  "use strict";

  const FONT = "12px system-ui, sans-serif";
  const LEAST = 0.7; // pixels between two points of a line
  const FAR = 1e5; // pixels; of lines much longer a browser makes areas

  const isFar = (p) => Math.max(...p.map(Math.abs)) > FAR;
  // From p toward q, as far as lines are drawn.
  const toward = (p, q) => {
    const share = FAR / Math.max(...p.map((v, k) => Math.abs(q[k] - v)));
    return p.map((v, k) => v + share * (q[k] - v));
  };

  // A canvas with a frame; `box` is the inside of the frame in CSS pixels.
  class Board {
    constructor(canvas, margins) {
      this.canvas = canvas;
      this.margins = margins;
      this.pen = canvas.getContext("2d");
    }

    // Take the look of the page; true if there is room to draw.
    prepare(look) {
      this.look = look;
      return this.fit();
    }

    // Fit the canvas to its place on the page; true if it is visible.
    fit() {
      const { clientWidth: width, clientHeight: height } = this.canvas;
      const scale = globalThis.devicePixelRatio || 1;
      Object.assign(this, { width, height, scale });
      const [left, right, top, bottom] = this.margins;
      this.box = { x: left, y: top, w: width - left - right, h: height - top - bottom };
      this.canvas.width = Math.round(width * scale);
      this.canvas.height = Math.round(height * scale);
      return width > 0 && height > 0;
    }

    begin() {
      this.pen.setTransform(this.scale, 0, 0, this.scale, 0, 0);
      this.pen.clearRect(0, 0, this.width, this.height);
      this.pen.font = FONT;
    }

    // Fractions of the box, y upwards -> pixels.
    at([u, v]) {
      return [this.box.x + u * this.box.w, this.box.y + (1 - v) * this.box.h];
    }

    axes(look, x, y) {
      const { pen, box } = this;
      pen.strokeStyle = look.faint;
      pen.fillStyle = look.ink;
      pen.lineWidth = 1;
      pen.strokeRect(box.x, box.y, box.w, box.h);
      pen.textBaseline = "top";
      pen.textAlign = "center";
      for (const [u, text] of x.ticks) {
        const [px] = this.at([u, 0]);
        pen.fillRect(px - 0.5, box.y + box.h, 1, 4);
        pen.fillText(text, px, box.y + box.h + 7);
      }
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      for (const [v, text] of y.ticks) {
        const [, py] = this.at([0, v]);
        pen.fillRect(box.x - 4, py - 0.5, 4, 1);
        pen.fillText(text, box.x - 7, py);
      }
      pen.textAlign = "center";
      pen.textBaseline = "bottom";
      const half = pen.measureText(x.label).width / 2;
      pen.fillText(x.label, Math.max(half, Math.min(box.x + box.w / 2, this.width - half)), this.height);
      pen.save();
      pen.translate(box.x - this.margins[0] + 11, box.y + box.h / 2);
      pen.rotate(-Math.PI / 2);
      pen.textBaseline = "middle";
      pen.fillText(y.label, 0, 0);
      pen.restore();
    }

    clip() {
      const { pen, box } = this;
      pen.save();
      pen.beginPath();
      pen.rect(box.x, box.y, box.w, box.h);
      pen.clip();
    }

    line(points, color, width, dashes) {
      this.ink(this.way(points.length, (i) => points[i]), color, width, dashes);
    }

    // The way through so many places, in pixels; a line between two that are far away is left out.
    way(count, place) {
      const way = new Path2D();
      let last = null;
      for (let i = 0; i < count; i++) {
        const p = place(i);
        if (Number.isNaN(p[0] + p[1])) { // a gap
          last = null;
          continue;
        }
        if (last && Math.abs(p[0] - last[0]) + Math.abs(p[1] - last[1]) < LEAST && i < count - 1) continue; // nobody sees it, and it takes time
        if (!isFar(p)) {
          if (!last) way.moveTo(...p);
          else if (isFar(last)) way.moveTo(...toward(p, last));
          if (last) way.lineTo(...p);
        } else if (last && !isFar(last)) way.lineTo(...toward(last, p));
        last = p;
      }
      return way;
    }

    ink(way, color, width, dashes = []) {
      const { pen } = this;
      pen.strokeStyle = color;
      pen.lineWidth = width;
      pen.lineJoin = "round";
      pen.setLineDash(dashes.map((d) => d * width));
      pen.stroke(way);
      pen.setLineDash([]);
    }

    mark(kind, [x, y], radius, fill, edge, width = 1) {
      const { pen } = this;
      pen.beginPath();
      if (kind === "o") pen.arc(x, y, radius, 0, 2 * Math.PI);
      else SHAPES[kind].forEach(([u, v]) => pen.lineTo(x + u * radius, y - v * radius));
      pen.closePath();
      pen.lineJoin = "round";
      pen.fillStyle = fill;
      pen.strokeStyle = edge;
      pen.lineWidth = width;
      pen.fill();
      pen.stroke();
    }
  }

  optlib.Board = Board;

  // Corners of the markers, named as in the theme, around the origin, y upwards.
  const around = (n, turn, radii = [1]) =>
    Array.from({ length: n }, (_, i) => {
      const angle = 2 * Math.PI * (i / n + turn);
      const r = radii[i % radii.length];
      return [r * Math.cos(angle), r * Math.sin(angle)];
    });
  const plus = [[1, 3], [1, 1], [3, 1], [3, -1], [1, -1], [1, -3], [-1, -3], [-1, -1], [-3, -1], [-3, 1], [-1, 1], [-1, 3]];
  const SHAPES = {
    s: around(4, 1 / 8, [1.15]), D: around(4, 0, [1.15]), d: around(4, 0, [0.75, 1.25]),
    "^": around(3, 1 / 4, [1.2]), v: around(3, 3 / 4, [1.2]), "<": around(3, 1 / 2, [1.2]), ">": around(3, 0, [1.2]),
    p: around(5, 1 / 4, [1.1]), h: around(6, 1 / 4, [1.1]), "*": around(10, 1 / 4, [1.1, 0.45]),
    P: plus.map(([u, v]) => [u / 3, v / 3]), X: plus.map(([u, v]) => [(u - v) / 4, (u + v) / 4]),
  };

  // The picture of the function with paths on it.
  optlib.Map = class extends Board {
    constructor(canvas, scene) {
      super(canvas, [52, 10, 8, 40]);
      this.scene = scene;
      this.image = null;
      this.ground = document.createElement("canvas");
    }

    // With one scale for both axes where that suits: steepest descent then crosses the lines at right angles.
    fit() {
      const { x: [left, right], y: [low, high], equal } = this.scene;
      const visible = super.fit();
      const { x, y, w, h } = this.box;
      const scale = equal ? Math.min(w / (right - left), h / (high - low)) : 0;
      if (scale) {
        const [across, up] = [scale * (right - left), scale * (high - low)];
        this.box = { x: x + (w - across) / 2, y: y + h - up, w: across, h: up };
      }
      return visible;
    }

    // The bands as an image; resolves when they can be drawn.
    async load() {
      const { scene } = this;
      if (!scene.bands) return;
      const image = new Image();
      image.src = scene.bands;
      await image.decode();
      scene.image = image;
      if (scene === this.scene) this.image = image; // a reader may have chosen another function
    }

    // Draws what never moves: bands, axes, the curve of a function of one coordinate, minima.
    prepare(look, dark) {
      if (!this.fit()) return false;
      this.look = look;
      this.begin();
      const { pen, box, scene } = this;
      pen.fillStyle = look.paper;
      pen.fillRect(0, 0, this.width, this.height);
      pen.imageSmoothingQuality = "high";
      if (this.image) pen.drawImage(dark && !this.painted ? recolored(this.image, scene) : this.image, box.x, box.y, box.w, box.h);
      if (scene.graph) {
        this.clip();
        this.line(optlib.path(scene.graph).map((p) => this.at(p)), look.faint, 2);
        pen.restore();
      }
      const ticks = ([low, high], count) =>
        optlib.ticks(low, high, count).map((t) => [(t - low) / (high - low), optlib.number(t, high - low)]);
      this.axes(look, { ticks: ticks(scene.x, 6), label: scene.labels[0] }, { ticks: ticks(scene.y, 6), label: scene.labels[1] });
      for (const place of scene.minima) this.mark("*", this.at(place), 8, scene.star, scene.looks.light.ink);
      this.ground.width = this.canvas.width;
      this.ground.height = this.canvas.height;
      this.ground.getContext("2d").drawImage(this.canvas, 0, 0);
      return true;
    }

    // Paths up to a point each: [{points, color, dashes, marker, end}].
    draw(tracks) {
      this.begin();
      this.pen.drawImage(this.ground, 0, 0, this.width, this.height);
      this.clip();
      for (const track of tracks) {
        const place = (i) => this.at(track.points[i]);
        const way = this.way(track.end + 1, place);
        this.pen.globalAlpha = 0.75;
        this.ink(way, this.look.paper, 5);
        this.pen.globalAlpha = 1;
        this.ink(way, track.color, 2.4, track.dashes);
        if (track.end < 60) for (let i = 0; i <= track.end; i++) this.mark("o", place(i), 1.8, track.color, track.color, 0.5);
        this.mark("o", place(0), 4.5, this.look.paper, track.color, 2);
        this.mark(track.marker, place(track.end), 6, track.color, this.look.paper, 1.2);
      }
      this.pen.restore();
    }
  };

  // The same bands in the colors of a dark page.
  function recolored(image, scene) {
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0);
    const picture = pen.getImageData(0, 0, canvas.width, canvas.height);
    const colors = new Uint32Array(picture.data.buffer);
    const packed = (hex) => {
      const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
      return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
    };
    const { light, dark } = scene.looks;
    const table = new globalThis.Map(light.bands.map((color, i) => [packed(color), packed(dark.bands[i])]));
    for (let i = 0; i < colors.length; i++) colors[i] = table.get(colors[i]) ?? colors[i];
    pen.putImageData(picture, 0, 0);
    return canvas;
  }

  optlib.recolored = recolored;

  // Share of the height at which a value stands on an axis {low, high, log}; of a logarithmic one the ends are exponents.
  optlib.heightOf = ({ low, high, log }, value) =>
    ((log ? Math.log10(Math.max(value, 10 ** (low - 1))) : value) - low) / (high - low);

  // 10 to an integer power, as a tick says it.
  optlib.power = (t) => (Math.abs(t) > 3 ? `1e${t}` : optlib.number(10 ** t));

  optlib.heightTicks = ({ low, high, log }, count) =>
    optlib.ticks(low, high, count).filter((t) => !log || Number.isInteger(t))
      .map((t) => [(t - low) / (high - low), log ? optlib.power(t) : optlib.number(t, high - low)]);

  // Values against steps, for the same paths.
  optlib.Curve = class extends Board {
    constructor(canvas, values) {
      super(canvas, [66, 12, 8, 40]);
      this.values = values;
    }

    draw(tracks, step) {
      const { last, label } = this.values;
      this.begin();
      const xs = optlib.ticks(0, last, 4).map((t) => [t / last, optlib.number(t)]);
      this.axes(this.look, { ticks: xs, label: "step" }, { ticks: optlib.heightTicks(this.values, 6), label });
      this.clip();
      const [x] = this.at([step / last, 0]);
      this.line([[x, this.box.y], [x, this.box.y + this.box.h]], this.look.faint, 1);
      for (const track of tracks) {
        const place = (i) => this.at([Math.min(i * track.stride, last) / last, optlib.heightOf(this.values, track.heights[i])]);
        const seen = Math.min(track.seen ?? last, track.heights.length - 1);
        const way = (end) => this.ink(this.way(end + 1, place), track.color, 2, track.dashes);
        this.pen.globalAlpha = 0.25;
        if (seen > track.end) way(seen);
        this.pen.globalAlpha = 1;
        way(track.end);
      }
      this.pen.restore();
      for (const track of tracks) {
        const up = Math.max(0, Math.min(1, optlib.heightOf(this.values, track.heights[track.end])));
        const head = this.at([Math.min(track.end * track.stride, last) / last, up]);
        this.mark(track.marker, head, 4.5, track.color, this.look.paper);
      }
    }
  };

  // A piece of the path's line with its marker, for the legend.
  optlib.swatch = function (track, look) {
    const canvas = track.swatch;
    const scale = globalThis.devicePixelRatio || 1;
    canvas.width = 30 * scale;
    canvas.height = 14 * scale;
    const board = new optlib.Board(canvas, [0, 0, 0, 0]);
    board.pen.setTransform(scale, 0, 0, scale, 0, 0);
    board.line([[1, 7], [29, 7]], track.color, 2.4, track.dashes);
    if (track.marker) board.mark(track.marker, [15, 7], 4.5, track.color, look.paper);
  };

  // An entry of the legend: a swatch, the name and a value; with a check box where the path can be hidden.
  optlib.legendEntry = function (track, change) {
    const { make } = optlib;
    track.swatch = make("canvas", { class: "swatch", "aria-hidden": "true" });
    track.value = make("span", { class: "value" });
    const act = ({ target }) => { track.shown = target.checked; change(); };
    const box = change ? [make("input", { type: "checkbox", checked: true, onchange: act })] : [];
    return make("li", {}, make("label", {}, ...box, track.swatch, make("span", {}, track.label), track.value));
  };

  // Colors as the page asks for them now, for a card and its paths: the look, and whether it is dark.
  optlib.dressed = function (host, card, tracks, looks) {
    const dark = optlib.isDark(host);
    const look = looks[dark ? "dark" : "light"];
    card.classList.toggle("dark", dark);
    for (const track of tracks) {
      track.color = track.colors[dark ? 1 : 0];
      optlib.swatch(track, look);
    }
    return [look, dark];
  };
})((globalThis.optlib = globalThis.optlib || {}));
