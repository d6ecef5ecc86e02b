// The state at one point of the failing run, stepped through forward and back.
import type { Page, States } from "./data";
import { find, grouped, make, indexAt } from "./dom";
import type { Moment } from "./moment";

export function wireState(page: Page, moment: Moment): void {
  const { states } = page;
  const box = find("#state-rows");
  if (!states || !box) return;
  const slider = find<HTMLInputElement>("#state-slider")!;
  let at = indexAt(states.point, page.common ?? states.point[states.point.length - 1]);
  slider.max = String(states.point.length - 1);
  const show = (index: number) => {
    const before = at;
    at = Math.max(0, Math.min(states.point.length - 1, index));
    slider.value = String(at);
    slider.setAttribute("aria-valuetext", `point ${grouped(states.point[at])}`);
    find("#state-point")!.textContent = `Point ${grouped(states.point[at])} of ${grouped(states.point[states.point.length - 1])}`;
    box.replaceChildren(...rows(states, at, before === at ? Math.max(0, at - 1) : before));
  };
  slider.addEventListener("input", () => show(Number(slider.value)));
  find("#state-back")!.addEventListener("click", () => show(at - 1));
  find("#state-on")!.addEventListener("click", () => show(at + 1));
  moment.listen((point) => point !== null && show(indexAt(states.point, point)));
  show(at);
}

function rows(states: States, at: number, before: number): HTMLElement[] {
  const found: HTMLElement[] = [];
  if (states.watch.length) {
    const list = make("ul");
    states.watch.forEach((expression, number) => {
      const item = make("li", "", states.values[at][number] === states.values[before][number] ? "" : "new");
      item.append(make("code", expression), " = ", make("code", states.texts[states.values[at][number]]));
      list.append(item);
    });
    found.push(part("watched", list));
  }
  states.kinds.forEach((kind, number) => {
    const known = new Set(states.rows[before][number]);
    const list = make("ul");
    for (const row of states.rows[at][number]) list.append(make("li", states.texts[row], known.has(row) ? "" : "new"));
    found.push(part(kind, states.rows[at][number].length ? list : make("p", "none", "quiet")));
  });
  return found;
}

function part(title: string, content: HTMLElement): HTMLElement {
  const box = make("div", "", "state-part");
  box.append(make("h3", title), content);
  return box;
}
