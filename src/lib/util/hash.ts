const FNV_OFFSET = 0x811c9dc5;

/** Returns a hash of a text, 32 bits in base 36; it finds damage, but no change on purpose. */
export function hash32(text: string): string {
  return fnv1a(text, FNV_OFFSET);
}

/** Returns a hash of a text, 64 bits in lower case, so that a column that ignores case can hold it. */
export function hash64(text: string): string {
  return `${fnv1a(text, FNV_OFFSET)}.${fnv1a(text, ~FNV_OFFSET)}`;
}

/** FNV-1a over the UTF-16 units. */
function fnv1a(text: string, seed: number): string {
  let hash = seed;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(36);
}
