import {X509Certificate} from 'node:crypto';
import type {Config} from '../config/resolve.js';
import {exposureWarnings, secretFiles} from '../config/secret-files.js';
import type {Settings} from '../config/settings.js';
import {extraHeaders} from './compose.js';
import {readTlsFiles} from './http/tls-files.js';
import {Tokens} from './http/tokens.js';
import {assertLogFile} from './observability/logs.js';

/** The parts of a service that can be checked without listening. */
export interface ServerCheck {
  /** The address that the service would listen on, as a URL. */
  readonly url: string;
  /** The count of tokens; `null` if every client is authorized. */
  readonly tokens: number | null;
  readonly tls: {readonly certificate: string; readonly validUntil: string} | null;
  /** Sentences that the service would log at its start. */
  readonly warnings: readonly string[];
}

/**
 * Reads tokens, certificate and key, and checks that the log files can be written. Changes nothing.
 *
 * @throws UniqueIDError `CONFIG_INVALID`
 */
export function checkServer({settings, remarks, files}: Config): ServerCheck {
  const {tokensFile, accessFile, errorFile} = settings;
  const tokens = tokensFile === undefined ? null : new Tokens(tokensFile).count;
  const certificate = readCertificate(settings);
  if (errorFile !== undefined) assertLogFile('log.error_file', errorFile);
  if (accessFile !== undefined) assertLogFile('log.access_file', accessFile);
  const exposures = exposureWarnings([...files, ...secretFiles(settings)]);
  return {
    url: urlOf(settings),
    tokens,
    tls: certificate === undefined ? null : {certificate: certificate.path, validUntil: certificate.validTo},
    warnings: [...remarks, ...extraHeaders(settings).remarks, ...exposures, ...expiry(certificate)],
  };
}

interface Certificate {
  readonly path: string;
  /** The last moment of its validity, in ISO 8601. */
  readonly validTo: string;
}

function readCertificate(settings: Settings): Certificate | undefined {
  const files = readTlsFiles(settings);
  if (files === undefined || settings.tlsCert === undefined) return undefined;
  const validTo = new Date(new X509Certificate(files.cert).validTo).toISOString();
  return {path: settings.tlsCert, validTo};
}

function expiry(certificate: Certificate | undefined): string[] {
  if (certificate === undefined || Date.parse(certificate.validTo) > Date.now()) return [];
  return [`tls_cert ${certificate.path} expired at ${certificate.validTo}; clients will reject it.`];
}

function urlOf({address, port, tlsCert}: Settings): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return `${tlsCert === undefined ? 'http' : 'https'}://${host}:${port}`;
}
