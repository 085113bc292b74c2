// Preloaded with node --require. The last line on stderr lists the loaded files and the peak memory.
process.on('exit', () => {
  const {maxRSS} = process.resourceUsage();
  process.stderr.write(`${JSON.stringify({files: Object.keys(require.cache), kilobytes: maxRSS})}\n`);
});
