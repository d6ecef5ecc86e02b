// The curve: interval band, line, marks; hover, click, zoom, pan, keyboard.
import uPlot from "uplot";
import type { Curve, Mark, Page } from "./data";
import { all, colour, find, grouped, indexAt, nearest, percent, seconds } from "./dom";
import type { Moment } from "./moment";

const HEIGHT = 300;
const HEIGHT_NARROW = 240;

export class Chart {
  private plot!: uPlot;
  private byTime = false;
  private x: number[];
  private index = 0;
  private readonly readout = find("#readout")!;

  constructor(private readonly box: HTMLElement, private curve: Curve, private marks: Mark[], private readonly moment: Moment) {
    this.x = curve.point;
    this.build();
    this.wire();
    new ResizeObserver(() => this.resize()).observe(box);
    moment.listen((point) => {
      if (point !== null) this.index = nearest(this.curve.point, point);
      this.describe(this.index);
      this.plot.redraw(false);
    });
    this.describe(this.largest());
  }

  /** Where the largest rise is: the first thing that is told. */
  private largest(): number {
    const turning = this.marks.filter((mark) => mark.kind === "turning");
    if (!turning.length) return 0;
    const rise = (mark: Mark) => {
      const at = nearest(this.curve.point, mark.point);
      return Math.abs((this.curve.q[at + 1] ?? this.curve.q[at]) - this.curve.q[at]);
    };
    const best = turning.reduce((one, other) => (rise(other) > rise(one) ? other : one));
    this.index = nearest(this.curve.point, best.point);
    return this.index;
  }

  private size(): { width: number; height: number } {
    const width = Math.max(260, this.box.clientWidth);
    return { width, height: width < 560 ? HEIGHT_NARROW : HEIGHT };
  }

  private resize(): void {
    const size = this.size();
    if (size.width !== this.plot.width || size.height !== this.plot.height) this.plot.setSize(size);
  }

  private build(): void {
    const grid = { stroke: () => colour("grid"), width: 1 };
    const font = "12px system-ui, sans-serif";
    const axis = { stroke: () => colour("quiet"), grid, ticks: grid, font };
    const label = (value: number) => (this.byTime ? seconds(value) : grouped(value));
    this.plot = new uPlot(
      {
        ...this.size(),
        legend: { show: false },
        scales: { x: { time: false, range: (_, low, high) => (low === high ? [low - 1, high + 1] : [low, high]) }, y: { range: [0, 1.06] } },
        cursor: { drag: { x: true, y: false, dist: 6 }, y: false, points: { show: false } },
        axes: [
          { ...axis, values: (_, ticks) => ticks.map((tick) => (!this.byTime && tick % 1 ? "" : label(tick))), space: 70, size: 34 },
          { ...axis, values: (_, ticks) => ticks.map((tick) => (tick > 1 ? "" : `${Math.round(tick * 100)} %`)), splits: () => [0, 0.25, 0.5, 0.75, 1], size: 52 },
        ],
        series: [
          {},
          { stroke: "transparent", points: { show: false } },
          { stroke: "transparent", points: { show: false } },
          { stroke: () => colour("curve"), width: 2.5, points: { show: this.x.length <= 60, size: 5, fill: () => colour("curve") } },
        ],
        bands: [{ series: [2, 1], fill: () => colour("band") }],
        hooks: {
          drawClear: [(plot) => this.shade(plot)],
          draw: [(plot) => this.sign(plot)],
          setCursor: [(plot) => plot.cursor.idx != null && this.describe(plot.cursor.idx, false)],
        },
      },
      this.columns(),
      this.box,
    );
    this.plot.root.setAttribute("aria-hidden", "true");
  }

  private columns(): uPlot.AlignedData {
    return [this.x, this.curve.low, this.curve.high, this.curve.line];
  }

  private at(point: number): number {
    if (!this.byTime) return point;
    return this.curve.time[nearest(this.curve.point, point)];
  }

