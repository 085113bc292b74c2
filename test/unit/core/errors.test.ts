import {describe, expect, it} from 'vitest';
import {UniqueIDError} from '../../../src/lib/core/errors.js';

describe('an error', () => {
  it.each(['QUEUE_FULL', 'STOPPING', 'DATABASE_BUSY'] as const)(
    '%s is transient wherever it is made',
    (code) => {
      expect(new UniqueIDError(code, 'No.').transient).toBe(true);
    },
  );

  it('of a code that varies is transient only if it says so', () => {
    expect(new UniqueIDError('DATABASE_UNAVAILABLE', 'No such user.').transient).toBe(false);
    expect(new UniqueIDError('DATABASE_UNAVAILABLE', 'Starting.', {transient: true}).transient).toBe(true);
  });

  it('keeps all but its text when it is reworded', () => {
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
