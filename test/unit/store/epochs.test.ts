import {describe, expect, it} from 'vitest';
import {epochOf, foldedEpochKey} from '../../../src/lib/store/epochs.js';
import {modeEpochParts, toLineage} from '../../../src/lib/store/shared/lineage.js';
import type {Comparison, Lineage} from '../../../src/lib/store/store.js';

/** Returns the lineage after a reset that moved one mode back. */
function lineageAfter(mode: string, kind: Comparison['kind']): Lineage {
  const parts = ['epoch', ...modeEpochParts([{mode, from: 9n, to: 1n}], toLineage([]), kind)];
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
    expect(epochOf(lineageAfter(reset, 'folding'), other)).toBe(7);
  });

  it.each([
    ['file', 'files'],
    ['mode 1', 'mode 2'],
    ['upload_job', 'upload_file'],
  ])('is not raised by a reset of %j for %j', (reset, other) => {
    expect(epochOf(lineageAfter(reset, 'folding'), other)).toBe(0);
  });

  it.each([
    ['file', 'FILE'],
    ['file', 'fly'],
    ['file', 'filé'],
    ['filé', 'file'],
    ['filé', 'filè'],
  ])('is not raised by a reset of %j for %j in a table that compares bytes', (reset, other) => {
    const lineage = lineageAfter(reset, 'exact');
    expect(epochOf(lineage, reset)).toBe(7);
    expect(epochOf(lineage, other)).toBe(0);
  });

  it('is part of a key in lower case, which a column that ignores case can hold', () => {
    const key = foldedEpochKey('Upload_Job') ?? '';
    expect(key).toMatch(/^~[0-9a-z.]+$/);
    expect(foldedEpochKey('ß')).toBeUndefined();
  });
});
