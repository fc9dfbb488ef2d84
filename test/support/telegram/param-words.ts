const fileMethods = new Set(['photo', 'video', 'document', 'audio', 'animation']);

/** What the real server says where its word for a parameter is not the parameter's name. */
const jsonNames: Record<string, string> = {
  reply_markup: 'reply keyboard markup',
  reply_parameters: 'reply parameters',
  link_preview_options: 'link preview options',
  caption_entities: 'entities',
  message_ids: 'message identifiers',
  scope: 'BotCommandScope',
  menu_button: 'menu button',
  reaction: 'reaction types',
};

const missing: Record<string, string> = {
  text: 'message text is empty',
  message_id: 'message identifier is not specified',
  message_ids: 'message identifiers are not specified',
  user_id: 'invalid user_id specified',
  file_id: 'file_id not specified',
  action: 'wrong parameter action in request',
  callback_query_id: 'query is too old and response timeout expired or query ID is invalid',
  chat_id: 'chat_id is empty',
  from_chat_id: 'chat_id is empty',
};

/** What the real server says where a required parameter is not there, without `Bad Request: `. */
export function missingText(name: string): string {
  if (fileMethods.has(name)) return `there is no ${name} in the request`;
  return missing[name] ?? `parameter "${name}" is required`;
}

/** How the real server calls a parameter whose JSON it cannot read. */
export function wordFor(method: string, name: string): string {
  return jsonNames[name] ?? (method === 'editMessageMedia' ? 'input media' : name);
}
