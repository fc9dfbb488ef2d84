// npm run bench -- NAME [arguments]: runs bench/NAME.ts.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { become, build, installDependencies, root } from './bootstrap.mjs';

const [name = '', ...args] = process.argv.slice(2);
const file = join(root, 'bench', `${name}.ts`);
if (!/^[a-z0-9-]+$/.test(name) || !existsSync(file)) {
  const names = readdirSync(join(root, 'bench')).flatMap((entry) => /^(.+)\.ts$/.exec(entry)?.[1] ?? []);
  console.error(`Usage: npm run bench -- NAME, where NAME is one of: ${names.join(', ') || '(none yet)'}`);
  process.exit(2);
}
installDependencies();
build();
become(process.execPath, ['node_modules/tsx/dist/cli.mjs', file, ...args]);
