import type { Message } from 'grammy/types';
import { expect, test } from 'vitest';
import { readRemote } from '../../src/bots/telegram/upload.ts';

const file = { file_id: 'id', file_unique_id: 'unique' };
const shownAs = (fields: object) => readRemote(fields as Message);

test('what Telegram shows as a video or an animation is sent again as a video, anything else as a document', () => {
  const ids = { fileId: 'id', fileUniqueId: 'unique' };
  expect(shownAs({ video: file })).toEqual({ ...ids, type: 'video' });
  // An animation always stands under both names.
  expect(shownAs({ animation: file, document: file })).toEqual({ ...ids, type: 'video' });
  expect(shownAs({ document: file })).toEqual({ ...ids, type: 'document' });
  for (const kind of ['audio', 'voice', 'video_note'])
    expect(shownAs({ [kind]: file })).toEqual({ ...ids, type: 'document' });
  expect(shownAs({ text: 'x' })).toBeUndefined();
});
