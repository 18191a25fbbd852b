// The explorable: rules walk here at any setting and from any start, beside controls for all of it.  Data: live/offline.py.
// What the page cannot compute, and other rules and functions, come from Python where a kernel runs: bridge.js.

(function (optlib) {
  "use strict";

  const { make, number } = optlib;
  // Of one path, that are drawn.
  const MOST_POINTS = 1500;
  const MOST_STEPS = 100000;
  // Pixels of the contour bands.
  const BANDS = [640, 500];

  optlib.Explorable = class {
    constructor(host, root, data, program, bridge) {
      Object.assign(this, { host, root, data, bridge, late: program.late, catalog: {}, functions: {} });
      this.functions[data.f.name] = { ...data.f, program: program.f };
      this.tracks = data.rules.map((record, i) => ({ ...record, program: program.rules[i], first: true }));
      this.begin();
      const rates = new Set(this.tracks.map((track) => track.settings.lr));
      // Whose sliders stand there.
      this.turned = rates.size === 1 && this.shared().length ? "all" : this.tracks[0];
      this.build();
      unclip(host);
      host.addEventListener("keydown", (event) => { if (optlib.isOwnKey(event)) event.stopPropagation(); });
      this.reported = JSON.stringify(this.state());
      this.readAddress();
      const refresh = () => this.dress();
      this.map.load().then(() => {
        refresh();
        optlib.onTheme(refresh);
        new ResizeObserver(refresh).observe(host);
      });
    }

    begin() {
      const { data } = this;
      this.f = this.functions[data.f.name];
      for (const track of this.tracks) Object.assign(track, { settings: optlib.first(track), shown: Boolean(track.first) });
      this.start = [...data.start];
      this.step = this.steps = data.steps;
    }

    get shown() {
      return this.tracks.filter((track) => track.shown);
    }

    get settings() {
      return this.tracks.map((track) => track.settings);
    }

    // Whether the page computes this path.
    computes(track) {
      return Boolean(this.f.program && track.program);
    }

    // --- what the page is made of ---

    build() {
      const { data } = this;
      const canvas = (kind, label) => make("canvas", { class: kind, role: "img", "aria-label": label });
      // A drag: all moves and the place where it is let go.
      const held = (element, act) => {
        const pull = (event) => { act(event); event.preventDefault(); };
        element.addEventListener("pointerdown", (event) => { element.setPointerCapture(event.pointerId); pull(event); });
        element.addEventListener("pointermove", (event) => { if (element.hasPointerCapture(event.pointerId)) pull(event); });
        element.addEventListener("pointerup", (event) => { pull(event); this.tell(); });
      };
      this.map = new optlib.Map(canvas("map", data.description), this.f.scene);
      this.curve = new optlib.Curve(canvas("curve", `${this.f.values.label} at each step`), {});
      this.tuning = new optlib.Tuning(canvas("curve", `${this.f.values.label}, the highest of the last tenth of the steps, for each learning rate`));
      held(this.map.canvas, (event) => this.pick(event));
      held(this.curve.canvas, (event) => this.seek(Math.max(1, Math.round(this.across(this.curve, event) * this.steps))));
      held(this.tuning.canvas, (event) => { if (this.tuning.side) this.turn("lr", optlib.valueAt(this.tuning.side, this.across(this.tuning, event))); });
      this.name = make("strong", {});
      this.hint = make("span", {}, data.chart ? " Click in the map to choose the setting." : " Drag in the picture to move the start.");
      this.legend = make("ul", { class: "legend" });
      this.panel = make("div", { class: "sliders" });
      this.stepSlider = optlib.slider({ name: "steps", low: 1, high: this.steps, integer: true, allowed: [1, true, MOST_STEPS, true] },
        () => this.step, (value) => this.seek(value), () => this.tell());
      this.fields = this.start.map((_, i) => this.coordinate(i));
      this.button = make("button", { type: "button", onclick: () => this.reset() }, "reset");
      this.code = make("pre", { class: "code", tabindex: 0, "aria-label": "code that draws this picture" });
      this.status = make("p", { class: "unseen", role: "status" });
      this.note = make("p", { class: "note", role: "status" });
      const place = make("div", { class: "row place" }, make("span", { class: "name" }, "start"), ...this.fields, this.button);
      this.controls = make("div", { class: "controls" }, this.legend, this.panel, this.stepSlider.row, place);
      this.card = make("div", { class: "card explorable", role: "group", "aria-label": `Explore: ${data.f.title}` },
        make("p", { class: "title" }, this.name, this.hint),
        make("div", { class: "stage" }, make("div", { class: "picture" }, this.map.canvas), this.controls),
        this.note, make("div", { class: "views" }, this.curve.canvas, this.tuning.canvas), this.code, this.status);
      this.root.append(this.card);
      this.list();
    }

    // The function, and the rules as check boxes; other ones can be chosen where Python answers.
    list() {
      const { f, tracks, catalog } = this;
      const functions = catalog.functions ?? [];
      this.name.replaceChildren(functions.length ? this.choice("function", functions, f.name, (name) => this.choose("functions", name)) : f.title);
      const change = () => { this.panels(); this.draw(); this.tell(); };
      const others = (catalog.rules ?? []).filter((name) => !tracks.some((track) => track.label === name));
      const more = others.length ? [make("li", {}, this.choice("add a rule", others, "", (name) => this.choose("rules", name)))] : [];
      this.legend.replaceChildren(...tracks.map((track) => optlib.legendEntry(track, tracks.length > 1 && change)), ...more);
      this.panels();
    }

    // A list of names; without a chosen one it is headed by its label.
    choice(label, names, chosen, act) {
      const head = chosen ? [] : [make("option", { value: "", disabled: true, selected: true }, `${label} …`)];
      const options = names.map((name) => make("option", { value: name, selected: name === chosen }, name.replaceAll("_", " ")));
      return make("select", { "aria-label": label, onchange: ({ target }) => act(target.value) }, ...head, ...options);
    }

    // The sliders of the rule that is chosen, or of all rules.
    panels() {
      const { shown } = this;
      const shared = this.shared();
      if (this.turned === "all" ? !shared.length : !this.turned.shown) this.turned = shown[0] ?? this.tracks[0];
      const all = this.turned === "all";
      const one = all ? shown[0] : this.turned;
      const snaps = (!all && this.f.snaps?.[one.theory]) || {};
      this.sliders = (all ? shared : one.hypers).map((hyper) => optlib.slider(optlib.reaching(hyper, snaps[hyper.name]),
        () => one.settings[hyper.name], (value) => this.turn(hyper.name, value), () => this.tell()));
      const names = [...shared.length ? ["all rules"] : [], ...shown.map((track) => track.label)];
      const list = this.choice("sliders of", names, all ? "all rules" : one.label, (name) => {
        this.turned = shown.find((track) => track.label === name) ?? "all";
        this.panels();
      });
      const choice = names.length > 1 ? [make("div", { class: "row" }, make("span", { class: "name" }, "sliders"), list)] : [];
      this.panel.replaceChildren(...choice, ...this.sliders.map((slider) => slider.row));
      this.show();
    }

    // Hyper-parameters that all rules have which are shown.
    shared() {
      const [one, ...others] = this.shown;
      if (!others.length) return [];
      return one.hypers.filter(({ name }) => others.every((track) => track.hypers.some((hyper) => hyper.name === name)));
    }

    coordinate(i) {
      const field = make("input", { type: "text", inputmode: "decimal", "aria-label": `start ${"xy"[i]}`, autocomplete: "off",
        onchange: () => {
          const value = optlib.typed(field.value, { allowed: [null, false, null, false] });
          if (value === null) return this.show();
          this.start[i] = value;
          this.draw();
          this.tell();
        } });
      return field;
    }

    // --- what a reader does ---

    // Set a hyper-parameter of the rule whose sliders stand there, or of all that are shown.
    turn(name, value) {
      for (const track of this.turned === "all" ? this.shown : [this.turned]) if (name in track.settings) track.settings[name] = value;
      this.draw();
    }

    seek(step) {
      this.step = step;
      this.steps = Math.max(this.steps, step);
      this.draw();
    }

    reset() {
      this.begin();
      this.adorn();
      this.tell();
    }

    // How far across the inside of a board the pointer is, 0 to 1; slides are scaled as a whole.
    across(board, event, vertical = false) {
      const edge = board.canvas.getBoundingClientRect();
      const { x, y, w, h } = board.box;
      const scale = board.width / edge.width;
      const share = vertical ? 1 - ((event.clientY - edge.top) * scale - y) / h : ((event.clientX - edge.left) * scale - x) / w;
      return Math.min(1, Math.max(0, share));
    }

    // Move the start to where the pointer is.
    pick(event) {
      if (!this.map.look) return;
      const { x, y } = this.f.scene;
      this.start = this.start.map((_, i) => {
        const [low, high] = i ? y : x;
        return optlib.valueAt({ low, high }, this.across(this.map, event, i === 1));
      });
      this.draw();
    }

    // Screen readers, Python and the address hear what was set when it is.
    tell() {
      this.status.textContent = this.shown.map((track) => `${track.label}: ${track.value.textContent}`).join("; ");
      this.report(true);
      this.writeAddress();
    }

    // --- drawing ---

    // Everything anew, after another function or other rules.
    adorn() {
      this.map.scene = this.f.scene;
      this.list();
      this.dress();
    }

    dress() {
      const { f } = this;
      const [look, dark] = optlib.dressed(this.host, this.card, this.tracks, this.f.scene.looks);
      if (f.program && f.scene.levels && this.painted !== `${f.name} ${dark}`) {
        this.painted = `${f.name} ${dark}`;
        this.bands ??= {};
        this.bands[f.name] ??= optlib.bands(f.program.value, f.scene, ...BANDS);
        this.map.painted = this.map.image = optlib.painted(this.bands[f.name], look.bands, ...BANDS);
      } else if (!(f.program && f.scene.levels) && this.map.image !== f.scene.image) { // the bands that Python has drawn
        this.painted = this.map.painted = null;
        this.map.image = f.scene.image;
        if (f.scene.bands && !f.scene.image) this.map.load().then(() => this.dress());
      }
      if (this.tuning.canvas.isConnected) this.tuning.prepare(look);
      // Slides may hide it.
      this.curve.prepare(look);
      if (this.map.prepare(look, dark)) this.draw();
    }

    above(v) {
      const { base } = this.f.values;
      return Math.abs(v - base) < 1e-12 * Math.abs(base) ? 0 : v - base;
    }

    // As `Trajectory.worst_late` has it, above the base of the values.
    score(run) {
      return run.diverged ? NaN : this.above(Math.max(...run.values.slice(-this.late(this.steps))));
    }

    // A run is made anew only when something of it has changed.
    run(track) {
      const asked = JSON.stringify([this.f.name, track.settings, this.start, this.steps]);
      if (track.asked !== asked) track.made = optlib.run(this.f.program, track.program, track.settings, this.start, this.steps);
      track.asked = asked;
      return track.made;
    }

    // The path of a rule at its present setting, as the boards draw it.
    path(track) {
      const { scene } = this.f;
      const none = { points: [this.start], values: [NaN], diverged: false };
      const run = this.computes(track) ? this.run(track) : track.answer ?? none;
      const last = run.values.length - 1;
      const every = run.stride ?? 1;
      const stride = Math.max(1, Math.ceil(last / MOST_POINTS));
      const kept = [];
      for (let k = 0; k < last; k += stride) kept.push(k);
      kept.push(last);
      const share = ([low, high], v) => (v - low) / (high - low);
      track.stride = stride * every;
      track.points = kept.map((k) => [share(scene.x, run.points[k][0]), share(scene.y, run.points[k][1] ?? run.values[k])]);
      track.heights = kept.map((k) => this.above(run.values[k]));
      const end = Math.min(Math.ceil(this.step / every), last);
      track.end = Math.min(Math.ceil(end / stride), kept.length - 1);
      track.lost = run.diverged && end === last;
      track.reached = run.values[end];
      track.score = this.score(run);
      const [u, v] = track.points[track.end];
      const away = Math.min(u, v) < 0 || Math.max(u, v) > 1 ? ", out of view" : "";
      const there = Number.isFinite(track.reached);
      track.value.textContent = !there ? (run === none ? "" : "no value at this start") : `${this.f.values.name} ≈ ${number(track.reached, Math.max(...track.heights) - Math.min(...track.heights), 3)}${track.lost ? ", diverged" : away}`;
    }

    draw() {
      if (!this.map.look) return;
      const { shown, f } = this;
      for (const track of this.tracks) {
        if (track.shown) this.path(track);
        else track.value.textContent = "";
      }
      this.map.draw(shown);
      const curves = shown.filter((track) => Number.isFinite(track.heights[0]));
      this.curve.values = { label: f.values.label, last: this.steps, ...curves.length ? optlib.axisOf(curves.map((track) => track.heights)) : { low: 0, high: 1 } };
      this.curve.draw(curves, this.step);
      this.tune();
      this.show();
      this.marked?.();
      this.code.textContent = optlib.codeOf(f, shown, this.start, this.step);
      this.report(false);
    }

    tune() {
      const { tuning, f } = this;
      const tracks = this.data.chart ? [] : this.shown.filter((track) => this.computes(track) && track.hypers.some(({ name, low }) => name === "lr" && low > 0));
      tuning.canvas.hidden = !tracks.length;
      if (!tracks.length) return;
      if (!tuning.look) return;
      const late = this.late(this.steps);
      tuning.labels = [late > 1 ? `lr (${f.values.label}: highest of the last ${late} values)` : "lr", f.values.label];
      const score = (track, lr) => this.score(optlib.run(f.program, track.program, { ...track.settings, lr }, this.start, this.steps));
      const drawn = () => tuning.draw(tracks.filter((track) => track.shown && track.tuning), Math.abs(tracks[0].heights[0]) || 1);
      tuning.follow(tracks, [f.name, this.start, this.steps], score, drawn);
      drawn();
    }

    show() {
      for (const slider of [...this.sliders, this.stepSlider]) slider.show();
      this.fields.forEach((field, i) => { field.value = String(this.start[i]); });
    }
  };

  // In a narrow window the picture sticks to the top of what scrolls, if no box in between clips it for no need.
  function unclip(host) {
    for (let box = host.parentElement; box && box !== document.body; box = box.parentElement) {
      if (getComputedStyle(box).overflowY === "visible") continue;
      if (box.scrollHeight > box.clientHeight + 1 || box.clientHeight < host.clientHeight) return;
      box.style.overflow = "visible";
    }
  }

  // Bands as an image, with a thin line at each level.
  optlib.painted = function (bands, colors, width, height) {
    const canvas = make("canvas", { width, height });
    const pen = canvas.getContext("2d");
    const picture = pen.createImageData(width, height);
    const shades = colors.map((color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16)));
    for (let k = 0; k < bands.length; k++) {
      const line = (k % width && bands[k] !== bands[k - 1]) || (k >= width && bands[k] !== bands[k - width]);
      for (let i = 0; i < 3; i++) picture.data[4 * k + i] = shades[bands[k]][i] * (line ? 0.88 : 1);
      picture.data[4 * k + 3] = 255;
    }
    pen.putImageData(picture, 0, 0);
    return canvas;
  };
})((globalThis.optlib = globalThis.optlib || {}));
