// The local page comes to life: all but what changes while one looks works without this.
import "uplot/dist/uPlot.min.css";
import "./page.css";
import "./ui.css";
import { Chart } from "./chart";
import type { Curve, Mark } from "./data";
import { find, grouped } from "./dom";
import { Moment } from "./moment";
import { wireTheme } from "./theme";

interface News {
  job: number;
  state: "running" | "done" | "failed" | "stopped";
  done?: number;
  total?: number;
  rate?: number;
  note?: string;
  curve?: Curve;
  marks?: Mark[];
}

let chart: Chart | null = null;

function showCurve(curve: Curve, marks: Mark[]): void {
  const box = find("#chart");
  if (!box) return;
  find("#curve")!.hidden = false;
  box.setAttribute("aria-valuemax", String(curve.last));
  if (chart) chart.update(curve, marks);
  else chart = new Chart(box, curve, marks, new Moment());
}

function show(news: News): boolean {
  const card = find(`[data-job="${news.job}"]`);
  // What is new or has ended looks different altogether: the server says how.
  if (!card || news.state !== "running") return !card && news.state !== "running";
  const bar = find<HTMLProgressElement>("progress", card)!;
  const words = [news.note ?? ""];
  if (news.total) {
    bar.value = (news.done ?? 0) / news.total;
    words.push(`${grouped(news.done ?? 0)} of ${grouped(news.total)} futures`);
    if (news.rate) words.push(`${grouped(Math.round(news.rate))} a second`);
  }
  find(".job-text", card)!.textContent = words.filter(Boolean).join(" · ");
  if (news.curve && news.marks) showCurve(news.curve, news.marks);
  return true;
}

document.documentElement.classList.add("live");
wireTheme(() => chart?.redraw());
const known = find("#curve-data");
if (known) {
  const { curve, marks } = JSON.parse(known.textContent!) as { curve: Curve; marks: Mark[] };
  showCurve(curve, marks);
}
const feed = document.body.dataset.events;
if (feed) {
  const source = new EventSource(feed);
  source.onmessage = (event) => {
    if (show(JSON.parse(event.data) as News)) return;
    source.close();
    location.reload();
  };
}
// On a narrow screen the tree is wider than its box: begin where the chosen life does.
const tree = find(".tree");
const chosen = find<SVGElement>(".life-line.chosen .run");
if (tree && chosen) tree.scrollLeft = chosen.getBoundingClientRect().left - tree.getBoundingClientRect().left - 40;
