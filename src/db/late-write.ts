/**
 * Whether an uncaught error is postgres.js writing to a connection that has just closed: it rolls a transaction back
 * whose caller was told of the loss already. Thrown where nobody can catch it, and harmless.
 * Source: github.com/porsager/postgres/issues/1208; not mended in 3.4.9.
 */
export function isLateWrite(error: unknown): boolean {
  if (!(error instanceof TypeError)) return false;
  return /\bnextWrite\b.*[/\\]postgres[/\\](cjs[/\\])?src[/\\]connection\.js/.test(error.stack ?? '');
}
