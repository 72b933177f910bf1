// A table that sorts by its headings, filters by text, and shows long lists in pieces.

const ROWS_AT_ONCE = 100;

// columns: [{title, value(row), text(row)?, node(row)?, number?, low?, hint?}]; `low` marks columns
// where small values come first. open(row): what a click on the first cell does.
function dataTable(container, { caption, columns, rows, sorted, open, controls = [], counted = "rows" }) {
  let order = sorted || { column: 0, down: false };
  let limit = ROWS_AT_ONCE;
  let chosen = () => true;
  const id = container.id + "-filter";
  const search = element("input", { type: "search", id, placeholder: "Filter by name", autocomplete: "off", oninput: again });
  const count = element("span", { class: "count", role: "status" });
  const heads = columns.map((column, index) =>
    element("th", { scope: "col", class: column.number ? "number" : null, title: column.hint },
      element("button", { type: "button", onclick: () => sortBy(index) }, column.title)));
  const body = element("tbody");
  const more = element("button", { type: "button", class: "more", onclick: () => { limit = Infinity; show(); } });
  const table = element("table", {}, element("caption", { class: "hidden" }, caption), element("thead", {}, element("tr", {}, ...heads)), body);
  container.replaceChildren(
    element("div", { class: "tools" }, element("label", { for: id, class: "hidden" }, "Filter " + caption), search, ...controls, count),
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table),
    more);

  function again() {
    limit = ROWS_AT_ONCE;
    show();
  }

  function sortBy(index) {
    const falls = columns[index].number && !columns[index].low;
    order = { column: index, down: order.column === index ? !order.down : falls };
    again();
  }

  function show() {
    const words = search.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const key = columns[order.column].value;
    const found = rows.filter((row) => chosen(row) && words.every((word) => row.search.includes(word)));
    found.sort((a, b) => compare(key(a), key(b), order.down));
    body.replaceChildren(...found.slice(0, limit).map(line));
    heads.forEach((head, index) => {
      if (index === order.column) head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    count.textContent = found.length === rows.length ? `${rows.length} ${counted}` : `${found.length} of ${rows.length} ${counted}`;
    more.hidden = found.length <= limit;
    more.textContent = `Show all ${found.length} ${counted}`;
  }

  function line(row) {
    return element("tr", { class: row.mark }, ...columns.map((column, index) => {
      const inside = column.node ? column.node(row) : (column.text || column.value)(row) ?? "–";
      const content = index === 0 && open && row.opens !== false
        ? element("button", { type: "button", class: "link", onclick: () => open(row) }, inside) : inside;
      return element(index ? "td" : "th", { class: column.number ? "number" : null, scope: index ? null : "row" }, content);
    }));
  }

  show();
  return { choose: (test) => { chosen = test; again(); } };
}

function compare(a, b, down) {
  const emptyA = a === null || a === undefined, emptyB = b === null || b === undefined;
  if (emptyA || emptyB) return emptyA - emptyB; // unknown values come last in both directions
  const result = typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;
  return down ? -result : result;
}

// A figure with a bar behind it, from 0 to 1.
function bar(value) {
  const node = element("span", { class: "bar" }, fixed(value));
  if (value !== null && value !== undefined) node.style.setProperty("--share", Math.max(0, Math.min(1, value)));
  return node;
}
