import { commandSpecs } from '../core/command.ts';
import { textOf } from '../core/text/text.ts';
import type { Command } from './context.ts';

/** `/help [command]`, made from the grammar. */
export const help: Command = async (_app, ctx, args) => {
  const t = textOf(ctx.language);
  const wanted = args.command === undefined ? undefined : String(args.command).replace(/^\//, '').toLowerCase();
  const specs = commandSpecs.filter((spec) => wanted === undefined || spec.name === wanted);
  const lines = (specs.length > 0 ? specs : commandSpecs).map(
    (spec) => `/${spec.name} – ${t.help[spec.name]}\n    ${spec.example}`,
  );
  return { text: [t.replies.help, ...lines].join('\n') };
};
