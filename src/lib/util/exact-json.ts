import {stringify} from 'lossless-json';

/** JSON with bigints to the last digit, which `JSON.stringify` refuses and numbers would round. */
export function exactJson(value: unknown): string {
  return stringify(value, undefined, 2) ?? 'null';
}
