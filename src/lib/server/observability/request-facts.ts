/** What logs and routes ask of a request, whoever has read it; an `IncomingMessage` of `node:http` is one. */
export interface RequestFacts {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  readonly headers: {
    readonly authorization?: string | undefined;
    readonly referer?: string | undefined;
    readonly 'user-agent'?: string | undefined;
  };
  readonly socket: {readonly remoteAddress?: string | undefined};
}
