import {Agent, request as requestHttp, type ClientRequest, type IncomingMessage} from 'node:http';
import {Agent as TlsAgent, request as requestHttps} from 'node:https';

/** Largest body of an answer; a page of `/status`, the largest answer of a service, stays below 700 KB. */
const MAX_BODY_BYTES = 1_048_576;

/** Limits connections: requests on more of them would only wait in the service instead of here. */
const agentOptions = {keepAlive: true, maxSockets: 64};
const httpAgent = new Agent(agentOptions);
const httpsAgent = new TlsAgent(agentOptions);

/** One request; its answer must be complete before `deadline`, in the time of `performance.now()`. */
export interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
}

/** An answer as received; its body is empty if `flaw` describes why it was not read. */
export interface RawAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly errorCode: string | undefined;
  readonly body: string;
  readonly flaw: string | undefined;
}

/** Rejects an exchange that was not complete by its deadline. */
export class ExchangeTimeout extends Error {}

/**
 * Sends one request and reads its answer. Follows no redirect, decodes nothing, and keeps at most
 * `MAX_BODY_BYTES`, so a hostile service costs no more than an honest one.
 *
 * @throws ExchangeTimeout; an error without a code if `signal` was aborted; the error of the connection
 */
export async function exchange(request: Exchange): Promise<RawAnswer> {
  for (;;) {
    const clientRequest = send(request);
    try {
      return await receive(clientRequest, request);
    } catch (error) {
      // The service may close an idle connection just when it is reused; sending twice costs at most a gap.
      // The loop ends, because each turn uses up one such connection.
      if (!clientRequest.reusedSocket || !isReset(error)) throw error;
    }
  }
}

function send({method, url, headers}: Exchange): ClientRequest {
  const options = {method, headers: {...headers, 'accept-encoding': 'identity'}};
  return url.protocol === 'https:'
    ? requestHttps(url, {...options, agent: httpsAgent})
    : requestHttp(url, {...options, agent: httpAgent});
}

function receive(clientRequest: ClientRequest, {deadline, signal}: Exchange): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let isSettled = false;
    const end = (): void => {
      isSettled = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    const fail = (error: Error): void => {
      // After a complete answer the connection serves the next request.
      if (isSettled) return;
      end();
      reject(error);
      clientRequest.destroy();
    };
    const abort = (): void => {
      fail(new Error('aborted', {cause: signal?.reason}));
    };
    const limitMs = Math.max(1, Math.ceil(deadline - performance.now()));
    const timer = setTimeout(() => {
      fail(new ExchangeTimeout());
    }, limitMs);
    signal?.addEventListener('abort', abort);
    clientRequest.on('error', fail);
    // Closed without a usable answer, for example by a switch to another protocol.
    clientRequest.on('close', () => {
      fail(new Error('the connection closed'));
    });
    clientRequest.on('response', (response) => {
      readBody(response, fail, (answer) => {
        end();
        resolve(answer);
      });
    });
    clientRequest.end();
  });
}

function readBody(
  response: IncomingMessage,
  fail: (error: Error) => void,
  done: (answer: RawAnswer) => void,
): void {
  const {statusCode: status = 0, headers} = response;
  const finish = (body: string, flaw?: string): void => {
    const code = headers['x-error-code'];
    const errorCode = typeof code === 'string' ? code : undefined;
    done({status, retryAfter: headers['retry-after'], errorCode, body, flaw});
  };
  const cut = (flaw: string): void => {
    finish('', flaw);
    response.destroy();
  };
  response.on('error', fail);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    cut('a body with an encoding that was not requested');
    return;
  }
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  response.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BODY_BYTES) cut(`a body of more than ${MAX_BODY_BYTES} bytes`);
    else chunks.push(chunk);
  });
  response.on('end', () => {
    finish(Buffer.concat(chunks).toString('utf8'));
  });
}

function isReset(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ECONNRESET' || code === 'EPIPE';
}
