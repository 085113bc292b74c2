import {describe, expect, it} from 'vitest';
import {UniqueIDError, type ErrorCode} from '../../../../src/lib/core/errors.js';
import {ErrorTally} from '../../../../src/lib/server/observability/error-tally.js';

describe('the errors of the last hour', () => {
  it('come with the most frequent first, then the latest, even in one millisecond', () => {
    const tally = new ErrorTally();
    const now = Date.now();
    const codes: readonly ErrorCode[] = [
      'NOT_FOUND',
      'INVALID_RANGE',
      'INVALID_MODE',
      'NOT_FOUND',
      'QUEUE_FULL',
    ];
    for (const code of codes) tally.record(new UniqueIDError(code, 'A text.'), 'id', now);
    expect(tally.summaries(now).map(({code}) => code)).toEqual([
      'NOT_FOUND',
      'QUEUE_FULL',
      'INVALID_MODE',
      'INVALID_RANGE',
    ]);
    expect(tally.summaries(now + 3_600_000 + 60_000)).toEqual([]);
  });
});
