// Puts the page together: player, tables and charts from the page's data.

const METHODS = data.methods;
const FIGURE_TITLES = {
  J_mean: "J mean", J_recall: "J recall", J_decay: "J decay",
  F_mean: "F mean", F_recall: "F recall", F_decay: "F decay", T_mean: "T",
};
const methodColour = (number) => LINE_COLOURS[number % LINE_COLOURS.length];
const videoName = (row) => visible(data.videos[row.video].name);

// ---------------------------------------------------------------- player

const player = {
  video: null, part: null, index: 0, method: 0, beside: -1, playing: null, ticket: 0, chart: [],
  layers: Object.fromEntries(LAYERS.map((layer) => [layer.name, layer.on])), hidden: new Set(), opacity: 0.5,
};

const stageOf = (name) => ({ box: byId(name), frame: byId(name + "-frame"), masks: byId(name + "-masks"), title: byId(name + "-title") });

function openVideo(video, frame = 0, method = player.method) {
  const place = data.videos[video].part;
  const ticket = ++player.ticket;
  pause();
  byId("video").value = String(video);
  if (!place) {
    say(`${visible(data.videos[video].name)}: nothing was segmented, or its pictures are not in this page.`);
    return Promise.resolve();
  }
  say("Loading …");
  return loadPart(place).then((part) => {
    if (ticket !== player.ticket) return null;
    const known = METHODS.filter((name) => part.methods[name]);
    player.video = video;
    player.part = part;
    player.method = part.methods[METHODS[method]] ? method : METHODS.indexOf(known[0]);
    player.hidden.clear();
    byId("seek").max = part.frameNames.length - 1;
    showChoices();
    showFigures();
    return seek(Math.floor(frame / part.step));
  }).catch((error) => say(error.message));
}

function say(text) {
  const note = byId("player-note");
  note.textContent = text;
  note.hidden = !text;
}

async function seek(index) {
  const part = player.part;
  if (!part) return;
  player.index = Math.max(0, Math.min(part.frameNames.length - 1, Math.round(index)));
  const ticket = ++player.ticket;
  const view = { layers: player.layers, shown: (id) => id > 0 && !player.hidden.has(id), opacity: player.opacity };
  const chosen = [["stage", player.method], ["beside", player.beside]].filter(([, number]) => number >= 0 && part.methods[METHODS[number]]);
  byId("beside").hidden = chosen.length < 2;
  byId("stages").classList.toggle("two", chosen.length > 1);
  const paints = await Promise.all(chosen.map(([name, number]) => drawStage(stageOf(name), part, METHODS[number], player.index, view)));
  if (ticket !== player.ticket) return;
  paints.forEach((paint) => paint());
  for (const [name, number] of chosen) stageOf(name).title.textContent = visible(METHODS[number]);
  say("");
  showPlace();
}

function showPlace() {
  const { part, index } = player;
  byId("seek").value = index;
  byId("seek").setAttribute("aria-valuetext", `frame ${index * part.step}`);
  byId("place").textContent = `${index * part.step} / ${(part.frameNames.length - 1) * part.step}`;
  byId("frame-name").textContent = visible(part.frameNames[index]);
  const method = part.methods[METHODS[player.method]];
  byId("objects").replaceChildren(...method.objects.map((id, number) => {
    const state = method.states ? STATES[method.states[number][index]] : "";
    const facts = [
      state,
      method.J && method.J[number][index] !== null ? `J ${fixed(method.J[number][index])}` : "",
      method.F && method.F[number][index] !== null ? `F ${fixed(method.F[number][index])}` : "",
      method.confidence && state === "tracked" ? `confidence ${fixed(method.confidence[number][index], 2)}` : "",
    ].filter(Boolean).join(" · ");
    const box = element("input", { type: "checkbox", checked: !player.hidden.has(id), onchange: () => toggleObject(id) });
    return element("label", { class: state === "lost" ? "object lost" : "object" }, box, swatch(colourOf(id)), `Object ${id}`, element("span", { class: "facts" }, facts));
  }));
  player.chart.forEach((chart) => chart.move(index * part.step));
  try {
    history.replaceState(null, "", `#video=${player.video}&frame=${index * part.step}`);
  } catch { /* some browsers forbid it for files; the page works without */ }
}

