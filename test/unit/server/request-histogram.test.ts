import fc from 'fast-check';
import {Histogram, Registry} from 'prom-client';
import {expect, it} from 'vitest';
import {RequestHistogram} from '../../../src/lib/server/observability/request-histogram.js';

const description = {name: 'took_seconds', help: 'The duration.'};

it('RequestHistogram exports the same text and JSON as the histogram of prom-client', async () => {
  const bounds = fc.uniqueArray(fc.double({min: 0, max: 100, noNaN: true}), {minLength: 1, maxLength: 14});
  const values = fc.array(fc.double({min: 0, max: 200, noNaN: true}), {maxLength: 50});
  await fc.assert(
    fc.asyncProperty(bounds, values, async (unordered, observed) => {
      const buckets = unordered.sort((a, b) => a - b);
      const [ours, theirs] = [new Registry(), new Registry()];
      const own = new RequestHistogram({...description, bounds: buckets}, ours);
      const known = new Histogram({...description, buckets, registers: [theirs]});
      // The bounds are the values that easily fall into the wrong bucket.
      for (const value of [...observed, ...buckets]) {
        own.observe(value);
        known.observe(value);
      }
      expect(await ours.metrics()).toBe(await theirs.metrics());
      const json = (metrics: unknown): unknown =>
        JSON.parse(JSON.stringify(metrics), (key, value: unknown) =>
          key === 'exemplar' ? undefined : value,
        );
      expect(json(await ours.getMetricsAsJSON())).toEqual(json(await theirs.getMetricsAsJSON()));
    }),
  );
});
