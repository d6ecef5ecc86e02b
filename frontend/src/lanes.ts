// Messages as arrows between lanes, time running downwards: one picture for each life.
import type { Arrow, Lanes, Page } from "./data";
import { colour, draw, find, seconds } from "./dom";
import type { Moment } from "./moment";

const ROW = 26;
const TOP = 40;
const BEFORE = 5;
const ARROWS_MAX = 24;

export function wireLanes(page: Page, moment: Moment): () => void {
  const pictures: [HTMLElement | null, Lanes | null][] = [
    [find("#doomed-lanes"), page.doomed_lanes],
    [find("#survivor-lanes"), page.survivor_lanes],
  ];
  const redraw = () => {
    for (const [box, lanes] of pictures) if (box && lanes) picture(box, lanes, moment.point ?? page.common ?? 0, moment.point !== null);
  };
  moment.listen(redraw);
  addEventListener("resize", redraw);
  addEventListener("beforeprint", redraw);
  redraw();
  return redraw;
}

/** Some arrows before the point, and those from there on. */
function around(lanes: Lanes, point: number, chosen: boolean): Arrow[] {
  let first = lanes.arrows.findIndex((arrow) => arrow.point >= point);
  if (first < 0) first = lanes.arrows.length;
  const begin = Math.max(0, first - BEFORE);
  const from = Math.min(point, lanes.arrows[begin]?.point ?? point);
  const flying = lanes.arrows.slice(0, begin).filter((arrow) => arrow.gone === null || arrow.gone > from);
  return [...flying.slice(-BEFORE), ...lanes.arrows.slice(begin, begin + (chosen ? BEFORE * 2 + 2 : ARROWS_MAX))];
}

function picture(box: HTMLElement, lanes: Lanes, point: number, chosen: boolean): void {
  const arrows = around(lanes, point, chosen);
  const used = [...new Set(arrows.flatMap((arrow) => [arrow.sender, arrow.receiver]))].sort((one, other) => one - other);
  const times = [...new Set(arrows.flatMap((arrow) => (arrow.landed === null ? [arrow.sent] : [arrow.sent, arrow.landed])))].sort((one, other) => one - other);
  const width = Math.max(280, box.clientWidth || 480);
  const gutter = 66;
  const edge = Math.min(46, (width - gutter) / used.length / 3);
  const step = used.length > 1 ? (width - gutter - 2 * edge) / (used.length - 1) : 0;
  const height = TOP + times.length * ROW + 24;
  const x = (lane: number) => (used.length > 1 ? gutter + edge + used.indexOf(lane) * step : (gutter + width) / 2);
  const y = (time: number) => TOP + times.indexOf(time) * ROW + 10;
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${arrows.length} messages; the table has them as text` });
  for (const lane of used) {
    const words = cut(lanes.names[lane], Math.floor(Math.min(step || width, (width - gutter) / used.length) / 7.2));
    svg.append(
      draw("text", { x: x(lane), y: 16, "text-anchor": "middle", class: "lane-name" }, words),
      draw("line", { x1: x(lane), x2: x(lane), y1: 26, y2: height - 6, class: "lane" }),
    );
  }
  times.forEach((time) => svg.append(draw("text", { x: 0, y: y(time) + 4, class: "lane-time" }, seconds(time, 5))));
  for (const arrow of arrows) svg.append(line(arrow, x, y, height));
  box.replaceChildren(svg);
}

function line(arrow: Arrow, x: (lane: number) => number, y: (time: number) => number, height: number): SVGElement {
  const group = draw("g", { class: arrow.differs ? "arrow differs" : "arrow" });
  const [x1, y1, x2] = [x(arrow.sender), y(arrow.sent), x(arrow.receiver)];
  const y2 = arrow.landed === null ? Math.min(height - 12, y1 + ROW * 1.5) : y(arrow.landed);
  const stop = arrow.landed === null ? 0.6 : 1;
  const [ex, ey] = [x1 + (x2 - x1) * stop, y1 + (y2 - y1) * stop];
  const angle = Math.atan2(ey - y1, ex - x1);
  const head = (turn: number) => `${ex - 9 * Math.cos(angle + turn)},${ey - 9 * Math.sin(angle + turn)}`;
  const stroke = colour(arrow.differs ? "differs" : "quiet");
  const path = draw("line", { x1, y1, x2: ex, y2: ey, stroke, "stroke-width": arrow.differs ? 2.5 : 1.5 });
  if (arrow.landed === null) path.setAttribute("stroke-dasharray", "4 4");
  group.append(path);
  if (arrow.landed !== null) group.append(draw("polygon", { points: `${ex},${ey} ${head(0.4)} ${head(-0.4)}`, fill: stroke }));
  const text = arrow.text.replace(/^message (\d+) \[(.*)\]$/, "$1: $2");
  const room = Math.floor(Math.abs(x2 - x1) / 6.4);
  const [mx, my] = [x1 + (ex - x1) * 0.5, y1 + (ey - y1) * 0.5 - 5];
  group.append(draw("text", { x: mx, y: my, "text-anchor": "middle", class: "arrow-text" }, cut(text, Math.max(8, room))));
  group.append(draw("title", {}, arrow.landed === null ? `${text}, still under way at the end` : text));
  return group;
}

function cut(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, Math.max(1, room - 1))}…`;
}
