/** Loading the inspector's module takes milliseconds; a plain getid ends before this delay. */
const CLOSE_AFTER_MS = 100;

/**
 * Closes the inspector that Node opens if SIGUSR1 arrives before `bin/run.js` has set its listener. An
 * inspector that the operator requested stays open.
 */
export function closeUnaskedInspector(): void {
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''];
  if (options.some((option) => option.includes('--inspect'))) return;
  setTimeout(() => {
    const inspector = process.getBuiltinModule('node:inspector');
    if (inspector.url() !== undefined) inspector.close();
  }, CLOSE_AFTER_MS).unref();
}
