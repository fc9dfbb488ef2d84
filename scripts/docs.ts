import { writeFileSync } from 'node:fs';
import { configMarkdown, envExample } from '../src/config.ts';
import { commandsMarkdown } from '../src/core/commands-markdown.ts';
import { captureMarkdown } from '../test/support/capture-markdown.ts';

// npm run docs: a test fails when these files are not what the schema makes.
writeFileSync(new URL('../docs/config.md', import.meta.url), configMarkdown());
writeFileSync(new URL('../docs/commands.md', import.meta.url), commandsMarkdown());
writeFileSync(new URL('../docs/capture.md', import.meta.url), captureMarkdown());
writeFileSync(new URL('../.env.example', import.meta.url), envExample());
