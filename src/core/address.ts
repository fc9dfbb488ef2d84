/**
 * The two halves of a Target's address: `-100123/7` is chat `-100123`, thread `7` (a forum topic). What follows the
 * first `/` is the thread; without one, or with nothing after it, there is none.
 */
export function splitAddress(address: string): { chatId: string; threadId?: string } {
  const at = address.indexOf('/');
  if (at < 0) return { chatId: address };
  const threadId = address.slice(at + 1);
  return { chatId: address.slice(0, at), ...(threadId ? { threadId } : {}) };
}

/** The address of a place in a chat: the inverse of `splitAddress`. */
export function joinAddress({ chatId, threadId }: { chatId: string; threadId?: string | null | undefined }): string {
  return threadId ? `${chatId}/${threadId}` : chatId;
}
