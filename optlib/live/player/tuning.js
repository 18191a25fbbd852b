// The value after all steps against the learning rate, for every rate at once; a click or drag in it sets the rate.

(function (optlib) {
  "use strict";

  const RATES = 80; // of a curve

  optlib.Tuning = class extends optlib.Board {
    constructor(canvas, label) {
      super(canvas, [66, 12, 8, 40]);
      this.label = label;
    }

    // The curves follow when nothing else has to be drawn: they do not depend on the rates that are set.  `run` gives the
    // height at the end for a track and a rate, NaN where it diverged.
    follow(tracks, state, run, drawn) {
      this.left = [];
      for (const track of tracks) {
        const settings = JSON.stringify([state, { ...track.settings, lr: 0 }]);
        if (settings === track.tuning?.settings) continue;
        this.left.push({ track, settings, hyper: track.hypers.find(({ name }) => name === "lr"), rates: [], ends: [] });
      }
      clearTimeout(this.waiting);
      if (this.left.length) this.waiting = setTimeout(() => this.work(run, drawn), 60);
    }

    work(run, drawn) {
      const until = performance.now() + 8;
      while (this.left.length && performance.now() < until) {
        const [{ track, hyper, rates, ends }] = this.left;
        rates.push(hyper.low * (hyper.high / hyper.low) ** (rates.length / RATES));
        ends.push(run(track, rates.at(-1)));
        if (rates.length > RATES) track.tuning = this.left.shift();
      }
      if (this.left.length) this.waiting = setTimeout(() => this.work(run, drawn));
      else drawn();
    }

    // Tracks with their `tuning`, the rate that is set, and the height `reached` with it; `start` is the height at the start.
    draw(tracks, start) {
      this.begin();
      if (!tracks.length) return;
      const rates = tracks.flatMap((track) => track.tuning.rates);
      this.side = { low: Math.min(...rates), high: Math.max(...rates), log: true };
      const axis = optlib.axisOf(tracks.map((track) => [start, ...track.tuning.ends.filter((v) => v <= 2 * start)]));
      const share = (v) => optlib.heightOf(axis, v);
      const decades = optlib.ticks(Math.log10(this.side.low), Math.log10(this.side.high), 4).filter(Number.isInteger);
      this.axes(this.look,
        { ticks: decades.map((t) => [optlib.shareOf(this.side, 10 ** t), optlib.power(t)]), label: "lr" },
        { ticks: optlib.heightTicks(axis, 4), label: this.label });
      this.clip();
      for (const { tuning, color, dashes } of tracks) {
        let piece = [];
        const pieces = [piece];
        tuning.ends.forEach((v, i) => {
          if (Number.isFinite(v)) piece.push(this.at([optlib.shareOf(this.side, tuning.rates[i]), share(v)]));
          else pieces.push((piece = []));
        });
        for (const points of pieces) this.line(points, color, 2, dashes);
      }
      this.pen.restore();
      for (const { color, marker, settings, reached } of tracks) {
        const up = Number.isFinite(reached) ? Math.min(1, Math.max(0, share(reached))) : 1;
        this.mark(marker, this.at([optlib.shareOf(this.side, settings.lr), up]), 4.5, color, this.look.paper);
      }
    }
  };
})((globalThis.optlib = globalThis.optlib || {}));
