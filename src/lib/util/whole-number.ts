/** Parses decimal digits exactly; returns `undefined` for any other text and beyond the bounds. */
export function parseWholeNumber(text: string, min: bigint, max: bigint): bigint | undefined {
  const value = /^[0-9]{1,19}$/.test(text) ? BigInt(text) : undefined;
  return value === undefined || value < min || value > max ? undefined : value;
}
