import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  albumCaption,
  type CardFacts,
  cardContent,
  cardState,
  commentContent,
  coverageOf,
  cutAtWord,
  percent,
  streamName,
} from '../../src/core/card.ts';
import { parseCommand } from '../../src/core/command.ts';
import { deliveryStates } from '../../src/core/delivery.ts';
import { languages } from '../../src/core/model.ts';
import { sessionStates } from '../../src/core/session.ts';
import { textOf } from '../../src/core/text/text.ts';

const facts: CardFacts = {
  sessionId: 12,
  sessionState: 'recording',
  deliveryState: 'collecting',
  streamName: 'e.example/live',
  title: 'Morning show',
  quality: 'best',
  recordedMs: 3_723_000,
  sizeBytes: 48_230_000,
  gapCount: 0,
  missingMs: 0,
  partsStaged: 0,
  partsPlanned: 0,
  isClosed: false,
};
const row = (content: ReturnType<typeof cardContent>, label: string) =>
  content.facts?.find((fact) => fact.label === label)?.value;

describe('the card', () => {
  test('tells how a recording goes and lets it be stopped', () => {
    const card = cardContent('en', { ...facts, pageUrl: 'https://a.example/sessions/12' });
    expect(card).toMatchObject({ text: 'Morning show', state: 'recording' });
    expect(row(card, 'Length')).toBe('1:02:03');
    expect(row(card, 'Size')).toBe('48.2 MB');
    expect(row(card, 'Gaps')).toBe('none');
    expect(row(card, 'Parts')).toBeUndefined();
    expect(card.buttons).toEqual([
      { text: 'Stop', command: '/stop s12' },
      { text: 'Status', command: '/status s12' },
      { text: 'Watch', url: 'https://a.example/sessions/12' },
    ]);
  });

  test('names gaps, parts and trouble while it reconnects', () => {
    const card = cardContent('en', {
      ...facts,
      sessionState: 'reconnecting',
      gapCount: 2,
      missingMs: 61_000,
      partsStaged: 1,
      partsPlanned: 3,
      trouble: 'http_error: 503 https://e.example/?sig=SECRET',
    });
    expect(row(card, 'Gaps')).toBe('2 gaps, 1:01 missing');
    expect(row(card, 'Parts')).toBe('1 of 3 ready');
    expect(row(card, 'Trouble')).toBe(textOf('en').errors.http_error());
    expect(JSON.stringify(card)).not.toContain('SECRET');
  });

  test('of a closed window has no Stop, and says why it ended', () => {
    const card = cardContent('en', { ...facts, isClosed: true, endReason: 'stopped' });
    expect(card.state).toBe('finishing');
    expect(row(card, 'End')).toBe('stopped');
    expect(card.buttons?.map((button) => button.command)).toEqual(['/status s12']);
  });

  test.each([
    [{ deliveryState: 'done' }, 'posted'],
    [{ deliveryState: 'done', recordedMs: 0 }, 'failed'],
    [{ deliveryState: 'posting', sessionState: 'ended' }, 'posting'],
    [{ deliveryState: 'paused', sessionState: 'recording' }, 'paused'],
    [{ deliveryState: 'cancelled' }, 'cancelled'],
    [{ sessionState: 'failed', recordedMs: 0 }, 'failed'],
    [{ sessionState: 'ended' }, 'finishing'],
    [{ sessionState: 'starting' }, 'starting'],
  ] as [Partial<CardFacts>, string][])('%j is shown as %s', (change, state) => {
    expect(cardState({ ...facts, ...change })).toBe(state);
  });

  test('has a word for every state, and buttons that are commands', () => {
    for (const language of languages)
      for (const sessionState of sessionStates)
        for (const deliveryState of deliveryStates)
          for (const isClosed of [true, false]) {
            const card = cardContent(language, { ...facts, sessionState, deliveryState, isClosed });
            expect(textOf(language).states[card.state ?? '']).toBeTruthy();
            for (const { command } of card.buttons ?? []) if (command) expect(parseCommand(command)).toBeDefined();
          }
  });
});

