import { writeFileSync } from 'node:fs';
import { configMarkdown, envExample } from '../src/config.ts';

// npm run docs: test/docs.test.ts fails when these two files are not what the schema makes.
writeFileSync(new URL('../docs/config.md', import.meta.url), configMarkdown());
writeFileSync(new URL('../.env.example', import.meta.url), envExample());
