/** `{_errors:[{code,message}]}` at the leaves, fields and indexes above. */
export type FieldErrors = { [field: string]: FieldErrors | FieldError[] };

/** What is wrong with one field. */
export type FieldError = { code: string; message: string };

/**
 * A refusal: `status` of HTTP, `code` of the JSON error (0 is "general"), both as Discord lists them.
 *
 * Source: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
 */
export class DiscordError extends Error {
  readonly status: number;
  readonly code: number;
  readonly errors: FieldErrors | undefined;
  /** Further fields of the answer, e.g. `retry_after`. */
  more: Record<string, unknown> | undefined;

  constructor(status: number, code: number, message: string, errors?: FieldErrors) {
    super(message);
    this.name = 'DiscordError';
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

/** Refusals whose words do not depend on the call: HTTP status, code, text. */
const refusals = {
  unauthorized: [401, 0, '401: Unauthorized'],
  notFound: [404, 0, '404: Not Found'],
  methodNotAllowed: [405, 0, '405: Method Not Allowed'],
  unknownApplication: [404, 10002, 'Unknown Application'],
  unknownChannel: [404, 10003, 'Unknown Channel'],
  unknownGuild: [404, 10004, 'Unknown Guild'],
  unknownMember: [404, 10007, 'Unknown Member'],
  unknownMessage: [404, 10008, 'Unknown Message'],
  unknownUser: [404, 10013, 'Unknown User'],
  unknownEmoji: [400, 10014, 'Unknown Emoji'],
  unknownWebhook: [404, 10015, 'Unknown Webhook'],
  unknownInteraction: [404, 10062, 'Unknown interaction'],
  unknownCommand: [404, 10063, 'Unknown application command'],
  tooLarge: [413, 40005, 'Request entity too large'],
  alreadyCrossposted: [400, 40033, 'This message has already been crossposted.'],
  alreadyAcknowledged: [400, 40060, 'Interaction has already been acknowledged.'],
  internalNetwork: [403, 40333, 'internal network error'],
  missingAccess: [403, 50001, 'Missing Access'],
  notOnDirect: [403, 50003, 'Cannot execute action on a DM channel'],
  notAuthor: [403, 50005, 'Cannot edit a message authored by another user'],
  emptyMessage: [400, 50006, 'Cannot send an empty message'],
  cannotSendToUser: [403, 50007, 'Cannot send messages to this user'],
  missingPermissions: [403, 50013, 'Missing Permissions'],
  systemMessage: [403, 50021, 'Cannot execute action on a system message'],
  wrongChannelType: [400, 50024, 'Cannot execute action on this channel type'],
  invalidWebhookToken: [401, 50027, 'Invalid Webhook Token'],
  bulkDeleteTooOld: [400, 50034, 'You can only bulk delete messages that are under 14 days old.'],
  invalidVersion: [400, 50041, 'Invalid API version'],
  archivedThread: [400, 50083, 'Thread is archived'],
  invalidJson: [400, 50109, 'The request body contains invalid JSON.'],
  threadExists: [400, 160004, 'A thread has already been created for this message'],
} as const satisfies Record<string, readonly [number, number, string]>;

/** The refusal by its name. */
export function refusal(name: keyof typeof refusals): DiscordError {
  const [status, code, message] = refusals[name];
  return new DiscordError(status, code, message);
}

/** 400, 50035 with one error. @param path e.g. `embeds.0.title`; empty for the body as a whole */
export function badField(path: string, code: string, message: string): DiscordError {
  return badForm([{ path, code, message }]);
}

/** 400, 50035 with the errors at their places. */
export function badForm(faults: readonly { path: string; code: string; message: string }[]): DiscordError {
  const errors: FieldErrors = {};
  for (const { path, code, message } of faults) {
    const leaf = path === '' ? errors : descend(errors, path.split('.'));
    const known = leaf['_errors'];
    leaf['_errors'] = [...(Array.isArray(known) ? known : []), { code, message }];
  }
  return new DiscordError(400, 50035, 'Invalid Form Body', errors);
}

function descend(errors: FieldErrors, path: string[]): FieldErrors {
  let at = errors;
  for (const name of path) {
    at[name] ??= {};
    at = at[name] as FieldErrors;
  }
  return at;
}
