// The explorable of a page: its rules walk here, at any setting and from any start.  Data: live/offline.py; the program is
// translated from Python by live/translate.py.

(function (optlib) {
  "use strict";

  const { make, number } = optlib;
  const MOST_POINTS = 1500; // of one path, that are drawn
  const NOTCHES = 1000; // of a slider
  const RATES = 80; // of a tuning curve

  // A run as `minimize` makes it: points and values up to where it ended.
  optlib.run = function (f, { rule, fields, schedules }, settings, start, steps) {
    const own = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`$${name}`, value]));
    const walk = optlib.R.walker(rule, { ...fields, ...own }, schedules);
    const hessian = rule.reads === "hessian" && optlib.R.hessian(f.slopes);
    const points = [start];
    const values = [f.value(...start)];
    if (!Number.isFinite(values[0])) return { points, values, diverged: true };
    for (let k = 0; k < steps; k++) {
      const slopes = f.slopes(...points[k]);
      const seen = { loss: values[k], gradient_norm: Math.hypot(...slopes) };
      const x = walk(points[k], slopes, seen, hessian && hessian(...points[k]));
      const value = f.value(...x);
      if (!Number.isFinite(value) || !x.every(Number.isFinite)) return { points, values, diverged: true };
      points.push(x);
      values.push(value);
    }
    return { points, values, diverged: false };
  };

  // Whether the page computes what Python computed: values and slopes at a few points, and some steps of each rule.
  optlib.agrees = function (program, { check, rules, start }) {
    const near = (a, b) => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b));
    const same = (list, other) => list.length === other.length && list.every((v, i) => near(v, other[i]));
    const { f } = program;
    if (!check.points.every((p, i) => near(f.value(...p), check.values[i]) && same(f.slopes(...p), check.slopes[i]))) return false;
    return program.rules.every((rule, i) => {
      const { points } = optlib.run(f, rule, optlib.first(rules[i]), start, check.steps);
      return same(points[points.length - 1], check.ends[i]);
    });
  };

  optlib.first = (rule) => Object.fromEntries(rule.hypers.map((hyper) => [hyper.name, hyper.now]));

  // Between a value of a hyper-parameter and its place on a slider, 0 to 1; values are rounded to what a notch is worth.
  optlib.shareOf = ({ low, high, log }, value) =>
    Math.min(1, Math.max(0, log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low)));
  optlib.valueAt = function ({ low, high, log }, share) {
    if (log) return Number((low * (high / low) ** share).toPrecision(3));
    const digits = Math.max(0, 1 - Math.floor(Math.log10((high - low) / 100)));
    return Number((low + (high - low) * share).toFixed(Math.min(digits, 12)));
  };

  // A number that a reader has typed, or null where the hyper-parameter does not allow it.
  optlib.typed = function (text, [low, withLow, high, withHigh]) {
    const value = text.trim() === "" ? NaN : Number(text.replace("−", "-").replace(",", "."));
    const above = low === null || value > low || (withLow && value === low);
    const below = high === null || value < high || (withHigh && value === high);
    return Number.isFinite(value) && above && below ? value : null;
  };

  // The axis of values that fits these curves: logarithmic where they span more than two powers of ten.
  optlib.axisOf = function (curves) {
    const all = curves.flat();
    const start = Math.max(...curves.map((heights) => Math.abs(heights[0])));
    const most = Math.min(all.reduce((a, b) => Math.max(a, b), -Infinity), 1e6 * (start || 1)); // what flies off is cut
    const positive = all.filter((v) => v > 1e-9);
    const least = positive.reduce((a, b) => Math.min(a, b), Infinity);
    if (positive.length && all.every((v) => v > -1e-9) && (least < most / 100 || positive.length < all.length)) {
      const high = Math.ceil(Math.log10(most) * 2) / 2;
      return { log: true, high, low: Math.min(Math.max(Math.floor(Math.log10(least)), Math.floor(high) - 12), high - 1) };
    }
    const low = all.reduce((a, b) => Math.min(a, b), Infinity);
    const room = 0.05 * (most - low) || 1;
    return { log: false, low: low - room, high: most + room };
  };

  optlib.codeOf = function (data, settings, start, steps) {
    const exact = (v) => (Number.isInteger(v) ? v.toFixed(1) : String(v));
    const calls = data.rules.map((rule, i) => {
      const turned = rule.hypers.filter(({ name, otherwise }) => name === "lr" || settings[i][name] !== otherwise);
      return `${rule.call}(${[...turned.map(({ name }) => `${name}=${exact(settings[i][name])}`), ...rule.rest].join(", ")})`;
    });
    const point = start.map(exact).join(", ") + (start.length === 1 ? "," : "");
    const lines = data.known ? [`f = ol.FUNCTIONS["${data.known}"]`] : [];
    lines.push(`rules = [${calls.join(", ")}]`);
    lines.push(`paths = [ol.minimize(f, rule, start=(${point}), steps=${steps}) for rule in rules]`);
    lines.push(`ol.plots.${start.length === 1 ? "line" : "contour"}(f, *paths)`);
    return lines.join("\n");
  };

  // The value after all steps against the learning rate, for every rate at once; a click or drag in it sets the rate.
  optlib.Tuning = class extends optlib.Board {
    constructor(canvas, label) {
      super(canvas, [66, 12, 8, 40]);
      this.label = label;
    }

    // Curves as {color, dashes, marker, rates, ends, now, reached}; ends are NaN where the path diverged.
    draw(curves, start) {
      this.begin();
      if (!curves.length) return;
      const rates = curves.flatMap((curve) => curve.rates);
      this.side = { low: Math.min(...rates), high: Math.max(...rates), log: true };
      const kept = curves.map((curve) => [start, ...curve.ends.filter((v) => v <= 2 * start)]);
      const axis = optlib.axisOf(kept);
      const share = (v) => optlib.heightOf(axis, v);
      const decades = optlib.ticks(Math.log10(this.side.low), Math.log10(this.side.high), 4).filter(Number.isInteger);
      this.axes(this.look,
        { ticks: decades.map((t) => [optlib.shareOf(this.side, 10 ** t), optlib.power(t)]), label: "lr" },
        { ticks: optlib.heightTicks(axis, 4), label: this.label });
      this.clip();
      for (const curve of curves) {
        let piece = [];
        const pieces = [piece];
        curve.ends.forEach((v, i) => {
          if (Number.isFinite(v)) piece.push(this.at([optlib.shareOf(this.side, curve.rates[i]), share(v)]));
          else pieces.push((piece = []));
        });
        for (const points of pieces) this.line(points, curve.color, 2, curve.dashes);
      }
      this.pen.restore();
      for (const { color, marker, now, reached } of curves) {
        const place = this.at([optlib.shareOf(this.side, now), Math.min(1, Math.max(0, Number.isFinite(reached) ? share(reached) : 1))]);
        this.mark(marker, place, 4.5, color, this.look.paper);
      }
    }
  };

  optlib.Explorable = class {
    constructor(host, root, data, program) {
      Object.assign(this, { data, program, root });
      this.tracks = data.rules.map((rule) => ({ ...rule, shown: true }));
      const rates = new Set(data.rules.map((rule) => rule.hypers.find(({ name }) => name === "lr")?.now));
      this.turned = data.rules.length > 1 && rates.size === 1 && this.shared().length ? "all" : 0; // whose sliders stand there
      this.begin();
      this.build();
      host.addEventListener("keydown", (event) => { if (optlib.isOwnKey(event)) event.stopPropagation(); });
      const refresh = () => this.dress(host);
      this.map.load().then(() => {
        refresh();
        optlib.onTheme(refresh);
        new ResizeObserver(refresh).observe(host);
      });
    }

    begin() {
      this.settings = this.data.rules.map(optlib.first);
      this.start = [...this.data.start];
      this.step = this.data.steps;
    }

    // For each rule that has one, its slider of the learning rate.
    rateOf() {
      const rates = this.data.rules.map((rule, i) => ({ i, hyper: rule.hypers.find(({ name }) => name === "lr") }));
      return rates.filter(({ hyper }) => hyper && hyper.low > 0);
    }

    rateAt(event) {
      const { tuning } = this;
      const edge = this.tuningCanvas.getBoundingClientRect();
      const share = ((event.clientX - edge.left) * (tuning.width / edge.width) - tuning.box.x) / tuning.box.w;
      return optlib.valueAt(tuning.side, Math.min(1, Math.max(0, share)));
    }

    // The curves of tuning follow when nothing else has to be drawn: they do not depend on the rates that are set.
    tune() {
      const others = JSON.stringify([this.start, this.settings.map((own) => ({ ...own, lr: 0 }))]);
      if (others !== this.tunedFor) {
        this.tunedFor = others;
        clearTimeout(this.waiting);
        const left = this.tuned.map(({ i, hyper }) => ({ i, hyper, rates: [], ends: [] }));
        const next = () => {
          const until = performance.now() + 8;
          while (left.length && performance.now() < until) {
            const one = left[0];
            const rate = one.hyper.low * (one.hyper.high / one.hyper.low) ** (one.rates.length / RATES);
            const run = optlib.run(this.program.f, this.program.rules[one.i], { ...this.settings[one.i], lr: rate }, this.start, this.data.steps);
            one.rates.push(rate);
            one.ends.push(run.diverged ? NaN : this.above(run.values[run.values.length - 1]));
            if (one.rates.length > RATES) Object.assign(this.tracks[one.i], { tuning: left.shift() });
          }
          if (left.length) this.waiting = setTimeout(next);
          else this.drawTuning();
        };
        this.waiting = setTimeout(next, 60);
      }
      this.drawTuning();
    }

    drawTuning() {
      const shown = this.tracks.filter((track) => track.shown && track.tuning);
      if (!this.tuned.length || !shown.length || !this.tuning.look) return;
      const curves = shown.map((track) => ({
        ...track, ...track.tuning, now: this.settings[track.tuning.i].lr, reached: track.lost ? NaN : this.above(track.last),
      }));
      this.tuning.draw(curves, Math.abs(this.above(this.tracks[0].first)) || 1);
    }

    above(v) {
      const { base } = this.data.values;
      return Math.abs(v - base) < 1e-12 * Math.abs(base) ? 0 : v - base;
    }

    // Hyper-parameters that all rules have.
    shared() {
      const [first, ...others] = this.data.rules;
      return first.hypers.filter(({ name }) => others.every((rule) => rule.hypers.some((hyper) => hyper.name === name)));
    }

    // Set a hyper-parameter of the rule whose sliders stand there, or of all.
    turn(name, value) {
      const rules = this.turned === "all" ? this.settings : [this.settings[this.turned]];
      for (const settings of rules) settings[name] = value;
      this.draw();
    }

    build() {
      const { data } = this;
      this.mapCanvas = make("canvas", { class: "map", role: "img", "aria-label": data.description });
      this.curveCanvas = make("canvas", { class: "curve", role: "img", "aria-label": `${data.values.label} at each step` });
      this.mapCanvas.addEventListener("pointerdown", (event) => { this.mapCanvas.setPointerCapture(event.pointerId); this.pick(event); });
      this.mapCanvas.addEventListener("pointermove", (event) => { if (event.buttons) this.pick(event); });
      this.map = new optlib.Map(this.mapCanvas, data.scene);
      this.curve = new optlib.Curve(this.curveCanvas, data.values);
      this.tuned = data.chart ? [] : this.rateOf(); // the map of a heat map shows more
      const label = `${data.values.label} at the end`;
      this.tuningCanvas = make("canvas", { class: "curve", role: "img", "aria-label": `${label}, for each learning rate` });
      this.tuning = new optlib.Tuning(this.tuningCanvas, label);
      const choose = (event) => { if (this.tuning.side) this.turn("lr", this.rateAt(event)); };
      this.tuningCanvas.addEventListener("pointerdown", (event) => { this.tuningCanvas.setPointerCapture(event.pointerId); choose(event); this.tell(); });
      this.tuningCanvas.addEventListener("pointermove", (event) => { if (event.buttons) choose(event); });
      const curves = make("div", { class: "curves" }, this.curveCanvas, ...this.tuned.length ? [this.tuningCanvas] : []);
      this.panel = make("div", { class: "sliders" });
      this.chosen = this.choice();
      this.steps = this.stepSlider();
      this.button = make("button", { type: "button", onclick: () => this.reset() }, "reset");
      this.code = make("pre", { class: "code", tabindex: 0, "aria-label": "code that draws this picture" });
      this.status = make("p", { class: "unseen", role: "status" });
      const hint = data.chart ? " Click in the map above to choose the setting." : " Drag in the picture to move the start.";
      this.card = make("div", { class: "card", role: "group", "aria-label": `Explore: ${data.title}` },
        make("p", { class: "title" }, make("strong", {}, data.title), make("span", {}, hint)),
        make("div", { class: "views" }, this.mapCanvas, curves), this.panel,
        make("ul", { class: "legend" }, ...this.tracks.map((t) => optlib.legendEntry(t, () => this.draw()))), this.code, this.status);
      this.root.append(this.card);
      this.rebuild();
    }

    // The sliders of the rule that is chosen, or of all rules.
    rebuild() {
      const hypers = this.turned === "all" ? this.shared() : this.data.rules[this.turned].hypers;
      const now = (name) => this.settings[this.turned === "all" ? 0 : this.turned][name];
      this.sliders = [...hypers.map((hyper) => this.slider(hyper, () => now(hyper.name))), this.steps];
      this.panel.replaceChildren(...this.chosen, ...this.sliders.map((s) => s.row), this.button);
    }

    slider(hyper, read) {
      const { name, allowed } = hyper;
      const input = make("input", { type: "range", min: 0, max: NOTCHES, step: 1, "aria-label": name,
        oninput: () => this.turn(name, optlib.valueAt(hyper, Number(input.value) / NOTCHES)), onchange: () => this.tell() });
      const field = make("input", { type: "text", inputmode: "decimal", "aria-label": `${name}, exactly`,
        onchange: () => {
          const value = optlib.typed(field.value, allowed);
          if (value === null) this.show();
          else this.turn(name, value);
          this.tell();
        } });
      const show = () => {
        input.value = Math.round(NOTCHES * optlib.shareOf(hyper, read()));
        input.setAttribute("aria-valuetext", number(read()));
        field.value = String(read());
      };
      return { row: make("label", {}, make("span", {}, name), input, field), show };
    }

    // Whose sliders stand there.
    choice() {
      const { rules } = this.data;
      if (rules.length === 1) return [];
      const options = rules.map((rule, i) => make("option", { value: i, selected: this.turned === i }, rule.label));
      if (this.shared().length) options.unshift(make("option", { value: "all", selected: this.turned === "all" }, "all rules"));
      const choice = make("select", { "aria-label": "sliders of",
        onchange: () => { this.turned = choice.value === "all" ? "all" : Number(choice.value); this.rebuild(); this.show(); } }, ...options);
      return [make("label", { class: "choice" }, make("span", {}, "sliders of"), choice)];
    }

    stepSlider() {
      const input = make("input", { type: "range", min: 0, max: this.data.steps, step: 1, "aria-label": "steps",
        oninput: () => { this.step = Number(input.value); this.draw(); }, onchange: () => this.tell() });
      const count = make("output", {});
      const show = () => { input.value = this.step; count.textContent = String(this.step); };
      return { row: make("label", {}, make("span", {}, "steps"), input, count), show };
    }

    reset() {
      this.begin();
      this.draw();
      this.tell();
    }

    dress(host) {
      const [look, dark] = optlib.dressed(host, this.card, this.tracks, this.data.scene.looks);
      if (this.tuned.length) this.tuning.prepare(look);
      if (this.map.prepare(look, dark) && this.curve.prepare(look)) this.draw();
    }

    // The path of a rule at its present setting, as the boards draw it.
    path(track, i) {
      const { scene, steps } = this.data;
      const run = optlib.run(this.program.f, this.program.rules[i], this.settings[i], this.start, steps);
      const last = run.values.length - 1;
      track.stride = Math.max(1, Math.ceil(steps / MOST_POINTS));
      const kept = [];
      for (let k = 0; k < last; k += track.stride) kept.push(k);
      kept.push(last);
      const share = ([low, high], v) => (v - low) / (high - low);
      const [x, y] = [scene.x, scene.y];
      track.points = kept.map((k) => [share(x, run.points[k][0]), share(y, run.points[k][1] ?? run.values[k])]);
      track.heights = kept.map((k) => this.above(run.values[k]));
      [track.first, track.last] = [run.values[0], run.values[last]];
      track.end = Math.min(Math.ceil(this.step / track.stride), kept.length - 1);
      track.lost = run.diverged && this.step >= last;
      track.reached = run.values[Math.min(this.step, last)];
    }

    draw() {
      if (!this.map.look) return;
      const { data } = this;
      this.tracks.forEach((track, i) => this.path(track, i));
      for (const track of this.tracks) {
        const [u, v] = track.points[track.end];
        const away = Math.min(u, v) < 0 || Math.max(u, v) > 1 ? ", outside the picture" : "";
        const reached = Number.isFinite(track.reached) ? `${data.values.name} ≈ ${Number(track.reached.toPrecision(3))}` : "no value at this start";
        track.value.textContent = `${reached}${track.lost && Number.isFinite(track.reached) ? ", diverged" : away}`;
      }
      const shown = this.tracks.filter((track) => track.shown);
      this.map.draw(shown);
      const curves = shown.filter((track) => Number.isFinite(track.heights[0]));
      Object.assign(this.curve.values, curves.length ? optlib.axisOf(curves.map((track) => track.heights)) : {});
      this.curve.draw(curves, this.step);
      if (this.tuned.length) this.tune();
      this.show();
      this.marked?.();
      this.code.textContent = optlib.codeOf(data, this.settings, this.start, this.step);
    }

    show() {
      for (const slider of this.sliders) slider.show();
    }

    // Move the start to where the pointer is.
    pick(event) {
      const { map, data } = this;
      if (!map.box) return;
      const edge = this.mapCanvas.getBoundingClientRect();
      const scale = edge.width / map.width; // slides are scaled as a whole
      const shares = [
        ((event.clientX - edge.left) / scale - map.box.x) / map.box.w,
        1 - ((event.clientY - edge.top) / scale - map.box.y) / map.box.h,
      ];
      this.start = this.start.map((_, i) => {
        const [low, high] = i ? data.scene.y : data.scene.x;
        return optlib.valueAt({ low, high, log: false }, Math.min(1, Math.max(0, shares[i])));
      });
      this.draw();
      if (event.type === "pointerdown") this.tell();
    }

    tell() {
      this.status.textContent = this.tracks.filter((t) => t.shown).map((t) => `${t.label}: ${t.value.textContent}`).join("; ");
    }
  };

  if (globalThis.document) {
    optlib.wake("optlib-explorable", (host, root, data) => {
      const program = optlib.programs[data.program](optlib.R);
      if (!optlib.agrees(program, data)) {
        root.append(host.querySelector("img").cloneNode(), make("p", {}, "This browser computes other numbers than Python, so the picture stands still."));
        return;
      }
      host.player = new optlib.Explorable(host, root, data, program);
      if (data.chart) optlib.chart(host.player, host.previousElementSibling);
    });
  }
})((globalThis.optlib = globalThis.optlib || {}));
