// Light or dark, the search, copies of code, the contents of the page, and keys for what scrolls sideways.

(function () {
  "use strict";
  const root = document.documentElement;

  // --- look: as the system has it, light, dark; players watch the class of the page
  const looks = ["", "light", "dark"];
  const look = document.getElementById("look");
  const label = () => { look.textContent = `Look: ${root.className || "auto"}`; };
  label();
  look.addEventListener("click", () => {
    root.className = looks[(looks.indexOf(root.className) + 1) % looks.length];
    try { localStorage.setItem("optlib-look", root.className); } catch { /* kept for this page only */ }
    label();
  });

  // Paper is white: switch to the light look, so that players redraw for it.
  let before = "";
  addEventListener("beforeprint", () => { before = root.className; root.className = "light"; });
  addEventListener("afterprint", () => { root.className = before; });

  // --- search: all words of the query in a section; first the query in the heading, then as it stands in the text
  const query = document.getElementById("query");
  const hits = document.getElementById("hits");
  const [status, list] = hits.children;
  const AROUND = 70, MOST = 30;  // characters of the excerpt before and after the first word, rows
  const element = (name, ...contents) => {
    const made = document.createElement(name);
    made.append(...contents);
    return made;
  };
  const excerpt = (text, words) => {
    const word = [words.join(" "), ...words].find((part) => text.toLowerCase().includes(part));
    if (!word) return [text.slice(0, 2 * AROUND)];
    const at = text.toLowerCase().indexOf(word), end = at + word.length;
    const first = Math.max(0, at - AROUND), last = end + AROUND;
    return [first ? "…" : "", text.slice(first, at), element("mark", text.slice(at, end)), text.slice(end, last),
      last < text.length ? "…" : ""];
  };
  const wordsOf = (input) => input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const search = () => {
    const words = wordsOf(query);
    const has = (...texts) => words.every((word) => texts.join(" ").toLowerCase().includes(word));
    const rank = ([, page, heading, text]) => 2 * has(page, heading) + text.toLowerCase().includes(words.join(" "));
    hits.hidden = words.length === 0;
    const every = hits.hidden ? [] : globalThis.courseSections.filter(([, ...texts]) => has(...texts));
    every.sort((one, other) => rank(other) - rank(one));
    status.textContent = every.length > MOST ? `${every.length} found, the first ${MOST}` :
      every.length ? `${every.length} found` : "Nothing found";
    list.replaceChildren(...every.slice(0, MOST).map(([address, page, heading, text]) => {
      const link = element("a", heading, element("span", page), element("span", ...excerpt(text, words)));
      link.href = address;
      return link;
    }));
  };
  query.addEventListener("input", search);
  query.addEventListener("focus", search);
  addEventListener("click", (event) => {
    if (!event.target.closest(".search") || event.target.closest("#hits a")) hits.hidden = true;
  });
  document.querySelector(".search").addEventListener("keydown", (event) => {
    const links = [...hits.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "Escape") {
      query.focus();
      hits.hidden = true;
    }
    else if (event.key === "ArrowDown" && links.length) (links[at + 1] || links[0]).focus();
    else if (event.key === "ArrowUp" && at >= 0) (links[at - 1] || query).focus();
    else if (event.key === "Enter" && event.target === query && links.length) links[0].click();
    else return;
    event.preventDefault();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(input|textarea|select)$/i.test(document.activeElement.tagName) &&
        !document.activeElement.shadowRoot) {
      event.preventDefault();
      query.focus();
    }
  });

  // --- a filter of tables: rows with all its words, those of the heading above included
  const filter = document.getElementById("filter");
  if (filter) {
    const box = filter.parentElement, sections = [...document.querySelectorAll("main section")];
    const rows = sections.flatMap((section) => [...section.querySelectorAll("tbody tr")].map((row) => [row,
      [section.querySelector("h2"), ...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase()]));
    box.hidden = false;
    filter.addEventListener("input", () => {
      const words = wordsOf(filter);
      for (const [row, text] of rows) row.hidden = !words.every((word) => text.includes(word));
      for (const section of sections) section.hidden = !section.querySelector("tbody tr:not([hidden])");
      const left = rows.filter(([row]) => !row.hidden).length;
      box.querySelector("[role=status]").textContent = !words.length ? "" :
        left ? `${left} of ${rows.length} rows` : "Nothing found";
      dispatchEvent(new Event("resize"));
    });
  }

  // --- contents: folded on a phone; the section that is read is marked
  const course = document.getElementById("course");
  const contents = course.querySelector("details");
  if (matchMedia("(max-width: 1000px)").matches) contents.open = false;
  const links = [...course.querySelectorAll('a[href^="#"]')];
  const heads = links.map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))));
  let marked = null;
  const follow = () => {
    const now = links[heads.findLastIndex((head) => head.getBoundingClientRect().top < innerHeight / 4)];
    if (now === marked) return;
    marked?.removeAttribute("aria-current");
    now?.setAttribute("aria-current", "location");
    if (now) course.scrollTop = now.offsetTop - course.clientHeight / 2;
    marked = now;
  };
  addEventListener("scroll", follow, { passive: true });
  follow();

  // --- code: copied by a button; where that is not allowed it is selected, to be copied by keys
  for (const pre of document.querySelectorAll("pre.highlight, .highlight pre")) {
    const text = pre.textContent;
    const button = element("button", "Copy");
    button.type = "button";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 2000);
      } catch {
        getSelection().selectAllChildren(pre);
      }
    });
    pre.prepend(button);
  }

  // --- printed text: only columns scroll on a narrow screen, sentences break
  for (const pre of document.querySelectorAll("main pre:not(.highlight, .highlight pre)")) {
    pre.classList.toggle("aligned", /\S {2,}\S/.test(pre.textContent));
  }

  // --- only what scrolls sideways is a stop for the Tab key
  const wide = document.querySelectorAll("pre, .wide, .formula, .figure, .figure [style*=overflow-x]");
  const reach = () => {
    for (const element of wide) {
      if (element.scrollWidth > element.clientWidth + 1) element.tabIndex = 0;
      else element.removeAttribute("tabindex");
    }
  };
  addEventListener("resize", reach);
  document.addEventListener("toggle", reach, true);
  reach();

  // --- a link into something folded opens it
  const unfold = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();
})();
