// Shows one video: frames, masks of one or two methods, errors, optical flow, boxes.

const LAYERS = [
  { name: "prediction", key: "p", title: "Prediction", on: true },
  { name: "truth", key: "g", title: "Ground truth", on: true },
  { name: "errors", key: "e", title: "Errors", on: false },
  { name: "flow", key: "f", title: "Optical flow", on: false },
  { name: "boxes", key: "b", title: "Boxes", on: false },
];
const ERROR_COLOURS = { extra: [255, 70, 70], missing: [60, 130, 255], other: [255, 200, 0] };
const VOID = 255;
const KEPT_PARTS = 6;
const STATES = ["tracked", "lost", "absent"];

const parts = new Map(); // token -> part, the last used last
const waiting = new Map();

// Files of media call this.
window.maskrnnPart = (token, part) => {
  const resolve = waiting.get(token);
  waiting.delete(token);
  if (resolve) resolve(part);
};

function loadPart(place) {
  if (parts.has(place.token)) {
    const part = parts.get(place.token);
    parts.delete(place.token);
    parts.set(place.token, part);
    return Promise.resolve(part);
  }
  const inside = byId("part-" + place.token);
  const loading = inside ? Promise.resolve(JSON.parse(inside.textContent)) : new Promise((resolve, reject) => {
    waiting.set(place.token, resolve);
    const script = element("script", { src: place.file });
    script.nonce = NONCE;
    script.addEventListener("error", () => reject(new Error(`${place.file} is missing: keep the folder beside the page`)));
    document.head.append(script);
  });
  return loading.then((part) => {
    part.images = new Map();
    parts.set(place.token, part);
    while (parts.size > KEPT_PARTS) parts.delete(parts.keys().next().value);
    return part;
  });
}

function sheetImage(part, url) {
  if (!part.images.has(url)) {
    const image = new Image();
    image.src = url;
    part.images.set(url, image.decode().then(() => image));
  }
  return part.images.get(url);
}

async function drawCell(context, part, form, urls, index) {
  const image = await sheetImage(part, urls[Math.floor(index / form.count)]);
  const cell = index % form.count;
  const x = (cell % form.columns) * form.w, y = Math.floor(cell / form.columns) * form.h;
  return () => context.drawImage(image, x, y, form.w, form.h, 0, 0, context.canvas.width, context.canvas.height);
}

const scratch = element("canvas").getContext("2d", { willReadFrequently: true });

// Labels of one frame, one byte per pixel. The picture is from inside the page's own data, so its
// pixels may be read.
async function labelsOf(part, urls, index) {
  const form = part.labels;
  const paint = await drawCell(scratch, part, form, urls, index);
  scratch.canvas.width = form.w;
  scratch.canvas.height = form.h;
  scratch.imageSmoothingEnabled = false;
  paint();
  const pixels = scratch.getImageData(0, 0, form.w, form.h).data;
  const labels = new Uint8Array(form.w * form.h);
  for (let at = 0; at < labels.length; at++) labels[at] = pixels[4 * at];
  return labels;
}

function rgb(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

// Paints masks into an ImageData of the labels' size. `shown` tells which labels count.
function paintMasks(image, width, predicted, truth, layers, shown, opacity) {
  const out = image.data;
  const tint = Math.round(255 * opacity);
  const height = predicted.length / width;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const mine = shown(predicted[at]) ? predicted[at] : 0;
      const real = truth && truth[at] !== VOID && shown(truth[at]) ? truth[at] : 0;
      const unknown = truth && truth[at] === VOID;
      let colour = null, alpha = 0;
      if (layers.errors && truth) {
        if (mine !== real && !unknown) {
          colour = mine && real ? ERROR_COLOURS.other : mine ? ERROR_COLOURS.extra : ERROR_COLOURS.missing;
          alpha = 205;
        }
      } else if (layers.prediction && mine) {
        const edge = x === 0 || y === 0 || x === width - 1 || y === height - 1 ? false
          : predicted[at - 1] !== mine || predicted[at + 1] !== mine || predicted[at - width] !== mine || predicted[at + width] !== mine;
        colour = rgb(colourOf(mine));
        alpha = edge ? 255 : tint;
      }
      if (layers.truth && truth && real) {
        const edge = x > 0 && y > 0 && x < width - 1 && y < height - 1 &&
          (truth[at - 1] !== real || truth[at + 1] !== real || truth[at - width] !== real || truth[at + width] !== real);
        if (edge) {
          colour = [255, 255, 255];
          alpha = 235;
        }
      }
      if (colour) {
        out[4 * at] = colour[0];
        out[4 * at + 1] = colour[1];
        out[4 * at + 2] = colour[2];
        out[4 * at + 3] = alpha;
      }
    }
  }
}

function paintBoxes(context, method, index, shown) {
  if (!method.boxes) return;
  const { width, height } = context.canvas;
  context.lineWidth = Math.max(2, width / 240);
  method.objects.forEach((id, number) => {
    const [x0, y0, x1, y1] = method.boxes[number][index];
    if (!shown(id) || x1 <= x0 || method.states[number][index] === 2) return;
    context.strokeStyle = colourOf(id);
    context.setLineDash(method.states[number][index] === 1 ? [8, 6] : []);
    context.strokeRect(x0 * width, y0 * height, (x1 - x0) * width, (y1 - y0) * height);
  });
  context.setLineDash([]);
}

// Draws one frame of one method into a stage: two canvases, one above the other.
async function drawStage(stage, part, name, index, view) {
  const method = part.methods[name];
  const below = stage.frame.getContext("2d");
  const above = stage.masks.getContext("2d", { willReadFrequently: true });
  const useFlow = view.layers.flow && part.flow;
  const form = useFlow ? part.flow : part.frames;
  const paint = await drawCell(below, part, form, form.urls, index);
  const known = part.truth && part.truth.known[index];
  const predicted = await labelsOf(part, method.urls, index);
  const truth = known ? await labelsOf(part, part.truth.urls, index) : null;
  return () => {
    setSize(stage.frame, part.frames);
    setSize(stage.masks, part.labels);
    paint();
    const image = above.createImageData(part.labels.w, part.labels.h);
    paintMasks(image, part.labels.w, predicted, truth, view.layers, view.shown, view.opacity);
    above.putImageData(image, 0, 0);
    if (view.layers.boxes) paintBoxes(above, method, index, view.shown);
  };
}

function setSize(canvas, form) {
  if (canvas.width !== form.w || canvas.height !== form.h) {
    canvas.width = form.w;
    canvas.height = form.h;
  }
}
