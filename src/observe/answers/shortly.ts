/** A time span for people, in its two largest units: `850ms`, `42s`, `3m 05s`, `2h 10m`, `3d 4h`. */
export function shortly(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  const seconds = Math.round(ms / 1_000);
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor((seconds % 86_400) / 3_600), Math.floor((seconds % 3_600) / 60)];
  if (days > 0) return join(`${days}d`, hours, 'h');
  if (hours > 0) return join(`${hours}h`, minutes, 'm');
  return minutes > 0 ? join(`${minutes}m`, seconds % 60, 's') : `${seconds}s`;
}

function join(large: string, small: number, unit: string): string {
  return small === 0 ? large : `${large} ${String(small).padStart(unit === 'h' ? 1 : 2, '0')}${unit}`;
}