  /** What is too late lies on darker ground. */
  private shade(plot: uPlot): void {
    const late = this.marks.find((mark) => mark.kind === "late");
    if (!late) return;
    const { ctx, bbox } = plot;
    const left = Math.max(bbox.left, plot.valToPos(this.at(late.point), "x", true));
    if (left >= bbox.left + bbox.width) return;
    ctx.save();
    ctx.fillStyle = colour("late-ground");
    ctx.fillRect(left, bbox.top, bbox.left + bbox.width - left, bbox.height);
    ctx.restore();
  }

  /** Signs of what is marked, and the moment that was chosen. */
  private sign(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio || 1;
    const right = bbox.left + bbox.width;
    ctx.save();
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    let taken: number[] = [];
    const rule = (point: number, stroke: string, dash: number[], wide: number) => {
      const left = plot.valToPos(this.at(point), "x", true);
      if (left < bbox.left - 1 || left > right + 1) return null;
      ctx.strokeStyle = stroke;
      ctx.lineWidth = wide * ratio;
      ctx.setLineDash(dash.map((part) => part * ratio));
      ctx.beginPath();
      ctx.moveTo(left, bbox.top);
      ctx.lineTo(left, bbox.top + bbox.height);
      ctx.stroke();
      return left;
    };
    for (const mark of this.marks) {
      const stroke = colour(mark.kind === "turning" ? "turning" : mark.kind === "late" ? "bad" : "good");
      const left = rule(mark.point, stroke, mark.kind === "turning" ? [] : [5, 4], 1.5);
      if (left === null) continue;
      const row = taken.filter((other) => Math.abs(other - left) < 18 * ratio).length;
      taken = [...taken, left];
      const x = Math.min(right - 10 * ratio, Math.max(bbox.left + 10 * ratio, left));
      const y = bbox.top + (12 + row * 20) * ratio;
      ctx.fillStyle = colour("ground");
      ctx.beginPath();
      ctx.arc(x, y, 9.5 * ratio, 0, 7);
      ctx.fill();
      ctx.fillStyle = stroke;
      ctx.font = `bold ${17 * ratio}px system-ui, sans-serif`;
      ctx.fillText(mark.sign, x, y + ratio);
    }
    if (this.moment.point !== null) rule(this.moment.point, colour("text"), [], 2);
    ctx.restore();
  }

  /** The point at an index, in words; spoken where the reader moves by keyboard. */
  private describe(index: number, keep = true): void {
    const { curve } = this;
    if (keep) this.index = index;
    const exact = curve.futures[index] === 0 && curve.low[index] === curve.high[index];
    const around = exact ? "exact" : `${percent(curve.low[index])} to ${percent(curve.high[index])}, ${grouped(curve.futures[index])} futures`;
    const time = curve.time.length ? ` at ${seconds(curve.time[index])}` : "";
    const where = curve.texts[curve.where[index]];
    const text = `Point ${grouped(curve.point[index])}${time}: ${percent(curve.q[index])} (${around}). ${curve.texts[curve.label[index]]}${where ? `, ${where}` : ""}`;
    this.readout.textContent = text;
    this.box.setAttribute("aria-valuenow", String(curve.point[index]));
    this.box.setAttribute("aria-valuetext", text);
  }

  private show(index: number): void {
    this.index = Math.max(0, Math.min(this.x.length - 1, index));
    const [low, high] = [this.plot.scales.x.min!, this.plot.scales.x.max!];
    const x = this.x[this.index];
    if (x < low || x > high) this.scale(x - (high - low) / 2, x + (high - low) / 2);
    this.plot.setCursor({ left: this.plot.valToPos(x, "x"), top: 0 }, false);
    this.describe(this.index);
  }

  private scale(low: number, high: number): void {
    const first = this.x[0];
    const last = this.x[this.x.length - 1];
    const wide = Math.min(high - low, last - first);
    const min = Math.min(Math.max(low, first), last - wide);
    this.plot.setScale("x", { min, max: min + wide });
  }

  zoom(factor: number, middle?: number): void {
    const [low, high] = [this.plot.scales.x.min!, this.plot.scales.x.max!];
    const centre = middle ?? this.x[this.index];
    const around = Math.min(Math.max(centre, low), high);
    this.scale(around - (around - low) * factor, around + (high - around) * factor);
  }

