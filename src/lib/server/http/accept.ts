/**
 * Returns true if an `Accept` header prefers HTML to JSON (RFC 9110, 12.5.1), as browsers do. A client that
 * takes either alike does not, nor does one without such a header.
 */
export function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const ranges = accept.split(',', MAX_RANGES).map(parseRange);
  return weightOf('text', 'html', ranges) > weightOf('application', 'json', ranges);
}

/** No client needs more. */
const MAX_RANGES = 100;

interface MediaRange {
  readonly type: string;
  readonly weight: number;
}

function parseRange(text: string): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((each) => each.startsWith('q='))?.slice(2);
  return {
    type,
    weight:
      weight === undefined ? 1 : /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight) : 0,
  };
}

/** Returns the weight of the most specific range that includes a type; 0 if none does. */
function weightOf(type: string, subtype: string, ranges: readonly MediaRange[]): number {
  for (const name of [`${type}/${subtype}`, `${type}/*`, '*/*']) {
    const found = ranges.filter((range) => range.type === name);
    if (found.length > 0) return Math.max(...found.map(({weight}) => weight));
  }
  return 0;
}
