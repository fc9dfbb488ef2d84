import { UserError } from '../errors.ts';
import type { Language } from '../model.ts';
import { en } from './en.ts';
import { ru } from './ru.ts';

/** The sentences of a language; a missing one does not compile. */
export type Text = typeof en;
const texts: Record<Language, Text> = { en, ru };

/** The sentences of a language. */
export const textOf = (language: Language): Text => texts[language];

/** The language of a message: Russian where it holds Cyrillic letters, else that of the person's app, else English. */
export const languageOf = (text: string, ofApp: Language = 'en'): Language => (/[а-яё]/i.test(text) ? 'ru' : ofApp);

/** The sentence of an error code; undefined where it is no code of ours. */
export function codeSentence(
  language: Language,
  code: string,
  values: Record<string, string | number> = {},
): string | undefined {
  const errors: Record<string, ((values: Record<string, string | number>) => string) | undefined> =
    texts[language].errors;
  return errors[code]?.(values);
}

/** The sentence of what stands in a row: `code` or `code: detail`. The detail may hold anything and is not shown. */
export function troubleSentence(language: Language, trouble: string): string {
  return codeSentence(language, trouble.split(':')[0] ?? '') ?? texts[language].errors.fault();
}

/** What a person is told of an error; `id` finds it in the log where it is a bug. */
export function errorSentence(language: Language, error: unknown, id = '?'): string {
  const known = error instanceof UserError ? codeSentence(language, error.code, error.values) : undefined;
  return known ?? texts[language].errors.internal({ id });
}
