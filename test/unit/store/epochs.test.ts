import {describe, expect, it} from 'vitest';
import {epochKey, epochOf} from '../../../src/lib/store/epochs.js';
import {modeEpochParts, toLineage} from '../../../src/lib/store/shared/lineage.js';

/** Returns the lineage after a reset that moved one mode back. */
function lineageAfter(mode: string): ReturnType<typeof toLineage> {
  const before = toLineage([]);
  const parts = ['epoch', ...modeEpochParts([{mode, from: 9n, to: 1n}], before)];
  return toLineage(parts.map((part) => ({part, value: 7})));
}

describe('the epoch of a mode', () => {
  it.each([
    ['file', 'FILE'],
    ['file', 'file  '],
    ['file', 'f-i.l_e'],
    ['file', 'fi\u200Ble'],
    ['file', 'fil\u00E9'],
    ['fil\u00E9', 'file'],
    ['ß', 'ss'],
    ['你好', 'anything'],
    ['julia', 'ivlja'],
    ['charm', 'CARN'],
  ])('is raised by a reset of %j for %j, which a table may hold in the same row', (reset, other) => {
    expect(epochOf(lineageAfter(reset), other)).toBe(7);
  });

  it.each([
    ['file', 'files'],
    ['mode 1', 'mode 2'],
    ['upload_job', 'upload_file'],
  ])('is not raised by a reset of %j for %j', (reset, other) => {
    expect(epochOf(lineageAfter(reset), other)).toBe(0);
  });

  it('is part of a key in lower case, which a column that ignores case can hold', () => {
    const key = epochKey('Upload_Job') ?? '';
    expect(key).toMatch(/^[0-9a-z.]+$/);
    expect(epochKey('ß')).toBeUndefined();
  });
});
