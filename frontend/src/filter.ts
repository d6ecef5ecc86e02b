// What stands below the curve, filtered to the chosen moment; and the bar that says which one it is.
import type { Page } from "./data";
import { all, find, grouped, indexAt, nearest, percent } from "./dom";
import type { Moment } from "./moment";

const ROWS_AROUND = 6;

export function wireFilter(page: Page, moment: Moment): void {
  const bar = find("#moment")!;
  moment.listen((point) => {
    bar.hidden = point === null;
    find("#moment-text")!.textContent = point === null ? "" : describe(page, point);
    document.body.classList.toggle("filtered", point !== null);
    filterChoices(point);
    filterRows(point);
    filterLines(point);
  });
  find("#moment-clear")!.addEventListener("click", () => moment.choose(null));
  find("#moment-back")!.addEventListener("click", () => step(page, moment, -1));
  find("#moment-on")!.addEventListener("click", () => step(page, moment, 1));
  for (const button of all<HTMLButtonElement>("[data-go]")) button.addEventListener("click", () => moment.choose(Number(button.dataset.go)));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && moment.point !== null) moment.choose(null);
  });
}

/** To the next point that anything is known of. */
function step(page: Page, moment: Moment, way: number): void {
  if (moment.point === null) return;
  const points = page.states?.point ?? page.curve?.point ?? [];
  const at = nearest(points, moment.point);
  const next = points[Math.max(0, Math.min(points.length - 1, points[at] !== moment.point && (points[at] - moment.point) * way > 0 ? at : at + way))];
  if (next !== undefined) moment.choose(next);
}

function describe(page: Page, point: number): string {
  const { curve } = page;
  if (!curve) return `point ${grouped(point)}`;
  const at = indexAt(curve.point, point);
  const exact = curve.point[at] === point ? `, ${curve.texts[curve.label[at]]}` : "";
  return `point ${grouped(point)}${exact} · failure probability ${percent(curve.q[at])}`;
}

/** The choice at the moment, or those next to it on both sides. */
function filterChoices(point: number | null): void {
  const choices = all("#choices [data-point]");
  const points = choices.map((choice) => Number(choice.dataset.point));
  const wanted = new Set<number>();
  if (point !== null) {
    if (points.includes(point)) wanted.add(point);
    else {
      const before = points.filter((one) => one < point);
      const after = points.filter((one) => one > point);
      if (before.length) wanted.add(Math.max(...before));
      if (after.length) wanted.add(Math.min(...after));
    }
  }
  choices.forEach((choice, at) => (choice.hidden = point !== null && !wanted.has(points[at])));
  tell("#choices-hidden", choices.filter((choice) => choice.hidden).length, "choice");
}

/** Some rows around the moment. */
function filterRows(point: number | null): void {
  const rows = all("#lives tbody tr");
  const points = rows.map((row) => Number(row.dataset.point));
  let at = -1;
  if (point !== null) {
    points.forEach((one, index) => {
      if (one <= point && (at < 0 || one >= points[at])) at = index;
    });
    at = Math.max(0, at);
  }
  rows.forEach((row, index) => {
    row.hidden = point !== null && (Math.abs(index - at) > ROWS_AROUND || point < points[0]);
    row.classList.toggle("asked", point !== null);
    row.classList.toggle("now", index === at);
    if (index === at) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  });
  tell("#lives-hidden", rows.filter((row) => row.hidden).length, "row");
  const note = find("#lives-hidden");
  if (note && point !== null && point < points[0]) note.textContent = `At point ${grouped(point)} both runs are the same; the two lives begin further on.`;
}

/** The lines that tell from the last turning point before the moment on. */
function filterLines(point: number | null): void {
  const parts = all("#lines [data-point]");
  const before = parts.filter((part) => point !== null && Number(part.dataset.point) <= point);
  const wanted = before.length ? before[before.length - 1] : parts[0];
  for (const part of parts) part.hidden = point !== null && part !== wanted;
  tell("#lines-hidden", parts.filter((part) => part.hidden).length, "turning point");
}

function tell(selector: string, hidden: number, what: string): void {
  const note = find(selector);
  if (!note) return;
  note.hidden = hidden === 0;
  note.textContent = hidden ? `${grouped(hidden)} other ${what}${hidden > 1 ? "s" : ""} hidden by the chosen moment.` : "";
}
