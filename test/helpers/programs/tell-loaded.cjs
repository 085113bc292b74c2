// Preloaded with node --require. Writes the loaded files and the peak memory of the program as its last line on stderr.
process.on('exit', () => {
  const {maxRSS} = process.resourceUsage();
  process.stderr.write(`${JSON.stringify({files: Object.keys(require.cache), kilobytes: maxRSS})}\n`);
});
