/** The parts of a request that logs and routes use; an `IncomingMessage` of `node:http` fits. */
export interface RequestFacts {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  readonly headers: {
    readonly authorization?: string | undefined;
    readonly referer?: string | undefined;
    readonly 'user-agent'?: string | undefined;
    /** `node:http` types any header that it does not know so. */
    readonly 'x-request-id'?: string | string[] | undefined;
  };
  /** The value of `performance.now()` when the request arrived; `undefined` unless requests are timed. */
  readonly startedAt?: number | undefined;
  readonly socket: {readonly remoteAddress?: string | undefined};
}
