// The way to Python, where a kernel runs: two hidden widgets in an output of their own.  The page writes JSON into the one,
// a field of text; what Python answers appears in the other, as base64.  See `Bridge` in live/display.py.

(function (optlib) {
  "use strict";

  // The part of the page that an output has for itself, in JupyterLab and in the classic notebook.
  const boxOf = (element) => element.closest(".jp-OutputArea-child, .output_area") ?? element;

  const PATIENCE = 2500; // milliseconds until what was not answered is sent again: a kernel may not listen yet
  const TRIES = 20;

  optlib.Bridge = class {
    constructor(host) {
      Object.assign(this, { host, name: host.dataset.bridge, sent: 0 });
    }

    // `opened` is called once when the widgets are there, `hear` gets each answer.
    start(opened, hear) {
      if (!this.name) return;
      const look = () => {
        this.hideTheDead();
        if (!this.find(hear)) return;
        observer.disconnect();
        opened();
      };
      const observer = new MutationObserver(look);
      observer.observe(document.body, { childList: true, subtree: true });
      look();
    }

    find(hear) {
      const box = document.getElementsByClassName(this.name)[0];
      const place = box?.querySelector(".optlib-answer .widget-html-content");
      this.field = box?.querySelector("input");
      if (!this.field || !place) return false;
      boxOf(box).style.display = "none";
      const receive = () => {
        const text = place.textContent.trim();
        if (!text) return;
        const answer = JSON.parse(new TextDecoder().decode(optlib.bytes(text)));
        if (answer.n === this.sent) clearInterval(this.again);
        hear(answer);
      };
      new MutationObserver(receive).observe(place, { childList: true, characterData: true, subtree: true });
      return true;
    }

    // Reopened without its kernel, JupyterLab shows an error in the place of the widgets.
    hideTheDead() {
      const next = boxOf(this.host).nextElementSibling;
      if (next && /^\s*(Error displaying widget|Loading widget)/.test(next.textContent)) next.style.display = "none";
    }

    get open() {
      return Boolean(this.field?.isConnected);
    }

    send(message) {
      let tries = 0;
      const put = () => {
        if (!this.open || tries++ === TRIES) return clearInterval(this.again);
        this.sent += 1;
        this.field.value = JSON.stringify({ ...message, n: this.sent, at: Date.now() });
        this.field.dispatchEvent(new Event("change", { bubbles: true }));
      };
      clearInterval(this.again);
      this.again = setInterval(put, PATIENCE);
      put();
    }
  };

  // Run a piece of program that Python has sent.  Content policies that allow scripts in the page allow this, too.
  let pieces = 0;
  optlib.load = function (source) {
    const name = `piece ${pieces++}`;
    const script = document.createElement("script");
    script.textContent = `(optlib.programs ||= {})[${JSON.stringify(name)}] = (R) => (${source});`;
    document.head.append(script);
    script.remove();
    return optlib.programs[name](optlib.R);
  };
})((globalThis.optlib = globalThis.optlib || {}));