function toggleObject(id) {
  if (player.hidden.has(id)) player.hidden.delete(id);
  else player.hidden.add(id);
  seek(player.index);
}

function showChoices() {
  const known = METHODS.map((name, number) => [name, number]).filter(([name]) => player.part.methods[name]);
  const options = known.map(([name, number]) => element("option", { value: number }, visible(name)));
  byId("method").replaceChildren(...options);
  byId("method").value = player.method;
  byId("beside-method").replaceChildren(element("option", { value: -1 }, "nothing"), ...options.map((option) => option.cloneNode(true)));
  if (!known.some(([, number]) => number === player.beside)) player.beside = -1;
  byId("beside-method").value = player.beside;
  for (const layer of LAYERS) {
    const usable = layer.name === "flow" ? Boolean(player.part.flow) : !["truth", "errors"].includes(layer.name) || Boolean(player.part.truth);
    byId("layer-" + layer.name).disabled = !usable;
  }
}

function showFigures() {
  player.chart.forEach((chart) => chart.end());
  player.chart = [];
  const { part } = player;
  const step = part.step;
  const boxes = ["J", "F"].map((figure) => {
    const lines = [];
    METHODS.forEach((name, number) => {
      const method = part.methods[name];
      if (!method || !method[figure]) return;
      method.objects.forEach((id, place) => {
        const own = number === player.method;
        lines.push({
          name: `${name}, object ${id}`, x: part.frameNames.map((_, index) => index * step), y: method[figure][place],
          colour: own ? colourOf(id) : methodColour(number), dash: !own, own,
        });
      });
    });
    const shown = lines.filter((line) => line.own || lines.length <= 6);
    return { figure, lines: shown };
  }).filter((chart) => chart.lines.length);
  const method = part.methods[METHODS[player.method]];
  const shades = (data.lost || []).filter((loss) => loss[0] === player.video && loss[1] === player.method).map((loss) => [loss[3], loss[4], colourOf(loss[2])]);
  if (!boxes.length && method.confidence) {
    const lines = method.objects.map((id, place) => ({ name: `object ${id}`, x: part.frameNames.map((_, index) => index * step), y: method.confidence[place], colour: colourOf(id) }));
    boxes.push({ figure: "Confidence", lines });
  }
  byId("figures").replaceChildren(...boxes.map(({ figure, lines }) => {
    const place = element("div", { class: "chart" });
    const node = element("figure", {}, element("figcaption", {}, figure + (shades.length ? " · shaded where an object is lost" : "")), place);
    requestAnimationFrame(() => {
      player.chart.push(lineChart(place, {
        title: `${figure} over the frames`, lines, shades, range: [0, 1], xTitle: "frame", height: 150, cursor: player.index * step,
        pick: (x) => seek(x / step),
      }));
    });
    return node;
  }));
}

function play() {
  if (player.playing || !player.part) return pause();
  byId("play").textContent = "Pause";
  const last = player.part.frameNames.length - 1;
  if (player.index === last) player.index = -1;
  let busy = false;
  player.playing = setInterval(async () => {
    if (busy) return;
    busy = true;
    await seek(player.index + 1);
    busy = false;
    if (player.index >= last) pause();
  }, 1000 / Number(byId("speed").value));
  return null;
}

function pause() {
  clearInterval(player.playing);
  player.playing = null;
  byId("play").textContent = "Play";
}

function toggleLayer(name, on) {
  const box = byId("layer-" + name);
  if (box.disabled) return;
  box.checked = on ?? !box.checked;
  player.layers[name] = box.checked;
  seek(player.index);
}

