import {isIP} from 'node:net';
import {UniqueIDError} from '../../core/errors.js';

/**
 * Decides which host names a service answers to. By DNS rebinding, a page in a browser can make its own name
 * resolve to this machine. It could then read and take integers like a page of the service. The `Host` header
 * still holds the name of that page.
 */
export class HostCheck {
  readonly #allowed: ReadonlySet<string>;
  #isOn: boolean;

  /** @param allowed host names in lower case; if empty, only a service on a loopback address checks */
  constructor(allowed: readonly string[]) {
    this.#allowed = new Set(allowed);
    this.#isOn = allowed.length > 0;
  }

  /** @param address the address that the service really listens on */
  setAddress(address: string): void {
    if (isLoopback(address)) this.#isOn = true;
  }

  /**
   * Accepts addresses, localhost and the allowed names. Also accepts a missing or empty header, which no
   * browser sends.
   */
  isAllowed(host: string | undefined): boolean {
    return !this.#isOn || host === undefined || host === '' || this.#isKnown(nameOf(host));
  }

  /** @throws UniqueIDError `HOST_NOT_ALLOWED` */
  assertAllowed(host: string | undefined): void {
    if (this.isAllowed(host)) return;
    const name = JSON.stringify(nameOf(host ?? '').slice(0, 100));
    throw new UniqueIDError('HOST_NOT_ALLOWED', `Host name ${name} is not allowed.`, {
      hint:
        'Add the name to allowed_hosts in [uniqueid] (behind a proxy, the name it sends), or use an ' +
        'address.',
    });
  }

  /** Returns true if an `Origin` header is the service's own, as the client sees it or as configured. */
  isOwnOrigin(origin: string, host: string | undefined): boolean {
    if (!URL.canParse(origin)) return false;
    const {protocol, host: originHost, hostname} = new URL(origin);
    if (this.#allowed.has(hostname)) return true;
    // Uses the client's scheme, which decides the default port: a proxy may speak another one.
    const ownUrl = `${protocol}//${host ?? ''}`;
    return originHost !== '' && URL.canParse(ownUrl) && new URL(ownUrl).host === originHost;
  }

  #isKnown(name: string): boolean {
    return isIP(name) !== 0 || isLocalhost(name) || this.#allowed.has(name);
  }
}

/** Returns the name or address in a `Host` header. */
function nameOf(host: string): string {
  const [, address, name = host] = /^(?:\[([^\]]*)\]|([^:]*?)\.?)(?::[0-9]*)?$/.exec(host) ?? [];
  return (address ?? name).toLowerCase();
}

function isLocalhost(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\./.test(address) || address === '::1';
}
