import {stringify} from 'lossless-json';

/** Formats JSON with exact bigints: `JSON.stringify` rejects them, and numbers would round them. */
export function exactJson(value: unknown): string {
  return stringify(value, undefined, 2) ?? 'null';
}
