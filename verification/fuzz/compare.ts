import type {WireAnswer} from './answers.js';
import type {Conversation} from './conversation.js';
import {counterOf} from './modes.js';

/** Headers that may differ between the servers. */
const variable = new Set(['date']);

/** Returns an answer without the start of its range, which differs: each server has its own database. */
function essence({status, headers, body}: WireAnswer): string {
  // Headers that are too large are detected packet by packet, and may be malformed as well.
  if (status === 431) return malformed;
  const range = rangeOf(body);
  const lines = Array.from(headers)
    .filter(([name]) => !variable.has(name) && name !== 'content-length')
    .map(([name, value]) => `${name}: ${madeId.test(value) ? 'made by the server' : value}`)
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

/** A request id that a server made itself, since the client sent none. */
const madeId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const malformed = 'malformed, and the connection ends';

/** Parses the range of an answer of `/getid`; returns `undefined` for any other body. */
export function rangeOf(body: string): {start: number; end: number} | undefined {
  const [, end, start] = /^\{"endIndex": (-?\d+), "startIndex": (-?\d+)\}$/.exec(body) ?? [];
  return start === undefined ? undefined : {start: Number(start), end: Number(end)};
}

/**
 * Checks that two servers read the same bytes as the same requests.
 *
 * A server that ends a connection because of malformed bytes may lose answers that were on their way. So only
 * the answers that both servers sent are compared then.
 *
 * @returns the first difference; `undefined` if there is none
 */
export function disagreement(
  plain: {conversation: Conversation; answers: readonly WireAnswer[]},
  bare: {conversation: Conversation; answers: readonly WireAnswer[]},
): string | undefined {
  for (let at = 0; at < Math.min(plain.answers.length, bare.answers.length); at++) {
    const [one, two] = [plain, bare].map(({answers}) => {
      const answer = answers[at];
      return answer === undefined ? '' : essence(answer);
    });
    if (one !== two)
      return `answer ${at + 1} is ${JSON.stringify(one)}, but ${JSON.stringify(two)} from node:http`;
  }
  const [one, two] = [plain.conversation.isInStep, bare.conversation.isInStep];
  if (one !== two && !(one ? bare : plain).conversation.isGivenUp)
    return `${one ? 'node:http alone' : 'the fast path alone'} lost the beginning of a request`;
  if (one && two && plain.answers.length !== bare.answers.length)
    return `${plain.answers.length} answers, but ${bare.answers.length} from node:http`;
  return undefined;
}
