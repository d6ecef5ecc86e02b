// The moment that everything below the curve is filtered to: one number, and who wants to know of it.

export type Listener = (point: number | null) => void;

export class Moment {
  private listeners: Listener[] = [];
  point: number | null = null;

  listen(listener: Listener): void {
    this.listeners.push(listener);
  }

  choose(point: number | null): void {
    this.point = point;
    for (const listener of this.listeners) listener(point);
  }
}
