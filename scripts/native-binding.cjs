// Stands in the bundle for the package "bindings", by which better-sqlite3 finds its compiled part: that looks
// into a dozen folders around its caller, and the caller is the bundle there.
module.exports = (name) => {
  try {
    return require('better-sqlite3/build/Release/better_sqlite3.node');
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    const {dirname} = require('node:path');
    return require('bindings')({
      bindings: name,
      module_root: dirname(require.resolve('better-sqlite3/package.json')),
    });
  }
};