  pan(share: number): void {
    const [low, high] = [this.plot.scales.x.min!, this.plot.scales.x.max!];
    this.scale(low + (high - low) * share, high + (high - low) * share);
  }

  reset(): void {
    this.scale(this.x[0], this.x[this.x.length - 1]);
  }

  switchTo(byTime: boolean): void {
    this.byTime = byTime;
    this.x = byTime ? this.curve.time : this.curve.point;
    this.plot.setData(this.columns(), true);
    this.reset();
  }

  /** Another curve of the same run, of which more is known by now; what is looked at stays. */
  update(curve: Curve, marks: Mark[]): void {
    const { min, max } = this.plot.scales.x;
    const whole = min === this.x[0] && max === this.x[this.x.length - 1];
    const point = this.curve.point[this.index];
    this.curve = curve;
    this.marks = marks;
    this.x = this.byTime ? curve.time : curve.point;
    this.plot.setData(this.columns(), whole);
    if (!whole) this.plot.redraw(true, true);
    this.describe(nearest(curve.point, point));
  }

  redraw(): void {
    this.plot.redraw(true, true);
  }

  private wire(): void {
    const over = this.plot.over;
    over.addEventListener("click", () => {
      const index = this.plot.cursor.idx;
      if (index != null) this.moment.choose(this.curve.point[index]);
    });
    over.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.shiftKey && document.activeElement !== this.box) return;
        event.preventDefault();
        if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.pan(Math.sign(event.deltaX) * 0.1);
        else this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.plot.posToVal(event.offsetX, "x"));
      },
      { passive: false },
    );
    over.addEventListener("mousedown", (event) => event.shiftKey && this.grab(event), true);
    this.box.addEventListener("keydown", (event) => this.press(event));
    for (const button of all<HTMLButtonElement>("[data-zoom]")) {
      button.addEventListener("click", () => {
        const what = button.dataset.zoom;
        if (what === "in") this.zoom(0.5);
        else if (what === "out") this.zoom(2);
        else if (what === "left") this.pan(-0.25);
        else if (what === "right") this.pan(0.25);
        else this.reset();
      });
    }
    for (const radio of all<HTMLInputElement>("input[name=axis]")) radio.addEventListener("change", () => radio.checked && this.switchTo(radio.value === "time"));
  }

  /** Drag with shift held: pan. */
  private grab(event: MouseEvent): void {
    event.stopPropagation();
    event.preventDefault();
    let before = event.clientX;
    const move = (moved: MouseEvent) => {
      this.pan((before - moved.clientX) / this.plot.over.clientWidth);
      before = moved.clientX;
    };
    const end = () => {
      removeEventListener("mousemove", move);
      removeEventListener("mouseup", end);
    };
    addEventListener("mousemove", move);
    addEventListener("mouseup", end);
  }

  private press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 10 : 1;
    const steps: Record<string, () => void> = {
      ArrowLeft: () => this.show(this.index - step),
      ArrowRight: () => this.show(this.index + step),
      Home: () => this.show(0),
      End: () => this.show(this.x.length - 1),
      PageUp: () => this.show(this.toMark(-1)),
      PageDown: () => this.show(this.toMark(1)),
      Enter: () => this.moment.choose(this.curve.point[this.index]),
      " ": () => this.moment.choose(this.curve.point[this.index]),
      Escape: () => this.moment.choose(null),
      "+": () => this.zoom(0.5),
      "=": () => this.zoom(0.5),
      "-": () => this.zoom(2),
      "0": () => this.reset(),
    };
    const act = steps[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  private toMark(way: number): number {
    const places = this.marks.map((mark) => nearest(this.curve.point, mark.point)).sort((one, other) => one - other);
    const found = way > 0 ? places.find((place) => place > this.index) : places.reverse().find((place) => place < this.index);
    return found ?? (way > 0 ? this.x.length - 1 : 0);
  }
}

export function pointBefore(page: Page, point: number): number {
  return page.curve ? page.curve.point[indexAt(page.curve.point, point)] : point;
}
