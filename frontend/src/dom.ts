// Small helpers. Text only ever enters the page as text, never as markup.

export function find<T extends Element = HTMLElement>(selector: string, within: ParentNode = document): T | null {
  return within.querySelector<T>(selector);
}

export function all<T extends Element = HTMLElement>(selector: string, within: ParentNode = document): T[] {
  return [...within.querySelectorAll<T>(selector)];
}

export function make<K extends keyof HTMLElementTagNameMap>(tag: K, text = "", kind = ""): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  if (kind) element.className = kind;
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function draw<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Record<string, string | number>, text = ""): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text) element.textContent = text;
  return element;
}

export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export function grouped(number: number): string {
  return number.toLocaleString("en-GB");
}

/** A share as people read it; never 0 % or 100 % for what is only near it. */
export function percent(share: number): string {
  if (share <= 0) return "0\u00a0%";
  if (share >= 1) return "100\u00a0%";
  const hundredths = share * 100;
  if (hundredths < 0.01) return "<\u00a00.01\u00a0%";
  if (hundredths > 99.95) return ">\u00a099.9\u00a0%";
  return `${hundredths >= 9.95 && hundredths <= 99 ? hundredths.toFixed(0) : hundredths >= 1 ? hundredths.toFixed(1) : hundredths.toPrecision(2)}\u00a0%`;
}

export function seconds(time: number, digits = 3): string {
  const size = Math.abs(time);
  if (size === 0) return "0 s";
  if (size < 1e-3) return `${(time * 1e6).toFixed(0)} µs`;
  return size < 1 ? `${(time * 1e3).toFixed(2)} ms` : `${time.toFixed(size < 100 ? digits : 1)} s`;
}

/** Index of the last value that is at most `wanted`; 0 where none is. Values rise. */
export function indexAt(values: number[], wanted: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (values[middle] <= wanted) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Index of the value nearest to `wanted`. Values rise. */
export function nearest(values: number[], wanted: number): number {
  const index = indexAt(values, wanted);
  const next = Math.min(index + 1, values.length - 1);
  return Math.abs(values[next] - wanted) < Math.abs(values[index] - wanted) ? next : index;
}