describe('the caption of an album', () => {
  const album = {
    streamName: 'e.example/live',
    title: 'Morning show',
    startedAt: new Date('2026-02-03T04:05:06Z'),
    lengthMs: 3_723_000,
    parts: { index: 0, count: 1, total: 3 },
    coverage: 1,
  };

  test('tells channel, date, title, duration, part and coverage', () => {
    expect(albumCaption('en', album, 1024)).toBe(
      'Morning show\ne.example/live\n2026-02-03 · 1:02:03 · part 1/3 · 100 % complete',
    );
    expect(albumCaption('ru', { ...album, parts: { index: 0, count: 2, total: 3 }, coverage: 0.9996 }, 1024)).toContain(
      'части 1–2/3 · полнота 99.9 %',
    );
  });

  test('keeps to the limit of the chat whatever the title', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 2000 }),
        fc.integer({ min: 100, max: 1024 }),
        (title, max) => {
          const caption = albumCaption('en', { ...album, title }, max);
          expect(caption.length).toBeLessThanOrEqual(max);
          expect(caption).toContain('part 1/3');
        },
      ),
    );
  });
});

test('a text is cut at a word and never inside a character', () => {
  expect(cutAtWord('one two three', 13)).toBe('one two three');
  expect(cutAtWord('one two three', 10)).toBe('one two…');
  expect(cutAtWord(`${'x'.repeat(8)}😀😀`, 10)).toBe(`${'x'.repeat(8)}…`);
});

describe('the comment', () => {
  test('of a whole recording says so', () => {
    const text = commentContent('en', { lengthMs: 60_000, sizeBytes: 5_000_000, gaps: [] }).text;
    expect(text).toBe('Complete: 1:00, 5.0 MB, no gaps.');
  });

  test('names each gap, and counts those beyond the fiftieth', () => {
    const gap = { atMs: 5_000, lengthMs: 2_000, cause: 'http_error' };
    const { text } = commentContent('en', { lengthMs: 58_000, sizeBytes: 5_000_000, gaps: [gap] });
    expect(text).toBe('0:58, 5.0 MB, 96.6 % complete. Missing:\n0:05: 0:02 (server error)');
    const many = commentContent('en', { lengthMs: 58_000, sizeBytes: 1, gaps: new Array(53).fill(gap) }).text;
    expect(many.split('\n')).toHaveLength(52);
    expect(many).toContain('and 3 more gaps');
  });

  test('lists chapters where there is more than one, and says that a link needs an address', () => {
    const facts = { lengthMs: 3_700_000, sizeBytes: 5_000_000, gaps: [] };
    const chapters = [
      { atMs: 0, title: 'Morning show', category: 'Talk' },
      { atMs: 3_661_000, title: 'Games' },
    ];
    expect(commentContent('en', { ...facts, chapters }).text).toBe(
      '0:00 Morning show · Talk\n1:01:01 Games\n\nComplete: 1:01:40, 5.0 MB, no gaps.',
    );
    expect(commentContent('en', { ...facts, chapters: chapters.slice(1) }).text).not.toContain('Games');
    expect(commentContent('ru', { ...facts, lacksUrl: true }).text).toContain('PUBLIC_URL');
    const many = Array.from({ length: 60 }, (_, index) => ({ atMs: index * 2_000, title: `c${index}` }));
    const { text } = commentContent('en', { ...facts, chapters: many });
    expect(text).toContain('… and 10 more chapters');
    expect(text).not.toContain('c50');
  });

  test('100 % is said only of what is whole', () => {
    expect(percent(1)).toBe('100 %');
    expect(percent(0.99999)).toBe('99.9 %');
    expect(coverageOf({ lengthMs: 0, gaps: [] })).toBe(1);
    expect(coverageOf({ lengthMs: 3, gaps: [{ atMs: 0, lengthMs: 1, cause: 'timeout' }] })).toBe(0.75);
  });
});

test('a stream without a title is called by its address, without secrets', () => {
  const channel = 'https://u:p@e.example/live.m3u8?sig=SECRET';
  expect(streamName({ platform: 'generic', channel })).toBe('e.example/live.m3u8');
  expect(streamName({ platform: 'twitch', channel: 'someone' })).toBe('someone');
});
