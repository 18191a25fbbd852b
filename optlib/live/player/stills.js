// Stills of a picture at a few settings, with sliders of a few notches.  Data: live/stills.py.

(function (optlib) {
  "use strict";

  const { make } = optlib;

  optlib.wake("optlib-stills", (host, root, { controls, note }) => {
    const first = host.querySelector("img");
    const picture = make("img", { alt: first.alt, src: first.src, style: "display:block;max-width:100%;height:auto;background:#fff;border-radius:8px" });
    const status = make("p", { class: "unseen", role: "status" });
    const rows = controls.map((control) => {
      const input = make("input", { type: "range", min: 0, max: control.labels.length - 1, step: 1, "aria-label": control.name, oninput: () => turn(control) });
      const output = make("output", {});
      const show = (notch) => {
        input.value = notch;
        input.setAttribute("aria-valuetext", control.labels[notch]);
        output.textContent = control.labels[notch];
      };
      return { control, input, show, row: make("label", {}, make("span", {}, control.name), input, output) };
    });
    // The others go back: each picture has one number turned.
    function turn(turned) {
      for (const { control, input, show } of rows) {
        const notch = control === turned ? Number(input.value) : control.first;
        show(notch);
        if (control === turned) picture.src = control.stills[notch] || first.src;
      }
      status.textContent = rows.map(({ control, input }) => `${control.name} ${control.labels[input.value]}`).join(", ");
    }
    const card = make("div", { class: "card", role: "group", "aria-label": "Picture with sliders" }, picture,
      make("div", { class: "sliders" }, ...rows.map(({ row }) => row)), make("p", { class: "value" }, note), status);
    rows.forEach(({ control, show }) => show(control.first));
    root.append(card);
    const dress = () => card.classList.toggle("dark", optlib.isDark(host));
    dress();
    optlib.onTheme(dress);
    host.addEventListener("keydown", (event) => { if (optlib.isOwnKey(event)) event.stopPropagation(); });
  });
})((globalThis.optlib = globalThis.optlib || {}));
