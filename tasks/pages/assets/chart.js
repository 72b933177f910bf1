// Line charts in SVG, drawn at the width of their container and again when it changes.

const LINE_COLOURS = ["var(--line-1)", "var(--line-2)", "var(--line-3)", "var(--line-4)", "var(--line-5)", "var(--line-6)"];

// options: title, lines [{name, x, y, colour, dash}], range [low, high], log, xTitle, height,
// shades [[from, to, colour]], pick(x), cursor.
function lineChart(container, options) {
  const box = { left: 44, right: 10, top: 8, bottom: 24 };
  let cursor = null;
  let place = (x) => x;
  let width = 0;

  function draw() {
    width = container.clientWidth;
    if (!width) return;
    const height = options.height || 160;
    const lines = options.lines.filter((line) => line.y.some((value) => value !== null));
    const xs = lines.flatMap((line) => [line.x[0], line.x[line.x.length - 1]]);
    const [x0, x1] = xs.length ? [Math.min(...xs), Math.max(...xs)] : [0, 1];
    const scale = valueScale(lines, options);
    const inner = { w: width - box.left - box.right, h: height - box.top - box.bottom };
    place = (x) => box.left + ((x - x0) / (x1 - x0 || 1)) * inner.w;
    const level = (y) => box.top + (1 - scale.at(y)) * inner.h;
    const root = shape("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": description() });
    for (const [from, to, colour] of options.shades || []) {
      const left = place(from - 0.5), right = place(to + 0.5);
      root.append(shape("rect", { x: left, y: box.top, width: Math.max(1, right - left), height: inner.h, class: "shade", fill: colour }));
    }
    for (const tick of scale.ticks) {
      root.append(shape("line", { x1: box.left, x2: width - box.right, y1: level(tick), y2: level(tick), class: "grid" }));
      root.append(shape("text", { x: box.left - 6, y: level(tick) + 4, "text-anchor": "end" }, short(tick)));
    }
    for (const tick of niceTicks(x0, x1, Math.max(2, Math.floor(inner.w / 90))).filter(Number.isInteger)) {
      if (options.xTitle && place(tick) > width - box.right - 40) continue; // the title stands there
      root.append(shape("text", { x: place(tick), y: height - 8, "text-anchor": "middle" }, String(tick)));
    }
    if (options.xTitle) {
      root.append(shape("text", { x: width - box.right, y: height - 8, "text-anchor": "end", class: "faint" }, options.xTitle));
    }
    for (const line of lines) {
      root.append(shape("path", { d: path(line, place, level), class: "line", stroke: line.colour, "stroke-dasharray": line.dash ? "5 4" : null }));
    }
    cursor = shape("line", { y1: box.top, y2: height - box.bottom, class: "cursor" });
    root.append(cursor);
    if (options.pick) {
      root.classList.add("pickable");
      root.addEventListener("click", (event) => {
        const left = event.clientX - root.getBoundingClientRect().left;
        options.pick(x0 + ((left - box.left) / inner.w) * (x1 - x0));
      });
    }
    container.replaceChildren(root, legend(lines));
    move(options.cursor);
  }

  function description() {
    return `${options.title}: ${options.lines.map((line) => visible(line.name)).join(", ")}`;
  }

  function move(x) {
    options.cursor = x;
    if (!cursor) return;
    const shown = x !== null && x !== undefined;
    cursor.setAttribute("visibility", shown ? "visible" : "hidden");
    if (shown) {
      cursor.setAttribute("x1", place(x));
      cursor.setAttribute("x2", place(x));
    }
  }

  const observer = new ResizeObserver(() => {
    if (container.clientWidth !== width) draw();
  });
  observer.observe(container);
  draw();
  return { move, end: () => observer.disconnect() };
}

function legend(lines) {
  if (lines.length < 2) return "";
  return element("ul", { class: "legend" }, ...lines.map((line) => {
    const mark = shape("svg", { width: 22, height: 8, "aria-hidden": "true" },
      shape("line", { x1: 0, x2: 22, y1: 4, y2: 4, class: "line", stroke: line.colour, "stroke-dasharray": line.dash ? "5 4" : null }));
    return element("li", {}, mark, visible(line.name));
  }));
}

function path(line, place, level) {
  let text = "";
  let pen = "M";
  line.y.forEach((value, index) => {
    if (value === null) {
      pen = "M";
      return;
    }
    text += `${pen}${place(line.x[index]).toFixed(1)} ${level(value).toFixed(1)}`;
    pen = "L";
  });
  return text;
}

function valueScale(lines, options) {
  const values = lines.flatMap((line) => line.y).filter((value) => value !== null);
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (options.range) [low, high] = options.range;
  else if (!values.length) [low, high] = [0, 1];
  if (options.log && low > 0 && high / low > 5) {
    const at = (y) => Math.log(Math.max(y, low) / low) / Math.log(high / low);
    const ticks = [];
    for (let decade = Math.floor(Math.log10(low)); decade <= Math.log10(high); decade++) {
      for (const factor of high / low > 300 ? [1] : [1, 2, 5]) {
        const tick = factor * 10 ** decade;
        if (tick >= low && tick <= high) ticks.push(tick);
      }
    }
    return { at, ticks };
  }
  if (!options.range) low = Math.min(0, low);
  if (high <= low) high = low + 1;
  return { at: (y) => (y - low) / (high - low), ticks: niceTicks(low, high, 4) };
}

function niceTicks(low, high, most) {
  const rough = (high - low) / most || 1;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * unit).find((size) => size >= rough);
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step / 1e6; tick += step) ticks.push(Number(tick.toPrecision(6)));
  return ticks;
}

function short(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size < 0.001 || size >= 10000 ? value.toExponential(0) : String(Number(value.toPrecision(3)));
}
