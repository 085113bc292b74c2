// Preloaded with --expose-gc: forces garbage collections in every thread of a process, all the time.
setInterval(() => globalThis.gc(), 10).unref();
