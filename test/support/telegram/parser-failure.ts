/**
 * A request that the HTTP parser itself refuses: it never becomes a call. `status` is the HTTP status; the text is
 * shown by the cloud's front only (a local server answers with an empty body and closes).
 * Source: td/tdnet/td/net/HttpReader.cpp and HttpConnectionBase.cpp of https://github.com/tdlib/td.
 */
export class ParserFailure extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.name = 'ParserFailure';
    this.status = status;
  }
}

/** Limits of the parser. Source: td/tdnet/td/net/HttpReader.h, and HttpServer.h of telegram-bot-api for the files. */
export const parserLimits = {
  /** All parameters of a request together, file contents left out. */
  paramsBytes: 1 << 20,
  headersBytes: 1 << 18,
  fileCount: 50,
  boundaryBytes: 70,
  /** Of a whole body as Content-Length declares it. */
  bodyBytes: 2 ** 32 - 1,
} as const;

/** 413 with the reason that only the server's log would show. */
export function tooLarge(reason: string): ParserFailure {
  return new ParserFailure(413, `Request Entity Too Large: ${reason}`);
}
