// A stored picture stands where no kernel runs.  This script hides it where the sliders of the same cell are alive.
//
// <figure data-live="optlib-1a2b"> belongs to the widget with the CSS class optlib-1a2b.

(function () {
  "use strict";

  // JupyterLab gives each output of a cell a box of its own; elsewhere the figure is its own box.
  const boxOf = (figure) => figure.closest(".jp-OutputArea-child") || figure;

  function update(figure) {
    const box = boxOf(figure);
    const widgets = document.getElementsByClassName(figure.dataset.live);
    box.style.display = widgets.length ? "none" : "";
    // Reopened without its kernel, JupyterLab shows an error in the place of the sliders.
    const next = box.nextElementSibling;
    if (next && /^\s*Error displaying widget/.test(next.textContent)) next.style.display = "none";
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
