// Singular values of a matrix, and below it of its update, at one step: bars side by side, one a path.  Data: animation.py.

(function (optlib) {
  "use strict";

  const BETWEEN = 30; // pixels from one panel to the next
  const WIDEST = 22; // pixels of a bar
  const MOST_SAID = 6; // singular values of a path, to readers who do not see them
  const MARKED = 8; // from this width on bars carry the path's marker

  optlib.Bars = class extends optlib.Board {
    constructor(canvas, scene) {
      super(canvas, [66, 10, 8, 40]);
      this.scene = scene;
    }

    async load() {}

    draw(tracks) {
      const { box: all, pen, look, scene: { panels, goal, count } } = this;
      const words = [];
      this.begin();
      panels.forEach((panel, i) => {
        const h = (all.h - BETWEEN) / 2;
        this.box = { ...all, y: all.y + i * (h + BETWEEN), h };
        const ticks = optlib.ticks(1, count, Math.min(count, 8)).filter(Number.isInteger);
        const xs = (count > 1 ? ticks : [1]).map((t) => [(t - 0.5) / count, String(t)]);
        this.axes(look, { ticks: xs, label: i ? `largest to smallest${goal.length ? "; dotted: at the minimum" : ""}` : "" }, { ticks: optlib.heightTicks(panel, h / 30), label: panel.label });
        const step = Math.min((0.8 * all.w) / count / Math.max(tracks.length, 1), WIDEST);
        const place = (value, k, j) => {
          const [x, y] = this.at([(k + 0.5) / count, optlib.heightOf(panel, value)]);
          return [x + (j - (tracks.length - 1) / 2) * step, y];
        };
        this.clip();
        if (i === 0) goal.forEach((value, k) => {
          const [, y] = place(value, k, 0);
          this.line([[all.x + (k * all.w) / count, y], [all.x + ((k + 1) * all.w) / count, y]], look.ink, 1.5, [1.5, 2]);
        });
        tracks.forEach((track, j) => track.bars[i][track.end].forEach((value, k) => {
          const [x, y] = place(value, k, j);
          pen.fillStyle = track.color;
          pen.fillRect(x - 0.4 * step, y, Math.max(0.8 * step, 1), this.box.y + h - y);
          if (step >= MARKED && y < this.box.y + h) this.mark(track.marker, [x, y], 5, track.color, look.paper);
        }));
        pen.restore();
        const known = tracks.filter((track) => track.bars[i][track.end].length);
        const said = known.map((track) => `${track.label} has ${track.bars[i][track.end].slice(0, MOST_SAID).map((v) => optlib.number(v)).join(", ")}`);
        if (known.length) words.push(`${panel.label}: ${said.join("; ")}.`);
        else if (tracks.length) pen.fillText("no update yet", all.x + all.w / 2, this.box.y + h / 2);
      });
      this.box = all;
      this.words = words.join(" ").replace("…", "Those").replace(/^s/, "S");
      this.canvas.setAttribute("aria-label", this.words);
    }
  };
})((globalThis.optlib = globalThis.optlib || {}));
