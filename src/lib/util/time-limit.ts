/**
 * Waits for `work`, but at most `limitMs`: a connection that died silently never answers.
 *
 * @param limitMs `Infinity` for work that bounds each of its own steps
 * @param onTimeout returns the error; may also release whatever does not answer
 */
export async function withTimeLimit<T>(
  work: PromiseLike<T>,
  limitMs: number,
  onTimeout: () => Error,
): Promise<T> {
  if (limitMs === Infinity) return work;
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(onTimeout());
    }, limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
