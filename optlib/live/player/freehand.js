// Empty axes on which the reader draws a curve, before the true one is drawn over it.

(function (optlib) {
  "use strict";

  const { make, number } = optlib;
  const COLUMNS = 120; // of a sketch, from left to right
  const KNOT = 6; // columns from one stop of the keyboard to the next
  const NEAR = [0.05, 0.12]; // mean distance in heights of the picture: of a good sketch, of a fair one
  const cut = (value, high) => Math.min(high, Math.max(0, value));

  optlib.Freehand = class {
    constructor(data, done) {
      this.data = data;
      const label = `Empty axes: ${data.y.label} against ${data.x.label}. Draw a curve with the pointer, or with the arrow keys: right and left walk along it, up and down bend it.`;
      this.canvas = make("canvas", { class: "sketch", tabindex: 0, role: "img", "aria-label": label });
      this.button = make("button", { type: "button", disabled: true, onclick: () => done(this.drawn.map((v) => (Number.isNaN(v) ? null : v))) }, "show the curve");
      this.status = make("span", { class: "value", role: "status" });
      this.element = make("div", {}, this.canvas, make("div", { class: "bar" }, this.button,
        make("button", { type: "button", onclick: () => this.clear() }, "clear"), this.status));
      this.board = new optlib.Board(this.canvas, [66, 12, 8, 40]);
      this.clear();
      this.canvas.addEventListener("pointerdown", (event) => {
        this.canvas.setPointerCapture(event.pointerId);
        this.held = null;
        this.stroke(event);
      });
      this.canvas.addEventListener("pointermove", (event) => {
        if (this.canvas.hasPointerCapture(event.pointerId)) this.stroke(event);
      });
      for (const change of ["focus", "blur"]) this.canvas.addEventListener(change, () => this.draw());
      this.canvas.addEventListener("keydown", (event) => this.key(event));
    }

    clear() {
      Object.assign(this, { drawn: Array(COLUMNS + 1).fill(NaN), pen: [0, 0.5], truth: false });
      this.status.textContent = "Draw your curve.";
      this.button.disabled = true;
      this.draw();
    }

    // A straight piece from one [column, height] to another.
    line([from, low], [to, high]) {
      for (let i = Math.min(from, to); i <= Math.max(from, to); i++) {
        this.drawn[i] = from === to ? high : low + ((high - low) * (i - from)) / (to - from);
      }
      this.pen = [to, high];
      this.button.disabled = this.drawn.filter((v) => !Number.isNaN(v)).length < COLUMNS / 2;
      this.draw();
    }

    stroke({ clientX, clientY }) {
      if (this.truth) return;
      const edge = this.canvas.getBoundingClientRect();
      const { box, width } = this.board;
      const zoom = edge.width / width; // slides are scaled
      const across = ((clientX - edge.left) / zoom - box.x) / box.w;
      const up = 1 - ((clientY - edge.top) / zoom - box.y) / box.h;
      const spot = [Math.round(cut(across, 1) * COLUMNS), cut(up, 1)];
      this.line(this.held ?? spot, spot);
      this.held = spot;
    }

    key(event) {
      const [column, height] = this.pen;
      const [along, up] = { ArrowRight: [KNOT, 0], ArrowLeft: [-KNOT, 0], ArrowUp: [0, 0.03], ArrowDown: [0, -0.03] }[event.key] ?? [0, 0];
      if (this.truth || (!along && !up) || !optlib.isOwnKey(event)) return;
      event.preventDefault();
      const knot = cut(Math.round(column / KNOT) * KNOT + along, COLUMNS);
      const bent = along ? this.drawn[knot] : cut(height + up, 1);
      const spot = [knot, Number.isNaN(bent) ? height : bent];
      for (const beside of [knot - KNOT, knot + KNOT]) {
        if (!Number.isNaN(this.drawn[beside] ?? NaN)) this.line([beside, this.drawn[beside]], spot);
      }
      this.line(spot, spot);
      const { x, y } = this.data;
      this.status.textContent = `${x.label} ${number(optlib.valueOn(x, knot / COLUMNS))}: ${number(optlib.valueOn(y, spot[1]))}`;
    }

    // Show the true curve over a sketch; how well they agree, in words.
    compare(drawn) {
      this.drawn = drawn.map((v) => v ?? NaN);
      this.truth = true;
      this.button.disabled = true;
      this.status.textContent = "Dashed: your sketch. Solid: the curve.";
      const { points } = this.data;
      const gaps = points.map(([u, v]) => Math.abs(this.drawn[Math.round(u * COLUMNS)] - v)).filter((gap) => !Number.isNaN(gap));
      const gap = gaps.reduce((sum, v) => sum + v, 0) / gaps.length;
      this.draw();
      return gap < NEAR[0] ? "Very close to it." : gap < NEAR[1] ? "Not far from it." : "Compare the two.";
    }

    draw() {
      const card = this.canvas.closest(".card");
      if (!card || !this.board.fit()) return;
      const style = getComputedStyle(card);
      const [ink, faint, accent] = ["--ink", "--faint", "--accent"].map((name) => style.getPropertyValue(name).trim());
      const { board, data: { x, y, points } } = this;
      board.begin();
      board.axes({ ink, faint }, { ticks: optlib.heightTicks(x, 5), label: x.label }, { ticks: optlib.heightTicks(y, 5), label: y.label });
      board.clip();
      if (this.truth) board.line(points.map((p) => board.at(p)), accent, 3);
      board.pen.strokeStyle = ink;
      board.pen.lineWidth = 2.4;
      board.pen.setLineDash(this.truth ? [7, 5] : []);
      board.pen.beginPath();
      this.drawn.forEach((v, i) => board.pen[Number.isNaN(this.drawn[i - 1] ?? NaN) ? "moveTo" : "lineTo"](...board.at([i / COLUMNS, v])));
      board.pen.stroke();
      board.pen.setLineDash([]);
      board.pen.restore();
      if (!this.truth && this.canvas.matches(":focus")) board.mark("o", board.at([this.pen[0] / COLUMNS, this.pen[1]]), 5, accent, ink);
    }
  };

  // The value at a share of an axis {low, high, log}; of a logarithmic one the ends are exponents.
  optlib.valueOn = ({ low, high, log }, share) => {
    const at = low + share * (high - low);
    return log ? 10 ** at : at;
  };

  if (globalThis.document) {
    optlib.wake("optlib-sketch", (host, root, data) => { host.player = new optlib.Prediction(host, root, data); });
  }
})((globalThis.optlib = globalThis.optlib || {}));
