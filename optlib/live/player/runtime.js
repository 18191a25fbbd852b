// Python's arithmetic for what `optlib.live.translate` writes: numbers, and arrays of them entry by entry.
(function (optlib) {
  "use strict";

  const each = (f) => (a, b, c) => {
    // Most often, and at once.
    if (!Array.isArray(a) && !Array.isArray(b) && !Array.isArray(c)) return f(a, b, c);
    const of = (v, i) => (Array.isArray(v) ? v[i] : v);
    return [a, b, c].find(Array.isArray).map((_, i) => f(of(a, i), of(b, i), of(c, i)));
  };
  const index = (list, i) => (i < 0 ? i + list.length : i);
  // What Python raises where a page has to: by functions of `math`, and by arrays that are asked for one number.
  class PythonError extends Error {
    constructor(name, message) {
      super(message);
      this.name = name;
    }
  }
  const single = (list, what) => {
    if (list.length === 1) return list[0];
    throw new PythonError("ValueError", `${what} of an array with ${list.length} entries`);
  };
  const truth = (v) => {
    if (!Array.isArray(v)) return v !== 0 && v !== false && v !== null && v !== "";
    // An array that was compared, or a list.
    return typeof v[0] === "boolean" ? single(v, "the truth") : v.length > 0;
  };
  const flag = (v) => typeof v === "boolean";
  // True is 1; lists are the same where all their entries are.
  const same = (a, b) => {
    if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((v, i) => same(v, b[i]));
    return (flag(a) ? +a : a) === (flag(b) ? +b : b);
  };
  const COMPARE = {
    "<": each((a, b) => a < b), "<=": each((a, b) => a <= b), ">": each((a, b) => a > b), ">=": each((a, b) => a >= b),
    "==": same, "!=": (a, b) => !same(a, b), "===": each(same), "!==": each((a, b) => !same(a, b)),
  };
  const power = (a, b) => (b === 2 ? a * a : b === 0.5 ? Math.sqrt(a) : a ** b);
  const compare = (sign, a, b) => COMPARE[sign](a, b);
  // Of integers that are kept exactly.
  const modulo = (a, b) => {
    if (Number.isInteger(a) && !Number.isSafeInteger(a)) throw new PythonError("ValueError", `${a} has too many digits`);
    return a % b && a % b < 0 !== b < 0 ? (a % b) + b : a % b;
  };
  const flags = (a, b) => flag(a) && flag(b);
  const bits = (a, b, f) => Number(f(BigInt(a), BigInt(b)));
  const add = each((a, b) => a + b);
  const sum = (list, total = 0) => {
    for (const v of list) total = typeof v === "number" && typeof total === "number" ? total + v : add(total, v);
    return total;
  };
  const bigger = (a, b) => (a !== a || b !== b ? NaN : a > b ? a : b);
  const smaller = (a, b) => (a !== a || b !== b ? NaN : a < b ? a : b);
  const list = (...values) => (values.length === 1 ? [...values[0]] : values);

  const shortest = (lists) => Math.min(...lists.map((each) => each.length));

  // [f(a, b, c) for a, b, c in zip(...)] without a list for each place: a path has thousands of them.
  const over = (f, a, b, c = b) => {
    const values = [];
    for (let i = 0; i < a.length && i < b.length && i < c.length; i++) values.push(f(a[i], b[i], c[i]));
    return values;
  };

  // What `except OverflowError` makes of an error.
  const infinite = (error) => {
    if (error.name !== "OverflowError") throw error;
    return Infinity;
  };
  // f(), or otherwise(error) where Python raises; any other error is a fault of the page's own.
  const attempt = (f, otherwise) => {
    try {
      return f();
    } catch (error) {
      if (!(error instanceof PythonError)) throw error;
      return otherwise(error);
    }
  };
  // A function that is given points one by one has no number where it raises.
  const eachPoint = (f, [count]) => (...x) => attempt(() => f(...x), () => (count ? Array(count).fill(NaN) : NaN));
  // A function of `math` that raises where it has no value, or one beyond the floats; `poles` says where it has none.
  const raising = (f, poles = () => false) => each((a, b) => {
    const v = f(a, b);
    if (Number.isFinite(v) || Number.isNaN(a) || Number.isNaN(b)) return v;
    if (Number.isNaN(v) || poles(a)) throw new PythonError("ValueError", "math domain error");
    if (Number.isFinite(a) && (b === undefined || Number.isFinite(b))) throw new PythonError("OverflowError", "math range error");
    return v;
  });
  const math = {
    sqrt: raising(Math.sqrt), exp: raising(Math.exp), sin: raising(Math.sin), cos: raising(Math.cos),
    log: raising((a, base = Math.E) => (base === Math.E ? Math.log(a) : Math.log(a) / Math.log(base)), (a) => a === 0),
    pow: raising((a, b) => (a === 1 ? 1 : power(a, b)), (a) => a === 0),
    floor: raising((v) => (Number.isFinite(v) ? Math.floor(v) : NaN)),
  };

  // A rule that walks: (x, g, seen, H) => the next x, arrays of coordinates.  `fields` are its hyper-parameters, `schedules`
  // those that change.  A rule that is not for a `vector` has a state of its own for each coordinate.
  const walker = (rule, fields, schedules = {}) => {
    let t = 0;
    let states = [];
    const apart = !rule.vector;
    const changing = Object.keys(schedules);
    const step = (x, g, seen = {}, H = undefined) => {
      if (t === 0) states = (apart ? x : [x]).map(() => ({ ...fields }));
      const values = changing.map((name) => schedules[name](t, seen));
      for (let i = 0; i < states.length; i++) {
        for (let k = 0; k < values.length; k++) states[i][changing[k]] = values[k];
        if (t === 0) rule.init(states[i], apart ? x[i] : x);
        states[i].$t = t + 1;
      }
      t += 1;
      return apart ? x.map((xi, i) => rule.update(states[i], xi, g[i])) : rule.update(states[0], x, g, H);
    };
    // Where a run that has come to x is judged.
    step.judged = (x) => (apart ? x.map((xi, i) => rule.evaluated(states[i], xi)) : rule.evaluated(states[0], x));
    return step;
  };

  // A method with its object, which is made anew where the first argument is 0: a schedule remembers one run only.
  const method = (does, make) => {
    let self = make();
    return (t, ...x) => does(t === 0 ? (self = make()) : self, t, ...x);
  };

  // Slopes of a function that has none, as `numerical.partials` has them.
  const CUBE_ROOT_OF_EPS = 6.055454452393343e-6;
  const differences = (f) => (...x) => x.map((c, i) => {
    const width = CUBE_ROOT_OF_EPS * Math.max(Math.abs(c), 1);
    const [right, left] = [c + width, c - width];
    const at = (v) => f(...x.map((other, j) => (j === i ? v : other)));
    return (at(right) - at(left)) / (right - left);
  });

  // The Hessian as `numerical.hessian` has it: rows of central differences of the slopes, made symmetric.
  const hessian = (slopes) => (...x) => {
    const columns = x.map((c, j) => {
      const width = CUBE_ROOT_OF_EPS * Math.max(Math.abs(c), 1);
      const [right, left] = [c + width, c - width];
      const [above, below] = [right, left].map((v) => slopes(...x.map((other, k) => (k === j ? v : other))));
      return above.map((g, i) => (g - below[i]) / (right - left));
    });
    return columns.map((column, j) => column.map((v, i) => (v + columns[i][j]) / 2));
  };

  // Newton's step of one or two coordinates, which solves for it by determinants; NaN where the matrix is singular.
  const newton = {
    vector: true, reads: "hessian", init: () => {},
    update: (self, x, g, H) => {
      const [a, b, c] = [H[0][0] + self.$damping, H[0][1] ?? 0, (H[1]?.[1] ?? 1 - self.$damping) + self.$damping];
      const det = a * c - b * b;
      const step = x.length === 1 ? [g[0] / a] : [(c * g[0] - b * g[1]) / det, (a * g[1] - b * g[0]) / det];
      return x.map((xi, i) => xi - self.$lr * (det === 0 ? NaN : step[i]));
    },
  };

  // Points of a rule along given slopes, as `walk` of pictures/sketch.py.
  const walk = ({ rule, fields, schedules }, slopes, start, steps, lr = null) => {
    const step = walker(rule, lr === null ? fields : { ...fields, $lr: lr }, schedules);
    const points = [start];
    for (let k = 0; k < steps; k++) points.push(step(points[k], slopes(...points[k])));
    return points;
  };

  // A number as Python writes it.
  optlib.repr = function (v, integer) {
    if (typeof v === "boolean") return v ? "True" : "False";
    if (!Number.isFinite(v)) return String(v).toLowerCase().replace("infinity", "inf");
    if (Number.isInteger(v) && Math.abs(v) < 1e16) return integer ? String(v) : v.toFixed(1);
    return Math.abs(v) < 1e-4 || Math.abs(v) >= 1e16 ? scientific(v.toExponential()) : String(v);
  };
  const scientific = (text) => text.replace(/e([+-])(\d)$/, "e$10$2");

  // Of two texts that are as near, Python takes that with the even digit, JavaScript the larger.  Where the digits `all`
  // of a number say so: the first of them, `count` after the point; else null.
  const even = (all, count) => {
    const point = all.indexOf(".");
    const kept = all.slice(0, count ? point + 1 + count : point);
    return /^50*$/.test(all.slice(point + 1 + count)) && "02468".includes(kept.at(-1)) ? kept : null;
  };
  const exponential = (v, count) => {
    const [all, power] = v.toExponential(100).split("e");
    const kept = even(all, count);
    return kept ? `${kept}e${power}` : v.toExponential(count);
  };
  const fixed = (v, count) => {
    if (v >= 1e21) return BigInt(v) + (count ? `.${"0".repeat(count)}` : "");
    return even(v.toFixed(100), count) ?? v.toFixed(count);
  };

  // A number as text in Python's forms .4f, .4e and .4g, with a comma also in groups of three digits; any value in none.
  const format = (value, spec) => {
    if (spec === "") return value === null ? "None" : typeof value === "string" ? value : optlib.repr(value, true);
    const v = Number(value);
    if (!Number.isFinite(v)) return optlib.repr(v);
    const [, grouped, digits, kind] = spec.match(/(,?)\.(\d+)(.)$/);
    const text = (v < 0 || Object.is(v, -0) ? "-" : "") + plainly(Math.abs(v), Number(digits), kind);
    return grouped && !text.includes("e") ? text.replace(/\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ",")) : text;
  };
  const plainly = (v, digits, kind) => {
    if (kind === "f") return fixed(v, digits);
    if (kind === "e") return scientific(exponential(v, digits));
    const count = Math.max(digits - 1, 0);
    const [head, power] = exponential(v, count).split("e");
    const short = (t) => (t.includes(".") ? t.replace(/\.?0+$/, "") : t);
    if (power >= -4 && power <= count) return short(fixed(v, count - power));
    return scientific(`${short(head)}e${power}`);
  };

  // Newton-Schulz steps of a matrix of one row, whose one singular value is its length; and Muon's factor for it.
  const newtonSchulz = (row, table, steps) => {
    let [square, factor] = [optlib.R.inner(row, row), 1];
    for (let k = 0; k < steps; k++) {
      const [a, b, c] = table[Math.min(k, table.length - 1)];
      const p = a + (b + c * square) * square;
      factor *= p;
      square *= p * p;
    }
    return optlib.R.mul(factor, row);
  };
  const shapeFactor = (row, matchRms) => (matchRms ? 0.2 * Math.sqrt(row.length) : 1);

  optlib.R = {
    newtonSchulz, shapeFactor, differences, walk, format, hessian, newton, add, sum, truth, walker, method, over, math, infinite, compare, attempt, each_point: eachPoint,
    sub: each((a, b) => a - b), mul: each((a, b) => a * b), div: each((a, b) => a / b),
    pow: each(power), square: each((a) => a * a),
    floordiv: each((a, b) => Math.round((a - modulo(a, b)) / b)), mod: each(modulo),
    or: each((a, b) => (flags(a, b) ? a || b : bits(a, b, (a, b) => a | b))), and: each((a, b) => (flags(a, b) ? a && b : bits(a, b, (a, b) => a & b))),
    sqrt: each(Math.sqrt), exp: each(Math.exp), log: each(Math.log), log1p: each(Math.log1p), sin: each(Math.sin),
    cos: each(Math.cos), tanh: each(Math.tanh), arctan: each(Math.atan), hypot: each((a, b = 0, c = 0) => Math.hypot(a, b, c)), abs: each(Math.abs),
    sign: each((x) => Math.sign(x) + (x - x)), isfinite: each(Number.isFinite), real: (a) => a,
    maximum: each(bigger), minimum: each(smaller),
    greatest: (...values) => list(...values).reduce((a, b) => (truth(compare(">", b, a)) ? b : a)),
    least: (...values) => list(...values).reduce((a, b) => (truth(compare("<", b, a)) ? b : a)),
    where: each((condition, a, b) => (condition ? a : b)),
    zeros_like: each(() => 0), ones_like: each(() => 1),
    inner: (a, b) => (Array.isArray(a) ? a.reduce((total, v, i) => total + v * b[i], 0) : a * b),
    sumOf: (a) => (Array.isArray(a) ? sum(a) : a), meanOf: (a) => (Array.isArray(a) ? sum(a) / a.length : a),
    maxOf: (a) => (Array.isArray(a) ? a.reduce(bigger) : a), minOf: (a) => (Array.isArray(a) ? a.reduce(smaller) : a),
    product: (values) => [...values].reduce((total, v) => total * v, 1),
    reduce: (f, values, ...start) => [...values].reduce((total, v) => f(total, v), ...start),
    len: (values) => values.length, tuple: (values = []) => [...values], list: (values = []) => [...values],
    float: (v) => Number(Array.isArray(v) ? single(v, "the float") : v), never: () => false, finfo: { max: Number.MAX_VALUE, eps: Number.EPSILON },
    range: (a, b, step = 1) => {
      const [first, end] = b === undefined ? [0, a] : [a, b];
      return Array.from({ length: Math.max(0, Math.ceil((end - first) / step)) }, (_, i) => first + i * step);
    },
    enumerate: (values, start = 0) => [...values].map((v, i) => [i + start, v]),
    zip: (...lists) => lists[0].slice(0, shortest(lists)).map((_, i) => lists.map((each) => each[i])),
    at: (values, i) => values[index(values, i)],
    put: (values, i, value) => { values[index(values, i)] = value; },
    slice: (values, first, end) => values.slice(first === null ? 0 : first, end === null ? undefined : end),
  };
})((globalThis.optlib = globalThis.optlib || {}));
