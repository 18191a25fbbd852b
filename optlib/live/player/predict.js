// A question: the reader chooses or sketches first, then sees why, and the cells with the answer unfold.
//
// <div class="optlib-predict">, or "optlib-sketch", holds question, choices and answer as plain HTML.  What they say stays
// outside of the shadow and shows through slots, so that the page sets their formulas.

(function (optlib) {
  "use strict";

  const { make } = optlib;
  const QUESTIONS = ".optlib-predict, .optlib-sketch";
  const WAITS = "The answer is folded here.";
  const close = (cell) => cell.querySelector(".jp-OutputCollapser .jp-Collapser-child")?.click();
  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

  optlib.Prediction = class {
    constructor(host, root, data) {
      Object.assign(this, { host, data, opened: new Set(), guarded: new WeakSet() });
      const shown = (name, element) => {
        host.append(make("span", { slot: name }, ...element.childNodes));
        return make("slot", { name });
      };
      const question = shown("question", host.querySelector("p span"));
      const choices = [...host.querySelectorAll("li")].map((li, i) => shown(`choice${i}`, li));
      const because = shown("because", host.querySelector("details span"));
      for (const child of host.querySelectorAll("p, ol, details")) child.remove();
      this.buttons = choices.map((text, i) => make("button", { type: "button", class: "choice", onclick: () => this.choose(i) },
        make("b", {}, LETTERS[i]), make("span", {}, text), make("i", {})));
      this.sketch = data.curve && new optlib.Freehand(data.curve, (drawn) => this.choose(drawn));
      this.verdict = make("strong");
      this.result = make("div", { class: "result", tabindex: -1 }, this.verdict, " ", because, " ",
        make("button", { type: "button", class: "again", onclick: () => this.ask() }, "ask me again"));
      this.card = make("div", { class: `card predict${host.closest(".reveal") ? " roomy" : ""}`, role: "group", "aria-label": "Prediction" },
        make("p", { class: "question" }, make("strong", {}, "Predict. "), question),
        ...(this.sketch ? [this.sketch.element] : this.buttons), this.result);
      root.append(this.card);
      host.addEventListener("keydown", (event) => {
        const target = event.composedPath()[0];
        const presses = target.matches("button") && [" ", "Enter"].includes(event.key);
        if (presses || (target.matches("canvas") && optlib.isOwnKey(event))) event.stopPropagation(); // others are the deck's
      });
      const dress = () => {
        this.card.classList.toggle("dark", optlib.isDark(host));
        this.sketch?.draw();
      };
      optlib.onTheme(dress);
      if (this.sketch) new ResizeObserver(dress).observe(host);
      dress();
      this.show(this.recall());
      this.watch();
    }

    // What was chosen earlier, or null.  A deck forgets with its window: a lecturer's trial is not the audience's answer.
    recall() {
      try {
        return JSON.parse(this.storage().getItem(this.data.key));
      } catch {
        return null; // storage may be forbidden
      }
    }

    keep(given) {
      try {
        if (given === null) this.storage().removeItem(this.data.key);
        else this.storage().setItem(this.data.key, JSON.stringify(given));
      } catch { /* kept until the page is left */ }
    }

    storage() {
      return this.host.closest(".reveal") ? sessionStorage : localStorage;
    }

    choose(given) {
      this.keep(given);
      this.show(given);
      this.unfold();
      this.result.focus({ preventScroll: true });
      if (!this.host.closest(".reveal")) this.result.scrollIntoView({ block: "nearest" });
    }

    ask() {
      this.keep(null);
      this.sketch?.clear();
      this.show(null);
      this.fold();
      this.card.querySelector("button, canvas").focus({ preventScroll: true });
    }

    // The index of a choice or a sketch; null asks again.
    show(given) {
      const { right } = this.data;
      this.given = given;
      this.card.classList.toggle("told", given !== null);
      this.verdict.textContent = given === null ? "" : this.sketch ? this.sketch.compare(given) :
        given === right ? "Yes, that is right." : `Not this time: the answer is ${LETTERS[right]}.`;
      this.buttons.forEach((button, i) => {
        button.disabled = given !== null;
        button.classList.toggle("right", given !== null && i === right);
        button.lastChild.textContent = given === null ? "" : i === right ? `✓ ${i === given ? "your choice" : "the answer"}` : i === given ? "your choice" : "";
      });
    }

    // --- the cells with the answer ---

    // Elements after this question and before the next one.
    following(selector) {
      if (!this.host.isConnected) return []; // its cell has run again
      const all = [...(this.host.closest(".jp-Notebook") ?? document).querySelectorAll(`${QUESTIONS}, ${selector}`)];
      const rest = all.slice(all.indexOf(this.host) + 1);
      const next = rest.findIndex((element) => element.matches(QUESTIONS));
      return next < 0 ? rest : rest.slice(0, next);
    }

    // Cells come after this script, and in a notebook also later, as they are scrolled to.
    watch() {
      const notebook = this.host.closest(".jp-Notebook");
      const look = () => {
        for (const answer of document.querySelectorAll("details.optlib-answer")) answer.classList.add("told");
        if (this.given === null) this.fold();
        else this.unfold();
      };
      if (notebook) new MutationObserver(look).observe(notebook.querySelector(".jp-WindowedPanel-viewport") ?? notebook, { childList: true });
      if (document.readyState === "loading") addEventListener("DOMContentLoaded", look);
      else look();
      addEventListener("beforeprint", () => this.following("details.optlib-answer").forEach((answer) => { answer.open = true; }));
      addEventListener("afterprint", look);
    }

    unfold() {
      for (const answer of this.following("details.optlib-answer")) answer.open = true;
      for (const place of this.following(".jp-OutputPlaceholder")) {
        const cell = place.closest(".jp-Cell");
        if (this.opened.has(cell)) continue; // the reader has folded it since
        this.opened.add(cell);
        place.click();
      }
    }

    fold() {
      for (const answer of this.following("details.optlib-answer")) answer.open = false;
      for (const cell of this.opened) close(cell);
      this.opened.clear();
      for (const place of this.following(".jp-OutputPlaceholder")) place.closest(".jp-Cell").classList.add("optlib-waits");
      for (const cell of this.following(".optlib-waits")) this.guard(cell);
    }

    // JupyterLab unfolds each cell that runs.  Whoever runs this one alone wants to see it; but not who runs all.
    guard(cell) {
      const look = () => {
        if (this.given !== null || !this.host.isConnected || !cell.matches(".optlib-waits")) return;
        const place = cell.querySelector(".jp-OutputPlaceholder .jp-PlaceholderText");
        // The first line of what is folded stands there, which may be the answer.
        if (place && place.textContent !== WAITS) place.textContent = WAITS;
        const near = [cell, cell.nextElementSibling].some((one) => one?.matches(".jp-mod-active"));
        if (!place && near) cell.classList.remove("optlib-waits");
        else if (!place) close(cell);
      };
      const all = { childList: true, subtree: true };
      if (!this.guarded.has(cell)) new MutationObserver(look).observe(cell.querySelector(".jp-Cell-outputWrapper"), all);
      this.guarded.add(cell);
      look();
    }
  };

  if (globalThis.document) {
    optlib.wake("optlib-predict", (host, root, data) => { host.player = new optlib.Prediction(host, root, data); });
  }
})((globalThis.optlib = globalThis.optlib || {}));
