// Holds the compiled product in a process of its own: starts one role of it when told, ends it when told, and waits
// for the next run. Loading it and warming up are most of what a run would cost; who is killed is gone for good.
const dist = new URL('../../dist/', import.meta.url);
const load = async () => {
  const [app, config, log] = await Promise.all(
    ['app.js', 'config.js', 'lib/log.js'].map((name) => import(new URL(name, dist).href)),
  );
  process.send('loaded');
  return { ...app, ...config, ...log };
};
const product = load();
const own = { ...process.env };
let running;

/** As `serve` in src/main.ts, but for the process's own end. */
async function begin({ role, env }) {
  const { startApp, readConfig, createLogger } = await product;
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, own, env);
  const config = readConfig(process.env);
  return startApp(config, createLogger(config.logLevel, { role }), [role]);
}

async function end() {
  await (await running)?.stop();
  running = undefined;
  process.send('idle');
}

function die(error) {
  console.error(error);
  process.exit(1);
}

process.on('message', (order) => {
  if (order === 'end') end().catch(die);
  else running = begin(order).catch(die);
});
process.on('disconnect', () => process.exit(0));
