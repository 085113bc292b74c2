export interface Group {
  readonly label: string;
  readonly bars: readonly {readonly name: string; readonly value: number}[];
}

const WIDTH = 720;
const HEIGHT = 320;
const LEFT = 50;
const BOTTOM = 50;
const TOP = 40;
const colours = ['#8a8f98', '#1f6feb', '#2da44e', '#bf8700', '#cf222e'];

/** Draws a bar chart of shares as SVG text, with one colour per name. */
export function barChart(title: string, groups: readonly Group[]): string {
  const max = Math.max(1, ...groups.flatMap(({bars}) => bars.map(({value}) => value)));
  const height = (value: number): number => (value / max) * (HEIGHT - TOP - BOTTOM);
  const groupWidth = (WIDTH - LEFT - 10) / groups.length;
  const parts: string[] = [];
  for (let share = 0; share <= max; share += 0.2) {
    const y = HEIGHT - BOTTOM - height(share);
    parts.push(
      `<line x1="${LEFT}" x2="${WIDTH - 10}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" stroke="#d0d7de"/>`,
      `<text x="${LEFT - 6}" y="${(y + 4).toFixed(1)}" text-anchor="end">${share.toFixed(1)}</text>`,
    );
  }
  for (const [index, {label, bars}] of groups.entries()) {
    const left = LEFT + index * groupWidth;
    const barWidth = (groupWidth * 0.8) / bars.length;
    for (const [position, {name, value}] of bars.entries()) {
      const x = left + groupWidth * 0.1 + position * barWidth;
      const y = HEIGHT - BOTTOM - height(value);
      parts.push(
        `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${(barWidth * 0.9).toFixed(1)}" height="${height(value).toFixed(1)}" fill="${colours[position % colours.length]}"><title>${name}: ${value.toFixed(2)}</title></rect>`,
      );
    }
    parts.push(
      `<text x="${(left + groupWidth / 2).toFixed(1)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${label}</text>`,
    );
  }
  const names = groups[0]?.bars.map(({name}) => name) ?? [];
  const legend = names.map(
    (name, position) =>
      `<rect x="${LEFT + position * 130}" y="${HEIGHT - 18}" width="10" height="10" fill="${colours[position % colours.length]}"/>` +
      `<text x="${LEFT + position * 130 + 14}" y="${HEIGHT - 9}">${name}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#57606a">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="20" font-size="14" fill="#24292f">${title}</text>`,
    ...parts,
    ...legend,
    '</svg>',
    '',
  ].join('\n');
}