function startPlayer() {
  byId("video").replaceChildren(...data.videos.map((video, number) => element("option", { value: number, disabled: !video.part }, visible(video.name))));
  byId("video").addEventListener("change", (event) => openVideo(Number(event.target.value)));
  byId("method").addEventListener("change", (event) => {
    player.method = Number(event.target.value);
    showFigures();
    seek(player.index);
  });
  byId("beside-method").addEventListener("change", (event) => {
    player.beside = Number(event.target.value);
    seek(player.index);
  });
  byId("seek").addEventListener("input", (event) => {
    pause();
    seek(Number(event.target.value));
  });
  byId("opacity").addEventListener("input", (event) => {
    player.opacity = Number(event.target.value) / 100;
    seek(player.index);
  });
  byId("play").addEventListener("click", play);
  byId("back").addEventListener("click", () => step(-1));
  byId("on").addEventListener("click", () => step(1));
  byId("speed").addEventListener("change", () => {
    if (player.playing) {
      pause();
      play();
    }
  });
  byId("layers").replaceChildren(...LAYERS.map((layer) => element("label", { title: `Key ${layer.key}` },
    element("input", { type: "checkbox", id: "layer-" + layer.name, checked: layer.on, onchange: (event) => toggleLayer(layer.name, event.target.checked) }),
    layer.title, element("kbd", {}, layer.key))));
  document.addEventListener("keydown", onKey);
}

function step(count) {
  pause();
  seek(player.index + count);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)
    && !["checkbox", "range"].includes(event.target.type)) return;
  if (event.target.type === "range" && event.key.startsWith("Arrow")) return;
  if (event.key === " " && /^(BUTTON|SUMMARY|INPUT)$/.test(event.target.tagName)) return;
  const layer = LAYERS.find((known) => known.key === event.key.toLowerCase());
  const actions = {
    " ": play, ArrowLeft: () => step(-1), ArrowRight: () => step(1), PageUp: null,
    Home: () => seek(0), End: () => seek(Infinity), n: () => nextWorst(1), N: () => nextWorst(-1),
    "[": () => nextVideo(-1), "]": () => nextVideo(1),
  };
  const action = layer ? () => toggleLayer(layer.name) : actions[event.key];
  if (!action || !player.part) return;
  event.preventDefault();
  action();
}

function nextVideo(count) {
  for (let video = player.video + count; video >= 0 && video < data.videos.length; video += count) {
    if (data.videos[video].part) {
      openVideo(video);
      return;
    }
  }
}

let worstAt = -1;

function nextWorst(count) {
  const worst = data.worst || [];
  if (!worst.length) return;
  worstAt = (worstAt + count + worst.length) % worst.length;
  openVideo(worst[worstAt].video, worst[worstAt].frame, 0);
}

function show(video, frame, method) {
  openVideo(video, frame, method);
  byId("player").scrollIntoView({ behavior: "smooth", block: "start" });
}

// ---------------------------------------------------------------- worst frames

function showWorst() {
  const worst = data.worst || [];
  if (!worst.length) return;
  byId("worst-frames").replaceChildren(...worst.map((row, place) => {
    const picture = element("img", { src: row.url, alt: "", loading: "lazy", width: 240, height: 135 });
    const text = element("span", { class: "caption" }, element("strong", {}, fixed(row.J, 2)), ` ${visible(data.videos[row.video].name)}`,
      element("span", { class: "faint" }, ` frame ${visible(row.frameName)}, object ${row.object}`));
    return element("li", {}, element("button", { type: "button", class: "card", onclick: () => { worstAt = place; show(row.video, row.frame, 0); } }, picture, text));
  }));
}

// ---------------------------------------------------------------- tables

