// A map over two settings that stands before an explorable: a click or drag in it turns both sliders, and a ring marks
// the setting that is shown.  Data: heatmap.py.

(function (optlib) {
  "use strict";

  // Between a value and its place on a side of the map, 0 to 1.
  optlib.shareOf = function ({ low, high, log }, value) {
    return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  };

  // Index of the setting nearest to a place on a side of the map.
  optlib.settingAt = function (side, values, share) {
    return optlib.nearest(values.map((value) => optlib.shareOf(side, value)), share);
  };

  optlib.chart = function (player, figure) {
    const picture = figure && figure.querySelector("img");
    if (!picture) return;
    const { box: [left, bottom, width, height], sides } = player.data.chart;
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
      [across, up].forEach((share, i) => { player.at[i] = optlib.settingAt(sides[i], player.data.axes[i].values, share); });
      player.draw();
      if (event.type === "pointerdown") player.tell();
    };
    picture.addEventListener("pointerdown", (event) => { picture.setPointerCapture(event.pointerId); pick(event); });
    picture.addEventListener("pointermove", (event) => { if (event.buttons) pick(event); });

    player.marked = () => {
      const [across, up] = sides.map((side, i) => optlib.shareOf(side, player.data.axes[i].values[player.at[i]]));
      ring.style.left = `${picture.offsetLeft + (left + across * width) * picture.clientWidth}px`;
      ring.style.top = `${picture.offsetTop + (1 - bottom - up * height) * picture.clientHeight}px`;
    };
    new ResizeObserver(player.marked).observe(picture);
    player.marked();
  };
})((globalThis.optlib = globalThis.optlib || {}));
