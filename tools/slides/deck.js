// Lays out the slides, then hands them to reveal.js.
//
// The pieces of a slide (paragraphs, lists, code, printed lines, pictures, players) are measured once at a few sizes and
// widths; plan.js chooses; then each step of a slide is built, and takes the place of the one before when it is called.

(function () {
  "use strict";

  const WIDTH = 1280;
  const HEIGHTS = [720, 1000]; // of a slide: from 16:9 to nearly square
  const SLACK = 8; // for rounding
  const { INSIDE, WORDS, SIZES } = layout;
  const reveal = document.querySelector(".reveal");
  const still = reveal.classList.contains("still");
  const onPaper = () => reveal.classList.contains("still"); // or about to be printed

  const slideHeight = () => {
    const asked = onPaper() ? 0 : Math.round((WIDTH * innerHeight) / innerWidth);
    return Math.min(Math.max(asked, HEIGHTS[0]), HEIGHTS[1]);
  };

  // --- the pieces ------------------------------------------------------------------------------------------------

  function take(section) {
    const pieces = [];
    let heading = null;
    for (const cell of section.querySelectorAll(":scope > .cell")) {
      for (const node of [...cell.children].flatMap(split)) {
        if (!pieces.length && !heading && node.matches("h1, h2, h3")) heading = node;
        else pieces.push({ node, cell, later: cell.classList.contains("fragment"), figure: node.matches(".figure") });
      }
      cell.remove();
    }
    const frame = document.createElement("div");
    frame.className = "frame";
    section.prepend(frame);
    return { section, frame, heading, pieces };
  }

  // One output may hold a player, a table and a picture: lay out each by itself.
  function split(node) {
    const within = [...node.children].filter((child) => !child.matches("script, style"));
    if (node.matches("script, style")) return [];
    if (!node.matches(".figure") || within.length < 2) return [node];
    return within.map((child) => {
      const player = child.shadowRoot !== null;
      if (!player && !child.querySelector("img")) return child;
      const figure = element(player ? "figure player" : "figure", child);
      figure.dataset.preventSwipe = "";
      return figure;
    });
  }

  // Heights of the pieces by width and size; null where a piece is too wide.
  function measure(slide, bench) {
    const words = slide.pieces.filter((piece) => !piece.figure);
    const figures = slide.pieces.filter((piece) => piece.figure);
    bench.replaceChildren(...slide.pieces.map((piece) => piece.node));
    bench.style.width = `${INSIDE}px`;
    for (const piece of figures) {
      piece.node.style.zoom = "";
      piece.player = piece.node.matches(".player");
      piece.wide = piece.node.offsetWidth;
      piece.high = piece.node.offsetHeight;
    }
    bench.style.setProperty("--s", 1);
    for (const piece of words) {
      piece.heights = new Map();
      piece.node.classList.toggle("natural", piece.node.matches("pre"));
      piece.natural = piece.node.matches("pre") ? piece.node.offsetWidth : 0; // of its longest line
      piece.node.classList.remove("natural");
    }
    for (const width of [INSIDE, ...(figures.length ? WORDS : [])]) {
      bench.style.width = `${width}px`;
      for (const size of SIZES) {
        bench.style.setProperty("--s", size);
        for (const piece of words) {
          const { node } = piece;
          const fits = width < INSIDE ? !layout.wraps(piece, width, size) && !tooWide(node) : !tooWide(node);
          piece.heights.set(`${width}/${size}`, fits ? node.offsetHeight + 1 : null);
        }
      }
    }
  }

  const tooWide = (node) => node.scrollWidth > node.clientWidth + 1;

  // --- building --------------------------------------------------------------------------------------------------

  function element(name, ...children) {
    const div = document.createElement("div");
    div.className = name;
    div.append(...children);
    return div;
  }

  // A step of a slide.  On paper it is a page of its own, under the same heading.
  function build(step, heading, section) {
    for (const { node, figure } of step.pieces) if (figure) node.style.zoom = step.zoom.toFixed(4);
    const nodes = (wanted) => step.pieces.filter(wanted).map((piece) => piece.node);
    const columns = step.side ? [element("column", ...nodes((p) => !p.figure)), element("column", ...nodes((p) => p.figure))] : nodes(() => true);
    const built = element("step", ...columns);
    if (step.side) columns[0].style.width = `${step.width}px`;
    built.classList.add(step.side ? "side" : "stack");
    built.classList.toggle("centered", !heading || step.pieces.some((piece) => piece.figure));
    built.style.setProperty("--s", step.size);
    step.element = built;
    const again = element(`again ${heading?.localName}`);
    again.innerHTML = heading?.innerHTML ?? "";
    again.setAttribute("aria-hidden", true);
    const page = element("page", again, built);
    page.dataset.where = section.dataset.where;
    return page;
  }

  // Number the fragments in the order in which they appear: steps after the first, and later cells within a step.
  function order(steps) {
    let index = 0;
    let cell = null;
    steps.forEach((step, i) => {
      if (i) {
        step.element.classList.add("fragment");
        step.element.dataset.fragmentIndex = index++;
        step.element.setAttribute("aria-hidden", true);
        cell = step.pieces[0].cell;
      }
      for (const piece of step.pieces) {
        piece.node.classList.remove("fragment");
        delete piece.node.dataset.fragmentIndex;
        piece.node.removeAttribute("aria-hidden");
        if (!piece.later || piece.cell === cell) continue;
        const first = step.pieces.find((other) => other.cell === piece.cell);
        if (piece === first) index++;
        piece.node.classList.add("fragment");
        piece.node.dataset.fragmentIndex = index - 1;
        piece.node.setAttribute("aria-hidden", true);
      }
    });
  }

  function layOut(slide, bench, height) {
    const { frame, heading, pieces, section } = slide;
    measure(slide, bench);
    frame.replaceChildren(...(heading ? [heading] : []));
    bench.parentElement.append(frame);
    frame.style.width = `${WIDTH}px`;
    const top = heading ? heading.offsetHeight + 18 : 0;
    frame.style.width = "";
    section.prepend(frame);
    const steps = pieces.length ? layout.plan(pieces, height - 30 - 44 - top - SLACK) : [{ pieces, size: 1 }];
    frame.append(element("steps", ...steps.map((step) => build(step, heading, section))));
    if (!still) order(steps);
  }

  // Announce a fragment to screen readers only when it appears; reveal.js would read answers with their questions.
  function announce(event) {
    for (const later of Reveal.getCurrentSlide().querySelectorAll(".fragment")) {
      later.setAttribute("aria-hidden", !later.classList.contains("visible"));
    }
    if (event?.type !== "fragmentshown") return;
    document.querySelector(".aria-status").textContent = event.fragments.map((shown) => shown.textContent).join(" ");
  }

  // --- start -----------------------------------------------------------------------------------------------------

  async function start() {
    await Promise.all(Object.values(globalThis.optlib?.scripts ?? {})); // the players', which come packed
    const style = document.getElementById("players");
    for (const host of document.querySelectorAll(".player [data-lm-suppress-shortcuts]")) {
      if (style) host.shadowRoot?.append(style.content.cloneNode(true));
    }
    await Promise.all([document.fonts.ready, ...[...document.images].map((image) => image.decode().catch(() => {}))]);
    const slides = [...document.querySelectorAll("section.leaf")].map(take);
    let height = 0;
    const fit = () => {
      if (height === slideHeight()) return false;
      height = slideHeight();
      const bench = element("bench");
      reveal.append(bench);
      for (const slide of slides) layOut(slide, bench, height);
      bench.remove();
      const pages = [...document.querySelectorAll(".page")];
      pages.forEach((page, i) => (page.dataset.page = `${i + 1}/${pages.length}`));
      return true;
    };
    fit();
    reveal.classList.remove("loading");
    if (!still) {
      for (const event of ["ready", "slidechanged", "fragmentshown", "fragmenthidden"]) Reveal.on(event, announce);
      await Reveal.initialize({
        width: WIDTH, height, margin: 0, minScale: 0.1, maxScale: 4, center: false, hash: true, slideNumber: "c/t",
        transition: "none", backgroundTransition: "none", scrollActivationWidth: null,
        viewDistance: 1000, mobileViewDistance: 1000, // players are drawn before they are turned to, or printed
        plugins: [RevealNotes],
      });
      const refit = () => {
        if (!fit()) return;
        Reveal.configure({ height });
        Reveal.sync();
        announce();
      };
      addEventListener("resize", refit);
      // Printed as it is, without any `?print-pdf`: laid out as the handouts are.
      addEventListener("beforeprint", () => {
        reveal.classList.add("still");
        refit();
      });
      addEventListener("afterprint", () => {
        reveal.classList.remove("still");
        refit();
      });
    }
    document.documentElement.dataset.ready = "yes";
  }

  start();
})();
