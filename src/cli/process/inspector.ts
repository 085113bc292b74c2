/** Loading the module of the inspector takes milliseconds, which a plain getid must not pay: it ends before. */
const CLOSE_AFTER_MS = 100;

/**
 * Closes the inspector that Node opens if SIGUSR1 comes before the listener of `bin/run.js` exists. One that the
 * operator asked for stays.
 */
export function closeUnaskedInspector(): void {
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''];
  if (options.some((option) => option.includes('--inspect'))) return;
  setTimeout(() => {
    const inspector = process.getBuiltinModule('node:inspector');
    if (inspector.url() !== undefined) inspector.close();
  }, CLOSE_AFTER_MS).unref();
}
