// A map over two settings that stands before an explorable: a click or drag in it turns both sliders, and a ring marks
// the setting that is shown.  Data: heatmap.py.

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
    picture.title = "Click or drag to choose the setting whose path is shown below";

    const pick = (event) => {
      const edge = picture.getBoundingClientRect();
      const across = ((event.clientX - edge.left) / edge.width - left) / width;
      const up = (1 - (event.clientY - edge.top) / edge.height - bottom) / height;
      [across, up].forEach((share, i) => {
        const { low, high } = player.data.rules[0].hypers.find(({ name }) => name === names[i]);
        player.turn(names[i], Math.min(high, Math.max(low, optlib.valueAt(sides[i], share)))); // half a cell lies outside
      });
      if (event.type === "pointerdown") player.tell();
    };
    picture.addEventListener("pointerdown", (event) => { picture.setPointerCapture(event.pointerId); pick(event); });
    picture.addEventListener("pointermove", (event) => { if (event.buttons) pick(event); });

    player.marked = () => {
      const [across, up] = sides.map((side, i) => optlib.shareOf(side, player.settings[0][names[i]]));
      ring.style.left = `${picture.offsetLeft + (left + across * width) * picture.clientWidth}px`;
      ring.style.top = `${picture.offsetTop + (1 - bottom - up * height) * picture.clientHeight}px`;
    };
    new ResizeObserver(player.marked).observe(picture);
    player.marked();
  };
})((globalThis.optlib = globalThis.optlib || {}));
