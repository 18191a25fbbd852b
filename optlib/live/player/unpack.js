// The players' scripts come packed, a third as long.  No `eval` and no address of a blob: content policies refuse these.
(function (name, { packed }) {
  const scripts = ((globalThis.optlib ||= {}).scripts ||= {});
  const bytes = () => Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  scripts[name] ||= new Response(new Blob([bytes()]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
  scripts[name].then((text) => document.head.append(Object.assign(document.createElement("script"), { text })));
})
