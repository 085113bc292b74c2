import {describe, expect, it} from 'vitest';
import {assertKnownVariables} from '../../../src/lib/config/environment.js';
import {settings} from '../../../src/lib/config/settings.js';
import {UniqueIDError} from '../../../src/lib/core/errors.js';

type Env = Readonly<Record<string, string>>;

function failure(env: Env): UniqueIDError | undefined {
  try {
    assertKnownVariables(env);
    return undefined;
  } catch (error) {
    if (error instanceof UniqueIDError) return error;
    throw error;
  }
}

/** The variables that Kubernetes sets for a Service with a named port, and Docker for a link. */
const serviceOf = (name: string, protocol = 'tcp'): Env => ({
  [`${name}_SERVICE_HOST`]: '10.0.0.11',
  [`${name}_SERVICE_PORT`]: '6379',
  [`${name}_SERVICE_PORT_HTTP`]: '6379',
  [`${name}_PORT`]: `${protocol}://10.0.0.11:6379`,
  [`${name}_PORT_6379_${protocol.toUpperCase()}`]: `${protocol}://10.0.0.11:6379`,
  [`${name}_PORT_6379_${protocol.toUpperCase()}_PROTO`]: protocol,
  [`${name}_PORT_6379_${protocol.toUpperCase()}_PORT`]: '6379',
  [`${name}_PORT_6379_${protocol.toUpperCase()}_ADDR`]: '10.0.0.11',
});

describe('environment variables', () => {
  it('of settings are known', () => {
    const all = Object.values(settings).map(({env}) => [env, 'x'] as const);
    const others = {UNIQUEID_CONFIG: 'a', UNIQUEID_CPCONFIG: 'b', UNIQUEID_TOKEN: 'c'};
    expect(failure({...Object.fromEntries(all), ...others})).toBeUndefined();
  });

  it.each([
    ['UNIQUEID_TOKEN_FILE', 'UNIQUEID_TOKENS_FILE'],
    ['UNIQUEID_ALLOWED_MODE', 'UNIQUEID_ALLOWED_MODES'],
    ['UNIQUEID_CONFG', 'UNIQUEID_CONFIG'],
    ['UNIQUEID_CP_CONFIG', 'UNIQUEID_CPCONFIG'],
    ['uniqueid_tokens_file', 'UNIQUEID_TOKENS_FILE'],
    ['UniqueID_Tls_Kye', 'UNIQUEID_TLS_KEY'],
    ['PEEWEE_URI', 'PEEWEE_URL'],
    ['DATABASE_CONNECT_ATTEMPT', 'DATABASE_CONNECT_ATTEMPTS'],
    ['DATABASE_CONNECT_WAITS', 'DATABASE_CONNECT_WAIT'],
  ])('%s is rejected as a misspelling of %s', (name, meant) => {
    const error = failure({[name]: 'hush-hush'});
    expect(error).toMatchObject({code: 'CONFIG_INVALID'});
    expect(error?.message).toContain(name);
    expect(error?.hint).toContain(`${meant}?`);
    // A misspelt variable may hold a token.
    expect(`${error?.message}${error?.hint}`).not.toContain('hush-hush');
  });

  it.each(['UNIQUEID_FROBNICATE', 'UNIQUEID_', 'UNIQUEID_PORT_8051', 'UNIQUEID_SERVICE_TOKENS_FILE'])(
    '%s is rejected although no known name is similar',
    (name) => {
      expect(failure({[name]: 'x'})).toMatchObject({code: 'CONFIG_INVALID'});
    },
  );

  it.each(['UNIQUEID', 'UNIQUEID_SERVER', 'UNIQUEID_CONFIG'])(
    'of a Service of Kubernetes named %s are ignored',
    (name) => {
      expect(failure(serviceOf(name))).toBeUndefined();
      expect(failure(serviceOf(name, 'udp'))).toBeUndefined();
    },
  );

  it('of a link of Docker are ignored', () => {
    const link = {
      UNIQUEID_NAME: '/client/uniqueid',
      UNIQUEID_ENV_NODE_ENV: 'production',
      UNIQUEID_PORT_8051_TCP_START: 'tcp://172.17.0.2:8051',
      UNIQUEID_PORT_8051_TCP_END: 'tcp://172.17.0.2:8052',
    };
    expect(failure({...serviceOf('UNIQUEID'), ...link})).toBeUndefined();
    expect(failure({UNIQUEID_NAME: 'archive'})).toMatchObject({code: 'CONFIG_INVALID'});
  });

  it('of other programs, of the image and without a value are ignored', () => {
    const image = ['PROTO', 'USER', 'PASS', 'ADDR', 'PORT', 'DATABASE', 'DATABASE_URL', 'PASS_FILE'];
    expect(failure(Object.fromEntries(image.map((name) => [`PEEWEE_${name}`, 'x'])))).toBeUndefined();
    expect(failure({UNIQUEIDS: 'x', MY_UNIQUEID_TOKEN: 'x', DATABASE_CONNECT_TIMEOUT: '1'})).toBeUndefined();
    expect(failure({UNIQUEID_TOKEN_FILE: ''})).toBeUndefined();
  });
});
