// Sets the largest letters with which the page is no higher and no wider than the sheet; no smaller ones, though.
([smallest, largest, width, height]) => {
  const table = document.querySelector('.optlib-sheet'), page = document.querySelector('main');
  const fits = (size) => {
    table.style.fontSize = `${size}px`;
    return page.getBoundingClientRect().bottom <= height && document.documentElement.scrollWidth <= width;
  };
  let [low, high] = fits(largest) ? [largest, largest] : [0, largest];
  while (high - low > 0.01) {
    const size = (low + high) / 2;
    if (fits(size)) low = size; else high = size;
  }
  fits(Math.max(low, smallest));
}
