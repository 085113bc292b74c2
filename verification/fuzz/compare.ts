import type {WireAnswer} from './answers.js';
import type {Conversation} from './conversation.js';
import {counterOf} from './modes.js';

/** Headers that may differ: the time, and what a server says of how long it keeps a connection. */
const variable = new Set(['date']);

/** An answer without what two servers on databases of their own cannot share: where exactly a range begins. */
export function essence({status, headers, body}: WireAnswer): string {
  // Headers that are too large are noticed packet by packet, and may be malformed as well.
  if (status === 431) return malformed;
  const range = rangeOf(body);
  const lines = Array.from(headers)
    .filter(([name]) => !variable.has(name) && name !== 'content-length')
    .map(([name, value]) => `${name}: ${value}`)
    .sort();
  const what =
    range === undefined
      ? status === 200
        ? ''
        : body
      : range.start < 0
        ? 'nothing'
        : `${range.end - range.start + 1} of ${counterOf(range.start)?.mode}`;
  if (what.includes('not a well-formed HTTP request')) return malformed;
  return [status, ...lines, what].join('\n');
}

const malformed = 'malformed, and the connection ends';

/** The range of an answer of `/getid`; `undefined` for any other. */
export function rangeOf(body: string): {start: number; end: number} | undefined {
  const [, end, start] = /^\{"endIndex": (-?\d+), "startIndex": (-?\d+)\}$/.exec(body) ?? [];
  return start === undefined ? undefined : {start: Number(start), end: Number(end)};
}

/**
 * Whether two servers took the same bytes for the same requests.
 *
 * A connection that a server ends over something malformed may take answers with it that were on their way, so
 * where it ended only what both have said is compared.
 *
 * @returns what they disagree on; `undefined` for nothing
 */
export function disagreement(
  plain: {said: Conversation; answers: readonly WireAnswer[]},
  bare: {said: Conversation; answers: readonly WireAnswer[]},
): string | undefined {
  for (let at = 0; at < Math.min(plain.answers.length, bare.answers.length); at++) {
    const [one, two] = [plain, bare].map(({answers}) => {
      const answer = answers[at];
      return answer === undefined ? '' : essence(answer);
    });
    if (one !== two)
      return `answer ${at + 1} is ${JSON.stringify(one)}, and ${JSON.stringify(two)} from node:http`;
  }
  const [one, two] = [plain.said.isInStep, bare.said.isInStep];
  if (one !== two && !(one ? bare : plain).said.isGivenUp)
    return `${one ? 'node:http alone' : 'only the plain reader'} lost count of where requests begin`;
  if (one && two && plain.answers.length !== bare.answers.length)
    return `there are ${plain.answers.length} answers, and ${bare.answers.length} from node:http`;
  return undefined;
}
