// A picture that is arithmetic (live/sketch.py): sliders and places to drag set its numbers, and it is drawn anew at once.
// Where the page cannot compute it, stills at a few settings stand in.

(function (optlib) {
  "use strict";

  const { make } = optlib;
  // Times the size of a panel: lines are cut there.
  const FAR = 50;
  // Pixels around a handle in which the pointer takes hold of it.
  const REACH = 30;
  // Of a slider's length, to which the setting under the pointer is sought.
  const FINEST = 1e-4;

  // Axes with their layers.
  class Panel extends optlib.Board {
    constructor(canvas, about) {
      super(canvas, [about.labels[1] || about.ticks[1] ? 54 : 44, 14, about.title ? 28 : 10, about.labels[0] ? 42 : 26]);
      this.about = about;
      this.ground = make("canvas");
    }

    async load() {
      if (!this.about.ground) return;
      this.image = new Image();
      this.image.src = this.about.ground.bands;
      await this.image.decode();
    }

    // The ends of both axes, of a logarithmic one as exponents.
    get sides() {
      const { about, box } = this;
      const sides = ["x", "y"].map((side, i) => about[side].map((v) => (about.log[i] ? Math.log10(v) : v)));
      if (about.equal) { // the same scale on both
        const [across, up] = sides.map(([low, high]) => high - low);
        const unit = Math.max(across / box.w, up / box.h);
        return sides.map(([low, high], i) => [-1, 1].map((sign) => (low + high) / 2 + (sign * unit * [box.w, box.h][i]) / 2));
      }
      return sides;
    }

    // A point of the picture -> pixels.
    place(point) {
      return this.at(this.sides.map(([low, high], i) => {
        if (this.about.log[i] && point[i] === Infinity) return NaN; // as in Python
        const v = this.about.log[i] ? Math.log10(Math.max(point[i], 1e-300)) : point[i];
        return Math.min(FAR, Math.max(-FAR, (v - low) / (high - low)));
      }));
    }

    ticks(i) {
      const [low, high] = this.sides[i];
      const scale = this.about.log[i] ? Math.log10 : Number;
      const shares = this.about.ticks[i]?.map(([v, text]) => [(scale(v) - low) / (high - low), text.replace("-", "−")]);
      return shares ?? optlib.heightTicks({ low, high, log: this.about.log[i] }, Math.max(3, this.box[i ? "h" : "w"] / [75, 50][i]));
    }

    // What stays: the paper, contours, areas and axes, and the layers that do not move.
    prepare(look, dark, layers) {
      if (!this.fit()) return false;
      this.look = look;
      this.begin();
      const { pen, box, about } = this;
      pen.fillStyle = look.paper;
      pen.fillRect(0, 0, this.width, this.height);
      if (this.image) pen.drawImage(dark ? optlib.recolored(this.image, about.ground) : this.image, box.x, box.y, box.w, box.h);
      this.clip();
      for (const layer of layers) if (layer.points) this.stroke(layer, layer.points);
      pen.restore();
      const [xs, ys] = [0, 1].map((i) => this.ticks(i));
      this.axes(look, { ticks: xs, label: about.labels[0] }, { ticks: ys, label: about.labels[1] });
      pen.textAlign = "left";
      pen.textBaseline = "top";
      pen.fillText(about.title, Math.max(0, Math.min(box.x, this.width - pen.measureText(about.title).width)), 6);
      for (const minimum of about.minima ?? []) this.mark("*", this.place(minimum), 8, "#F0E442", "#1A1A1A");
      this.ground.width = this.canvas.width;
      this.ground.height = this.canvas.height;
      this.ground.getContext("2d").drawImage(this.canvas, 0, 0);
      return true;
    }

    // All layers in their order; what stays is there already.
    draw(layers) {
      this.begin();
      this.pen.drawImage(this.ground, 0, 0, this.width, this.height);
      this.clip();
      for (const layer of layers) if (!layer.points) this.stroke(layer, layer.now);
      this.pen.restore();
      for (const layer of layers) if (layer.kind === "dots" && !layer.points) this.stroke(layer, layer.now.filter((p) => this.holds(p)));
    }

    holds(point) {
      const { box } = this;
      const [x, y] = this.place(point);
      return x >= box.x - 1 && x <= box.x + box.w + 1 && y >= box.y - 1 && y <= box.y + box.h + 1;
    }

    stroke(layer, points) {
      const { pen } = this;
      const places = points.map((p) => this.place(p));
      const pixels = places.filter(([x, y]) => !Number.isNaN(x + y));
      if (!pixels.length) return;
      if (layer.kind === "area") {
        pen.fillStyle = layer.color;
        pen.beginPath();
        pixels.forEach((p) => pen.lineTo(...p));
        pen.fill();
      } else if (layer.kind === "text") {
        const [[x, y]] = pixels;
        pen.textAlign = "center";
        pen.textBaseline = "middle";
        const width = pen.measureText(layer.label).width;
        pen.fillStyle = layer.color;
        pen.fillRect(x - width / 2 - 2, y - 8, width + 4, 16);
        pen.fillStyle = this.look.ink;
        pen.fillText(layer.label, x, y);
      } else if (layer.kind === "dots") {
        for (const p of pixels) this.mark(layer.marker, p, layer.size * 0.65, layer.color, layer.edge ?? this.look.paper, layer.edge ? 2.2 : 1);
      } else {
        // With gaps.
        this.line(places, layer.color, layer.width * 1.2, layer.dashes);
        if (layer.kind === "arrow" && pixels.length === 2) this.head(...pixels, layer.color);
      }
    }

    head([x, y], [u, v], color) {
      const length = Math.hypot(u - x, v - y);
      if (length < 1) return;
      const [a, b] = [(u - x) / length, (v - y) / length];
      this.pen.fillStyle = color;
      this.pen.beginPath();
      for (const [back, side] of [[-3, 0], [11, 5], [11, -5]]) this.pen.lineTo(u - back * a + side * b, v - back * b - side * a);
      this.pen.fill();
    }

    // Where the pointer is, in pixels of the canvas: slides are scaled as a whole.
    pointer(event) {
      const edge = this.canvas.getBoundingClientRect();
      return [(event.clientX - edge.left) * (this.width / edge.width), (event.clientY - edge.top) * (this.height / edge.height)];
    }
  }

  // The place on all sliders at which `away` is least, sought from the present one in ever smaller steps.
  function nearest(shares, away) {
    let best = away(shares);
    for (let step = 0.25; step > FINEST; ) {
      const before = best;
      for (const i of shares.keys()) {
        for (const sign of [-step, step]) {
          const tried = shares.map((v, j) => Math.min(1, Math.max(0, j === i ? v + sign : v)));
          const now = away(tried);
          if (now < best) [shares, best] = [tried, now];
        }
      }
      if (best === before) step /= 2;
    }
    return shares;
  }

  optlib.Drawing = class {
    constructor(host, root, data, program) {
      Object.assign(this, { host, data, program });
      this.layers = data.layers.map((layer) => ({ ...layer }));
      this.moving = this.layers.filter((layer) => !layer.points);
      this.settings = this.first = Object.fromEntries(data.controls.map(({ name, now }) => [name, now]));
      this.build(root);
      this.bridge = new optlib.Bridge(host);
      // Python only takes note.
      this.bridge.start(() => {}, () => {});
      host.addEventListener("keydown", (event) => { if (optlib.isOwnKey(event)) event.stopPropagation(); });
      const refresh = () => this.dress();
      Promise.all(this.panels.map((panel) => panel.load())).then(() => {
        refresh();
        optlib.onTheme(refresh);
        new ResizeObserver(refresh).observe(host);
      });
    }

    build(root) {
      const { data } = this;
      this.panels = data.panels.map((about, i) => new Panel(make("canvas", { role: "img" }), about));
      this.panels.forEach((panel, i) => this.listen(panel, i));
      this.name = make("strong", {});
      this.readout = make("span", {});
      this.status = make("p", { class: "unseen", role: "status" });
      this.sliders = data.controls.map((control) => optlib.control(control, () => this.settings[control.name],
        (value) => this.turn({ [control.name]: value }), () => this.tell()));
      const hint = this.panels.some((_, i) => this.handles(i).length) ? "Points in the picture can be dragged." : "";
      const reset = make("button", { type: "button", onclick: () => { this.turn(this.first); this.tell(); } }, "reset");
      this.legend = make("ul", { class: "legend" });
      const [map, ...others] = this.panels.map((panel) => panel.canvas);
      const side = others.length ? [make("div", { class: "column" }, ...others)] : [];
      this.card = make("div", { class: "card drawing", role: "group", "aria-label": "Picture with sliders" },
        make("p", { class: "title" }, this.name, make("br"), this.readout),
        make("div", { class: "plane" }, map, ...side),
        make("div", { class: "sliders" }, ...this.sliders.map((slider) => slider.row),
          make("div", { class: "bar" }, reset, make("span", { class: "value" }, hint))), this.legend, this.status);
      root.append(this.card);
    }

    get arguments() {
      return this.program.arguments(this.settings);
    }

    // A setting at which Python refuses the picture is not taken; it is said where the numbers stand.
    turn(settings) {
      const before = this.settings;
      this.settings = { ...before, ...settings };
      optlib.R.attempt(() => this.draw(), (error) => {
        this.settings = before;
        this.draw();
        this.readout.textContent = `There is no picture at this setting: ${error.message}.`;
      });
    }

    dress() {
      const dark = optlib.isDark(this.host);
      const { looks } = this.data.scene;
      for (const layer of this.layers) {
        layer.color = layer.colors[dark ? 1 : 0];
        layer.edge = layer.edges?.[dark ? 1 : 0];
      }
      const [look] = optlib.dressed(this.host, this.card, [], looks);
      this.look = look;
      const ready = this.panels.map((panel, i) => panel.prepare(look, dark, this.layers.filter((layer) => layer.panel === i)));
      if (ready.every(Boolean)) this.draw();
    }

    draw() {
      if (!this.look) return;
      const points = this.program.points(...this.arguments);
      const [title, readout, description, labels] = this.program.words(...this.arguments);
      this.moving.forEach((layer, i) => { layer.now = points[i] ?? []; layer.label = labels[i] ?? ""; });
      this.panels.forEach((panel, i) => panel.draw(this.layers.filter((layer) => layer.panel === i)));
      this.name.textContent = title;
      this.readout.textContent = readout;
      this.description = description;
      this.panels[0].canvas.setAttribute("aria-label", description);
      this.entitle();
      for (const slider of this.sliders) slider.show();
    }

    // The legend, anew where a name has changed.
    entitle() {
      const named = this.layers.filter((layer) => layer.label && layer.kind !== "text");
      const names = JSON.stringify(named.map((layer) => [layer.label, layer.color]));
      if (names === this.named) return;
      this.named = names;
      this.legend.replaceChildren(...named.map((layer) => optlib.legendEntry(layer)));
      for (const layer of named) {
        const dots = layer.kind === "dots";
        optlib.swatch({ ...layer, marker: dots && layer.marker, dashes: dots ? [0, 99] : layer.dashes }, this.look);
      }
    }

    tell() {
      this.status.textContent = this.description;
      this.bridge.send({ settings: this.settings });
    }

    // --- places that can be dragged ---

    handles(panel) {
      const every = this.program.handles?.(...this.arguments) ?? [];
      return every.map(([at, ...point], i) => ({ at, point, i })).filter(({ at, i }) => at === panel && this.turners(i).length);
    }

    // The sliders that move a handle: those that the picture names, or all that do.
    turners(i) {
      const at = (control, value) => {
        const settings = { ...this.settings, [control.name]: value };
        return optlib.R.attempt(() => String(this.program.handles(...this.program.arguments(settings))[i]), () => "refused");
      };
      const numbers = this.data.controls.filter((control) => control.kind === "number" && at(control, control.low) !== at(control, control.high));
      const named = numbers.filter(({ name }) => this.data.moves[i]?.includes(name));
      return named.length ? named : numbers;
    }

    listen(panel, i) {
      const { canvas } = panel;
      canvas.setAttribute("aria-label", panel.about.title || "Picture");
      if (!this.handles(i).length) return;
      Object.assign(canvas.style, { cursor: "grab", touchAction: "none" });
      let held = null;
      canvas.addEventListener("pointerdown", (event) => {
        const [x, y] = panel.pointer(event);
        const handles = this.handles(i).map((handle) => {
          const [u, v] = panel.place(handle.point);
          return { ...handle, away: Math.hypot(u - x, v - y) };
        });
        const [near] = [...handles].sort((a, b) => a.away - b.away);
        held = near.away < REACH ? near.i : handles[0].i;
        canvas.setPointerCapture(event.pointerId);
        canvas.style.cursor = "grabbing";
        this.drag(panel, held, [x, y]);
      });
      canvas.addEventListener("pointermove", (event) => { if (canvas.hasPointerCapture(event.pointerId)) this.drag(panel, held, panel.pointer(event)); });
      canvas.addEventListener("pointerup", () => { canvas.style.cursor = "grab"; this.tell(); });
    }

    // Turn the sliders so that a handle comes to where the pointer is.
    drag(panel, i, [x, y]) {
      const moved = this.turners(i);
      const settings = (shares) => ({ ...this.settings, ...Object.fromEntries(moved.map((control, j) => [control.name, optlib.valueAt(control, shares[j])])) });
      const away = (shares) => optlib.R.attempt(() => {
        const [, ...point] = this.program.handles(...this.program.arguments(settings(shares)))[i];
        const [u, v] = panel.place(point);
        return Math.hypot(u - x, v - y);
      }, () => Infinity);
      this.turn(settings(nearest(moved.map((control) => optlib.shareOf(control, this.settings[control.name])), away)));
    }
  };

  // The row of a control: a number, a choice from a list, or a switch.
  optlib.control = function (control, read, turn, tell) {
    if (control.kind === "number") return optlib.slider(control, read, turn, tell);
    if (control.kind === "switch") return optlib.slider({ ...control, flag: true }, read, turn, tell);
    const list = make("select", { "aria-label": control.name, onchange: () => { turn(control.values[list.selectedIndex]); tell(); } },
      ...control.labels.map((label) => make("option", {}, label)));
    const show = () => { list.selectedIndex = control.values.indexOf(read()); };
    return { row: make("div", { class: "row choice" }, make("span", { class: "name" }, control.name), list), show };
  };

  if (globalThis.document) {
    optlib.wake("optlib-drawing", (host, root, data) => {
      const program = optlib.programs[data.program](optlib.R);
      const settings = Object.fromEntries(data.controls.map(({ name, now }) => [name, now]));
      let words = [];
      // Any error: the page computes something else.
      try { words = program.words(...program.arguments(settings)); } catch {}
      // Whole numbers, which Python may write as 1.0.
      const plain = (text = "") => text.replace(/(\d)\.0(?!\d)/g, "$1");
      if (data.check.every((text, i) => plain(text) === plain(words[i]))) host.player = new optlib.Drawing(host, root, data, program);
      else root.append(host.querySelector("img").cloneNode(), make("p", {}, "This browser computes other numbers than Python, so the picture stands still."));
    });
  }
})((globalThis.optlib = globalThis.optlib || {}));
