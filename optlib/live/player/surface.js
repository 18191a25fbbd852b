// The card of `ol.surface`: the landscape, sliders for the view and for the step, and what each path has reached.
//
// <div class="optlib-surface"> holds a still picture and the data; the player takes the picture's place.

(function (optlib) {
  "use strict";

  const { make, number } = optlib;
  const VIEW = { turn: -32, tilt: 48 }; // degrees, at first
  const RANGES = { turn: [-180, 180], tilt: [10, 85] };

  optlib.Surface = class {
    constructor(host, root, data) {
      this.data = data;
      this.canvas = make("canvas", { class: "surface", tabindex: 0, role: "img", "aria-label": `${data.description} Arrow keys turn it.` });
      this.space = new optlib.Space(this.canvas, data.scene, data.relief);
      this.tracks = data.paths.map((path) => ({ ...path, ...this.space.lay(optlib.path(path.points)) }));
      this.sliders = {};
      const slider = ([name, [min, max]]) => {
        const act = () => this.set({ [name]: Number(this.sliders[name].value) });
        return make("label", {}, name, (this.sliders[name] = make("input", { type: "range", min, max, oninput: act })));
      };
      const ranges = Object.entries({ ...RANGES, ...(data.paths.length && { step: [0, data.steps] }) });
      const reset = make("button", { type: "button", onclick: () => this.set(this.first) }, "reset");
      const rows = this.tracks.map((track) => optlib.legendEntry(track));
      this.card = make("div", { class: "card", role: "group", "aria-label": `Surface: ${data.title}` },
        make("p", { class: "title" }, make("strong", {}, data.title), make("span", {}, ` ${data.settings}`)), this.canvas,
        make("div", { class: "bar" }, ...ranges.map(slider), reset), make("ul", { class: "legend" }, ...rows), make("p", { class: "value" }, data.note));
      root.append(this.card);
      this.first = { ...VIEW, step: data.steps };
      this.set(this.first);
      this.canvas.addEventListener("pointerdown", (event) => {
        this.canvas.setPointerCapture(event.pointerId);
        this.held = [event.clientX, event.clientY];
      });
      this.canvas.addEventListener("pointermove", ({ pointerId, clientX, clientY }) => {
        if (!this.canvas.hasPointerCapture(pointerId)) return;
        this.set({ turn: this.now.turn + (clientX - this.held[0]) / 2, tilt: this.now.tilt + (clientY - this.held[1]) / 2 });
        this.held = [clientX, clientY];
      });
      host.addEventListener("keydown", (event) => this.key(event));
      const refresh = () => this.dress(host);
      optlib.onTheme(refresh);
      new ResizeObserver(refresh).observe(host);
    }

    // Colors and sizes as the page asks for them now.
    dress(host) {
      const [look] = optlib.dressed(host, this.card, this.tracks, this.data.scene.looks);
      if (this.space.prepare(look)) this.set({});
    }

    // Another view or step.
    set(changed) {
      const { data } = this;
      this.now = { ...this.now, ...changed };
      this.now.turn = ((this.now.turn + 540) % 360) - 180;
      this.now.tilt = Math.min(RANGES.tilt[1], Math.max(RANGES.tilt[0], this.now.tilt));
      for (const [name, slider] of Object.entries(this.sliders)) slider.value = this.now[name];
      for (const track of this.tracks) {
        track.end = optlib.frameOf(this.now.step, data.stride, track.upto.length);
        const stopped = this.now.step >= track.ended && track.ended < data.steps ? `, ${track.stopped} at step ${track.ended}` : "";
        track.value.textContent = `${data.values.name} = ${number(track.heights[track.end] + data.values.base, optlib.span(data.values))} at step ${Math.min(this.now.step, track.ended)}${stopped}`;
      }
      if (this.space.look) this.space.draw(this.now, this.tracks);
    }

    key(event) {
      if (!optlib.isOwnKey(event)) return;
      event.stopPropagation(); // slides and notebooks have their own use for these keys
      if (event.composedPath()[0] !== this.canvas) return;
      const { turn, tilt } = this.now;
      const moves = { ArrowRight: { turn: turn + 5 }, ArrowLeft: { turn: turn - 5 }, ArrowUp: { tilt: tilt + 5 }, ArrowDown: { tilt: tilt - 5 }, Home: this.first };
      if (!(event.key in moves)) return;
      this.set(moves[event.key]);
      event.preventDefault();
    }
  };

  if (globalThis.document) {
    optlib.wake("optlib-surface", (host, root, data) => { host.player = new optlib.Surface(host, root, data); });
  }
})((globalThis.optlib = globalThis.optlib || {}));
