import {describe, expect, it} from 'vitest';
import {UniqueIDError} from '../../../../src/lib/core/errors.js';
import {parseGetidQuery} from '../../../../src/lib/server/routes/getid-query.js';

const codeOf = (query: string): string | undefined => {
  try {
    parseGetidQuery(query);
    return undefined;
  } catch (error) {
    return error instanceof UniqueIDError ? error.code : String(error);
  }
};

describe('the query of /getid', () => {
  it('may hold other parameters, up to 100 in all', () => {
    const others = (count: number): string =>
      Array.from({length: count}, (_, index) => `&t=${index}`).join('');
    expect(parseGetidQuery(`mode=file&range=10${others(98)}`)).toEqual({mode: 'file', range: '10'});
    expect(codeOf(`mode=file&range=10${others(99)}`)).toBe('INVALID_REQUEST');
  });

  it('counts empty parameters towards that limit', () => {
    expect(codeOf(`mode=file&range=10${'&'.repeat(16_000)}`)).toBe('INVALID_REQUEST');
    expect(parseGetidQuery('&&mode=file&&range=10&')).toEqual({mode: 'file', range: '10'});
  });
});
