import {expect, it} from 'vitest';
import {isTlsFailure} from '../../../src/lib/util/tls-failure.js';

it.each([
  ['ERR_SSL_WRONG_VERSION_NUMBER', true],
  ['ERR_TLS_CERT_ALTNAME_INVALID', true],
  ['CERT_HAS_EXPIRED', true],
  ['SELF_SIGNED_CERT_IN_CHAIN', true],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', true],
  ['ECONNRESET', false],
  ['', false],
])('isTlsFailure judges %j as %s', (code, expected) => {
  expect(isTlsFailure(code)).toBe(expected);
});
