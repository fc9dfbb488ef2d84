/** What is sent: `body` as JSON, or text as it is. */
export type Answer = { status: number; body: unknown; headers?: Record<string, string> };

/** Status words as Twitch writes them in the `error` of a body. */
const words: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** An error of Helix. Source: a body quoted in https://github.com/louis70109/Twitch-Bot/issues/19 */
export const helixError = (status: number, message: string): Answer => ({
  status,
  body: { error: words[status] ?? 'Error', status, message },
});

/** An error of the login, which has no `error`. Source: bodies quoted in https://github.com/nicklaw5/helix, `authentication_test.go` */
export const loginError = (status: number, message: string): Answer => ({ status, body: { status, message } });
