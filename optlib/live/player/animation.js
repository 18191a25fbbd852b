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
  const BACK = "M3 2h2.5v12H3zM13 2v12L6.5 8z";
  const AHEAD = "M10.5 2H13v12h-2.5zM3 2l6.5 6L3 14z";
  const GAP = 10; // between a path's end and its name
  const LINE = 17; // height of a name
  const MOST_NAMES = 8; // in the picture; of more paths, only the legend tells the names

  optlib.Animation = class {
    constructor(host, root, data) {
      this.data = data;
      this.tracks = data.paths.map((path) => ({
        ...path, points: path.points && optlib.path(path.points), stride: data.stride, shown: true,
      }));
      this.step = 0;
      this.playing = false;
      this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      this.build(root);
      host.addEventListener("keydown", (event) => this.key(event));
      const refresh = () => this.dress(host);
      optlib.onTheme(refresh);
      new ResizeObserver(refresh).observe(host);
      // Paper does not play: it shows the paths to their ends.
      addEventListener("beforeprint", () => { this.left = this.step; this.go(data.steps); });
      addEventListener("afterprint", () => this.go(this.left));
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
      this.map = new (data.scene.panels ? optlib.Bars : optlib.Map)(this.mapCanvas, data.scene);
      this.curve = new optlib.Curve(this.curveCanvas, data.values);
      this.playButton = button("Play", PLAY, () => this.toggle());
      this.playButton.className = "play";
      this.playButton.append((this.verb = make("span")));
      this.slider = make("input", {
        type: "range", min: 0, max: data.steps, value: this.step, "aria-label": "Step", list: "moments", oninput: () => this.scrub(),
      });
      const marks = make("datalist", { id: "moments" }, ...data.moments.map(([at]) => make("option", { value: at })));
      // All sentences lie in one place, so that the card keeps its size.
      this.sentences = data.moments.map(([at, sentence]) => make("span", {}, make("b", {}, `Step ${at} `), sentence));
      this.counter = make("output", { class: "counter" });
      // Another speed counts from the step that is shown.
      this.speed = make("select", { onchange: () => { this.began = null; } }, ...[0.25, 0.5, 1, 2, 4].map((v) => make("option", { value: v, selected: v === 1 }, `${v}×`)));
      this.loop = make("input", { type: "checkbox" });
      this.status = make("p", { class: "unseen", role: "status" });
      const bar = make("div", { class: "bar" },
        this.playButton, button("One step back", BACK, () => this.go(this.step - 1)), this.slider,
        button("One step ahead", AHEAD, () => this.go(this.step + 1)), this.counter, marks,
        make("label", {}, "speed ", this.speed), make("label", {}, this.loop, " loop"));
      const title = make("p", { class: "title" }, make("strong", {}, data.title), make("span", {}, ` ${data.settings}`));
      const views = make("div", { class: "views" }, this.mapCanvas, this.curveCanvas);
      this.card = make("div", { class: "card", role: "group", "aria-label": `Animation: ${data.title}` },
        title, views, make("p", { class: "moment" }, ...this.sentences), bar, make("ul", { class: "legend" }, ...this.tracks.map((t) => optlib.legendEntry(t, () => this.draw()))), this.status);
      root.append(this.card);
    }

    // Colors and sizes as the page asks for them now.
    dress(host) {
      const [look, dark] = optlib.dressed(host, this.card, this.tracks, this.data.scene.looks);
      if (this.map.prepare(look, dark) && this.curve.prepare(look)) this.draw();
    }

    draw() {
      const { data, step } = this;
      if (!this.map.look) return;
      for (const track of this.tracks) {
        track.end = optlib.frameOf(step, data.stride, track.heights.length);
        track.seen = Math.max(track.end, track.seen ?? 0); // the curve shows no future
        track.value.textContent = `${data.values.name} = ${number(track.heights[track.end] + data.values.base, optlib.span(data.values))}${this.remark(track)}`;
      }
      const shown = this.tracks.filter((track) => track.shown);
      this.map.draw(shown);
      if (data.paths.length > 1 && !data.scene.panels && shown.length <= MOST_NAMES) optlib.nameEnds(this.map, shown, this.playing);
      this.curve.draw(shown, step);
      this.slider.value = step;
      this.slider.setAttribute("aria-valuetext", `step ${step} of ${data.steps}`);
      this.counter.textContent = `${step} / ${data.steps}`;
      const last = data.moments.filter(([at]) => at <= step).length - 1;
      this.sentences.forEach((sentence, i) => sentence.classList.toggle("now", i === last));
      this.verb.textContent = this.playButton.title = this.playing ? "Pause" : "Play";
      this.playButton.setAttribute("aria-label", this.verb.textContent);
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
      const [, sentence = ""] = this.data.moments.find(([at]) => at === this.step) ?? [];
      this.status.textContent = `Step ${this.step} of ${this.data.steps}. ${sentence} ${said.join("; ")}. ${this.map.words ?? ""}`;
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
      const moment = this.data.moments.find(([at]) => this.step < at && at <= step);
      if (moment) return this.go(moment[0]);
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

  // Find places for names {at, width} in the box: right of their points or left of them, as near as may be, where they
  // cover neither each other nor one of `points`.  Sets x, the left edge, and y, the middle.  A name that was `lower` than
  // its point comes back to it little by little.
  optlib.spread = function (names, points, box) {
    const within = (value, low, size) => Math.min(low + size, Math.max(low, value));
    for (const name of names) name.at = [within(name.at[0], box.x, box.w), within(name.at[1], box.y, box.h)];
    const taken = points.map(([x, y]) => ({ x: x - 6, y, width: 12 }));
    const isFree = ({ x, y, width }) =>
      x >= box.x && x + width <= box.x + box.w && y >= box.y + LINE / 2 && y <= box.y + box.h - LINE / 2 &&
      taken.every((other) => Math.abs(other.y - y) >= LINE || x + width <= other.x || other.x + other.width <= x);
    const shifts = Array.from({ length: 2 * Math.floor(box.h) }, (_, i) => (i % 2 ? -1 : 1) * Math.ceil(i / 2)); // 0, -1, 1, ...
    for (const name of names) {
      const { at: [x, top], width, lower } = name;
      const y = top + Math.round(0.9 * lower);
      const nearest = (x) => shifts.map((shift) => ({ x, y: y + shift, width })).find(isFree);
      const away = (spot) => (spot ? Math.abs(spot.y - y) : Infinity);
      const [right, left] = [x + GAP, x - GAP - width].map(nearest);
      const spot = away(right) <= away(left) + 2 * LINE ? right : left;
      if (spot) taken.push(Object.assign(name, spot));
    }
    return names.filter((name) => "x" in name);
  };

  // The names of paths at their ends, each joined to its end by a line.  While these move, a name moves along with its own.
  optlib.nameEnds = function (map, tracks, moving) {
    const { pen, box, look } = map;
    const wide = (text) => pen.measureText(text).width + 8;
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    const names = tracks.map((track) => {
      const { label, color, points, end } = track;
      let text = label;
      for (let n = Math.min(label.length, 80); n && wide(text) > box.w / 2 - GAP; n--) text = `${label.slice(0, n)}…`;
      return { text, color, track, at: map.at(points[end]), width: wide(text), lower: moving ? track.lower ?? 0 : 0 };
    });
    const ends = tracks.flatMap(({ points, end }) => [points[0], points[end]]);
    const shown = moving ? [] : [...map.scene.minima, ...ends].map((point) => map.at(point));
    for (const { text, color, track, at, x, y, width } of optlib.spread(names, shown, box)) {
      track.lower = y - at[1];
      const edge = x > at[0] ? x : x + width;
      if (y !== at[1]) map.line([at, [edge, y]], color, 1);
      pen.globalAlpha = 0.85;
      pen.fillStyle = look.paper;
      pen.fillRect(x, y - LINE / 2, width, LINE);
      pen.globalAlpha = 1;
      pen.fillStyle = color;
      pen.fillRect(edge - 1, y - LINE / 2, 2, LINE);
      pen.fillStyle = look.ink;
      pen.fillText(text, x + 4, y);
    }
  };

  if (globalThis.document) {
    optlib.wake("optlib-animation", (host, root, data) => { host.player = new optlib.Animation(host, root, data); });
  }
})((globalThis.optlib = globalThis.optlib || {}));
