/**
 * Waits for `work`, but no longer than so many milliseconds: a connection that died without a word answers never.
 *
 * @param limitMs `Infinity` for work that bounds each of its own steps
 * @param onTimeout makes the error; may also let go of what does not answer
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