function objectTable() {
  const tracked = new Map((data.tracked || []).map((row) => [row.slice(0, 3).join(), row]));
  const scored = new Map((data.rows || []).map((row) => [row.slice(0, 3).join(), row]));
  const rows = [...new Set([...scored.keys(), ...tracked.keys()])].map((key) => {
    const [video, method, object] = key.split(",").map(Number);
    const figures = scored.get(key);
    const track = tracked.get(key);
    return {
      video, method, object, search: `${data.videos[video].name} ${METHODS[method]} object ${object}`.toLocaleLowerCase(),
      figures: data.columns.map((_, at) => (figures ? figures[3 + at] : null)),
      lost: track ? track[3] : null, confidence: track ? track[4] : null, opens: Boolean(data.videos[video].part),
    };
  });
  if (!rows.length) return;
  const columns = [
    { title: "Sequence", value: (row) => data.videos[row.video].name, text: videoName },
    { title: "Preset", value: (row) => METHODS[row.method], text: (row) => visible(METHODS[row.method]) },
    { title: "Object", value: (row) => row.object, number: true, low: true },
    ...(data.rows.length ? data.columns.map((name, at) => ({
      title: FIGURE_TITLES[name], number: true, low: /decay|T_/.test(name), value: (row) => row.figures[at],
      node: (row) => (/_mean$/.test(name) && name !== "T_mean" ? bar(row.figures[at]) : fixed(row.figures[at])),
    })) : []),
    { title: "Lost", number: true, value: (row) => row.lost, hint: "Frames in which the object was lost" },
    { title: "Confidence", number: true, value: (row) => row.confidence, text: (row) => fixed(row.confidence, 2), hint: "Mean of the tracked frames" },
  ];
  const choice = methodChoice("Preset of the table");
  const table = dataTable(byId("sequences-table"), {
    caption: "table of sequences and objects", columns, rows, controls: METHODS.length > 1 ? [choice] : [],
    sorted: data.rows.length ? { column: 3, down: false } : { column: columns.length - 2, down: true },
    open: (row) => show(row.video, firstFrame(row), row.method),
  });
  const choose = () => table.choose((row) => choice.value === "-1" || row.method === Number(choice.value));
  choice.addEventListener("change", choose);
  choose();
}

// Where an object was lost first, so that a click shows what went wrong.
function firstFrame(row) {
  const loss = (data.lost || []).find((known) => known[0] === row.video && known[1] === row.method && known[2] === row.object);
  return loss ? loss[3] : 0;
}

function methodChoice(label) {
  const options = METHODS.map((name, number) => element("option", { value: number }, visible(name)));
  const node = element("select", { "aria-label": label }, ...options, element("option", { value: -1 }, "all presets"));
  node.value = METHODS.length ? "0" : "-1";
  return node;
}

function lostTable() {
  const rows = (data.lost || []).map(([video, method, object, first, last, found]) => ({
    video, method, object, first, last, found, search: `${data.videos[video].name} ${METHODS[method]}`.toLocaleLowerCase(),
    opens: Boolean(data.videos[video].part),
  }));
  if (!rows.length) return;
  dataTable(byId("lost-table"), {
    caption: "table of lost objects", rows, sorted: { column: 5, down: true }, counted: "times",
    columns: [
      { title: "Sequence", value: (row) => data.videos[row.video].name, text: videoName },
      { title: "Preset", value: (row) => METHODS[row.method], text: (row) => visible(METHODS[row.method]) },
      { title: "Object", value: (row) => row.object, number: true, low: true },
      { title: "Lost at", value: (row) => row.first, number: true, low: true },
      { title: "Found at", value: (row) => (row.found ? row.last + 1 : null), number: true, low: true, text: (row) => (row.found ? row.last + 1 : "never") },
      { title: "Frames", value: (row) => row.last - row.first + 1, number: true },
    ],
    open: (row) => show(row.video, row.first, row.method),
  });
}

