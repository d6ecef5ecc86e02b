// The part of the page's data that the script needs; the same names as in faces/page/data.py.

export interface Curve {
  point: number[];
  time: number[];
  q: number[];
  low: number[];
  high: number[];
  line: number[];
  futures: number[];
  label: number[];
  where: number[];
  texts: string[];
  last: number;
  confidence: number;
}

export interface Mark {
  kind: "turning" | "late" | "out";
  point: number;
  time: number;
  sign: string;
  text: string;
}

export interface Arrow {
  sender: number;
  receiver: number;
  text: string;
  sent: number;
  landed: number | null;
  point: number;
  gone: number | null;
  differs: boolean;
}

export interface Lanes {
  names: string[];
  arrows: Arrow[];
}

export interface States {
  point: number[];
  kinds: string[];
  texts: string[];
  rows: number[][][];
  watch: string[];
  values: number[][];
}

export interface Page {
  curve: Curve | null;
  marks: Mark[];
  common: number | null;
  doomed_lanes: Lanes | null;
  survivor_lanes: Lanes | null;
  states: States | null;
}

export function readPage(): Page {
  return JSON.parse(document.getElementById("page-data")!.textContent!) as Page;
}
