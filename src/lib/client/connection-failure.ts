import {request as requestHttp} from 'node:http';
import {isIP} from 'node:net';
import {connect as connectTls, type DetailedPeerCertificate} from 'node:tls';
import {UniqueIDError} from '../core/errors.js';
import {ExchangeTimeout} from './exchange.js';

/** The longest time to look for the cause after the failure of a connection. */
const MAX_PROBE_MS = 1000;

/** The names or the certificates that a message lists at most; a service sends as many as it likes. */
const MAX_LISTED = 5;

/** Codes of OpenSSL for a chain that ends in no known certificate. */
const unknownIssuerCodes = [
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

/** Codes for a certificate whose own fields show the cause. */
const explainedCodes = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'ERR_TLS_CERT_ALTNAME_INVALID'];

/** A reason that waiting does not cure, and the remedy. */
interface TlsProblem {
  readonly message: string;
  readonly hint: string;
}

/**
 * Returns the error for a request without an answer. If TLS is the cause, connects once more to name it,
 * without a request or a token.
 *
 * @param timeoutMs the time limit of the request, for the message
 * @param deadline the time of `performance.now()` at which the limit is reached
 */
export async function connectionFailure(
  url: URL,
  error: unknown,
  timeoutMs: number,
  deadline: number,
): Promise<UniqueIDError> {
  const {code, message} = error as Error & {code?: string};
  const problem = await findTlsProblem(url, code ?? '', Math.min(MAX_PROBE_MS, deadline - performance.now()));
  if (problem !== undefined)
    return new UniqueIDError('REMOTE_FAILED', problem.message, {cause: error, hint: problem.hint});
  const reason =
    error instanceof ExchangeTimeout ? `timed out after ${timeoutMs / 1000} s` : (code ?? message);
  return new UniqueIDError('REMOTE_FAILED', `The service at ${url.origin} did not answer: ${reason}.`, {
    cause: error,
    transient: true,
    hint: 'Check that it is running and reachable from this machine.',
  });
}

async function findTlsProblem(url: URL, code: string, limitMs: number): Promise<TlsProblem | undefined> {
  if (limitMs <= 0) return undefined;
  if (url.protocol === 'http:') {
    const isSuspect = code === 'ECONNRESET' || code.startsWith('HPE_');
    if (!isSuspect || (await readCertificates(url, limitMs)) === undefined) return undefined;
    return otherScheme(url, 'https:', 'accepts only TLS');
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_'))
    return (await speaksHttp(url, limitMs)) ? otherScheme(url, 'http:', 'does not use TLS') : undefined;
  return certificateProblem(url, code, limitMs);
}

function otherScheme({host, origin}: URL, scheme: string, what: string): TlsProblem {
  return {
    message: `The service at ${origin} ${what}.`,
    hint: `Use ${scheme}//${host} instead of ${origin}.`,
  };
}

async function certificateProblem(url: URL, code: string, limitMs: number): Promise<TlsProblem | undefined> {
  const failing = (what: string, hint: string): TlsProblem => ({
    message: `Cannot trust the service at ${url.origin}: ${what}.`,
    hint,
  });
  if (unknownIssuerCodes.includes(code))
    return failing(
      'the issuer of its certificate is unknown',
      'Set NODE_EXTRA_CA_CERTS to a PEM file with the certificate of the issuer.',
    );
  if (!explainedCodes.includes(code)) return undefined;
  const certificates = (await readCertificates(url, limitMs)) ?? [];
  const now = Date.now();
  if (code === 'CERT_HAS_EXPIRED') {
    const end = certificates.map((each) => new Date(each.valid_to)).find((date) => date.getTime() < now);
    return failing(
      `its certificate expired${formatDate(end)}`,
      'Ask the operator of the service to renew it, and check the clock of this machine.',
    );
  }
  if (code === 'CERT_NOT_YET_VALID') {
    const start = certificates.map((each) => new Date(each.valid_from)).find((date) => date.getTime() > now);
    return failing(
      `its certificate becomes valid later${formatDate(start)}`,
      'Check the clock of this machine, or ask the operator of the service for another certificate.',
    );
  }
  const [leaf] = certificates;
  const names = leaf === undefined ? 'other names' : formatNames(leaf);
  return failing(
    `its certificate is for ${names}, not for ${url.hostname}`,
    'Use a name of the certificate in the URL, or ask the operator of the service to add this one.',
  );
}

/** Formats ` on 2026-11-24`; nothing without a valid date. */
function formatDate(date: Date | undefined): string {
  return date === undefined ? '' : ` on ${date.toISOString().slice(0, 10)}`;
}

function formatNames({subject, subjectaltname}: DetailedPeerCertificate): string {
  const listed = (subjectaltname ?? '')
    .split(', ')
    .map((each) => each.replace(/^(?:DNS|IP Address):/, ''))
    .filter((each) => each !== '');
  const names = listed.length === 0 ? [String(subject.CN)] : listed;
  const shown = names.slice(0, MAX_LISTED).map((name) => name.slice(0, 100));
  return names.length > MAX_LISTED ? `${shown.join(', ')}, …` : shown.join(', ');
}

/**
 * Returns the certificates that a service sends, its own first; `undefined` if it does not complete a TLS
 * handshake in time. Sends nothing after the handshake, so the certificates need not be trusted.
 */
function readCertificates(
  {hostname, port, protocol}: URL,
  limitMs: number,
): Promise<readonly DetailedPeerCertificate[] | undefined> {
  const host = withoutBrackets(hostname);
  const socket = connectTls({
    host,
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
    rejectUnauthorized: false,
    ...(isIP(host) === 0 ? {servername: host} : {}),
  });
  return new Promise((resolve) => {
    const end = (certificates?: readonly DetailedPeerCertificate[]): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(certificates);
    };
    const timer = setTimeout(end, limitMs);
    socket.on('error', () => {
      end();
    });
    socket.on('close', () => {
      end();
    });
    socket.on('secureConnect', () => {
      end(chainOf(socket.getPeerCertificate(true)));
    });
  });
}

function chainOf(leaf: DetailedPeerCertificate): readonly DetailedPeerCertificate[] {
  const chain = [leaf];
  for (let last = leaf; chain.length < MAX_LISTED; chain.push(last)) {
    // A root is its own issuer; the issuer is missing if the service did not send it.
    const {issuerCertificate: issuer} = last as Partial<DetailedPeerCertificate>;
    if (issuer === undefined || issuer === last) break;
    last = issuer;
  }
  return chain;
}

/** Returns true if a port answers a plain request; `HEAD /` never allocates. */
function speaksHttp({hostname, port}: URL, limitMs: number): Promise<boolean> {
  const probe = requestHttp({
    host: withoutBrackets(hostname),
    port: Number(port || 443),
    method: 'HEAD',
    path: '/',
    agent: false,
    timeout: limitMs,
  });
  return new Promise((resolve) => {
    const end = (isHttp: boolean): void => {
      probe.destroy();
      resolve(isHttp);
    };
    probe.on('response', () => {
      end(true);
    });
    probe.on('timeout', () => {
      end(false);
    });
    probe.on('error', () => {
      end(false);
    });
    probe.end();
  });
}

function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
