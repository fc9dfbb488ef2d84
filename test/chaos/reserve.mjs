// A process in reserve: it has loaded the compiled product, and waits to be told who it is. Loading is most of what a
// start costs, and a run starts five processes and more.
const told = new Promise((resolve) => process.once('message', resolve));
const gone = () => process.exit(0);
process.once('disconnect', gone);

const main = new URL('../../dist/main.js', import.meta.url);
await import(new URL('app.js', main).href);
process.send('loaded');

const { env, args } = await told;
process.off('disconnect', gone);
process.disconnect();
Object.assign(process.env, env);
process.argv.splice(1, process.argv.length, main.pathname, ...args);
await import(main.href);
