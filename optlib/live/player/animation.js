// The player: paths that grow step by step on the map, and their values beside it.
//
// <div class="optlib-animation"> holds a still picture and the data; the player takes the picture's place.

(function (optlib) {
  "use strict";

  const { make, number } = optlib;
  const icon = (path) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("aria-hidden", "true");
    const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
    shape.setAttribute("d", path);
    svg.append(shape);
    return svg;
  };
  const PLAY = "M4 2l10 6-10 6z";
  const PAUSE = "M3 2h4v12H3zM9 2h4v12H9z";
  const BACK = "M11 2v12L3 8z";
  const AHEAD = "M5 2l8 6-8 6z";

  optlib.Animation = class {
    constructor(host, root, data) {
      this.data = data;
      this.tracks = data.paths.map((path) => ({
        ...path, points: optlib.path(path.points), stride: data.stride, shown: true,
      }));
      this.step = data.steps;
      this.playing = false;
      this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      this.build(root);
      host.addEventListener("keydown", (event) => this.key(event));
      const refresh = () => this.dress(host);
      optlib.onTheme(refresh);
      new ResizeObserver(refresh).observe(host);
      this.map.load().then(refresh);
    }

    build(root) {
      const { data } = this;
      const button = (label, path, act) => {
        const made = make("button", { type: "button", "aria-label": label, title: label, onclick: act });
        made.append(icon(path));
        return made;
      };
      this.mapCanvas = make("canvas", { class: "map", role: "img", "aria-label": data.description });
      this.curveCanvas = make("canvas", { class: "curve", role: "img", "aria-label": `${data.values.label} at each step` });
      this.map = new optlib.Map(this.mapCanvas, data.scene);
      this.curve = new optlib.Curve(this.curveCanvas, data.values);
      this.playButton = button("Play", PLAY, () => this.toggle());
      this.slider = make("input", {
        type: "range", min: 0, max: data.steps, value: this.step, "aria-label": "Step", oninput: () => this.scrub(),
      });
      this.counter = make("output", { class: "counter" });
      this.speed = make("select", {}, ...[0.25, 0.5, 1, 2, 4].map((v) => make("option", { value: v, selected: v === 1 }, `${v}×`)));
      this.loop = make("input", { type: "checkbox" });
      this.status = make("p", { class: "unseen", role: "status" });
      const bar = make("div", { class: "bar" },
        this.playButton, button("One step back", BACK, () => this.go(this.step - 1)), this.slider,
        button("One step ahead", AHEAD, () => this.go(this.step + 1)), this.counter,
        make("label", {}, "speed ", this.speed), make("label", {}, this.loop, " loop"));
      const title = make("p", { class: "title" }, make("strong", {}, data.title), make("span", {}, ` ${data.settings}`));
      const views = make("div", { class: "views" }, this.mapCanvas, this.curveCanvas);
      this.card = make("div", { class: "card", role: "group", "aria-label": `Animation: ${data.title}` },
        title, views, bar, make("ul", { class: "legend" }, ...this.tracks.map((t) => this.legend(t))), this.status);
      root.append(this.card);
    }

    legend(track) {
      const box = make("input", { type: "checkbox", checked: true, onchange: () => { track.shown = box.checked; this.draw(); } });
      track.swatch = make("canvas", { class: "swatch", "aria-hidden": "true" });
      track.value = make("span", { class: "value" });
      return make("li", {}, make("label", {}, box, track.swatch, make("span", {}, track.label), track.value));
    }

    // Colors and sizes as the page asks for them now.
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

    draw() {
      const { data, step } = this;
      if (!this.map.look) return;
      for (const track of this.tracks) {
        track.end = optlib.frameOf(step, data.stride, track.points.length);
        track.value.textContent = `${data.values.name} = ${number(track.heights[track.end] + data.values.base)}${this.remark(track)}`;
      }
      const shown = this.tracks.filter((track) => track.shown);
      this.map.draw(shown);
      this.curve.draw(shown, step);
      this.slider.value = step;
      this.slider.setAttribute("aria-valuetext", `step ${step} of ${data.steps}`);
      this.counter.textContent = `${step} / ${data.steps}`;
      this.playButton.setAttribute("aria-label", this.playing ? "Pause" : "Play");
      this.playButton.title = this.playing ? "Pause" : "Play";
      this.playButton.firstChild.firstChild.setAttribute("d", this.playing ? PAUSE : PLAY);
    }

    remark(track) {
      return this.step >= track.ended && track.ended < this.data.steps ? `, ${track.stopped} at step ${track.ended}` : "";
    }

    // --- what a reader does ---

    toggle() {
      if (this.playing) return this.pause();
      this.playing = true;
      if (this.step >= this.data.steps) this.step = 0;
      this.began = null;
      requestAnimationFrame((now) => this.tick(now));
      this.draw();
    }

    pause() {
      this.playing = false;
      this.draw();
      this.tell();
    }

    go(step) {
      this.playing = false;
      this.step = Math.max(0, Math.min(this.data.steps, step));
      this.draw();
      this.tell();
    }

    scrub() {
      this.go(Number(this.slider.value));
    }

    // Screen readers hear where the paths are, but not sixty times a second.
    tell() {
      const said = this.tracks.filter((t) => t.shown).map((t) => `${t.label}: ${t.value.textContent}`);
      this.status.textContent = `Step ${this.step} of ${this.data.steps}. ${said.join("; ")}`;
    }

    tick(now) {
      if (!this.playing || !this.card.isConnected) return;
      if (this.began === null) Object.assign(this, { began: now, from: this.step });
      if (now < this.began) return void requestAnimationFrame((later) => this.tick(later)); // rests before it loops
      const { steps } = this.data;
      const length = Math.max(2000, Math.min(8000, steps * 60)) / Number(this.speed.value);
      let passed = ((now - this.began) / length) * steps;
      // Less motion: a dozen still pictures instead of a film.
      if (this.calm) passed = Math.floor(passed / (steps / 12)) * (steps / 12);
      const step = Math.min(steps, Math.floor(this.from + passed));
      if (step !== this.step) {
        this.step = step;
        this.draw();
      }
      if (step >= steps && !this.loop.checked) return this.pause();
      if (step >= steps) Object.assign(this, { began: now + 600, from: 0 });
      requestAnimationFrame((later) => this.tick(later));
    }

    key(event) {
      if (!optlib.isOwnKey(event)) return;
      event.stopPropagation(); // slides and notebooks have their own use for these keys
      const target = event.composedPath()[0];
      if (target === this.speed) return;
      const jump = event.shiftKey ? 10 : 1;
      const moves = {
        ArrowRight: this.step + jump, ArrowUp: this.step + jump, ArrowLeft: this.step - jump, ArrowDown: this.step - jump,
        Home: 0, End: this.data.steps,
      };
      const presses = target.matches("button, [type=checkbox]"); // for these the space bar has its own meaning
      if (event.key in moves) this.go(moves[event.key]);
      else if (event.key === " " && !presses) this.toggle();
      else return;
      event.preventDefault();
    }
  };

  if (globalThis.document) {
    optlib.wake("optlib-animation", (host, root, data) => { host.player = new optlib.Animation(host, root, data); });
  }
})((globalThis.optlib = globalThis.optlib || {}));
