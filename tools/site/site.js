// Light or dark, the search over headings, the folded contents on a phone, and keys for what scrolls sideways.

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

  // --- search: all words of the query in the heading or the title of its page
  const query = document.getElementById("query");
  const hits = document.getElementById("hits");
  const search = () => {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    hits.hidden = words.length === 0;
    hits.replaceChildren();
    if (hits.hidden) return;
    const matches = globalThis.courseHeadings.filter(([, title, text]) => {
      const where = `${title} ${text}`.toLowerCase();
      return words.every((word) => where.includes(word));
    });
    const first = document.createElement("p");
    first.textContent = matches.length ? `${matches.length} found` : "Nothing found";
    hits.append(first);
    for (const [address, title, text] of matches.slice(0, 30)) {
      const link = document.createElement("a");
      link.href = address;
      const page = document.createElement("span");
      page.textContent = title;
      link.append(text, page);
      hits.append(link);
    }
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

  // --- contents: folded on a phone
  const contents = document.querySelector("#course details");
  if (matchMedia("(max-width: 1000px)").matches) contents.open = false;

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
