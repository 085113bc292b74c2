import type {Random} from '../../test/helpers/random.js';
import {getid, other, pieces, trickyLines} from './requests.js';

/** Changes a request that has one character per byte. */
type Mutation = (text: string, random: Random) => string;

function place(text: string, random: Random): number {
  return random.between(0, text.length);
}

function slice(text: string, random: Random): [number, number] {
  const [a, b] = [place(text, random), place(text, random)];
  return a < b ? [a, b] : [b, a];
}

const lineEnds = ['\n', '\r', '\r\r\n', '\n\r', '\r\n ', '\r\n\t', '\r\n\r\n', '', ' \r\n'];

/** Replaces one occurrence of `what`, chosen at random. */
function replaceOne(text: string, what: string, by: string, random: Random): string {
  const parts = text.split(what);
  if (parts.length < 2) return text;
  const at = random.between(1, parts.length - 1);
  return parts.slice(0, at).join(what) + by + parts.slice(at).join(what);
}

const mutations: readonly Mutation[] = [
  function flipBit(text, random) {
    const at = random.between(0, Math.max(0, text.length - 1));
    const flipped = String.fromCharCode((text.charCodeAt(at) ^ (1 << random.between(0, 7))) & 0xff);
    return text.slice(0, at) + flipped + text.slice(at + 1);
  },
  function setByte(text, random) {
    const at = random.between(0, Math.max(0, text.length - 1));
    return text.slice(0, at) + String.fromCharCode(random.between(0, 255)) + text.slice(at + 1);
  },
  function cutEnd(text, random) {
    return text.slice(0, place(text, random));
  },
  function removeSlice(text, random) {
    const [start, end] = slice(text, random);
    return text.slice(0, start) + text.slice(Math.min(end, start + random.between(1, 20)));
  },
  function doubleSlice(text, random) {
    const [start, end] = slice(text, random);
    return text.slice(0, end) + text.slice(start);
  },
  function insertPiece(text, random) {
    const at = place(text, random);
    return text.slice(0, at) + random.pick(pieces) + text.slice(at);
  },
  function swapSlices(text, random) {
    const [start, end] = slice(text, random);
    return text.slice(end) + text.slice(start, end) + text.slice(0, start);
  },
  function changeLineEnd(text, random) {
    return replaceOne(text, '\r\n', random.pick(lineEnds), random);
  },
  function changeAllLineEnds(text, random) {
    return text.replaceAll('\r\n', random.pick(lineEnds));
  },
  function addLine(text, random) {
    return replaceOne(text, '\r\n', `\r\n${random.pick(trickyLines)}`, random);
  },
  function addBody(text, random) {
    const lines = random.pick(trickyLines);
    return `${text.slice(0, -2)}${lines}\r\n${random.pick(['hello', '0\r\n\r\n', '5\r\nhello\r\n0\r\n\r\n', getid(random)])}`;
  },
  function encodeCharacter(text, random) {
    const at = random.between(0, Math.min(text.length - 1, 60));
    const code = text.charCodeAt(at).toString(16).padStart(2, '0');
    return `${text.slice(0, at)}%${code}${text.slice(at + 1)}`;
  },
  function changeCase(text, random) {
    const [start, end] = slice(text, random);
    const part = text.slice(start, end);
    const changed = random.percent(50) ? part.toUpperCase() : part.toLowerCase();
    // The upper case of some letters does not fit into a byte.
    return /^[\0-\xff]*$/.test(changed) ? text.slice(0, start) + changed + text.slice(end) : text;
  },
  function changeSpace(text, random) {
    return replaceOne(text, ' ', random.pick(['', '  ', '\t', '\x0b', '\xa0', '%20', '+']), random);
  },
  function crossWithAnother(text, random) {
    const another = random.percent(50) ? getid(random) : other(random);
    return text.slice(0, place(text, random)) + another.slice(place(another, random));
  },
];

/** Bytes that are sent before the answers are checked: latin1 text, cut into packets. */
export interface Input {
  readonly packets: readonly string[];
}

/** More inputs on one connection show nothing new. */
const MAX_INPUTS = 12;

/** Makes the inputs of the next connection, at most `most`. */
export function makeInputs(random: Random, most: number): readonly Input[] {
  const inputs: Input[] = [];
  for (let goOn = true; goOn && inputs.length < Math.min(most, MAX_INPUTS);) {
    // A malformed input mostly ends the connection, and with it the inputs after it.
    const isChanged = random.percent(40);
    inputs.push({packets: cut(isChanged ? change(makeText(random), random) : makeText(random), random)});
    goOn = !isChanged || random.percent(50);
  }
  return inputs;
}

/** Makes a common request, another one, or several in one text. */
function makeText(random: Random): string {
  let text = random.percent(75) ? getid(random) : other(random);
  if (random.percent(12)) {
    for (let more = random.between(1, 4); more > 0; more--)
      text += random.percent(85) ? getid(random) : other(random);
  }
  return text;
}

function change(text: string, random: Random): string {
  let changed = text;
  for (let more = random.pick([1, 1, 1, 2, 3]); more > 0; more--)
    changed = random.pick(mutations)(changed, random);
  return changed;
}

function cut(text: string, random: Random): readonly string[] {
  if (text === '') return [];
  if (random.percent(70)) return [text];
  if (random.percent(5) && text.length < 300) return text.split('');
  const cuts = Array.from({length: random.pick([1, 1, 2, 5])}, () => place(text, random)).sort(
    (a, b) => a - b,
  );
  return [0, ...cuts].map((start, index) => text.slice(start, cuts[index])).filter((packet) => packet !== '');
}
