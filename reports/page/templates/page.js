"use strict";
// Adds sorting, tooltips and copying to a page that is complete without them.

// Sortable tables after the W3C's pattern: a button in each heading, aria-sort on the sorted one.
for (const table of document.querySelectorAll("table.results")) {
  const headings = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  const body = table.tBodies[0];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    const arrow = document.createElement("span");
    arrow.setAttribute("aria-hidden", "true");
    arrow.textContent = "↕";
    button.append("\u00a0", arrow);
    heading.append(button);
    button.addEventListener("click", () => {
      const order = heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
      for (const other of headings) {
        other.removeAttribute("aria-sort");
        other.querySelector("button span").textContent = "↕";
      }
      heading.setAttribute("aria-sort", order);
      arrow.textContent = order === "ascending" ? "↑" : "↓";
      const sign = order === "ascending" ? 1 : -1;
      const rows = [...body.rows];
      rows.sort((a, b) => compare(a.cells[column], b.cells[column], sign));
      body.append(...rows);
    });
  });
}

// Numbers by value, words by alphabet; what is missing comes last in either order.
function compare(a, b, sign) {
  if (!("sort" in a.dataset)) return sign * a.textContent.localeCompare(b.textContent, "en");
  const [x, y] = [a.dataset.sort, b.dataset.sort];
  if (x === "" || y === "") return (x === "") - (y === "");
  return sign * (Number(x) - Number(y) || 0);
}

// Tooltips: a mark of a figure shows its words while it is pointed at or has the focus. Each figure
// is one stop of the Tab key; arrows move inside it.
const tip = document.createElement("div");
tip.className = "tip";
tip.setAttribute("role", "tooltip");
tip.hidden = true;
document.body.append(tip);

function show(mark) {
  tip.textContent = mark.getAttribute("aria-label");
  tip.hidden = false;
  const at = mark.getBoundingClientRect();
  const left = Math.min(at.right + 8, document.documentElement.clientWidth - tip.offsetWidth - 4);
  tip.style.left = `${Math.max(4, left) + scrollX}px`;
  tip.style.top = `${at.top + scrollY - tip.offsetHeight - 6}px`;
}
function hide() { tip.hidden = true; }

for (const svg of document.querySelectorAll("figure svg")) {
  const marks = [...svg.querySelectorAll(".mark")];
  marks.forEach((mark, i) => {
    mark.querySelector("title").remove();
    mark.setAttribute("tabindex", i === 0 ? "0" : "-1");
    mark.addEventListener("pointerenter", () => show(mark));
    mark.addEventListener("pointerleave", hide);
    mark.addEventListener("focus", () => show(mark));
    mark.addEventListener("blur", hide);
    mark.addEventListener("keydown", (event) => {
      if (event.key === "Escape") hide();
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = marks[(i + step + marks.length) % marks.length];
      mark.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    });
  });
}

// A button that copies each text block.
for (const block of document.querySelectorAll("pre[data-format]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = `Copy ${block.dataset.format}`;
  button.setAttribute("aria-label", `Copy ${block.getAttribute("aria-label")}`);
  button.addEventListener("click", async () => {
    button.textContent = (await copy(block)) ? "Copied" : "Not copied: select the text";
    setTimeout(() => { button.textContent = `Copy ${block.dataset.format}`; }, 2000);
  });
  block.before(button);
}
async function copy(block) {
  try {
    await navigator.clipboard.writeText(block.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(block);
    return document.execCommand("copy");
  }
}

// Paper cannot be unfolded.
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details:not([open])")) {
    folded.open = true;
    folded.dataset.unfolded = "";
  }
});
addEventListener("afterprint", () => {
  for (const unfolded of document.querySelectorAll("details[data-unfolded]")) {
    unfolded.open = false;
    delete unfolded.dataset.unfolded;
  }
});
