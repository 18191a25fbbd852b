// What players and explorables share: numbers, ticks, paths, colors of the page.  It keeps no state.

(function (optlib) {
  "use strict";

  // Coordinates of paths are integers, this many across the picture in each direction.
  optlib.UNITS = 4096;

  // A number with four significant digits, and those that all numbers of this span around it may have in common.
  optlib.number = function (value, span = Infinity, digits = 4) {
    if (!Number.isFinite(value)) return "–";
    const common = value && span ? Math.max(0, Math.floor(Math.log10(Math.abs(value) / span))) : 0;
    return String(Number(value.toPrecision(Math.min(15, digits + common)))).replace("-", "−").replace("e−", "e-").replace("e+", "e");
  };

  // How far the values reach that an axis shows.
  optlib.span = ({ low, high, log }) => (log ? 10 ** high : high - low);

  // Whether two numbers differ by more than rounding.
  optlib.apart = (low, high) => high - low > 1e-13 * Math.max(Math.abs(low), Math.abs(high));

  // Round values between low and high for an axis, about `count` of them.
  optlib.ticks = function (low, high, count) {
    if (!optlib.apart(low, high)) return []; // a step between them would lead nowhere
    const rough = (high - low) / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((m) => m * power >= rough * 0.999);
    const found = [];
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
      found.push(Number((i * step).toPrecision(12)));
    }
    return found;
  };

  // Differences [x0, y0, dx, dy, ...] -> points as fractions of the picture, y upwards.
  optlib.path = function (differences) {
    const points = [];
    let x = 0;
    let y = 0;
    for (let i = 0; i < differences.length; i += 2) {
      x += differences[i];
      y += differences[i + 1];
      points.push([x / optlib.UNITS, y / optlib.UNITS]);
    }
    return points;
  };

  // Index of the value that lies nearest, for clicks and for settings between two notches.
  optlib.nearest = function (values, wanted) {
    let best = 0;
    values.forEach((value, i) => {
      if (Math.abs(value - wanted) < Math.abs(values[best] - wanted)) best = i;
    });
    return best;
  };

  // Index of the stored point for a step: all steps are stored, or every n-th of a very long path and its last.
  optlib.frameOf = (step, stride, frames) => Math.min(Math.ceil(step / stride), frames - 1);

  optlib.bytes = (url) => Uint8Array.from(atob(url.slice(url.indexOf(",") + 1)), (c) => c.charCodeAt(0));

  // Red, green, blue and opacity, 0 to 255, of a color in any notation: the browser paints it.
  optlib.pixel = function (color) {
    optlib.pen ??= Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
    optlib.pen.clearRect(0, 0, 1, 1);
    optlib.pen.fillStyle = color;
    optlib.pen.fillRect(0, 0, 1, 1);
    return optlib.pen.getImageData(0, 0, 1, 1).data;
  };

  // Whether the page behind this element is dark: by JupyterLab's attribute, else the nearest background, else the system.
  optlib.isDark = function (element) {
    const said = document.body.dataset.jpThemeLight;
    if (said) return said === "false";
    for (let e = element.parentElement; e; e = e.parentElement) {
      const [r, g, b, a] = optlib.pixel(getComputedStyle(e).backgroundColor);
      if (a > 127) return 0.3 * r + 0.59 * g + 0.11 * b < 128;
    }
    const adapts = getComputedStyle(document.documentElement).colorScheme.includes("dark");
    return adapts && matchMedia("(prefers-color-scheme: dark)").matches;
  };

  // Call back whenever the page may have changed between light and dark.
  optlib.onTheme = function (callback) {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", callback);
    const watched = { attributes: true, attributeFilter: ["data-jp-theme-light", "class", "theme"] };
    for (const element of [document.body, document.documentElement]) new MutationObserver(callback).observe(element, watched);
  };

  // <tag attributes>children</tag>; text goes in as text, never as HTML.
  optlib.make = function (tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };

  // Whether a key is for the control that has the focus.  All others go to the page, which may be a deck of slides; of
  // these a slider would take PageUp and PageDown too.
  optlib.isOwnKey = function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const paging = ["PageUp", "PageDown"].includes(event.key);
    if (paging) event.preventDefault();
    if (event.composedPath()[0].type === "text") return !paging && event.key !== "Escape";
    return event.key.startsWith("Arrow") || [" ", "Enter", "Home", "End", "Shift"].includes(event.key);
  };

  // Turn each element of a class into a player once, however many scripts are on the page.
  optlib.wake = function (name, build) {
    document.querySelectorAll(`.${name}`).forEach((host) => {
      if (host.shadowRoot) return;
      if (document.readyState === "loading" && !host.nextSibling) return; // half of it is read; what wakes it comes after it
      const data = JSON.parse(host.querySelector('script[type="application/json"]').textContent);
      if (data.program && !optlib.programs?.[data.program]) return; // it is still to be read, and so is what wakes this
      const scene = data.scene ?? data.f?.scene;
      const still = scene && decodeURIComponent(host.querySelector("img").src);
      if (still) scene.bands = (still.match(/data:image\/png;base64,[\w+/=]+/) || [])[0];
      const root = host.attachShadow({ mode: "open" });
      root.append(optlib.make("style", {}, optlib.css));
      build(host, root, data);
    });
  };
})((globalThis.optlib = globalThis.optlib || {}));
