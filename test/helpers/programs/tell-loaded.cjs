// Loaded before a program (node --require): tells at its end, as the last line on stderr, what it has loaded and needed.
process.on('exit', () => {
  const {maxRSS} = process.resourceUsage();
  process.stderr.write(`${JSON.stringify({files: Object.keys(require.cache), kilobytes: maxRSS})}\n`);
});
