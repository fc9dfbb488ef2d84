// What every command needs before it can run, on a machine with nothing but Node and npm. No dependencies.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

const say = (line) => console.error(`• ${line}`);
const timeOf = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

/** Runs a program in the repository with its output shown; gives its exit code (1 when a signal ended it). */
export function exec(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.error) console.error(`${command}: ${result.error.message}`);
  return result.status ?? 1;
}

/** Runs a program in the foreground, hands it the signals this process gets, and ends as it ends. */
export function become(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit' });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  // A terminal sends its Ctrl-C to the child as well.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  child.on('error', (error) => must(1, `${command}: ${error.message}`));
  child.on('exit', (code) => process.exit(code ?? 1));
}

/** Ends this process with a sentence when a step fails. */
function must(code, sentence) {
  if (code === 0) return;
  console.error(sentence);
  process.exit(code);
}

/** Says whether a program stands in PATH (or is a path that exists). */
export function hasProgram(name) {
  if (name.includes('/')) return existsSync(name);
  return (process.env.PATH ?? '').split(delimiter).some((dir) => dir !== '' && existsSync(join(dir, name)));
}

/** `npm ci` when node_modules is missing or older than the lock file. */
export function installDependencies() {
  checkNode();
  const stamp = join(root, 'node_modules/.package-lock.json');
  if (timeOf(stamp) >= timeOf(join(root, 'package-lock.json'))) return;
  say('installing npm packages');
  must(
    exec('npm', ['ci', '--no-audit', '--no-fund'], { stdio: ['inherit', 2, 2] }),
    'npm ci failed; its output above says why.',
  );
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`Node ${process.versions.node} is too old: Aircheck needs 20.19 or newer (22 and 24 work too).`);
  process.exit(1);
}

/** What makes an nginx an RTMP server, for the tests: a file, not a program. */
export const rtmpModule = '/usr/lib/nginx/modules/ngx_rtmp_module.so';

/** Package of each program per package manager, where it is not called like the program. */
const packages = {
  ffmpeg: {},
  ffprobe: { apt: 'ffmpeg', dnf: 'ffmpeg', apk: 'ffmpeg', brew: 'ffmpeg' },
  'redis-server': { dnf: 'redis', apk: 'redis', brew: 'redis' },
  chromium: {},
  'yt-dlp': {},
  streamlink: {},
  faketime: { brew: 'libfaketime' },
  [rtmpModule]: { apt: 'libnginx-mod-rtmp', dnf: 'nginx-mod-rtmp', apk: 'nginx-mod-rtmp' },
};

/** Other names a program goes by. */
const aliases = { chromium: ['chromium-browser', 'google-chrome', 'google-chrome-stable'] };
const isThere = (program) => [program, ...(aliases[program] ?? [])].some(hasProgram);

/**
 * Installs the programs that are missing: by itself with apt, else it prints the command to run.
 * `isOptional` makes a failure a warning.
 */
export function installPrograms(programs, { isOptional = false } = {}) {
  const missing = programs.filter((program) => !isThere(program));
  if (missing.length === 0) return;
  const fail = (sentence) => {
    console.error(isOptional ? `warning: ${sentence}` : sentence);
    if (!isOptional) process.exit(1);
  };
  const manager = ['apt', 'dnf', 'apk', 'brew'].find((name) => hasProgram(name === 'apt' ? 'apt-get' : name));
  const names = [...new Set(missing.map((program) => packages[program]?.[manager] ?? program))];
  if (manager !== 'apt') return fail(`Missing: ${missing.join(', ')}. Install with:\n  ${advice(manager, names)}`);
  say(`installing ${names.join(', ')}`);
  if (!aptInstall(names, missing)) fail(`Could not install ${names.join(', ')}; try: ${advice('apt', names)}`);
}

function advice(manager, names) {
  const commands = { apt: 'sudo apt-get install', dnf: 'sudo dnf install', apk: 'sudo apk add', brew: 'brew install' };
  return `${commands[manager] ?? '(your package manager)'} ${names.join(' ')}`;
}

/** apt as root, or by sudo without a password question where there is no terminal. */
function apt(args) {
  const command = ['apt-get', ...args];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  if (process.getuid?.() === 0) return exec(command[0], command.slice(1), { env, stdio: ['ignore', 2, 2] });
  if (!hasProgram('sudo')) return 1;
  const ask = process.stdin.isTTY ? [] : ['-n'];
  return exec('sudo', [...ask, 'DEBIAN_FRONTEND=noninteractive', ...command], { stdio: ['inherit', 2, 2] });
}

function aptInstall(names, programs) {
  const isSite = programs.some((program) => program === 'yt-dlp' || program === 'streamlink');
  const backports = isSite ? addBackports() : undefined;
  if (apt(['update', '-q']) !== 0) say('apt-get update failed; going on with the lists that are there');
  const release = backports ? ['-t', backports] : [];
  apt(['install', '-y', '-q', '--no-install-recommends', ...release, ...names]);
  return programs.every(isThere);
}

/** Debian 12's own yt-dlp is of 2023 and knows no site of today; bookworm-backports has a newer one. */
function addBackports() {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  if (!/^VERSION_CODENAME=bookworm$/m.test(release)) return undefined;
  if (aptSources().includes('bookworm-backports')) return 'bookworm-backports';
  if (process.getuid?.() !== 0) return undefined;
  const line = 'deb http://deb.debian.org/debian bookworm-backports main\n';
  writeFileSync('/etc/apt/sources.list.d/aircheck-backports.list', line);
  return 'bookworm-backports';
}

function aptSources() {
  const dir = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(dir) ? readdirSync(dir).map((name) => join(dir, name)) : []),
  ].filter((path) => existsSync(path));
  return files.map((path) => readFileSync(path, 'utf8')).join('\n');
}

/** Compiles src to dist when a source is newer than the last build. */
export function build({ force = false } = {}) {
  const stamp = join(root, 'dist/.built');
  const sources = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
  if (!force && timeOf(stamp) >= Math.max(...sources.map((name) => newest(join(root, name))))) return;
  say('building');
  const code = exec(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json']);
  must(code, 'The build failed; the lines above say where.');
  copyPython();
  writeFileSync(stamp, '');
}

/** Our Python programs stand beside the code that starts them. */
function copyPython() {
  const scripts = readdirSync(join(root, 'src'), { recursive: true }).filter((path) => path.endsWith('.py'));
  for (const path of scripts) copyFileSync(join(root, 'src', path), join(root, 'dist', path));
}

function newest(path) {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}
