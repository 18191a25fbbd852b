// Chooses how the pieces of a slide are shown, from their measured heights alone: one below the other, or words beside
// pictures; all at once, or in steps.  The fewest steps that are easy to read win.
//
// A piece is { cell, node, figure, player, wide, high } where it is a picture or a player, else { cell, node, natural,
// heights }: the width of its longest line of code, and its height by "width/size", null where it is too wide.

(function (layout) {
  "use strict";

  const GUTTER = 32;
  const EASY = 0.8; // a view this good needs no further step
  // Size against the one in the notebook, where the smallest text of a picture is 12 points, 15.7 pixels, high.
  const PICTURE = { want: 1.15, least: 1.02, most: 1.57 };
  const PLAYER = { want: 1.34, least: 1.34, most: 1.34 }; // whose smallest text is 12 pixels high
  const WRAPPED = 0.85; // wrapping a line of code costs as much as letters smaller by this factor
  const TALL = 480; // two thirds of a slide of 16:9: so high a picture is at least
  const THIN = 0.15; // words that fill less of the height should not be a step of their own
  const MOST_STEPS = 8;

  layout.INSIDE = 1280 - 2 * 48; // width within the padding of .frame
  layout.WORDS = [380, 430, 520, 610]; // width of the words beside a picture
  layout.SIZES = [1, 0.93, 0.87, 0.8, 0.73, 2 / 3]; // of 30 px for text, 24 px for code: never below 20 and 16
  layout.wraps = (piece, width, size) => piece.natural * size > width;
  const { INSIDE, WORDS, SIZES, wraps } = layout;

  // How bad it is to begin a new step with this piece.
  function breaking(pieces, i) {
    const [before, now] = [pieces[i - 1], pieces[i]];
    const tied = before.node.matches("h3, h4") || now.node.matches("ul, ol") || /:\s*$/.test(before.node.textContent);
    if (before.cell !== now.cell) return tied ? 0.05 : 0;
    return (tied ? 0.25 : 0) + (now.node.matches("pre, .figure") ? 0.02 : 0.1);
  }

  // The best view of some pieces in a room of this height: { quality, side, size, zoom, width }.
  function view(pieces, room) {
    const figures = pieces.filter((piece) => piece.figure);
    const words = pieces.filter((piece) => !piece.figure);
    let best = { quality: -1, side: false, size: SIZES.at(-1), zoom: 0.5, width: INSIDE };
    for (const size of SIZES) {
      const gap = 18 * size;
      for (const width of [INSIDE, ...(figures.length && words.length ? WORDS : [])]) {
        const side = width < INSIDE;
        const heights = words.map((piece) => piece.heights.get(`${width}/${size}`));
        if (heights.includes(null)) continue;
        const gaps = (count) => gap * Math.max(count - 1, 0);
        const used = heights.reduce((sum, high) => sum + high, 0) + gaps(side ? words.length : pieces.length);
        if (used > room) continue;
        const zoom = figures.length ? zoomed(figures, side ? INSIDE - GUTTER - width : INSIDE,
          side ? room - gaps(figures.length) : room - used) : 1;
        const wrapped = words.some((piece) => wraps(piece, width, size));
        const thin = !figures.length && used < THIN * room;
        const quality = Math.min(words.length ? size * (wrapped ? WRAPPED : 1) : 1,
          ...figures.map((piece) => judged(piece, zoom, room))) - (thin ? 0.35 : 0);
        if (quality > best.quality) best = { quality, side, size, zoom, width };
      }
    }
    return best;
  }

  const kind = (piece) => (piece.player ? PLAYER : PICTURE);

  function zoomed(figures, wide, high) {
    const total = figures.reduce((sum, piece) => sum + piece.high, 0);
    return Math.min(high / total, ...figures.map((piece) => Math.min(wide / piece.wide, kind(piece).most)));
  }

  function judged(piece, zoom, room) {
    const most = Math.min(kind(piece).most, room / piece.high, INSIDE / piece.wide);
    const least = Math.min(Math.max(kind(piece).least, TALL / piece.high), most);
    return zoom < least - 1e-6 ? zoom - 1 : Math.min(zoom / Math.max(Math.min(kind(piece).want, most), least), 1);
  }

  // The fewest steps whose worst view is easy to read; else the best there is.
  layout.plan = function (pieces, room) {
    const seen = new Map();
    const look = (from, to) => {
      const key = `${from}-${to}`;
      if (!seen.has(key)) seen.set(key, view(pieces.slice(from, to), room));
      return seen.get(key);
    };
    const count = pieces.length;
    let rows = [{ value: 1, ends: [] }];
    let best = null;
    for (let steps = 1; steps <= Math.min(MOST_STEPS, count); steps++) {
      const next = [];
      for (let to = steps; to <= count; to++) {
        for (let from = steps - 1; from < to; from++) {
          if (!rows[from]) continue;
          const value = Math.min(rows[from].value, look(from, to).quality - (from ? breaking(pieces, from) : 0));
          if (!next[to] || value > next[to].value) next[to] = { value, ends: [...rows[from].ends, to] };
        }
      }
      rows = next;
      const { value, ends } = rows[count];
      const worth = value - 0.05 * (steps - 1);
      if (!best || worth > best.worth) best = { worth, ends };
      if (value >= EASY) {
        best = { worth, ends };
        break;
      }
    }
    return best.ends.map((to, i, ends) => {
      const from = i ? ends[i - 1] : 0;
      return { pieces: pieces.slice(from, to), ...look(from, to) };
    });
  };
})((globalThis.layout = globalThis.layout || {}));
