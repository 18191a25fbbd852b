// The score of a run against the learning rate, for every rate at once; a click or drag in it sets the rate.

(function (optlib) {
  "use strict";

  const RATES = 80; // of a curve

  optlib.Tuning = class extends optlib.Board {
    constructor(canvas) {
      super(canvas, [66, 12, 8, 40]);
    }

    // The curves follow when nothing else has to be drawn: they do not depend on the rates that are set.  `score` is
    // that of a track at a rate, NaN where it diverged.
    follow(tracks, state, score, drawn) {
      this.left = [];
      const hypers = tracks.map((track) => track.hypers.find(({ name }) => name === "lr"));
      const [low, high] = [Math.min(...hypers.map((h) => h.low)), Math.max(...hypers.map((h) => h.high))];
      for (const track of tracks) {
        const settings = JSON.stringify([state, low, high, { ...track.settings, lr: 0 }]);
        if (settings !== track.tuning?.settings) this.left.push({ track, settings, rates: [], scores: [] });
      }
      this.rate = (i) => low * (high / low) ** (i / RATES);
      clearTimeout(this.waiting);
      if (this.left.length) this.waiting = setTimeout(() => this.work(score, drawn), 60);
    }

    work(score, drawn) {
      const until = performance.now() + 8;
      while (this.left.length && performance.now() < until) {
        const [{ track, rates, scores }] = this.left;
        rates.push(this.rate(rates.length));
        scores.push(score(track, rates.at(-1)));
        if (rates.length > RATES) track.tuning = this.left.shift();
      }
      if (this.left.length) this.waiting = setTimeout(() => this.work(score, drawn));
      else drawn();
    }

    // Tracks with their `tuning`, the rate that is set, and its `score`; `start` is the height at the start.
    draw(tracks, start) {
      this.begin();
      if (!tracks.length) return;
      const rates = tracks.flatMap((track) => track.tuning.rates);
      this.side = { low: Math.min(...rates), high: Math.max(...rates), log: true };
      const axis = optlib.axisOf(tracks.map((track) => [start, ...track.tuning.scores.filter((v) => v <= 2 * start)]));
      const share = (v) => optlib.heightOf(axis, v);
      const decades = optlib.ticks(Math.log10(this.side.low), Math.log10(this.side.high), 4).filter(Number.isInteger);
      this.axes(this.look,
        { ticks: decades.map((t) => [optlib.shareOf(this.side, 10 ** t), optlib.power(t)]), label: this.labels[0] },
        { ticks: optlib.heightTicks(axis, 4), label: this.labels[1] });
      this.clip();
      for (const { tuning, color, dashes } of tracks) {
        let piece = [];
        const pieces = [piece];
        tuning.scores.forEach((v, i) => {
          if (Number.isFinite(v)) piece.push(this.at([optlib.shareOf(this.side, tuning.rates[i]), share(v)]));
          else pieces.push((piece = []));
        });
        for (const points of pieces) this.line(points, color, 2, dashes);
      }
      this.pen.restore();
      for (const { color, marker, settings, score } of tracks) {
        const up = Number.isFinite(score) ? Math.min(1, Math.max(0, share(score))) : 1;
        this.mark(marker, this.at([optlib.shareOf(this.side, settings.lr), up]), 4.5, color, this.look.paper);
      }
    }
  };
})((globalThis.optlib = globalThis.optlib || {}));
