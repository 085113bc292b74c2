import {ask} from '../../test/helpers/network/http.js';

/** Counts the counters that the servers have raised to their high-water marks, by their metrics. */
export async function countRaises(urls: readonly string[]): Promise<number> {
  let sum = 0;
  for (const url of urls) {
    const {body} = await ask(url, '/metrics');
    sum += Number(/^uniqueid_regressions_total\{outcome="raised"\} (\d+)$/m.exec(body)?.[1] ?? 0);
  }
  return sum;
}
