// A map over two settings that stands before an explorable: a click, a drag or an arrow key in it turns both sliders, and
// a ring marks the setting that is shown.  Data: heatmap.py.

(function (optlib) {
  "use strict";

  optlib.chart = function (player, figure) {
    const picture = figure && figure.querySelector("img");
    if (!picture) return;
    const { box: [left, bottom, width, height], sides, names } = player.data.chart;
    const ring = optlib.make("span", { "aria-hidden": "true" });
    ring.style.cssText = "position:absolute;width:14px;height:14px;margin:-9px;border:2px solid #fff;border-radius:50%;" +
      "box-shadow:0 0 0 2px #000;pointer-events:none";
    figure.style.position = "relative";
    figure.append(ring);
    picture.style.cursor = "crosshair";
    picture.style.touchAction = "none";
    picture.draggable = false;
    picture.title = "Click, drag or use the arrow keys to choose the setting whose path is shown";
    picture.tabIndex = 0;
    figure.dataset.lmSuppressShortcuts = "true"; // or JupyterLab would take the keys

    // Shares of the axes -> settings; half a cell of the map lies outside.  One that is null stays as it is, to its last digit.
    const choose = (shares) => shares.forEach((share, i) => {
      if (share === null) return;
      const { low, high } = player.data.rules[0].hypers.find(({ name }) => name === names[i]);
      player.turn(names[i], Math.min(high, Math.max(low, optlib.valueAt(sides[i], share))));
    });
    const now = () => sides.map((side, i) => optlib.shareOf(side, player.settings[0][names[i]]));
    const pick = (event) => {
      const edge = picture.getBoundingClientRect();
      const across = ((event.clientX - edge.left) / edge.width - left) / width;
      const up = (1 - (event.clientY - edge.top) / edge.height - bottom) / height;
      choose([across, up]);
    };
    picture.addEventListener("pointerdown", (event) => { picture.setPointerCapture(event.pointerId); pick(event); });
    picture.addEventListener("pointermove", (event) => { if (event.buttons) pick(event); });
    picture.addEventListener("pointerup", () => player.tell()); // the setting where it is let go

    picture.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 0.1 : 0.01;
      const moves = { ArrowRight: [step, 0], ArrowLeft: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
      if (!(event.key in moves) || !optlib.isOwnKey(event)) return;
      event.preventDefault();
      event.stopPropagation(); // slides and notebooks have their own use for these keys
      choose(now().map((share, i) => (moves[event.key][i] ? share + moves[event.key][i] : null)));
      player.tell();
    });

    player.marked = () => {
      const [across, up] = now();
      ring.style.left = `${picture.offsetLeft + (left + across * width) * picture.clientWidth}px`;
      ring.style.top = `${picture.offsetTop + (1 - bottom - up * height) * picture.clientHeight}px`;
    };
    new ResizeObserver(player.marked).observe(picture);
    player.marked();
  };
})((globalThis.optlib = globalThis.optlib || {}));
