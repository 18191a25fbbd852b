// A stored picture stands where no kernel runs.  This script hides it where the sliders of the same cell are alive.
//
// <figure data-live="optlib-1a2b"> belongs to the widget with the CSS class optlib-1a2b.  Core widgets report no clicks
// and drags on a picture: this script sends them to the kernel through a hidden text field.

(function () {
  "use strict";

  // JupyterLab gives each output of a cell a box of its own; elsewhere the figure is its own box.
  const boxOf = (figure) => figure.closest(".jp-OutputArea-child") || figure;

  function update(figure) {
    const box = boxOf(figure);
    const widgets = document.getElementsByClassName(figure.dataset.live);
    box.style.display = widgets.length ? "none" : "";
    for (const widget of widgets) listen(widget);
    // Reopened without its kernel, JupyterLab shows an error in the place of the sliders.
    const next = box.nextElementSibling;
    if (next && /^\s*Error displaying widget/.test(next.textContent)) next.style.display = "none";
  }

  // The place of the pointer as fractions of the picture, which may lie in a larger box.
  function fractions(picture, event) {
    const box = picture.getBoundingClientRect();
    const scale = Math.min(box.width / picture.naturalWidth, box.height / picture.naturalHeight);
    const [width, height] = [picture.naturalWidth * scale, picture.naturalHeight * scale];
    const across = (event.clientX - box.left - (box.width - width) / 2) / width;
    return [across, (event.clientY - box.top - (box.height - height) / 2) / height];
  }

  function listen(widget) {
    const picture = widget.querySelector("img.optlib-map, .optlib-map img");
    const field = widget.querySelector(".optlib-pointed input");
    if (!picture || !field || picture.dataset.listens) return;
    picture.dataset.listens = "yes";
    picture.style.cursor = "crosshair";
    picture.style.touchAction = "none";
    picture.title = "Click or drag to move the start";
    let last = null;
    const tell = (event) => {
      const asked = last === null;
      last = event;
      if (asked) requestAnimationFrame(() => {
        field.value = fractions(picture, last).map((v) => v.toFixed(4)).join(" ");
        field.dispatchEvent(new Event("input", { bubbles: true }));
        last = null;
      });
    };
    picture.addEventListener("dragstart", (event) => event.preventDefault());
    picture.addEventListener("pointerdown", (event) => { picture.setPointerCapture(event.pointerId); tell(event); });
    picture.addEventListener("pointermove", (event) => { if (event.buttons) tell(event); });
  }

  function watch(figure) {
    figure.dataset.watched = "yes";
    update(figure);
    let waiting = false;
    const observer = new MutationObserver(() => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; update(figure); });
    });
    // Elsewhere, as in VS Code, the outputs of a cell may have no box in common below the page's own.
    observer.observe(figure.closest(".jp-OutputArea") || document.body, { childList: true, subtree: true });
  }

  document.querySelectorAll("figure[data-live]:not([data-watched])").forEach(watch);
})();
