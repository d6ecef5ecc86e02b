// The page comes to life: all of it can be read without this.
import "uplot/dist/uPlot.min.css";
import "./page.css";
import { Chart } from "./chart";
import { readPage } from "./data";
import { all, find } from "./dom";
import { wireFilter } from "./filter";
import { wireLanes } from "./lanes";
import { Moment } from "./moment";
import { wireState } from "./state";
import { wireTheme } from "./theme";

const page = readPage();
const moment = new Moment();
document.documentElement.classList.add("live");
const box = find("#chart");
const chart = box && page.curve ? new Chart(box, page.curve, page.marks, moment) : null;
wireFilter(page, moment);
wireState(page, moment);
const redrawLanes = wireLanes(page, moment);
wireTheme(() => {
  chart?.redraw();
  redrawLanes();
});
for (const button of all<HTMLButtonElement>("[data-copy]")) {
  button.addEventListener("click", async () => {
    const text = find(`#${button.dataset.copy}`)?.textContent ?? "";
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "copied";
    } catch {
      getSelection()?.selectAllChildren(find(`#${button.dataset.copy}`)!);
      button.textContent = "selected: press Ctrl+C";
    }
    setTimeout(() => (button.textContent = "copy"), 2500);
  });
}
// Of a long traceback the end tells most.
for (const printed of all(".printed")) if (printed.textContent!.includes("Traceback (most recent call last)")) printed.scrollTop = printed.scrollHeight;
const asked = /^#point-(\d+)$/.exec(location.hash);
if (asked) moment.choose(Number(asked[1]));
