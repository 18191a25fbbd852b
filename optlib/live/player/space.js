// The landscape in space: shaded, with contour lines and paths on it.
//
// Places are fractions [u, v, h] of a box with h upwards.  The projection is parallel: cells that are drawn row by row
// from the far corner to the near one hide each other as they should.

(function (optlib) {
  "use strict";

  const HALF = 0.7; // half the height of the box, where its sides are 2 long
  const LIGHT = [-0.48, 0.4, 0.78]; // toward the sun; it turns with the landscape
  const HOLE = 65535; // where there is no value
  const cut = (value, low, high) => Math.min(high, Math.max(low, value));
  const between = (a, b, t) => a.map((v, i) => v + t * (b[i] - v));

  // The landscape and what lies on it, on a canvas.
  optlib.Space = class extends optlib.Board {
    constructor(canvas, scene, relief) {
      super(canvas, [0, 0, 0, 0]);
      Object.assign(this, { scene, relief, n: relief.side });
      const stored = new Uint16Array(optlib.bytes(relief.heights).buffer);
      this.ground = Float64Array.from(stored, (h) => (h === HOLE ? NaN : h / (HOLE - 1)));
      this.cells = Array.from({ length: (this.n - 1) ** 2 }, (_, k) => this.cell(k % (this.n - 1), Math.floor(k / (this.n - 1))));
      this.minima = scene.minima.map(([u, v]) => [u, v, this.over(u, v)]);
    }

    // A square of the grid: its corners, its light, the pieces of contour lines in it; null where a value is missing.
    cell(i, j) {
      const { n, ground, relief } = this;
      const places = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
      const at = places.map(([x, y]) => y * n + x);
      const h = at.map((place) => ground[place]);
      if (h.some(Number.isNaN)) return null;
      const corners = places.map(([x, y], m) => [x / (n - 1), y / (n - 1), h[m]]);
      const lines = relief.levels.flatMap((level) => {
        const ends = corners.flatMap((corner, m) => {
          const next = corners[(m + 1) % 4];
          return corner[2] < level === next[2] < level ? [] : [between(corner, next, (level - corner[2]) / (next[2] - corner[2]))];
        });
        return [ends.slice(0, 2), ends.slice(2)].filter((line) => line.length);
      });
      const normal = [h[0] + h[3] - h[1] - h[2], h[0] + h[1] - h[2] - h[3], 2 / (HALF * (n - 1))];
      const light = normal.reduce((sum, v, m) => sum + v * LIGHT[m], 0) / Math.hypot(...normal);
      return { at, lines, light: Math.max(0, light), height: (h[0] + h[1] + h[2] + h[3]) / 4 };
    }

    // The height over a place, NaN outside.
    over(u, v) {
      const { n, ground } = this;
      if (!(u >= 0 && u <= 1 && v >= 0 && v <= 1)) return NaN;
      const [i, j] = [u, v].map((t) => Math.min(n - 2, Math.floor(t * (n - 1))));
      const [x, y] = [u * (n - 1) - i, v * (n - 1) - j];
      const along = (k) => ground[k] + x * (ground[k + 1] - ground[k]);
      return along(j * n + i) + y * (along(j * n + n + i) - along(j * n + i));
    }

    // A path as it runs over the ground, and where in it each of its points comes.
    lay(points) {
      const way = [];
      const upto = points.map((point, i) => {
        const from = points[Math.max(0, i - 1)];
        const pieces = cut(Math.ceil(Math.max(...point.map((v, m) => Math.abs(v - from[m]))) * this.n), 1, 500);
        for (let k = 1; k <= pieces; k++) {
          const [u, v] = between(from, point, k / pieces);
          way.push([u, v, this.over(u, v)]);
        }
        return way.length - 1;
      });
      return { way, upto };
    }

    // Colors of the squares on this page: by height, lit from one side.
    prepare(look) {
      const ramp = look.bands.slice(0, -1).map((color) => Array.from(optlib.pixel(color).slice(0, 3)));
      const { levels } = this.relief;
      for (const cell of this.cells.filter(Boolean)) {
        const t = cut((cell.height - levels[0]) / (levels[levels.length - 1] - levels[0]), 0, 1) * (ramp.length - 1);
        const i = Math.min(ramp.length - 2, Math.floor(t));
        const lit = between(ramp[i], ramp[i + 1], t - i).map((c) => Math.min(255, Math.round(c * (0.66 + 0.42 * cell.light))));
        cell.color = `rgb(${lit})`;
      }
      return super.prepare(look);
    }

    // Fractions of the box -> pixels.
    at([u, v, h]) {
      const [x, y] = [2 * u - 1, 2 * v - 1];
      const depth = x * this.sin + y * this.cos;
      return [
        this.width / 2 + 14 + this.zoom * (x * this.cos - y * this.sin),
        this.height / 2 - 4 - this.zoom * (depth * this.up + HALF * (2 * h - 1) * this.rise),
      ];
    }

    // Whether the landscape stands between a place and the eye.
    isHidden([u, v, h]) {
      const step = 1 / (this.n - 1);
      const climb = (step * this.up) / this.rise / HALF;
      for (let k = 1; ; k++) {
        const [x, y, ray] = [u - k * step * this.sin, v - k * step * this.cos, h + k * climb];
        if (ray > 1 || !(x >= 0 && x <= 1 && y >= 0 && y <= 1)) return false;
        if (this.over(x, y) > ray + 0.004) return true;
      }
    }

    draw({ turn, tilt }, tracks) {
      const [a, e] = [turn, tilt].map((degrees) => (degrees * Math.PI) / 180);
      Object.assign(this, { sin: Math.sin(a), cos: Math.cos(a), up: Math.sin(e), rise: Math.cos(e) });
      this.zoom = Math.min((this.width - 110) / 2.83, (this.height - 64) / 2 / (1.42 * this.up + HALF * this.rise));
      this.begin();
      this.pen.fillStyle = this.look.paper;
      this.pen.fillRect(0, 0, this.width, this.height);
      this.frame();
      this.land();
      for (const point of this.minima) {
        this.pen.globalAlpha = this.isHidden(point) ? 0.35 : 1;
        this.mark("*", this.at(point), 8, this.scene.star, this.scene.looks.light.ink);
      }
      for (const track of tracks) this.walk(track);
      this.pen.globalAlpha = 1;
    }

    land() {
      const { n, pen, look } = this;
      const spots = Array.from(this.ground, (h, k) => this.at([(k % n) / (n - 1), Math.floor(k / n) / (n - 1), h]));
      pen.lineWidth = 0.8;
      pen.lineCap = "round"; // or the seams would cut contour lines into dashes
      for (let r = 0; r < n - 1; r++) {
        for (let c = 0; c < n - 1; c++) {
          const cell = this.cells[(this.cos > 0 ? n - 2 - r : r) * (n - 1) + (this.sin > 0 ? n - 2 - c : c)];
          if (!cell) continue;
          const [p, q, s, t] = cell.at.map((k) => spots[k]);
          const above = (s[0] - p[0]) * (t[1] - q[1]) < (s[1] - p[1]) * (t[0] - q[0]);
          pen.fillStyle = pen.strokeStyle = above ? cell.color : look.bands[look.bands.length - 1]; // the underside
          pen.beginPath();
          pen.moveTo(...p);
          for (const spot of [q, s, t]) pen.lineTo(...spot);
          pen.closePath();
          pen.fill();
          pen.stroke(); // or the page would shine through the seams
          if (above) for (const line of cell.lines) this.line(line.map((place) => this.at(place)), `${look.ink}70`, 0.8);
        }
      }
      pen.lineCap = "butt";
    }

    // The edges of the box behind the landscape, and the axes along those where they can be read.
    frame() {
      const { pen, look, scene, relief } = this;
      const [near, far] = [[this.sin > 0 ? 0 : 1, this.cos > 0 ? 0 : 1], [this.sin > 0 ? 1 : 0, this.cos > 0 ? 1 : 0]];
      const edge = (...places) => this.line(places.map((place) => this.at(place)), look.faint, 0.7);
      edge([0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0]);
      edge([near[0], far[1], 1], [...far, 1], [far[0], near[1], 1]);
      for (const [u, v] of [far, [near[0], far[1]], [far[0], near[1]]]) edge([u, v, 0], [u, v, 1]);
      const corner = this.at([near[0], far[1], 0])[0] < this.at([far[0], near[1], 0])[0] ? [near[0], far[1]] : [far[0], near[1]];
      const axes = [
        [scene.x, scene.labels[0], (t) => [t, near[1], 0], [0, near[1] - far[1], 0]],
        [scene.y, scene.labels[1], (t) => [near[0], t, 0], [near[0] - far[0], 0, 0]],
        [relief.range, relief.label, (t) => [...corner, t], null],
      ];
      pen.fillStyle = look.ink;
      pen.textBaseline = "middle";
      for (const [[low, high], label, place, outward] of axes) {
        if (!outward && this.rise < 0.3) continue; // seen from above, the heights have no room
        const middle = place(0.5);
        const [x, y] = this.at(middle);
        const [dx, dy] = outward ? this.at(middle.map((v, m) => v + outward[m])).map((v, m) => v - [x, y][m]) : [-1, 0];
        const [ex, ey] = [dx, dy].map((v) => v / Math.hypot(dx, dy));
        pen.textAlign = !outward ? "right" : "center";
        for (const tick of optlib.ticks(low, high, 5)) {
          const [px, py] = this.at(place((tick - low) / (high - low)));
          this.line([[px, py], [px + 5 * ex, py + 5 * ey]], look.faint, 1);
          pen.fillText(optlib.number(tick, high - low), px + (outward ? 17 : 8) * ex, py + 15 * ey);
        }
        pen.textAlign = "center";
        if (outward) pen.fillText(label, x + 36 * ex, y + 32 * ey);
        else pen.translate(Math.max(9, x - 48), y), pen.rotate(-Math.PI / 2), pen.fillText(label, 0, 0);
        pen.setTransform(this.scale, 0, 0, this.scale, 0, 0);
      }
    }

    // A path up to its step: on top where it can be seen, thin and faint where the landscape hides it.
    walk({ way, upto, end, color, dashes, marker }) {
      const seen = way.slice(0, upto[end] + 1).map((place) => (Number.isNaN(place[2]) ? null : !this.isHidden(place)));
      const runs = [];
      seen.forEach((open, i) => {
        if (open === null) return;
        if (i && seen[i - 1] === open) return void runs[runs.length - 1].places.push(way[i]);
        runs.push({ open, places: i && seen[i - 1] !== null ? [way[i - 1], way[i]] : [way[i]] });
      });
      const lines = runs.map(({ open, places }) => ({ open, spots: places.map((place) => this.at(place)) }));
      const each = (open, color, width, dashes, alpha) => {
        this.pen.globalAlpha = alpha;
        for (const line of lines) if (line.open === open) this.line(line.spots, color, width, dashes);
      };
      each(false, color, 1.6, [1.2, 2], 0.6);
      each(true, this.look.paper, 5, [], 0.75);
      each(true, color, 2.4, dashes, 1);
      const mark = (i, ...how) => {
        if (seen[i] === null) return;
        this.pen.globalAlpha = seen[i] ? 1 : 0.4;
        this.mark(how[0], this.at(way[i]), ...how.slice(1));
      };
      if (end <= 60) for (const i of upto.slice(0, end + 1)) mark(i, "o", 1.8, color, color, 0.5);
      mark(0, "o", 4.5, this.look.paper, color, 2);
      mark(upto[end], marker, 6, color, this.look.paper, 1.2);
    }
  };
})((globalThis.optlib = globalThis.optlib || {}));
