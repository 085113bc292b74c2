import {describe, expect, it} from 'vitest';
import {UniqueIDError} from '../../../src/lib/core/errors.js';

describe('UniqueIDError', () => {
  it.each(['QUEUE_FULL', 'STOPPING', 'DATABASE_BUSY'] as const)(
    'with code %s is always transient',
    (code) => {
      expect(new UniqueIDError(code, 'No.').transient).toBe(true);
    },
  );

  it('with a varying code is transient only if created so', () => {
    expect(new UniqueIDError('DATABASE_UNAVAILABLE', 'No such user.').transient).toBe(false);
    expect(new UniqueIDError('DATABASE_UNAVAILABLE', 'Starting.', {transient: true}).transient).toBe(true);
  });

  it('keeps code, hint and transience when reworded', () => {
    const error = new UniqueIDError('DATABASE_UNAVAILABLE', 'Starting.', {transient: true, hint: 'Wait.'});
    expect(error.reworded('Gave up.', error)).toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      message: 'Gave up.',
      hint: 'Wait.',
      transient: true,
      cause: error,
    });
  });
});