// Differences of every other result to the first one, sequence by sequence.
function differencesTable() {
  const rows = data.pairs.flatMap((pair) => pair.rows.map((row) => ({
    video: row[0], other: pair.other, figures: row.slice(1), search: `${data.videos[row[0]].name} ${METHODS[pair.other]}`.toLocaleLowerCase(),
    opens: Boolean(data.videos[row[0]].part),
  })));
  const change = (at) => ({ value: (row) => row.figures[at], number: true, node: (row) => signed(row.figures[at]) });
  dataTable(byId("differences-table"), {
    caption: "table of differences", rows, sorted: { column: 4, down: true },
    columns: [
      { title: "Sequence", value: (row) => data.videos[row.video].name, text: videoName },
      { title: "Result", value: (row) => METHODS[row.other], text: (row) => visible(METHODS[row.other]) },
      { title: "J first", value: (row) => row.figures[0], text: (row) => fixed(row.figures[0]), number: true },
      { title: "J here", value: (row) => row.figures[1], text: (row) => fixed(row.figures[1]), number: true },
      { title: "|ΔJ|", value: (row) => Math.abs(row.figures[2] ?? 0), text: (row) => fixed(Math.abs(row.figures[2] ?? 0)), number: true, hint: "Size of the change" },
      { title: "ΔJ", ...change(2) }, { title: "ΔF", ...change(5) },
    ],
    open: (row) => {
      player.beside = row.other;
      show(row.video, 0, 0);
    },
  });
}

function signed(value) {
  if (value === null) return "–";
  const text = (value > 0 ? "+" : value < 0 ? "−" : "") + Math.abs(value).toFixed(3);
  return element("span", { class: value > 0 ? "up" : value < 0 ? "down" : null }, text);
}

function timingTable() {
  if (!data.timings || !data.timings.length) return;
  const rows = data.timings.map((row) => ({ row, search: row[0].toLocaleLowerCase(), mark: row[1] === "failed" ? "failed" : null }));
  const stages = data.stages.map((name, at) => ({ title: name, value: (item) => item.row[3 + at], text: (item) => seconds(item.row[3 + at]), number: true }))
    .filter((_, at) => rows.some((item) => item.row[3 + at] > 0));
  const end = 3 + data.stages.length;
  dataTable(byId("timings-table"), {
    caption: "table of timings", rows, counted: "records",
    columns: [
      { title: "Video or parent", value: (item) => item.row[0], text: (item) => visible(item.row[0]) },
      { title: "State", value: (item) => item.row[1] },
      { title: "Attempts", value: (item) => item.row[2], number: true },
      ...stages,
      { title: "Reused", value: (item) => item.row[end] / (item.row[end + 1] || 1), text: (item) => `${item.row[end]} of ${item.row[end + 1]}`, number: true },
    ],
  });
}

// ---------------------------------------------------------------- training

function showTraining() {
  const groups = data.training || [];
  if (!groups.length) return;
  const names = [...new Set(groups.flatMap((group) => group.charts.flatMap((chart) => chart.lines.map((line) => line.preset))))];
  byId("training-charts").replaceChildren(...groups.map((group) => element("div", { class: "charts" }, element("h3", {}, group.stage),
    ...group.charts.map((chart) => {
      const place = element("div", { class: "chart" });
      const lines = chart.lines.map((line) => ({ ...line, colour: methodColour(names.indexOf(line.preset)) }));
      requestAnimationFrame(() => lineChart(place, { title: `${chart.title}, ${group.stage}`, lines, range: chart.share ? [0, 1] : null, log: /loss/.test(chart.title), xTitle: "step" }));
      return element("figure", {}, element("figcaption", {}, chart.title), place);
    }))));
}

// ---------------------------------------------------------------- start

function start() {
  if (byId("player")) {
    startPlayer();
    if (data.pairs) player.beside = data.pairs[0].other;
    const place = new URLSearchParams(location.hash.slice(1));
    const asked = Number(place.get("video") ?? NaN);
    const first = data.worst && data.worst.length ? data.worst[0].video : data.videos.findIndex((video) => video.part);
    if (data.videos[asked]) openVideo(asked, Number(place.get("frame")) || 0);
    else if (first >= 0) openVideo(first, data.worst && data.worst.length ? data.worst[0].frame : 0, 0);
  }
  if (byId("worst-frames")) showWorst();
  if (byId("sequences-table")) objectTable();
  if (byId("lost-table")) lostTable();
  if (byId("timings-table")) timingTable();
  if (byId("differences-table")) differencesTable();
  if (byId("training-charts")) showTraining();
  performance.mark("ready");
  document.documentElement.dataset.ready = "yes";
}

start();
