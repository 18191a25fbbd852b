// One number and its controls: a slider with ticks, on its track the values that theory names, and a field that keeps what
// is typed.

(function (optlib) {
  "use strict";

  const { make, number } = optlib;
  const NOTCHES = 1000; // of a slider
  const PULL = 0.02; // of the track: so near the mouse is caught by a value that theory names
  const CLOSE = 0.11; // of the track: names of values that lie nearer stand together

  const place = (share) => `left: calc(8px + ${share} * (100% - 16px))`; // the middle of the handle

  // Numbers below the track: powers of ten on a logarithmic one.
  function ticks({ low, high, log, integer }) {
    if (!log) return optlib.ticks(low, high, 3).filter((t) => !integer || Number.isInteger(t)).map((t) => [t, number(t, high - low)]);
    const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
    const every = Math.ceil((last - first + 1) / 5);
    const powers = [];
    for (let t = last; t >= first; t -= every) powers.push([10 ** t, optlib.power(t)]);
    return powers;
  }

  // Names above the track, those of near values as one.
  function named(hyper) {
    const groups = [];
    for (const [value, name] of hyper.snaps ?? []) {
      const share = optlib.shareOf(hyper, value);
      const last = groups.at(-1);
      if (last && share - last.shares[0] < CLOSE) { last.shares.push(share); last.names.push(name); }
      else groups.push({ shares: [share], names: [name] });
    }
    return groups;
  }

  // A hyper-parameter whose slider reaches as far as what theory names, unless that is far away.
  optlib.reaching = function (hyper, snaps = []) {
    const near = snaps.filter(([value]) => value >= hyper.low && value <= 10 * hyper.high);
    return { ...hyper, snaps: near, high: near.reduce((high, [value]) => (value > hyper.high ? Math.max(high, 1.25 * value) : high), hyper.high) };
  };

  // A row {row, show} for a hyper-parameter: `read` gives its value, `turn` sets it, `tell` follows when it is set.
  optlib.slider = function (hyper, read, turn, tell) {
    const { name } = hyper;
    const label = make("span", { class: "name" }, ...name.split("_").flatMap((part, i) => (i ? ["_", make("wbr"), part] : [part])));
    if (hyper.flag) {
      const box = make("input", { type: "checkbox", "aria-label": name, onchange: () => { turn(box.checked); tell(); } });
      return { row: make("div", { class: "row" }, label, box), show: () => { box.checked = read(); } };
    }
    let held = false; // by the mouse or a finger; keys are not caught
    const dragged = () => {
      const share = Number(input.value) / NOTCHES;
      const away = ([value]) => Math.abs(optlib.shareOf(hyper, value) - share);
      const [nearest] = [...hyper.snaps ?? []].sort((a, b) => away(a) - away(b));
      if (held && nearest && away(nearest) < PULL) return turn(nearest[0]);
      const [now, last] = [read(), Math.round(NOTCHES * optlib.shareOf(hyper, read()))];
      let value = optlib.valueAt(hyper, share);
      const ahead = Math.sign(Number(input.value) - last); // a key may have to go over several notches to another value
      for (let k = 1; ahead && value === now && k < NOTCHES; k++) value = optlib.valueAt(hyper, Math.min(1, Math.max(0, share + (ahead * k) / NOTCHES)));
      turn(value);
    };
    const release = () => { held = false; tell(); };
    const input = make("input", { type: "range", min: 0, max: NOTCHES, step: 1, "aria-label": name,
      onpointerdown: () => { held = true; }, oninput: dragged, onchange: release });
    const field = make("input", { type: "text", inputmode: "decimal", "aria-label": `${name}, exactly`, autocomplete: "off",
      onchange: () => {
        const value = optlib.typed(field.value, hyper);
        if (value === null) show();
        else turn(value);
        tell();
      } });
    const show = () => {
      const value = read();
      const theory = (hyper.snaps ?? []).find(([snap]) => snap === value);
      input.value = Math.round(NOTCHES * optlib.shareOf(hyper, value));
      input.setAttribute("aria-valuetext", number(value) + (theory ? `, ${theory[1]}` : ""));
      field.value = String(value);
    };
    const marks = ticks(hyper).map(([value, text]) => make("span", { class: "tick", style: place(optlib.shareOf(hyper, value)) }, text));
    for (const { shares, names } of named(hyper)) {
      const middle = shares.reduce((a, b) => a + b) / shares.length;
      marks.push(make("span", { class: "snap", style: place(middle) }, names.join(" · ")));
      for (const share of shares) marks.push(make("span", { class: "notch", style: place(share) }));
    }
    const track = make("div", { class: "track" }, input, make("div", { "aria-hidden": "true" }, ...marks));
    return { row: make("div", { class: hyper.snaps?.length ? "row named" : "row" }, label, track, field), show };
  };
})((globalThis.optlib = globalThis.optlib || {}));
