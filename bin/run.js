#!/usr/bin/env node
// First, because Node opens its inspector at SIGUSR1 without a listener, and any local user could run code
// here.
process.on('SIGUSR1', () => undefined);

// CommonJS, because Node's loader of ECMAScript modules takes as long to start as an allocation.
const {main} = require('../dist/cli/main.cjs');

void main(process.argv.slice(2));
