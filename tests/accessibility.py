"""axe, quickly: most of its time went into marks of formulas and of code, and into the contrast of one more paragraph.

Formulas are first made plain text.  Then of each kind of element, wherever such a one stands, three are left: a kind is
the names of its attributes, its class, role and type, and whether it, its name or its alternative text is empty.
"""

PLAIN = """(what) => {
  for (const element of document.querySelectorAll(what)) element.replaceChildren(element.textContent);
}"""
FORMULAS, CODE = "math, svg, mjx-container", ".highlight pre, .highlight code"
FEW = """() => {
  const count = {}, kept = new Set(), values = ["class", "style", "role", "type"];
  const shown = (a) => (values.includes(a.name) || !a.value.trim() ? `${a.name}=${a.value}` : a.name);
  const kind = (e) => [...e.attributes].map(shown).join(" ") + (e.textContent.trim() ? "" : " empty");
  const paths = new Map(), all = [...document.querySelectorAll("main *")];
  for (const element of all) { // parents first: the text of a page is read once, not again for each element in it
    const where = `${paths.get(element.parentElement) ?? ""} ${element.localName} ${kind(element)}`;
    paths.set(element, where);
    count[where] = (count[where] ?? 0) + 1;
    if (count[where] > 3) continue;
    for (let e = element; e && !kept.has(e); e = e.parentElement) kept.add(e);
  }
  for (const element of all) if (!kept.has(element) && !element.matches("script, style")) element.remove();
}"""


def run(tab, context=None, **options):
    """Violations that axe calls serious or critical: rule -> the first elements."""
    from axe_playwright_python.sync_playwright import Axe

    options |= {"resultTypes": ["violations"], "preload": False}
    found = Axe().run(tab, context=context, options=options).response["violations"]
    return {
        v["id"]: [node["html"][:160] for node in v["nodes"][:3]]
        for v in found if v["impact"] in ("serious", "critical")
    }  # fmt: skip


def violations(tab, schemes=("light", "dark"), code=True):
    """Those of a page in each color scheme; the page is not what it was afterward.  In the dark only contrast differs.

    Without ``code``, colored code is left out.
    """
    context = {"exclude": [["math"], ["svg"], ["mjx-container"], *([] if code else [[".highlight"]])]}
    tab.evaluate(PLAIN, FORMULAS if code else f"{FORMULAS}, {CODE}")
    tab.evaluate(FEW)
    every = run(tab, context, rules={"color-contrast": {"enabled": False}})
    for scheme in schemes:
        tab.emulate_media(color_scheme=scheme)
        contrast = run(tab, context, runOnly=["color-contrast"])
        every |= {f"{rule}, {scheme}": nodes for rule, nodes in contrast.items()}
    return every
