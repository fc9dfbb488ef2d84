import http from 'node:http';
import { expect, test } from 'vitest';
import { readOutcome } from '../support/app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';

const flow = useFlow();

async function serve(playlist: string): Promise<string> {
  const server = http.createServer((_req, res) => res.end(playlist));
  flow.closes(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/live.m3u8?token=very-secret`;
}

test('a stream under DRM ends at once with a sentence on the card, and its address stays secret', async () => {
  const product = await flow.web();
  const { app } = product;
  const url = await serve('#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"\n#EXTINF:2,\n0.ts\n');
  await product.say(`/record ${url}`);
  const card = await waitFor(async () => {
    const found = (await readOutcome(app)).messages.find((message) => message.kind === 'card');
    return found?.content.state === 'failed' ? found : undefined;
  });
  expect(JSON.stringify(card.content)).toContain('protected');
  const outcome = await readOutcome(app);
  expect(outcome.sessions[0]?.state).toBe('failed');
  expect(outcome.messages.filter((message) => message.kind === 'video')).toEqual([]);
  const said = outcome.messages.filter((message) => message.author === 'bot');
  expect(JSON.stringify(said)).not.toContain('very-secret');
});

test('a stream that is over, one that is not there and a page that is none get a sentence and leave no recording', async () => {
  const product = await flow.web({ YTDLP: '/bin/false' });
  const ended = await serve('#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n0.ts\n#EXT-X-ENDLIST\n');
  expect(await product.say(`/record ${ended}`)).toEqual({ text: expect.stringContaining('over'), isError: true });
  expect(await product.say('/record ftp://x.example/a')).toEqual({
    text: expect.stringContaining('not an address'),
    isError: true,
  });
  expect((await product.say('/запись')).isError ?? false).toBe(false);
  const gone = ended.replace(/:\d+\//, ':1/');
  expect((await product.say(`/record ${gone}`)).isError).toBe(true);
  expect((await readOutcome(product.app)).sessions).toEqual([]);
});
