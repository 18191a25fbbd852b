// The explorable without a kernel: sliders that choose among paths computed ahead.  Data: live/offline.py.

(function (optlib) {
  "use strict";

  const { make, number } = optlib;
  const UNITS = 1000;
  const PER_DECADE = 500;
  const SMALLEST = 1e-9;

  // Integers [path][line][point] from two planes of bytes; lines 0 and 1 are places, line 2 is the value.
  optlib.unfold = function (bytes, points) {
    const count = bytes.length / 2;
    const lines = new Int16Array(count); // wraps around at 2^16, as the packing did
    for (let i = 0; i < count; i++) {
      const folded = bytes[i] | (bytes[count + i] << 8);
      lines[i] = (folded >> 1) ^ -(folded & 1);
    }
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < count; i++) if (i % points) lines[i] += lines[i - 1];
    }
    return lines;
  };

  // Value above the base from its signed logarithm.
  optlib.valueOf = (whole) => Math.sign(whole) * (10 ** (Math.abs(whole) / PER_DECADE) - 1) * SMALLEST;

  // Index of a path within its rule: by the axes that apply to it, in their order, then by the start.
  optlib.pathIndex = function (rule, axes, at, starts, start) {
    let index = 0;
    axes.forEach((axis, i) => {
      if (rule.axes.includes(axis.name)) index = index * axis.values.length + at[i];
    });
    return index * starts + start;
  };

  // The axis of values that fits these curves: logarithmic where they span more than two powers of ten.
  optlib.axisOf = function (curves) {
    const all = curves.flat();
    const start = Math.max(...curves.map((heights) => Math.abs(heights[0])));
    const most = Math.min(Math.max(...all), 1e6 * (start || 1)); // what flies off is cut, or it would hide all else
    const positive = all.filter((v) => v > 1e-9);
    const least = Math.min(...positive);
    if (positive.length && all.every((v) => v > -1e-9) && (least < most / 100 || positive.length < all.length)) {
      const high = Math.ceil(Math.log10(most) * 2) / 2;
      return { log: true, high, low: Math.min(Math.max(Math.floor(Math.log10(least)), Math.floor(high) - 12), high - 1) };
    }
    const low = Math.min(...all);
    const room = 0.05 * (most - low) || 1;
    return { log: false, low: low - room, high: most + room };
  };

  optlib.codeOf = function (data, at, start, steps) {
    const exact = (v) => (Number.isInteger(v) ? v.toFixed(1) : String(v));
    const calls = data.rules.map((rule) => {
      const turned = data.axes.map((axis, i) => [axis, i]).filter(([axis]) => rule.axes.includes(axis.name));
      const given = turned.map(([axis, i]) => `${axis.name}=${exact(axis.values[at[i]])}`);
      return `${rule.call}(${[...given, ...rule.rest].join(", ")})`;
    });
    const point = data.starts[start].map(exact).join(", ") + (data.starts[start].length === 1 ? "," : "");
    const lines = data.known ? [`f = ol.FUNCTIONS["${data.known}"]`] : [];
    lines.push(`rules = [${calls.join(", ")}]`);
    lines.push(`paths = [ol.minimize(f, rule, start=(${point}), steps=${steps}) for rule in rules]`);
    lines.push(`ol.plots.${data.starts[start].length === 1 ? "line" : "contour"}(f, *paths)`);
    return lines.join("\n");
  };

  const inflate = async (text) => {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };

  optlib.Explorable = class {
    constructor(host, root, data) {
      this.data = data;
      this.first = [...data.axes.map((axis) => axis.now), data.start];
      this.at = data.axes.map((axis) => axis.now);
      this.start = data.start;
      this.step = data.steps.length - 1;
      this.tracks = data.rules.map((rule) => ({ ...rule, shown: true }));
      this.build(root);
      host.addEventListener("keydown", (event) => event.stopPropagation()); // slides have their own use for keys
      const refresh = () => this.dress(host);
      Promise.all([inflate(data.packed), this.map.load()]).then(([bytes]) => {
        this.lines = optlib.unfold(bytes, data.steps.length);
        refresh();
        optlib.onTheme(refresh);
        new ResizeObserver(refresh).observe(host);
      });
    }

    build(root) {
      const { data } = this;
      this.mapCanvas = make("canvas", { class: "map", role: "img", "aria-label": data.description });
      this.curveCanvas = make("canvas", { class: "curve", role: "img", "aria-label": `${data.values.label} at each step` });
      this.mapCanvas.addEventListener("pointerdown", (event) => { this.mapCanvas.setPointerCapture(event.pointerId); this.pick(event); });
      this.mapCanvas.addEventListener("pointermove", (event) => { if (event.buttons) this.pick(event); });
      this.map = new optlib.Map(this.mapCanvas, data.scene);
      this.curve = new optlib.Curve(this.curveCanvas, data.values);
      this.sliders = data.axes.map((axis, i) => this.slider(axis.name, axis.values.length, () => this.at[i], (v) => { this.at[i] = v; },
        () => number(axis.values[this.at[i]])));
      if (data.starts.length > 1) {
        this.sliders.push(this.slider("start", data.starts.length, () => this.start, (v) => { this.start = v; },
          () => data.starts[this.start].map(number).join(", ")));
      }
      this.sliders.push(this.slider("steps", data.steps.length, () => this.step, (v) => { this.step = v; }, () => String(data.steps[this.step])));
      const reset = make("button", { type: "button", onclick: () => this.reset() }, "reset");
      this.code = make("pre", { class: "code", tabindex: 0, "aria-label": "code that draws this picture" });
      this.status = make("p", { class: "unseen", role: "status" });
      const hint = data.chart ? " Click in the map above to choose the setting."
        : data.starts.length > 1 ? " Click on the picture to move the start." : "";
      this.card = make("div", { class: "card", role: "group", "aria-label": `Explore: ${data.title}` },
        make("p", { class: "title" }, make("strong", {}, data.title), make("span", {}, hint)),
        make("div", { class: "views" }, this.mapCanvas, this.curveCanvas),
        make("div", { class: "sliders" }, ...this.sliders.map((s) => s.row), reset),
        make("ul", { class: "legend" }, ...this.tracks.map((t) => this.legend(t))), this.code, this.status);
      root.append(this.card);
    }

    slider(name, count, read, write, text) {
      const input = make("input", { type: "range", min: 0, max: count - 1, step: 1, "aria-label": name,
        oninput: () => { write(Number(input.value)); this.draw(); }, onchange: () => this.tell() });
      const value = make("output", {});
      const show = () => { input.value = read(); value.textContent = text(); input.setAttribute("aria-valuetext", text()); };
      return { row: make("label", {}, make("span", {}, name), input, value), show };
    }

    legend(track) {
      const box = make("input", { type: "checkbox", checked: true, onchange: () => { track.shown = box.checked; this.draw(); } });
      track.swatch = make("canvas", { class: "swatch", "aria-hidden": "true" });
      track.value = make("span", { class: "value" });
      return make("li", {}, make("label", {}, box, track.swatch, make("span", {}, track.label), track.value));
    }

    dress(host) {
      const dark = optlib.isDark(host);
      const look = this.data.scene.looks[dark ? "dark" : "light"];
      this.card.classList.toggle("dark", dark);
      for (const track of this.tracks) {
        track.color = track.colors[dark ? 1 : 0];
        optlib.swatch(track, look);
      }
      if (this.map.prepare(look, dark) && this.curve.prepare(look)) this.draw();
    }

    // The path of a rule at the present setting: places, values, and how far it is drawn.
    path(rule, before) {
      const { data } = this;
      const points = data.steps.length;
      const index = optlib.pathIndex(rule, data.axes, this.at, data.starts.length, this.start);
      const from = 3 * points * (before + index);
      const line = (k) => this.lines.subarray(from + k * points, from + (k + 1) * points);
      const [us, vs, hs] = [line(0), line(1), line(2)];
      rule.points = Array.from(us, (u, i) => [u / UNITS, vs[i] / UNITS]);
      rule.heights = Array.from(hs, optlib.valueOf);
      rule.stride = data.steps[points - 1] / (points - 1);
      rule.end = this.step;
      rule.lost = rule.diverged.includes(index) && rule.ended[index] <= data.steps[this.step];
      return before + rule.ended.length;
    }

    draw() {
      if (!this.lines || !this.map.look) return;
      const { data } = this;
      let before = 0;
      for (const track of this.tracks) {
        before = this.path(track, before);
        const shown = `${data.values.name} ≈ ${Number((track.heights[track.end] + data.values.base).toPrecision(3))}`;
        track.value.textContent = track.lost ? `${shown}, diverged` : shown;
      }
      const shown = this.tracks.filter((track) => track.shown);
      this.map.draw(shown);
      Object.assign(this.curve.values, shown.length ? optlib.axisOf(shown.map((track) => track.heights)) : {});
      this.curve.draw(shown, data.steps[this.step]);
      for (const slider of this.sliders) slider.show();
      this.marked?.();
      this.code.textContent = optlib.codeOf(data, this.at, this.start, data.steps[this.step]);
    }

    pick(event) {
      const { map, data } = this;
      if (!map.box) return;
      const edge = this.mapCanvas.getBoundingClientRect();
      const scale = edge.width / map.width; // slides are scaled as a whole
      const u = ((event.clientX - edge.left) / scale - map.box.x) / map.box.w;
      const v = 1 - ((event.clientY - edge.top) / scale - map.box.y) / map.box.h;
      const flat = data.starts[0].length === 2;
      const far = ([a, b]) => (a - u) ** 2 + (flat ? (b - v) ** 2 : 0);
      data.places.forEach((place, i) => { if (far(place) < far(data.places[this.start])) this.start = i; });
      this.draw();
      if (event.type === "pointerdown") this.tell();
    }

    reset() {
      this.at = this.first.slice(0, -1);
      this.start = this.first[this.first.length - 1];
      this.step = this.data.steps.length - 1;
      this.draw();
      this.tell();
    }

    tell() {
      this.status.textContent = this.tracks.filter((t) => t.shown).map((t) => `${t.label}: ${t.value.textContent}`).join("; ");
    }
  };

  if (globalThis.document) {
    optlib.wake("optlib-explorable", (host, root, data) => {
      host.player = new optlib.Explorable(host, root, data);
      if (data.chart) optlib.chart(host.player, host.previousElementSibling);
    });
  }
})((globalThis.optlib = globalThis.optlib || {}));
