// npm run chaos [-- --runs N --seed S --scenario NAME]: kills, freezes and starves the product; test/chaos says what
// must hold nevertheless.
import { become, build, installDependencies, installPrograms } from './bootstrap.mjs';

installDependencies();
installPrograms(['ffmpeg', 'ffprobe', 'redis-server']);
// Clocks that are wrong are left out without it.
installPrograms(['faketime'], { isOptional: true });
build();
become(process.execPath, ['node_modules/tsx/dist/cli.mjs', 'test/chaos/chaos.ts', ...process.argv.slice(2)]);
