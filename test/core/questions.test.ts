import { describe, expect, test } from 'vitest';
import {
  askingOf,
  askingSentence,
  type CardFacts,
  cardContent,
  cardState,
  commentContent,
} from '../../src/core/card.ts';
import { parseCommand } from '../../src/core/command.ts';
import { isAsked, postStates, unprovenCode } from '../../src/core/delivery.ts';
import { withLeftOut } from '../../src/core/left-out.ts';
import { languages } from '../../src/core/model.ts';

const facts: CardFacts = {
  sessionId: 12,
  sessionState: 'ended',
  deliveryState: 'posting',
  streamName: 'e.example/live',
  quality: 'best',
  recordedMs: 60_000,
  sizeBytes: 1_000_000,
  gapCount: 0,
  missingMs: 0,
  partsStaged: 2,
  partsPlanned: 2,
  isClosed: true,
};
const album = {
  id: 34,
  kind: 'album' as const,
  content: { text: 'Show\ne.example\n2026-11-21 · 1:00:00 · parts 1–10/12' },
};

describe('a question about a post', () => {
  const asked = askingOf(album, 'archive');

  test('stands on the card with a button for each answer, and the recording needs help', () => {
    const card = cardContent('en', { ...facts, asked });
    expect(card.state).toBe('paused');
    expect(card.facts?.find(({ label }) => label === 'Question')?.value).toBe(
      'Does "2026-11-21 · 1:00:00 · parts 1–10/12" stand in "archive"? Its answer was lost and I cannot look: type /confirm p34 posted or /confirm p34 missing.',
    );
    const commands = card.buttons?.flatMap(({ command }) => command ?? []);
    expect(commands).toEqual(['/confirm p34 posted', '/confirm p34 missing', '/status s12']);
    for (const command of commands ?? []) expect(parseCommand(command)).toBeDefined();
  });

  test.each(languages)('is one sentence that names both answers (%s)', (language) => {
    const sentence = askingSentence(language, asked);
    expect(sentence).toContain('/confirm p34 posted');
    expect(sentence).toContain('/confirm p34 missing');
    expect(sentence.length).toBeLessThan(300);
  });

  test('of a card names its title', () => {
    expect(askingOf({ id: 1, kind: 'card', content: { text: 'Show\nmore' } }, 'here').what).toBe('Show');
  });

  test('changes nothing of what is over', () => {
    expect(cardState({ ...facts, deliveryState: 'cancelled', asked })).toBe('cancelled');
  });

  test('is open for a post in doubt alone', () => {
    const open = postStates.filter((state) => isAsked({ state, error: unprovenCode }));
    expect(open).toEqual(['ambiguous']);
    expect(isAsked({ state: 'ambiguous', error: 'answer_lost' })).toBe(false);
  });
});

describe('what is left out', () => {
  const leftOut = [
    { atMs: 0, lengthMs: 60_000, isUnsure: false },
    { atMs: 120_000, lengthMs: 30_000, isUnsure: true },
  ];
  const block = 'Left out by hand:\n0:00: 1:00\n2:00: 0:30 (not known whether it stands)';

  test('stands in the comment, and is told once however often it is written', () => {
    const planned = commentContent('en', { lengthMs: 60_000, sizeBytes: 1, gaps: [] }).text;
    const once = withLeftOut('en', planned, leftOut);
    expect(once).toBe(`${planned}\n\n${block}`);
    expect(withLeftOut('en', once, leftOut)).toBe(once);
    expect(commentContent('en', { lengthMs: 60_000, sizeBytes: 1, gaps: [], leftOut }).text).toBe(once);
  });

  test('is counted on the card', () => {
    const card = cardContent('en', { ...facts, deliveryState: 'done', leftOut });
    expect(card.facts?.find(({ label }) => label === 'Left out')?.value).toBe('2 parts, 1:30, by hand');
  });
});
