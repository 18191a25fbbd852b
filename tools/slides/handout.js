// Typesets the formulas, then says that the page may be printed.
MathJax.startup.promise
  .then(() => MathJax.typesetPromise())
  .then(() => Promise.all([...document.images].map((image) => image.decode().catch(() => {}))))
  .then(() => { document.documentElement.dataset.ready = "yes"; });
