// What is set in an explorable: told to Python, told by Python, and kept in the address of a page that asks for it by
// <html data-address>.  And the beginning of all: each explorable of the page awakes.

(function (optlib) {
  "use strict";

  const { make } = optlib;
  // Milliseconds between two messages to Python while something is dragged.
  const PACE = 100;

  Object.assign(optlib.Explorable.prototype, {
    state() {
      const { f, tracks, shown, start, step, steps } = this;
      const rules = Object.fromEntries(tracks.map((track) => [track.label, track.settings]));
      const labels = (list) => list.map((track) => track.label);
      const asked = labels(shown.filter((track) => !this.computes(track)));
      return { f: f.name, start, steps: step, horizon: steps, rules, shown: labels(shown), asked };
    },

    // --- Python ---

    // Tell what is set: at once when something was let go, else soon, and always the latest.
    report(end) {
      if (!this.bridge.open) return;
      if (end || this.state().asked.length) this.send();
      else this.soon ??= setTimeout(() => this.send(), PACE);
    },

    send(want = {}) {
      clearTimeout(this.soon);
      this.soon = null;
      const state = this.state();
      const text = JSON.stringify(state);
      if (text === this.reported && !Object.keys(want).length) return;
      this.reported = text;
      this.bridge.send({ state, want });
    },

    // Python is there: what it has set counts, unless the reader has turned something already.
    greet() {
      const untouched = this.reported === JSON.stringify(this.state());
      this.bridge.send({ state: untouched ? null : this.state(), want: { catalog: true } });
    },

    // Choose a function or add a rule, which comes from Python if the page has it not.
    choose(kind, name) {
      if (!this.functions[name]) this.send({ [kind]: name });
      if (kind === "functions" && this.functions[name]) this.visit(name);
    },

    visit(name) {
      this.f = this.functions[name];
      this.start = [...this.f.start];
      this.adorn();
      this.tell();
    },

    hear(answer) {
      if (Object.keys(answer).some((name) => name !== "n")) this.take(answer);
      else this.note.textContent = "";
    },

    take({ state, catalog, functions = {}, rules = {}, paths, error = "", want = {} }) {
      if (catalog) this.catalog = catalog;
      const program = (record, source) => (source ? optlib.load(source) : null);
      for (const [name, [record, source]] of Object.entries(functions)) this.functions[name] ??= { ...record, program: program(record, source) };
      for (const [label, [record, source]] of Object.entries(rules)) {
        if (this.tracks.some((track) => track.label === label)) continue;
        this.tracks.push({ ...record, program: program(record, source), settings: optlib.first(record), shown: true });
      }
      for (const track of this.tracks) track.answer = error ? null : paths?.[track.label] ?? track.answer;
      this.note.textContent = error;
      if (state) this.adopt(state);
      if (want.functions && functions[want.functions]) this.visit(want.functions);
      else if (catalog || state || want.rules) this.adorn();
      else this.draw();
      if (state) this.reported = JSON.stringify(this.state());
      else if (want.rules) this.tell();
    },

    adopt({ f, start, steps, horizon, rules, shown }) {
      this.f = this.functions[f] ?? this.f;
      Object.assign(this, { start, step: steps, steps: Math.max(steps, horizon) });
      for (const track of this.tracks) {
        Object.assign(track.settings, rules[track.label]);
        track.shown = shown.includes(track.label);
      }
    },

    // --- the address ---

    place() {
      return `explore-${[...document.querySelectorAll(".optlib-explorable")].indexOf(this.host) + 1}`;
    },

    // Only what differs from how the page came.
    writeAddress() {
      if (!("address" in document.documentElement.dataset)) return;
      const { data, tracks, start, step } = this;
      const query = new URLSearchParams();
      if (String(start) !== String(data.start)) query.set("start", start);
      if (step !== data.steps) query.set("steps", step);
      if (tracks.some((track) => track.shown !== Boolean(track.first))) query.set("shown", this.shown.map((track) => track.label));
      for (const track of tracks) {
        for (const { name, now } of track.hypers) {
          if (track.settings[name] !== now) query.set(`${track.label}.${name}`, track.settings[name]);
        }
      }
      history.replaceState(null, "", String(query) ? `#${this.place()}?${query}` : location.pathname + location.search);
    },

    readAddress() {
      if (!("address" in document.documentElement.dataset)) return;
      const [place, text] = location.hash.slice(1).split("?");
      if (place !== this.place() || !text) return;
      const query = new URLSearchParams(text);
      const read = (name, about, act) => {
        const value = query.has(name) ? optlib.typed(query.get(name), about) : null;
        if (value !== null) act(value);
      };
      this.begin();
      const start = (query.get("start") ?? "").split(",").map((part) => optlib.typed(part, { allowed: [null, false, null, false] }));
      if (start.length === this.start.length && !start.includes(null)) this.start = start;
      read("steps", { allowed: [1, true, 1e5, true], integer: true }, (steps) => { this.step = steps; this.steps = Math.max(steps, this.steps); });
      const shown = query.get("shown")?.split(",");
      for (const track of this.tracks) {
        if (shown) track.shown = shown.includes(track.label);
        for (const hyper of track.hypers) {
          if (hyper.flag) track.settings[hyper.name] = query.has(`${track.label}.${hyper.name}`) ? query.get(`${track.label}.${hyper.name}`) === "true" : hyper.now;
          else read(`${track.label}.${hyper.name}`, hyper, (value) => { track.settings[hyper.name] = value; });
        }
      }
      this.adorn();
      this.host.scrollIntoView();
    },
  });

  if (!globalThis.document) return;
  optlib.wake("optlib-explorable", (host, root, data) => {
    const program = optlib.programs[data.program](optlib.R);
    const bridge = new optlib.Bridge(host);
    const build = () => {
      host.player = new optlib.Explorable(host, root, data, program, bridge);
      if (data.chart) optlib.chart(host.player, host.previousElementSibling);
    };
    const hear = (answer) => host.player.hear(answer);
    const wrong = optlib.agrees(program, data) ? "" : "This browser computes other numbers than Python, so the picture stands still.";
    const reason = wrong || data.still;
    if (!reason) {
      build();
      return bridge.start(() => host.player.greet(), hear);
    }
    const still = make("div", {}, host.querySelector("img").cloneNode(), make("p", {}, reason));
    root.append(still);
    if (wrong) Object.assign(program, { f: null });
    bridge.start(() => { still.remove(); build(); host.player.greet(); }, hear);
  });
})((globalThis.optlib = globalThis.optlib || {}));
