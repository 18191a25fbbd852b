// What an explorable computes, without a page: runs of rules, contour bands, axes, and lines of Python.

(function (optlib) {
  "use strict";

  // The band of places where the function is not finite.
  const NO_VALUE = 15;

  // A run as `minimize` makes it: points and values up to where it ended.
  optlib.run = function (f, { rule, fields, schedules }, settings, start, steps) {
    const own = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`$${name}`, value]));
    const walk = optlib.R.walker(rule, { ...fields, ...own }, schedules);
    const hessian = rule.reads === "hessian" && optlib.R.hessian(f.slopes);
    // What schedules see takes time.
    const asks = Object.keys(schedules).length > 0;
    const points = [start];
    const values = [f.value(...start)];
    if (!Number.isFinite(values[0])) return { points, values, diverged: true };
    return optlib.R.attempt(() => {
      let at = start;
      for (let k = 0; k < steps; k++) {
        const slopes = f.slopes(...at);
        const loss = rule.evaluated ? f.value(...at) : values[k];
        const seen = asks ? { loss, gradient_norm: Math.hypot(...slopes) } : undefined;
        at = walk(at, slopes, seen, hessian && hessian(...at));
        const x = rule.evaluated ? walk.judged(at) : at;
        const value = f.value(...x);
        if (!Number.isFinite(value) || !x.every(Number.isFinite)) return { points, values, diverged: true };
        points.push(x);
        values.push(value);
      }
      return { points, values, diverged: false };
    }, () => {
      // A rule that does not say what it sees may be written for floats; else Python refuses this setting.
      if (!rule.floats) return { points, values, diverged: true };
      return optlib.run(f, { rule: { ...rule, vector: false, floats: false }, fields, schedules }, settings, start, steps);
    });
  };

  // Whether the page computes what Python computed: values and slopes at a few points, and some steps of each rule.
  const near = (a, b) => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b));
  const same = (list, other) => list.length === other.length && list.every((v, i) => near(v, other[i]));
  optlib.agrees = function ({ f, rules }, data) {
    const { points, values, slopes } = data.f.check ?? { points: [] };
    if (!points.every((p, i) => near(f.value(...p), values[i]) && same(f.slopes(...p), slopes[i]))) return false;
    return data.rules.every((record, i) => {
      // Python computes it.
      if (!f || !rules[i]) return true;
      const { start, steps, end } = record.check;
      return same(optlib.run(f, rules[i], optlib.first(record), start, steps).points.at(-1), end);
    });
  };

  optlib.first = (record) => Object.fromEntries(record.hypers.map((hyper) => [hyper.name, hyper.now]));

  // The bands between contour lines, top row first: the number of levels that are not above the value.  The function is
  // asked at every other place in each direction; in between its values are as on a straight line.
  optlib.bands = function (value, { x, y, levels }, width, height) {
    const [columns, rows] = [width / 2 + 1, height / 2 + 1];
    const known = new Float64Array(columns * rows);
    for (let j = 0, k = 0; j < rows; j++) {
      const v = y[1] - ((2 * j + 0.5) * (y[1] - y[0])) / height;
      for (let i = 0; i < columns; i++) known[k++] = value(x[0] + ((2 * i + 0.5) * (x[1] - x[0])) / width, v);
    }
    const bands = new Uint8Array(width * height);
    for (let j = 0, k = 0; j < height; j++) {
      for (let i = 0; i < width; i++, k++) {
        const at = (j >> 1) * columns + (i >> 1);
        const [right, below] = [i % 2, (j % 2) * columns];
        const v = (known[at] + known[at + right] + known[at + below] + known[at + right + below]) / 4;
        let band = Number.isFinite(v) ? 0 : NO_VALUE;
        if (!band) while (band < levels.length && levels[band] <= v) band++;
        bands[k] = band;
      }
    }
    return bands;
  };

  // Between a value of a hyper-parameter and its place on a slider, 0 to 1; values are rounded to what a notch is worth.
  optlib.shareOf = ({ low, high, log }, value) =>
    Math.min(1, Math.max(0, log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low)));
  optlib.valueAt = function ({ low, high, log, integer }, share) {
    if (integer) return Math.round(log ? low * (high / low) ** share : low + (high - low) * share);
    // Rounding may lead beyond an end.
    const within = (text) => Math.min(high, Math.max(low, Number(text)));
    if (log) return within((low * (high / low) ** share).toPrecision(3));
    const digits = Math.max(0, 1 - Math.floor(Math.log10((high - low) / 100)));
    return within((low + (high - low) * share).toFixed(Math.min(digits, 12)));
  };

  // A number that a reader has typed, or null where the hyper-parameter does not allow it.  A comma is a decimal comma;
  // in an integer, commas before groups of three digits separate thousands.
  optlib.typed = function (text, { allowed: [low, withLow, high, withHigh], integer }) {
    const thousands = integer && /^\s*[-−]?[1-9]\d{0,2}(,\d{3})+\s*$/.test(text);
    const plain = thousands ? text.replaceAll(",", "") : text.replace(",", ".");
    const value = text.trim() === "" ? NaN : Number(plain.replace("−", "-"));
    const above = low === null || value > low || (withLow && value === low);
    const below = high === null || value < high || (withHigh && value === high);
    return Number.isFinite(value) && above && below && (!integer || Number.isInteger(value)) ? value : null;
  };

  // The axis of values that fits these curves: logarithmic where they span more than two powers of ten.
  optlib.axisOf = function (curves) {
    const all = curves.flat();
    const start = Math.max(...curves.map((heights) => Math.abs(heights[0])));
    // What flies off is cut.
    const most = Math.min(all.reduce((a, b) => Math.max(a, b), -Infinity), 1e6 * (start || 1));
    const positive = all.filter((v) => v > 1e-9);
    const least = positive.reduce((a, b) => Math.min(a, b), Infinity);
    if (positive.length && all.every((v) => v > -1e-9) && (least < most / 100 || positive.length < all.length)) {
      const high = Math.ceil(Math.log10(most) * 2) / 2;
      return { log: true, high, low: Math.min(Math.max(Math.floor(Math.log10(least)), Math.floor(high) - 12), high - 1) };
    }
    const low = all.reduce((a, b) => Math.min(a, b), Infinity);
    const room = optlib.apart(low, most) ? 0.05 * (most - low) : Math.max(1, 0.001 * Math.abs(most));
    return { log: false, low: low - room, high: most + room };
  };

  const { repr } = optlib;

  // Lines of Python that draw the same picture, as `Setting.code` writes them.
  optlib.codeOf = function (f, tracks, start, steps) {
    const calls = tracks.map(({ call, args, hypers, settings }) => {
      const words = args.map((arg) => {
        const hyper = hypers.find(({ name }) => name === arg);
        if (!hyper) return arg;
        return arg === "lr" || settings[arg] !== hyper.otherwise ? `${arg}=${repr(settings[arg], hyper.integer)}` : null;
      });
      return `${call}(${words.filter(Boolean).join(", ")})`;
    });
    const judged = tracks.some((track) => track.evaluated) ? ", evaluated=True" : "";
    const run = (rule) => `ol.minimize(f, ${rule}, start=(${start.map((v) => repr(v)).join(", ")}${start[1] === undefined ? "," : ""}), steps=${steps}${judged})`;
    const draw = `ol.plots.${start.length === 1 ? "line" : "contour"}`;
    const lines = calls.length === 1 ? [`path = ${run(calls[0])}`, `${draw}(f, path)`] :
      [`rules = [${calls.join(", ")}]`, `paths = [${run("rule")} for rule in rules]`, `${draw}(f, *paths)`];
    return [...f.known ? [`f = ol.FUNCTIONS["${f.known}"]`] : [], ...lines].join("\n");
  };
})((globalThis.optlib = globalThis.optlib || {}));
